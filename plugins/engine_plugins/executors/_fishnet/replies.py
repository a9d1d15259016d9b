"""What clients send: read strictly, and checked before it is believed. Pure.

A request says who asks: the version of the client, its key, and the Stockfish that it runs with its options. A
result has a part for each position of the work, from the first move to the end: an evaluation, or that it was
skipped. A part that is null is not searched yet, and the request then is a report of progress. Searches of several
lines come as a matrix: for each position, line and depth a score as one number, and a variation.
"""

from __future__ import annotations

from typing import Annotated, Literal

import chess
import msgspec
from msgspec import Meta, Struct

from engine.model import PV_PLIES, Evaluation, Limit, Position, Score
from engine.model import Line as BestLine
from engine.positions.variations import legal_evaluation
from engine_plugins.executors._fishnet.lines import Line

MOST_SECONDS = 6.0
"""Seconds after which a client of version 1 ends every search, whatever its limit."""
_ALMOST = 0.95
_DEEPEST = 240
"""Depth at which Stockfish has searched all that it searches, give or take."""
_NULL_MOVE = "0000"
_MATE, _MATES_FROM = 32_000, 30_000
"""A mate in N is 32000 - N in a matrix, and all that is over 30000 is a mate."""

_Count = Annotated[int, Meta(ge=0, le=1 << 53)]
_Depth = Annotated[int, Meta(ge=0, le=256)]
_Centipawns = Annotated[int, Meta(ge=-_MATES_FROM, le=_MATES_FROM)]
_Moves = Annotated[int, Meta(ge=-256, le=256)]
_Number = Annotated[int, Meta(ge=-_MATE, le=_MATE)]
_Text = Annotated[str, Meta(max_length=200)]
_Variation = Annotated[str, Meta(max_length=5_000)]


class ReplyRefused(Exception):
    """A result that is not taken.

    * **kind** - what is wrong with it, in words that are counted.
    * **reason** - the same, and where.
    * **blame** - what may be the cause: the client, or the position.
    """

    def __init__(self, kind: str, reason: str, blame: Literal["outside", "position"] = "outside") -> None:
        super().__init__(kind, reason, blame)
        self.kind = kind
        self.reason = reason
        self.blame: Literal["outside", "position"] = blame


class Client(Struct, frozen=True):
    """The client program."""

    version: _Text = ""
    apikey: _Text = ""


class Program(Struct, frozen=True):
    """The Stockfish of a client."""

    name: _Text = ""
    options: dict[_Text, _Text] = {}
    """The options that it was sent, all but those that a work decides."""


class Hello(Struct, frozen=True):
    """Who asks; part of every request."""

    fishnet: Client = Client()
    stockfish: Program = Program()


class Told(Struct):
    """A score: centipawns or a mate, in the side to move's view."""

    cp: _Centipawns | None = None
    mate: _Moves | None = None


class Part(Struct):
    """What is told of one position."""

    skipped: bool = False
    score: Told | None = None
    depth: _Depth = 0
    nodes: _Count = 0
    time: _Count = 0
    """Milliseconds."""
    pv: _Variation = ""


class Matrix(Struct):
    """What is told of searches for several lines: by position, line and depth."""

    score: list[list[list[_Number | None]]]
    nodes: list[list[list[_Count | None]]]
    time: list[list[list[_Count | None]]]
    pv: list[list[list[_Variation | None]]]


class Result(Hello, kw_only=True, frozen=True):
    """A result, or a report of progress."""

    analysis: list[Part | None] | Matrix

    @property
    def is_progress(self) -> bool:
        """Whether there is more to come."""
        return isinstance(self.analysis, list) and None in self.analysis


read_hello = msgspec.json.Decoder(Hello).decode
read_result = msgspec.json.Decoder(Result).decode


def evaluations(result: Result, line: Line, limit: Limit) -> dict[int, Evaluation]:
    """Return the evaluations of a work's positions by their indices in the unit.

    * **line** - what the client was given.
    * **limit** - the limit of its searches.

    Raises ReplyRefused.
    """
    analysis = result.analysis
    if isinstance(analysis, Matrix) != (limit.multipv > 1):
        raise ReplyRefused("another form", "a result of the other kind: one line for several, or the reverse")
    tables = [analysis.score, analysis.nodes, analysis.time, analysis.pv] if isinstance(analysis, Matrix) else []
    # A client splits no moves at all into one that is empty.
    expected = max(len(line.moves), 1) + 1
    if {len(table) for table in tables or [analysis]} - {expected, len(line.moves) + 1}:  # type: ignore[arg-type]
        raise ReplyRefused("wrong number of positions", f"a result that has not {expected} positions")
    found = {}
    for index, place in zip(line.indices, line.places, strict=True):
        board = Position(line.root.fen, line.moves[:place], line.root.chess960).board()
        told = _of_matrix(analysis, place) if isinstance(analysis, Matrix) else _of_part(analysis[place])
        found[index] = _checked(board, *told, limit)
    return found


