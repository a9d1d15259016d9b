"""Does an evaluator keep what its contract promises?"""

from __future__ import annotations

import contextlib
import math
import multiprocessing
from collections.abc import Mapping, Sequence
from typing import Any

import chess
import msgspec
from msgspec import structs

from engine.contracts.options import Options, parse_options
from engine.errors import EvaluatorError
from engine.model import Evaluation, EvaluatorInfo, Limit, Line, Position
from engine.plugin import Evaluator
from engine.testing.broken_law import BrokenLaw, silent

__all__ = ["check_evaluator"]

_POSITIONS = (
    Position(chess.STARTING_FEN),
    Position(chess.STARTING_FEN, ("e2e4",)),
    Position("6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1"),
    Position("7k/8/8/8/8/5q2/8/7K w - - 0 60"),
    Position("8/P5k1/8/8/8/8/6K1/8 w - - 0 60"),
    Position("r1bq1rk1/pp2bppp/2n1pn2/3p4/3P4/2NB1N2/PP3PPP/R1BQ1RK1 w - - 0 10"),
    Position("rnbq1bnr/pppp1ppp/8/4p1k1/4P3/3P4/PPP2PPP/RNBQKBNR b KQ - 0 4"),
)
_CASTLING = Position("nrbbqkrn/pppppppp/8/8/8/8/PPPPPPPP/NRBBQKRN w GBgb - 0 1", (), True)
_LINES = 3
_MAX_CP = 100_000


def check_evaluator(cls: type[Evaluator], options: Options | Mapping[str, Any] | None = None) -> int:
    """Check an evaluator on positions of every kind; return how many were searched.

    It has a name and a fingerprint, the same at each start; its evaluations are legal and can be kept; the same
    searches since `clear` give the same, also with another instance; `close` may be called at any time and leaves
    no process; nothing is printed.

    * **options** - *(optional)* its options, or their values by key.

    Raises BrokenLaw at the first law that does not hold; ConfigError for options. What the evaluator itself raises
    passes through.
    """
    if not isinstance(options, Options):
        options = parse_options(cls.Options, options or {}, cls.__name__)
    if not (cls.__doc__ or "").strip():
        raise BrokenLaw.of(cls, "the class has a docstring, its first line is its description", "there is none")
    before = set(multiprocessing.active_children())
    with silent(cls):
        unused = cls(options)  # type: ignore[arg-type]
        unused.close()
        searched = 0
        first, second = cls(options), cls(options)  # type: ignore[arg-type]
        try:
            info = _start(cls, first)
            if not cls.reads_input:
                searched = _compare(cls, first, second, info)
        finally:
            for evaluator in (first, second):
                evaluator.close()
                evaluator.close()
    if left := set(multiprocessing.active_children()) - before:
        raise BrokenLaw.of(cls, "close leaves no process behind", f"there is {', '.join(map(str, left))}")
    return searched


def _compare(cls: type[Evaluator], first: Evaluator, second: Evaluator, info: EvaluatorInfo) -> int:
    """Search everything twice with one instance, and with another; return the number of positions."""
    positions = [*_POSITIONS, *([_CASTLING] if "chess960" in info.variants else [])]
    limit = _limit(first)
    found = _searched(cls, first, positions, limit)
    again = _searched(cls, first, positions, limit)
    other = _start(cls, second)
    if other.fingerprint != info.fingerprint:
        fingerprints = f"{info.fingerprint!r} and then {other.fingerprint!r}"
        raise BrokenLaw.of(cls, "the fingerprint is the same at each start", f"it is {fingerprints}")
    elsewhere = _searched(cls, second, positions, limit)
    if limit.time is None:
        for position, one, two, three in zip(positions, found, again, elsewhere, strict=True):
            if one != two or one != three:
                who = "the same instance" if one != two else "another instance"
                raise BrokenLaw.of(
                    cls,
                    "the same searches since clear give the same evaluations",
                    f"{who} gives {two if one != two else three} after {one} for {_shown(position)}",
                    "The cache and the reproducibility of runs depend on it.",
                )
    with contextlib.suppress(EvaluatorError):  # it may give one line only, and says so
        _searched(cls, first, positions, structs.replace(limit, multipv=_LINES))
    return len(positions)


