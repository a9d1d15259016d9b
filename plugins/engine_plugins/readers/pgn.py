"""PGN files.

The file is split into games before anything is decoded, and each game is decoded and parsed by itself. So a
damaged game does not affect other games. These are accepted: CRLF and CR line ends; byte order marks anywhere;
UTF-16 with a mark; UTF-8, or else cp1252, line by line; `%` lines; blank lines inside tags and moves; tags and
moves on one line; no blank line between games; games without tags or without moves; FEN with or without SetUp.
Variations, and words that are not moves, are skipped. Clocks, move times and evaluations in the comments of the
main line are read: `[%clk]`, `[%emt]`, `[%timestamp]`, `[%mct]`, `[%egt]`, `[%eval]`, ChessBase's `[%evp]`, and
the comments of cutechess, fastchess, Arena, Banksia, XBoard and TCEC. Whose view and which unit evaluations have
is said once.

Moves are read in these spellings besides SAN:

| written | read as |
| --- | --- |
| `Bb5±`, `a6+-`, `Nf3⩲`, `Qxe5+!+-`, `Qe5†`, `Nf3N` | the move; signs that are glued to it do not count |
| `1…e5`, `♘f3`, `e4×d5`, no-break and invisible characters | the ASCII characters of PGN |
| `0-0`, `0–0–0`, `O—O`, `OO` | castling |
| `Ng1-f3`, `e2e4`, `g1f3`, `e7e8q`, `e8(Q)`, `Pe4`, `e:d5`, `ed`, `exd6e.p.` | the only move that it can mean |
| `Sf3 Lb5 Dd6`, `Cf3 Fb5`, `Кf3 Крe2` | another language, if all moves of the game are legal in it |
| `--`, `Z0`, `0000`, `@@@@` | a null move: kept, and judged by nobody |

The result is that of the tag `Result`, in any spelling (`1:0`, `1–0`, `½-½`, `1/2`, `+/-`, `1-0 ff`). Where the
tag is missing or says nothing (`*`, `?`), it is the one at the end of the moves, also glued to a move. If both say
something else, the tag counts, and that is said. `0-0`, lost by both, is a result for neither. A game that nobody
played (a player called BYE, `Termination` such as `unterminated` or `forfeit`, a result without a move) is said
and counts for no player.

A game is *cut*, and its moves up to there are kept, at an illegal, ambiguous or unreadable move, a null move in
check, a move after the result, a comment or variation that is never closed, and after 20,000 plies.

A game is *unreadable* if its FEN is broken, if it has neither a tag nor a legal move, if it is longer than 4 MiB
or has a line longer than 1 MiB, or if its `Variant` is neither standard chess nor Chess960.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, ClassVar, Literal

import chess
from msgspec import structs

from engine.model import Result, SourceGame, tag_result
from engine.plugin import LeftOut, RawGame, Reader, Unreadable
from engine.positions.fen import fen_of
from engine_plugins.readers._clean_moves import read_clean_moves
from engine_plugins.readers._evaluations import survey
from engine_plugins.readers._headers import end_of_head, read_headers
from engine_plugins.readers._identity import identity, moves_of
from engine_plugins.readers._moves import read_moves, read_result
from engine_plugins.readers._plain_headers import PlainHeads
from engine_plugins.readers._results import notes_on
from engine_plugins.readers._split import GAME_BYTES, Run, split
from engine_plugins.readers._text import FirstBlock, decode, quoted

LINE_BYTES = 1 << 20

_TAG = re.compile(rb'\[[ \t]*([A-Za-z0-9]+)[ \t]+"([^"\\\n]*)')
_STANDARD = {
    *("", "?", "none", "standard", "normal", "fromposition", "setup", "chess", "orthodox", "orthochess"),
    *("orthodoxchess", "classic", "classical", "classicchess", "classicalchess", "standardchess", "chessstandard"),
    *("normalchess", "regular", "regularchess", "western", "westernchess", "international"),
    *("internationalchess", "fide"),
}
_CHESS960 = {
    *("chess960", "960", "fischerandom", "fischerrandom", "fischerandomchess", "fischerrandomchess", "frc"),
    *("chess9lx", "freestyle", "freestylechess", "dfrc"),
}
_COMMENT = re.compile(r"\{[^}]*\}?|;[^\n]*")
_WORD = re.compile(r"\b[A-Za-z]{3,}\b")
_PROSE_WORDS = 20
"""Words without a digit that a text without tags may have beside its moves."""
_TAG_LINE = re.compile(rb'^[ \t]*\[[A-Za-z0-9_]+[ \t]+"', re.MULTILINE)


class PgnReader(Reader):
    """Games in Portable Game Notation."""

    plays_moves: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".pgn",)

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._heads = PlainHeads()

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        return bool(
            _TAG_LINE.search(head.replace(b"\r", b"\n").replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe"))
        )

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        for raw in self._split(stream, None):
            assert isinstance(raw, RawGame)
            yield raw

    def split_counted(
        self, stream: BinaryIO, wanted: Callable[[Mapping[str, str]], bool] | None
    ) -> Iterator[RawGame | LeftOut]:
        if wanted is None:
            return self._split(stream, None)
        return self._split(stream, lambda data, at: self._heads.refused(data, at, wanted))

    def _split(
        self, stream: BinaryIO, pass_over: Callable[[bytes, int], Run | None] | None
    ) -> Iterator[RawGame | LeftOut]:
        first = FirstBlock(stream)
        facts: dict[str, str] | None = None
        for raw in split(first, pass_over):
            if isinstance(raw, LeftOut):
                yield raw
                continue
            if facts is None:
                facts = survey(first.take())
            yield structs.replace(raw, facts=facts) if facts else raw

    def headers(self, raw: RawGame) -> Mapping[str, str]:
        return self._heads.tags(raw.data)

    def identity(self, raw: RawGame) -> bytes | None:
        end = end_of_head(raw.data)
        return identity(dict(_TAG.findall(raw.data, 0, end)), lambda: moves_of(raw.data[end:]))

    def result(self, raw: RawGame) -> Result:
        result = tag_result(self.headers(raw))
        return result if result != "*" else read_result(decode(raw.data[end_of_head(raw.data) :]))

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        text = decode(raw.data)
        try:
            return _parse(raw, text)
        except Exception as error:  # python-chess raises many errors for boards that are not possible positions
            return Unreadable("damaged", f"the moves cannot be replayed: {type(error).__name__}: {error}", text)


def _parse(raw: RawGame, text: str) -> SourceGame | Unreadable:
    if reason := _too_big(raw.data):
        return Unreadable("damaged", reason, text)
    end = end_of_head(raw.data)
    headers = read_headers(raw.data[:end])
    variant = _variant(headers)
    if variant is None:
        return Unreadable("variant", f"variant {quoted(headers['Variant'])}", text)
    moves = decode(raw.data[end:])
    line = read_clean_moves(moves) if variant == "standard" and _is_initial(headers) else None
    fen, white_first = chess.STARTING_FEN, True
    if line is None:
        try:
            board = _start(headers, variant)
        except ValueError as error:
            return Unreadable("damaged", f"invalid FEN: {error}", text)
        variant = "chess960" if board.chess960 else "standard"
        fen, white_first = fen_of(board), board.turn == chess.WHITE
        line = read_moves(moves, board)
    problem_line = raw.line + raw.data.count(b"\n", 0, end) + line.problem_line if line.problem else None
    if not headers and not line.moves:
        why = f": {line.problem}" if line.problem else ""
        return Unreadable("damaged", f"neither tags nor a legal move{why}", text, problem_line)
    if not headers and line.problem and _is_prose(moves, len(line.moves)):
        why = f"no tags, and more words than moves: {line.problem}"
        return Unreadable("damaged", why, text, problem_line)
    timing = line.remarks.timing(len(line.moves), headers, fen)
    recording, notes = line.remarks.evaluations.recording(line.moves, white_first=white_first, facts=raw.facts)
    return SourceGame(
        headers=headers,
        fen=fen,
        variant=variant,
        moves=tuple(line.moves),
        sans=tuple(line.sans),
        clocks=timing.clocks,
        times=timing.times,
        recording=recording,
        text=text,
        problem=line.problem,
        problem_line=problem_line,
        ending=line.ending,
        landmarks=line.landmarks,
        untagged_result=line.result if line.result != "*" and tag_result(headers) == "*" else None,
        notes=(*notes, *timing.notes, *notes_on(headers, line)),
    )


def _is_prose(text: str, moves: int) -> bool:
    """Return whether a text is no game, though it begins with something that can be read as a move."""
    words = len(_WORD.findall(_COMMENT.sub(" ", text)))
    return words > max(moves, _PROSE_WORDS)


def _too_big(data: bytes) -> str | None:
    if len(data) > GAME_BYTES:
        return f"longer than {GAME_BYTES >> 20} MiB"
    if len(data) > LINE_BYTES and max(map(len, data.split(b"\n"))) > LINE_BYTES:
        return f"a line longer than {LINE_BYTES >> 20} MiB"
    return None


def _variant(headers: Mapping[str, str]) -> Literal["standard", "chess960"] | None:
    """Return the variant; None if it is not supported. Only the letters and digits of its name count."""
    name = re.sub(r"[\W_]", "", headers.get("Variant", "")).lower()
    if name in _STANDARD:
        return "standard"
    return "chess960" if name in _CHESS960 else None


def _is_initial(headers: Mapping[str, str]) -> bool:
    return headers.get("FEN", "").strip() in ("", "?", chess.STARTING_FEN)


def _start(headers: Mapping[str, str], variant: str) -> chess.Board:
    """Return the initial position. Raises ValueError for a broken FEN."""
    fen = headers.get("FEN", "").strip()
    if fen in ("", "?"):
        return chess.Board(chess960=variant == "chess960")
    board = chess.Board(fen, chess960=variant == "chess960")
    board.chess960 = board.chess960 or board.has_chess960_castling_rights()
    return board
