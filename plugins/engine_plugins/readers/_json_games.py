"""Games that websites export as JSON: cut out of the file, and turned into PGN."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import structs

from engine.model import SourceGame
from engine.plugin import RawGame, Unreadable
from engine_plugins.readers._identity import identity
from engine_plugins.readers._split import GAME_BYTES
from engine_plugins.readers._text import Readable, blocks, printable
from engine_plugins.readers.pgn import PgnReader

_WRAPPER = re.compile(rb'\s*(?:\{\s*"games"\s*:\s*)?\[?')
_BETWEEN = re.compile(rb"[\s,\]}]*+")
# A string of JSON has no line end, so a quote that is never closed damages one line.
_TOKEN = re.compile(rb'"(?:[^"\\\n]|\\.)*+"|[{}]')
_KEPT = 64
"""Bytes at the end of a block that may be the beginning of the next game."""


def split_objects(stream: Readable, next_game: re.Pattern[bytes]) -> Iterator[RawGame]:
    """Cut the stream into objects, whether they are on lines of their own, in an array, or in that of `games`.

    Holds one block and one game at a time. Whatever is no object is a game, too, up to the end of its line.

    * **next_game** - matches where a game begins, and nowhere else, so that a damaged one does not take the next.
    """
    buffer = b""
    line = 1
    begun = dropping = False
    for block in _then_end(stream):
        buffer += block or b""
        if not begun:
            if block is not None and len(buffer) < _KEPT:
                continue
            begun = True
            wrapper = _WRAPPER.match(buffer)
            line += buffer.count(b"\n", 0, wrapper.end() if wrapper else 0)
            buffer = buffer[wrapper.end() if wrapper else 0 :]
        start = 0
        beginnings = _Beginnings(next_game, buffer)
        while (cut := _cut(buffer, start, beginnings, ended=block is None, dropping=dropping)) is not None:
            begins, ends = cut
            line += buffer.count(b"\n", start, begins)
            if begins < ends and not dropping:
                yield RawGame(buffer[begins:ends][: GAME_BYTES + 1].rstrip(b", \t\r\n"), line)
            dropping = False
            line += buffer.count(b"\n", begins, ends)
            start = ends
        buffer = buffer[start:]
        if len(buffer) > GAME_BYTES + _KEPT:
            if not dropping:
                yield RawGame(buffer[: GAME_BYTES + 1], line)
            dropping = True
            line += buffer.count(b"\n", 0, len(buffer) - _KEPT)
            buffer = buffer[-_KEPT:]


def _then_end(stream: Readable) -> Iterator[bytes | None]:
    yield from blocks(stream)
    yield None


class _Beginnings:
    """Where games begin in a buffer, in one pass over it."""

    def __init__(self, next_game: re.Pattern[bytes], buffer: bytes) -> None:
        self._matches = next_game.finditer(buffer)
        self._at = -1

    def after(self, start: int) -> int | None:
        """Return where the next game after `start` begins; None if none does. `start` never goes back."""
        while self._at <= start:
            match = next(self._matches, None)
            if match is None:
                return None
            self._at = match.start()
        return self._at


def _cut(
    buffer: bytes, start: int, beginnings: _Beginnings, *, ended: bool, dropping: bool
) -> tuple[int, int] | None:
    """Return where the next game begins and ends; None if the buffer does not have its end."""
    if not dropping:
        between = _BETWEEN.match(buffer, start)
        start = between.end() if between else start
    if start >= len(buffer):
        return None
    following = beginnings.after(start)
    limit = len(buffer) if following is None else following
    end = None
    if buffer[start : start + 1] == b"{":
        end = None if dropping else _end_of_object(buffer, start, limit)
    elif not dropping and (newline := buffer.find(b"\n", start, limit)) >= 0:
        end = newline
    if end is None and (following is not None or ended):
        end = limit
    return None if end is None else (start, end)


def _end_of_object(buffer: bytes, start: int, limit: int) -> int | None:
    depth = 0
    for token in _TOKEN.finditer(buffer, start, limit):
        char = buffer[token.start()]
        depth += (char == ord("{")) - (char == ord("}"))
        if depth == 0:
            return token.end()
    return None


def read_object(raw: RawGame) -> Mapping[str, Any] | str:
    """Return the object, or why there is none."""
    if len(raw.data) > GAME_BYTES:
        return f"longer than {GAME_BYTES >> 20} MiB"
    try:
        value = msgspec.json.decode(raw.data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        return f"no JSON: {printable(str(error))}"
    return value if isinstance(value, dict) else "no JSON object"


def find(value: Any, *path: str) -> Any:
    """Return what is at a path of keys; None if there is nothing."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: Any) -> str:
    """Return a string or a number as text for a tag; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return printable(str(value))


def tags(headers: Mapping[str, str]) -> str:
    """Return the tags of PGN, without those that are empty."""
    escaped = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in headers.items() if value}
    return "".join(f'[{name} "{value}"]\n' for name, value in escaped.items())


def parse_pgn(pgn: str, raw: RawGame) -> SourceGame | Unreadable:
    """Parse the game as PGN; what is said of it is about the line of the object."""
    data = pgn.replace("\r\n", "\n").strip().encode("utf-8", "replace")
    game = PgnReader().parse(RawGame(data, raw.line))
    if isinstance(game, Unreadable):
        return structs.replace(game, line=None)
    return structs.replace(game, problem_line=raw.line if game.problem else None)


def unreadable(raw: RawGame, reason: str) -> Unreadable:
    """Return a game that cannot be read."""
    return Unreadable("damaged", reason, raw.data[:1000].decode("utf-8", "replace"))


def identity_of(headers: Mapping[str, str]) -> bytes | None:
    """Return bytes that only the copies of a game share, by its address; None for a game without one."""
    return identity({name.encode(): value.encode("utf-8", "replace") for name, value in headers.items()}, list)
