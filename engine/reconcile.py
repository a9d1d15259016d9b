"""Evaluations of one game made consistent with each other. Pure.

Every position is searched by itself, so the best move of a position may lead to one that its own search likes
less, and a player who finds more than the search did would be told so by nobody: "O-O inaccuracy. O-O was best."
One pass from the last ply to the first repairs that: a position is worth at least what the move played from it
is worth, and exactly that when the move played is its best move.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from engine.model import PV_PLIES, AnalysedPosition, Evaluation, Line, Score
from engine.scoring import board_value

__all__ = ["before_reconciliation", "reconcile"]


def reconcile(moves: Sequence[str], positions: Sequence[AnalysedPosition]) -> list[AnalysedPosition]:
    """The positions 0 to N of a game with these UCI moves, consistent; a changed one keeps what was `searched`.

    Where the move played is the best move, or the position after it is better for the mover, the position takes
    that score (a mate gains its ply), its depth and the line that leads there. Recorded evaluations are left
    alone, and so is a position beside one without a searched evaluation.
    """
    found = list(positions)
    for ply in range(len(moves) - 1, -1, -1):
        parent = found[ply]
        after = _after(moves[ply], found[ply + 1])
        if parent.evaluation is None or parent.recorded or after is None:
            continue
        better = board_value(after.score) > board_value(parent.evaluation.score)
        if better or moves[ply] == parent.evaluation.best:
            new = _with_first(parent.evaluation, after)
            if new != parent.evaluation:
                found[ply] = structs.replace(parent, evaluation=new, searched=parent.found)
    return found


def before_reconciliation(position: AnalysedPosition) -> AnalysedPosition:
    """The position with the evaluation that its search gave."""
    if position.searched is None:
        return position
    return structs.replace(position, evaluation=position.searched, searched=None)


def _after(move: str, child: AnalysedPosition) -> Line | None:
    """What the mover gets by this move, in the mover's view; None when that is not known."""
    if child.terminal == "checkmate":
        return Line(Score(mate=1), (move,), 0)
    if child.terminal == "stalemate":
        return Line(Score(cp=0), (move,), 0)
    evaluation = child.evaluation
    if evaluation is None or child.recorded:
        return None
    score = -evaluation.score
    if score.mate is not None and score.mate > 0:
        score = Score(mate=score.mate + 1)
    return Line(score, (move, *evaluation.pv)[:PV_PLIES], evaluation.depth)


def _with_first(parent: Evaluation, first: Line) -> Evaluation:
    """The evaluation with this line as its best; its other lines stay in order, as many as there were."""
    depth = first.depth or parent.depth
    lines: tuple[Line, ...] = ()
    if parent.lines:
        others = [line for line in parent.lines if line.pv[:1] != first.pv[:1]]
        lines = (structs.replace(first, depth=depth), *others)[: len(parent.lines)]
    return Evaluation(first.score, first.pv, depth, parent.nodes, lines)