def _of_part(part: Part | None) -> tuple[Evaluation, int]:
    """Return what a part says, and its time in milliseconds."""
    if part is None or part.skipped or part.score is None:
        raise ReplyRefused("missing positions", "a result without one of its positions")
    score = Score(part.score.cp, part.score.mate)
    return Evaluation(score, tuple(part.pv.split()), part.depth, part.nodes), part.time


def _of_matrix(matrix: Matrix, place: int) -> tuple[Evaluation, int]:
    """Return what a matrix says of a position, from the deepest search of all its lines.

    What a client tells last may be a search that ended in the middle: its first line is only a bound then,
    which says nothing beside the scores of the others. Where the order of lines has changed in it, so that the
    rows of the search before have one twice, the last of each line are taken.
    """
    scores, variations = matrix.score[place], matrix.pv[place]
    common = min(map(len, scores), default=0) - 1
    for depths in ([common] * len(scores), [len(row) - 1 for row in scores]):
        lines = [
            line
            for row, moves, depth in zip(scores, variations, depths, strict=False)
            if (line := _best_line(row, moves, depth)) is not None
        ]
        if lines and len(lines) == len(scores) == len({line.pv[:1] for line in lines}):
            best, last = lines[0], len(scores[0]) - 1
            nodes, times = (_at(table[place], last) for table in (matrix.nodes, matrix.time))
            return Evaluation(best.score, best.pv, best.depth, nodes, tuple(lines)), times
    raise ReplyRefused("missing lines", "a result without the score or the moves of a line, or with a line twice")


def _best_line(row: list[int | None], variations: list[str | None], depth: int) -> BestLine | None:
    """Return a line of a matrix at a depth; None if its score or its moves are missing."""
    if not 0 <= depth < min(len(row), len(variations)):
        return None
    number, moves = row[depth], variations[depth]
    return None if number is None or moves is None else BestLine(_score(number), tuple(moves.split()), depth)


def _at(rows: list[list[int | None]], depth: int) -> int:
    return (rows[0][depth] or 0) if rows and depth < len(rows[0]) else 0


def _score(number: int) -> Score:
    if abs(number) <= _MATES_FROM:
        return Score(cp=number)
    return Score(mate=_MATE - number if number > 0 else -_MATE - number)


def _checked(board: chess.Board, evaluation: Evaluation, milliseconds: int, limit: Limit) -> Evaluation:
    """Return an evaluation that is sound, its variations cut as everywhere. Raises ReplyRefused."""
    lines = min(limit.multipv, board.legal_moves.count()) if limit.multipv > 1 else 0
    if len(evaluation.lines) != lines:
        raise ReplyRefused("missing lines", f"a result with {len(evaluation.lines)} lines in place of {lines}")
    for score in (evaluation.score, *(line.score for line in evaluation.lines)):
        if (score.cp is None) == (score.mate is None) or score.mate == 0:
            raise ReplyRefused("no score", "a score that is not one of centipawns or a mate")
    if not evaluation.pv:
        raise ReplyRefused("no best move", "a result without a best move")
    if _NULL_MOVE in evaluation.pv or any(_NULL_MOVE in line.pv for line in evaluation.lines):
        raise ReplyRefused("illegal moves", "a variation with a null move")
    _check_whole(evaluation, milliseconds, limit)
    try:
        return legal_evaluation(board, evaluation, PV_PLIES)
    except ValueError as error:
        raise ReplyRefused("illegal moves", f"a variation that is not legal: {error}") from None


def _check_whole(evaluation: Evaluation, milliseconds: int, limit: Limit) -> None:
    """Raise ReplyRefused for a search that the client's clock has ended: another machine would find another."""
    if limit.nodes is None:
        whole = evaluation.depth >= (limit.depth or 0)
    else:
        whole = evaluation.nodes >= limit.nodes or evaluation.depth >= min(limit.depth or _DEEPEST, _DEEPEST)
        if not whole and evaluation.nodes:  # what was told last may be far from the end of the search
            milliseconds = milliseconds * limit.nodes // evaluation.nodes
    if not whole and milliseconds >= _ALMOST * MOST_SECONDS * 1000:
        reason = (
            f"a search of {limit.words} that took over {MOST_SECONDS:g} s, where clients end it; use fewer nodes"
        )
        raise ReplyRefused("too slow", reason, "position")
