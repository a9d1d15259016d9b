"""Split a PGN file into games without decoding it.

A game begins

- at a tag line (`[Name "`) outside comments that follows movetext, with or without a blank line between them;
- at a tag whose name the tag section already has, if it follows a blank line or is the section's first name: the
  game before has only tags;
- at the tag line `[Event "` also inside a comment, since that comment was never closed;
- at a line that begins with `1.` directly after a result, since games may have no tags.

Blank lines inside tags and moves, and comments between tags and moves, do not end a game.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from engine.plugin import LeftOut, RawGame
from engine_plugins.readers._text import Readable, blocks

GAME_BYTES = 4 << 20
"""Largest size of a game. A longer game is cut off one byte later, so that `parse` can tell, and the rest is
dropped."""

NAME = rb"[A-Za-z0-9][A-Za-z0-9_+#=:-]*"
TAG = rb"\[[ \t]*(?:" + NAME + rb')[ \t]+"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+"[ \t]*\]'
"""Pattern of a well-formed tag."""

_BROKEN = rb'\[[^\n]*+(?:\n(?!\[)[^\n]+"\][ \t]*(?=\n))?'
HEAD = re.compile(rb"(?:\s|[%;][^\n]*+|" + TAG + rb"|" + _BROKEN + rb")*+")
"""The tag section at the beginning of a game, with blank lines and escape lines.

