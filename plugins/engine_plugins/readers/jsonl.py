"""Games that this framework has analysed, as JSON Lines (the writer `jsonl` describes the format).

The evaluations are used without change, so that any report can be made again without a search. The content of the
file is not trusted: moves and best lines are replayed, and only the legal beginning of a best line is kept.
Judgements, accuracies and similar figures are computed again from the evaluations.

A line is *unreadable* if it is not a JSON object of this form, if its moves are not legal, if the number of
positions is not the number of moves plus one, or if it is longer than 64 MiB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, ClassVar, Literal

import chess
import msgspec
from msgspec import Struct

from engine.model import (
    PV_PLIES,
    AnalysedPosition,
    Epd,
    Evaluation,
    Line,
    Recording,
    Result,
    Score,
    SourceGame,
    tag_result,
)
from engine.plugin import RawGame, Reader, Unreadable
from engine_plugins.readers._identity import identity
from engine_plugins.readers._text import printable

LINE_BYTES = 64 << 20
_HEAD = re.compile(rb'"headers":(\{(?:"(?:[^"\\]|\\.)*"[:,]?)*\})')
_TAG = re.compile(rb'"([A-Za-z0-9]+)":"((?:[^"\\]|\\.)*)"')
_UCI = re.compile(rb'"uci":"([a-h1-8qrbn]{4,5})"')
_MAX_CP = 10**7
_MAX_MATE = 10_000
_MAX_NUMBER = 10**15


class _Line(Struct):
    eval: dict[str, int]
    pv: list[str] = []
    depth: int = 0


class _Position(Struct):
    eval: dict[str, int] | None = None
    pv: list[str] = []
    depth: int = 0
    nodes: int = 0
    lines: list[_Line] = []
    searched: _Position | None = None
    recorded: bool = False
    missing: Literal["input", "refused", "quarantined"] | None = None


class _Ply(Struct):
    uci: str
    clock: float | None = None
    time: float | None = None


class _Epd(Struct):
    id: str | None = None
    bm: tuple[str, ...] = ()
    am: tuple[str, ...] = ()
    dm: int | None = None


class _Headers(Struct):
    headers: dict[str, str] = {}
    result: Result = "*"


class _Game(_Headers, kw_only=True):
    fen: str
    positions: list[_Position]
    plies: list[_Ply]
    variant: Literal["standard", "chess960"] = "standard"
    scale: float = 1.0
    reconciled: bool = False
    epd: _Epd | None = None
    problem: str | None = None


_headers = msgspec.json.Decoder(_Headers).decode
_game = msgspec.json.Decoder(_Game).decode


class JsonlReader(Reader):
    """Games that were analysed before, one per line."""

    plays_moves: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl",)
    analysed: ClassVar[bool] = True

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b'{"game":')

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        number = 0
        while data := stream.readline(LINE_BYTES):
            number += 1
            start = number
            while not data.endswith(b"\n") and (rest := stream.readline(LINE_BYTES)):
                data = data[:LINE_BYTES] + b" "  # `parse` sees that it is too long; the rest is skipped
                if rest.endswith(b"\n"):
                    break
            if data.strip():
                yield RawGame(data, start)

    def headers(self, raw: RawGame) -> Mapping[str, str]:
        try:
            return _headers(raw.data).headers
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return {}

    def identity(self, raw: RawGame) -> bytes | None:
        head = _HEAD.search(raw.data)
        if head is None or b'"epd":{' in raw.data:
            return None
        # Searches end in best lines; the moves are after all of them.
        return identity(dict(_TAG.findall(head[1])), lambda: _UCI.findall(raw.data, raw.data.find(b'"plies":')))

    def result(self, raw: RawGame) -> Result:
        try:
            game = _headers(raw.data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return "*"
        return game.result if game.result != "*" else tag_result(game.headers)

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        if len(raw.data) > LINE_BYTES:
            return Unreadable("damaged", f"longer than {LINE_BYTES >> 20} MiB", "")
        try:
            return _source(_game(raw.data))
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            reason = f"not an analysed game: {printable(str(error))}"
            if b'"players":' in raw.data:
                reason += "; a file of Lichess is read if its name ends in .ndjson"
        except ValueError as error:
            reason = f"not a game that can be replayed: {printable(str(error))}"
        except Exception as error:  # python-chess raises many errors for boards that are not possible positions
            reason = f"the moves cannot be replayed: {type(error).__name__}"
        return Unreadable("damaged", reason, raw.data[:1000].decode("utf-8", "replace"))


def _source(game: _Game) -> SourceGame:
    """Replay a game. Raises ValueError for impossible moves, positions or numbers."""
    if len(game.positions) != len(game.plies) + 1:
        raise ValueError(f"{len(game.positions)} positions for {len(game.plies)} moves")
    if not 0 < game.scale <= 10:  # noqa: PLR2004 - the bounds of the setting
        raise ValueError(f"a scale of {game.scale}")
    board = chess.Board(game.fen, chess960=game.variant == "chess960")
    fen = board.fen()
    positions = [_position(game.positions[0], board)]
    moves: list[str] = []
    sans: list[str] = []
    for ply, position in zip(game.plies, game.positions[1:], strict=True):
        move = board.parse_uci(ply.uci)
        if not move and board.is_check():
            raise ValueError("a null move in check")
        moves.append(board.uci(move))
        sans.append(board.san_and_push(move))
        positions.append(_position(position, board))
    return SourceGame(
        headers={printable(name): printable(value) for name, value in game.headers.items()},
        fen=fen,
        variant=game.variant,
        moves=tuple(moves),
        sans=tuple(sans),
        clocks=_seconds([ply.clock for ply in game.plies]),
        times=_seconds([ply.time for ply in game.plies]),
        recording=Recording(tuple(positions), game.scale, game.reconciled, ours=True),
        problem=None if game.problem is None else printable(game.problem),
        epd=None if (epd := game.epd) is None else Epd(epd.id and printable(epd.id), epd.bm, epd.am, epd.dm),
        untagged_result=None if game.result == "*" else game.result,
    )


def _position(position: _Position, board: chess.Board) -> AnalysedPosition | None:
    if position.eval is None:
        return AnalysedPosition(missing=position.missing) if position.missing else None
    searched = position.searched
    return AnalysedPosition(
        evaluation=_evaluation(position, board),
        searched=_evaluation(searched, board) if searched is not None and searched.eval is not None else None,
        recorded=position.recorded,
    )


def _evaluation(position: _Position, board: chess.Board) -> Evaluation:
    """Return the evaluation, converted from White's view in the file to the view of the side to move."""
    lines = tuple(
        Line(_score(line.eval, board), _legal(line.pv, board), _count(line.depth)) for line in position.lines
    )
    assert position.eval is not None
    return Evaluation(
        _score(position.eval, board),
        _legal(position.pv, board),
        _count(position.depth),
        _count(position.nodes),
        lines if all(line.pv for line in lines) else (),
    )