def _start(cls: type[Evaluator], evaluator: Evaluator) -> EvaluatorInfo:
    info: Any = evaluator.start()
    law = "start returns an EvaluatorInfo with a name, a fingerprint, variants and a scale"
    if not isinstance(info, EvaluatorInfo):
        raise BrokenLaw.of(cls, law, f"it returned {info!r}")
    for name in ("name", "fingerprint"):
        text = getattr(info, name)
        if not isinstance(text, str) or not text.strip():
            raise BrokenLaw.of(
                cls, law, f"its {name} is {text!r}", "Without it, evaluations of others are reused."
            )
    if not set(info.variants) <= {"standard", "chess960"} or not info.variants:
        raise BrokenLaw.of(cls, law, f"its variants are {info.variants!r}")
    if not (isinstance(info.scale, int | float) and math.isfinite(info.scale) and info.scale > 0):
        raise BrokenLaw.of(cls, law, f"its scale is {info.scale!r}")
    return info


def _limit(evaluator: Evaluator) -> Limit:
    """Return a limit of the kinds that the evaluator is tried with."""
    trial: Limit = getattr(evaluator.options, "trial", Limit(nodes=1))
    return Limit(nodes=500) if trial.nodes else Limit(depth=3) if trial.depth else Limit(time=20)


def _searched(
    cls: type[Evaluator], evaluator: Evaluator, positions: Sequence[Position], limit: Limit
) -> list[Any]:
    evaluator.clear()
    found = []
    for position in positions:
        evaluation = evaluator.search(position, limit)
        if wrong := _wrong(evaluation, position, limit):
            raise BrokenLaw.of(cls, "search returns a legal Evaluation", f"{wrong}, for {_shown(position)}")
        found.append(evaluation)
    return found


def _wrong(evaluation: Any, position: Position, limit: Limit) -> str:
    if not isinstance(evaluation, Evaluation):
        return f"it returned {evaluation!r}"
    try:
        decoded = msgspec.convert(msgspec.to_builtins(evaluation), Evaluation)
    except (msgspec.ValidationError, TypeError) as error:
        return f"its fields have other types: {error}"
    faults = {
        f"depth {decoded.depth} and nodes {decoded.nodes}, of which one is negative": min(
            decoded.depth, decoded.nodes
        )
        < 0,
        "it has no best move": not decoded.pv,
        "its first line is not its score and variation": decoded.lines[:1]
        and (decoded.lines[0].pv, decoded.lines[0].score) != (decoded.pv, decoded.score),
        f"{len(decoded.lines)} lines for multipv {limit.multipv}": len(decoded.lines) > limit.multipv,
        "two lines with the same move": len({line.pv[:1] for line in decoded.lines}) != len(decoded.lines),
    }
    if fault := next((words for words, wrong in faults.items() if wrong), ""):
        return fault
    lines = (Line(decoded.score, decoded.pv, decoded.depth), *decoded.lines)
    return next(filter(None, (_wrong_line(line, position) for line in lines)), "")


def _wrong_line(line: Line, position: Position) -> str:
    cp, mate = line.score.cp, line.score.mate
    if (cp is None) == (mate is None) or mate == 0 or abs(cp or 0) > _MAX_CP:
        return f"{line.score} is no score: centipawns up to {_MAX_CP:,}, or a mate in 1 or more moves"
    board = position.board()
    for uci in line.pv:
        try:
            move = board.parse_uci(uci)
        except ValueError:
            move = chess.Move.null()
        if not move:
            return f"{uci!r} in its variation {' '.join(line.pv)} is not legal"
        board.push(move)
    return ""


def _shown(position: Position) -> str:
    return f"{position.fen}{' moves ' + ' '.join(position.moves) if position.moves else ''}"
