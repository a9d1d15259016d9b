"""Evaluations of one game made consistent with each other. Pure.

Every position is searched by itself, so the best move of a position may lead to one that its own search likes
less, and a player who finds more than the search did would be told so by nobody: "O-O inaccuracy. O-O was best."
Two passes repair that. From the first ply to the last, the position after a best move takes the score that this
move was played for: a chunk is searched backwards, so that the earlier position knows what the later one's search
has found, and not the other way round. From the last ply to the first, a position is worth at least what the move
played from it is worth. Which direction is better is measured in engine/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from engine.model import PV_PLIES, AnalysedPosition, Evaluation, Line, Score
from engine.scoring import board_value

__all__ = ["before_reconciliation", "reconcile"]

_DEEPER = 2
"""With so many times the nodes a position was searched deeper than the one before: by `--adaptive`."""


def reconcile(moves: Sequence[str], positions: Sequence[AnalysedPosition]) -> list[AnalysedPosition]:
    """The positions 0 to N of a game with these UCI moves, consistent; a changed one keeps what was `searched`.

    Where the move played is the best move, both positions get one score: the earlier one's, unless the later one
    was searched deeper with more nodes, or found a mate that was not expected, or a shorter one. Where another one
    leads to more for the mover, the position is worth that; and unless its own search has found still more in its
    best move, the move becomes the best, with the line and the depth of what follows. A mate gains its ply.
    Recorded evaluations are left alone, and so is a position beside one without a searched evaluation.
    """
    found = list(positions)
    for ply, move in enumerate(moves):
        child = found[ply + 1]
        expected = _expected(move, found[ply])
        if expected is not None and child.evaluation is not None and not child.recorded:
            found[ply + 1] = _with(child, _foreseen(child.evaluation, expected, found[ply]))
    for ply in range(len(moves) - 1, -1, -1):
        after = _after(moves[ply], found[ply + 1])
        if after is not None:
            found[ply] = _at_least(found[ply], moves[ply], after)
    return found


def before_reconciliation(position: AnalysedPosition) -> AnalysedPosition:
    """The position with the evaluation that its search gave."""
    if position.searched is None:
        return position
    return structs.replace(position, evaluation=position.searched, searched=None)


def _with(position: AnalysedPosition, evaluation: Evaluation) -> AnalysedPosition:
    searched = None if evaluation == position.found else position.found
    return structs.replace(position, evaluation=evaluation, searched=searched)


def _expected(move: str, parent: AnalysedPosition) -> Line | None:
    """What the other side has to expect after this move, in its view; None when it is not the best move."""
    evaluation = parent.evaluation
    if evaluation is None or parent.recorded or evaluation.best != move:
        return None
    score = -evaluation.score
    if score.mate is not None and score.mate < -1:
        score = Score(mate=score.mate + 1)
    return Line(score, evaluation.pv[1:], evaluation.depth)


def _foreseen(child: Evaluation, expected: Line, parent: AnalysedPosition) -> Evaluation:
    """The evaluation with the expected score; its own where it knows better.

    It keeps its own best move, which was searched deeper than a reply at the end of a line; but a mate comes with
    the moves that lead to it, where they are known.
    """
    before = parent.found
    if before is None or (child.nodes > _DEEPER * before.nodes and child.depth > before.depth):
        return child
    if child.score.mate is not None and abs(board_value(child.score)) >= abs(board_value(expected.score)):
        return child
    pv = expected.pv if expected.score.mate is not None and expected.pv else child.pv
    return _with_first(child, Line(expected.score, pv, child.depth))


def _at_least(parent: AnalysedPosition, move: str, after: Line) -> AnalysedPosition:
    """The position, worth no less than what the move played leads to, and no more where that is the best move."""
    evaluation, own = parent.evaluation, parent.found
    if evaluation is None or own is None or parent.recorded:
        return parent
    if board_value(after.score) <= board_value(evaluation.score) and (
        move != evaluation.best or after.score == evaluation.score
    ):
        return parent
    if move != own.best and board_value(own.score) >= board_value(after.score):
        # The one before promised too little; its own search likes another move at least as much.
        return _with(parent, _with_first(own, Line(after.score, own.pv, own.depth)))
    return _with(parent, _with_first(evaluation, after))


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
        others = [_no_better(line, first) for line in parent.lines if line.pv[:1] != first.pv[:1]]
        lines = (structs.replace(first, depth=depth), *others)[: len(parent.lines)]
    return Evaluation(first.score, first.pv, depth, parent.nodes, lines)


def _no_better(line: Line, first: Line) -> Line:
    """The lines are in order."""
    better = board_value(line.score) > board_value(first.score)
    return structs.replace(line, score=first.score) if better else line