def _score(evaluation: Mapping[str, int], board: chess.Board) -> Score:
    kind, value = next(iter(evaluation.items()), ("", 0))
    limit = {"cp": _MAX_CP, "mate": _MAX_MATE}.get(kind, -1)
    if len(evaluation) != 1 or abs(value) > limit or (kind == "mate" and value == 0):
        raise ValueError(f"an evaluation of {dict(evaluation)}")
    score = Score(cp=value) if kind == "cp" else Score(mate=value)
    return score if board.turn == chess.WHITE else -score


def _legal(moves: Sequence[str], board: chess.Board) -> tuple[str, ...]:
    """Return the legal beginning of a line."""
    legal: list[str] = []
    replay = board.copy(stack=False)
    for uci in moves[:PV_PLIES]:
        try:
            move = replay.parse_uci(uci)
        except ValueError:
            break
        if not move:
            break
        legal.append(replay.uci(move))
        replay.push(move)
    return tuple(legal)


def _count(number: int) -> int:
    if not 0 <= number <= _MAX_NUMBER:
        raise ValueError(f"a count of {number}")
    return number


def _seconds(times: Sequence[float | None]) -> tuple[float | None, ...]:
    if any(time is not None and not 0 <= time < _MAX_NUMBER for time in times):
        raise ValueError("a time that is none")
    return tuple(times) if any(time is not None for time in times) else ()
