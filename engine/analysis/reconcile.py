"""Reconciliation: the evaluations of one game are made consistent with each other. Pure.

Every position is searched by itself, so the best move of a position may lead to a position whose own search scores
it lower. The report would then contradict itself ("O-O inaccuracy. O-O was best."), and a player who found a
better move than the search would get no credit. Two passes repair that. From the first ply to the last, all
positions of a run of best moves take one score, since they have one true score. Within a unit it is that of the
first one: a unit is searched backwards, so the search of an earlier position knows the results of the later ones.
Between two units, which know nothing of each other, it is that of the deeper search, of equals the later one. From
the last ply to the first, a position is worth at least as much as the move played from it. engine/why.md has the
measurements.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import structs

from engine.model import PV_PLIES, AnalysedPosition, Evaluation, Line, Score
from engine.positions.movetext import NULL_MOVE
from engine.scoring import board_value

__all__ = ["before_reconciliation", "reconcile"]

_DRAW = Score(cp=0)
_DEEPER = 2
"""Ratio of nodes above which one of two positions of a unit was searched again, as `--adaptive` does."""


def reconcile(
    moves: Sequence[str],
    positions: Sequence[AnalysedPosition],
    dead: Collection[int] = (),
    units: Sequence[int] | None = None,
) -> list[AnalysedPosition]:
    """Return the positions of a game with consistent evaluations; a changed one keeps the original as `searched`.

    Where the move played is the best move, both positions get the same score, and so do all positions of a run of
    best moves: the first one's, unless a later one was searched in another unit and at least as deep, or again and
    deeper, or found an unexpected or shorter mate. Where another move leads to a higher score for the mover, the
    position takes that score. The move then becomes the best one, with the line and the depth of the position
    after it, unless the position's own search found an even higher score for its best move. A mate gets longer by
    its ply. Recorded evaluations are never changed, nor is a position beside one without a searched evaluation.

    * **moves** - the moves in UCI notation; a null move, which nobody may choose, changes nothing.
    * **positions** - the positions 0 to N.
    * **dead** - *(optional)* the positions in which nobody can mate any more: they are worth 0 centipawns.
    * **units** - *(optional)* the number of the unit in which each position was searched (`planner.unit_numbers`);
      without them all positions are of one unit.
    """
    result = [_drawn(position) if k in dead else position for k, position in enumerate(positions)]
    source = 0  # the position whose search gave the score of the present one
    for ply, move in enumerate(moves):
        child = result[ply + 1]
        expected = _expected_line(move, result[ply]) if ply + 1 not in dead and not child.recorded else None
        if expected is None or child.evaluation is None:
            source = ply + 1
            continue
        same_unit = units is None or units[source] == units[ply + 1]
        if _knows_better(child.evaluation, expected, result[source].found, same_unit=same_unit):
            source = ply + 1
        else:
            result[ply + 1] = _with(child, _adopt_expected(child.evaluation, expected))
    for ply in range(len(moves) - 1, -1, -1):
        after = _line_after(moves[ply], result[ply + 1]) if moves[ply] != NULL_MOVE else None
        if after is not None:
            result[ply] = _raise_to(result[ply], moves[ply], after)
    return result


def before_reconciliation(position: AnalysedPosition) -> AnalysedPosition:
    """Return the position with the evaluation that its search returned.

    * **position** - a position, reconciled or not.
    """
    if position.searched is None:
        return position
    return structs.replace(position, evaluation=position.searched, searched=None)


def _drawn(position: AnalysedPosition) -> AnalysedPosition:
    """Return a searched position with the score of a draw."""
    own = position.evaluation
    if own is None or position.recorded:
        return position
    lines = tuple(structs.replace(line, score=_DRAW) for line in own.lines)
    return _with(position, structs.replace(own, score=_DRAW, lines=lines))


def _with(position: AnalysedPosition, evaluation: Evaluation) -> AnalysedPosition:
    searched = None if evaluation == position.found else position.found
    return structs.replace(position, evaluation=evaluation, searched=searched)


def _expected_line(move: str, parent: AnalysedPosition) -> Line | None:
    """Return the line that the parent's search expects after a move, in the other side's view.

    None when the move is not the best move.
    """
    evaluation = parent.evaluation
    if evaluation is None or parent.recorded or evaluation.best != move:
        return None
    score = -evaluation.score
    if score.mate is not None and score.mate < -1:
        score = Score(mate=score.mate + 1)
    return Line(score, evaluation.pv[1:], evaluation.depth)


def _knows_better(child: Evaluation, expected: Line, source: Evaluation | None, *, same_unit: bool) -> bool:
    """Return whether a position keeps its own score instead of the one that is expected of it.

    * **source** - the evaluation that the expected score comes from.
    * **same_unit** - whether both were first searched in one unit.
    """
    if child.score.mate is not None and abs(board_value(child.score)) >= abs(board_value(expected.score)):
        return True
    if source is None or expected.score.mate is not None:
        return False
    if not same_unit:
        return child.depth >= source.depth
    fewer, more = sorted((source.nodes, child.nodes))
    return child.depth > source.depth and more > _DEEPER * fewer


def _adopt_expected(child: Evaluation, expected: Line) -> Evaluation:
    """Return the evaluation with the expected score.

    It keeps its own best move, which was searched deeper than a reply at the end of a line. An expected mate comes
    with the moves that lead to it, where they are known.
    """
    pv = expected.pv if expected.score.mate is not None and expected.pv else child.pv
    return _with_first(child, Line(expected.score, pv, child.depth))


def _raise_to(parent: AnalysedPosition, move: str, after: Line) -> AnalysedPosition:
    """Return the position with at least the score of the move played, and exactly that score for the best move."""
    evaluation, own = parent.evaluation, parent.found
    if evaluation is None or own is None or parent.recorded:
        return parent
    if board_value(after.score) <= board_value(evaluation.score) and (
        move != evaluation.best or after.score == evaluation.score
    ):
        return parent
    if move != own.best and board_value(own.score) >= board_value(after.score):
        # The position before it promised too little: its own search scores another move at least as high.
        return _with(parent, _with_first(own, Line(after.score, own.pv, own.depth)))
    return _with(parent, _with_first(evaluation, after))


def _line_after(move: str, child: AnalysedPosition) -> Line | None:
    """Return the line that begins with a move, in the mover's view; None when its score is not known."""
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
    """Return the evaluation with a new best line; the other lines follow in order, as many as before in all."""
    depth = first.depth or parent.depth
    lines: tuple[Line, ...] = ()
    if parent.lines:
        others = [_capped(line, first) for line in parent.lines if line.pv[:1] != first.pv[:1]]
        lines = (structs.replace(first, depth=depth), *others)[: len(parent.lines)]
    return Evaluation(first.score, first.pv, depth, parent.nodes, lines)


def _capped(line: Line, first: Line) -> Line:
    """Return the line with a score no higher than that of the first line, so that the lines stay in order."""
    better = board_value(line.score) > board_value(first.score)
    return structs.replace(line, score=first.score) if better else line