Any other line that begins with a bracket belongs to it too, so that an unescaped quote or a missing bracket does
not separate the tags below it from their game. A broken value may continue on the next line.
"""

_SECTION = re.compile(
    rb"(?:\s|[%;][^\n]*+)*+"
    rb"(?:(?=\[[ \t]*(?P<first>" + NAME + rb")[ \t]))?"
    # Up to a blank line before a tag, or the first name again, which `_tag_section` examines. Runs of white space
    # are matched as a whole, so that megabytes of it are read once.
    rb"(?:\s++(?!\[)|(?=\s)[ \t]*+\n?[ \t]*+(?=\[)(?!\[[ \t]*(?P=first)[ \t])"
    rb"|[%;][^\n]*+|" + TAG + rb"|" + _BROKEN + rb")*+"
)
_NEXT_TAG = re.compile(rb"(\s++)\[[ \t]*(" + NAME + rb")[ \t]")
_TAG_NAMES = re.compile(rb"^[ \t]*\[[ \t]*(" + NAME + rb")[ \t]", re.MULTILINE)
_BOUNDARY = re.compile(rb"\n(?=[ \t]*\[[ \t]*" + NAME + rb'[ \t]+"|1\.(?!\.))')
_EVENT = re.compile(rb'\n[ \t]*\[Event[ \t]+"')
_LINE_COMMENT = re.compile(rb"%|(?:[^{};\n]|\{[^{}\n]*+\})*+;")
_RESULT_AT_END = re.compile(rb"(?:^|[\s})])(?:1-0|0-1|1/2-1/2|\*)\s*\Z")
_NO_GAME = re.compile(rb"(?:\s|\{[^}]*+\}?|[%;][^\n]*+|1-0|0-1|1/2-1/2|\*)*+\Z")
_PLAIN_GAME = re.compile(
    rb'\[Event "[^"\\\n]*+"\]\n(?:\[(?!Event\b)[A-Za-z0-9][A-Za-z0-9_]*+ "[^"\\\n]*+"\]\n)*+'
    rb'\n[^\s\[%;][^\n]*+\n\n(?=\[Event ")'
)
"""A game as Lichess writes it, up to the next one: plain tags without a blank line between them, from `Event` on,
and all moves on one line. The rules above cut it in the same place; this only finds it faster."""
_NEAR = 64
"""Bytes before a line in which the result of the last game is searched."""
_LINE_START = 4096
"""Bytes at the end of a block where the start of a line is kept while the rest of a long game is dropped."""


class Run(NamedTuple):
    """Games one after the other that need not be cut out."""

    tags: list[Mapping[str, str]]
    """The tags of each."""
    end: int
    """Offset of the game after the last of them."""
    lines: int
    """Lines of all of them."""
    lines_to_last: int
    """Lines before the last."""


def split(
    stream: Readable, pass_over: Callable[[bytes, int], Run | None] | None = None
) -> Iterator[RawGame | LeftOut]:
    """Cut the stream into games, holding one block and one game at a time.

    * **stream** - the decompressed file.
    * **pass_over** - *(optional)* called with a part of the file and the offset of a game; returns the games from
      there on that are only counted.
    """
    buffer = b""
    line = 1
    dropping = False  # the rest of a game that was too long
    for block in blocks(stream):
        buffer += block
        start = 0
        while True:
            if not dropping and pass_over is not None and (run := pass_over(buffer, start)):
                yield LeftOut(run.tags, line + run.lines_to_last, run.end - start)
                line += run.lines
                start = run.end
            if not dropping and (plain := _PLAIN_GAME.match(buffer, start)) and len(plain[0]) <= GAME_BYTES:
                yield RawGame(plain[0].rstrip(), line)
                line += buffer.count(b"\n", start, plain.end())
                start = plain.end()
                continue
            if (end := _end_of_game(buffer, start, in_moves=dropping)) is None:
                break
            if not dropping and (game := _game(buffer[start:end], line)):
                yield game
            dropping = False
            line += buffer.count(b"\n", start, end)
            start = end
        buffer = buffer[start:]
        if dropping or len(buffer) > GAME_BYTES:
            if not dropping and (game := _game(buffer, line)):
                yield game
            dropping = True
            keep = buffer.rfind(b"\n", -_LINE_START)
            keep = len(buffer) if keep < 0 else keep
            line += buffer.count(b"\n", 0, keep)
            buffer = buffer[keep:]
    if not dropping and (game := _game(buffer, line)):
        yield game


def _game(data: bytes, line: int) -> RawGame | None:
    """Return the data as a game; None if it has neither a tag nor anything that could be a move."""
    body = data.lstrip()
    if not body.startswith(b"[") and _NO_GAME.match(data):
        return None
    line += data.count(b"\n", 0, len(data) - len(body))
    return RawGame(body.rstrip()[: GAME_BYTES + 1], line)


def _end_of_game(buffer: bytes, start: int, *, in_moves: bool) -> int | None:
    """Return the offset where the game that begins at `start` ends; None if the buffer does not contain its end.

    With `in_moves`, the buffer begins somewhere in the movetext of a game.
    """
    moves = start
    if not in_moves:
        moves, next_game = _tag_section(buffer, start)
        if next_game:
            return moves
    in_comment = False
    seen = moves
    for boundary in _BOUNDARY.finditer(buffer, moves):
        at = boundary.start()
        in_comment = _in_comment(buffer, seen, at, before=in_comment)
        seen = at
        if in_comment:
            if _EVENT.match(buffer, at):
                return at + 1
        elif buffer[at + 1] != ord("1") or _RESULT_AT_END.search(buffer, max(moves, at - _NEAR), at):
            return at + 1
    return None


def _tag_section(buffer: bytes, start: int) -> tuple[int, bool]:
    """Return where the tags that begin at `start` end, and whether the tags of the next game follow directly."""
    names: set[bytes] = set()
    at = start
    while section := _SECTION.match(buffer, at):
        tag = _NEXT_TAG.match(buffer, section.end())
        if tag is None:
            return section.end(), False
        names.update(_TAG_NAMES.findall(section[0]))
        line_ends = tag[1].count(b"\n")
        if (line_ends > 1 and tag[2] in names) or (line_ends == 1 and tag[2] == section["first"]):
            return buffer.rfind(b"\n", start, tag.start(2)) + 1, True
        at = tag.end(1)
    return at, False


def _in_comment(buffer: bytes, since: int, until: int, *, before: bool) -> bool:
    """Return whether `until` is inside `{ }`; `before` says whether `since` is. Braces do not nest."""
    opened = buffer.rfind(b"{", since, until)
    closed = buffer.rfind(b"}", since, until)
    if opened <= closed or (before and closed < 0):
        return before and closed < 0
    line = max(buffer.rfind(b"\n", since, opened) + 1, since)
    return _LINE_COMMENT.match(buffer, line, opened) is None
