"""Evaluations of one game that contradict each other are made to agree."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import given

from engine.model import AnalysedPosition, Evaluation, Line, Score
from engine.reconcile import before_reconciliation, reconcile
from engine.scoring import board_value

MOVES = ("e2e4", "e7e5", "g1f3")


def found(cp: int | None = None, *pv: str, mate: int | None = None, depth: int = 10) -> AnalysedPosition:
    return AnalysedPosition(Evaluation(Score(cp=cp, mate=mate), pv or ("a2a3",), depth, 100))


def evaluation(position: AnalysedPosition) -> Evaluation:
    assert position.evaluation is not None
    return position.evaluation


def test_what_comes_after_the_best_move_is_worth_what_it_was_played_for() -> None:
    before = [found(50, "e2e4", "c7c5"), found(-20, "e7e5", depth=12)]
    after = reconcile(MOVES[:1], before)
    assert after[0] == before[0]
    assert after[1].evaluation == Evaluation(Score(cp=-50), ("e7e5",), 12, 100)
    assert after[1].searched == before[1].evaluation


def test_a_move_better_than_the_best_one_becomes_it() -> None:
    after = reconcile(MOVES[:1], [found(10, "d2d4"), found(-60, "c7c5")])
    assert evaluation(after[0]).score == Score(cp=60)
    assert evaluation(after[0]).best == "e2e4"


def test_a_worse_move_changes_nothing() -> None:
    before = [found(50, "d2d4"), found(20, "c7c5")]
    assert reconcile(MOVES[:1], before) == before


def test_one_score_holds_for_a_run_of_best_moves() -> None:
    before = [found(0, "e2e4"), found(40, "e7e5"), found(-10, "g1f3"), found(-300, "b8c6")]
    after = reconcile(MOVES, before)
    assert [evaluation(position).score.cp for position in after] == [0, 0, 0, 0]
    assert [evaluation(position).best for position in after] == ["e2e4", "e7e5", "g1f3", "b8c6"]


def test_a_discovery_is_carried_to_the_start_of_the_run() -> None:
    before = [found(0, "e2e4"), found(0, "e7e5"), found(0, "d2d4"), found(-300, "b8c6")]
    after = reconcile(MOVES, before)
    assert [evaluation(position).score.cp for position in after] == [300, -300, 300, -300]
    assert evaluation(after[0]).pv == ("e2e4", "e7e5", "g1f3", "b8c6")


def test_a_mate_foreseen_comes_with_its_moves() -> None:
    after = reconcile(MOVES[:1], [found(None, "e2e4", "e7e5", "d1h5", mate=3), found(-900, "c7c5")])
    assert evaluation(after[1]).score == Score(mate=-2)
    assert evaluation(after[1]).pv == ("e7e5", "d1h5")


def test_a_mate_that_was_not_foreseen_counts() -> None:
    for mate in (None, 5):
        before = found(None if mate else 900, "e2e4", mate=mate)
        after = reconcile(MOVES[:1], [before, found(None, "c7c5", mate=-2)])
        assert [evaluation(position).score.mate for position in after] == [3, -2]


def test_a_mate_gains_its_ply_and_being_mated_does_not() -> None:
    after = reconcile(MOVES[:2], [found(0, "e2e4"), found(0, "e7e5"), found(mate=3)])
    assert evaluation(after[1]).score == Score(mate=-3)
    assert evaluation(after[0]).score == Score(mate=4)


def test_the_mating_move_and_a_stalemate() -> None:
    mates = reconcile(MOVES[:1], [found(900, "d2d4"), AnalysedPosition(terminal="checkmate")])
    assert evaluation(mates[0]).score == Score(mate=1)
    stalemates = reconcile(MOVES[:1], [found(-900, "d2d4"), AnalysedPosition(terminal="stalemate")])
    assert evaluation(stalemates[0]).score == Score(cp=0)
    assert evaluation(stalemates[0]).pv == ("e2e4",)


def test_recorded_and_missing_evaluations_are_left_alone() -> None:
    recorded = AnalysedPosition(Evaluation(Score(cp=-500), (), 0, 0), recorded=True)
    for neighbours in ([found(0, "e2e4"), recorded], [recorded, found(-500)]):
        assert reconcile(MOVES[:1], neighbours) == neighbours
    missing = [found(0, "e2e4"), AnalysedPosition(missing="quarantined")]
    assert reconcile(MOVES[:1], missing) == missing


def test_lines_of_multipv_stay_in_order_and_in_number() -> None:
    lines = (Line(Score(cp=30), ("d2d4",), 9), Line(Score(cp=10), ("e2e4",), 9))
    parent = AnalysedPosition(Evaluation(Score(cp=30), ("d2d4",), 9, 100, lines))
    [after, _] = reconcile(MOVES[:1], [parent, found(-40, "c7c5")])
    assert [line.pv for line in evaluation(after).lines] == [("e2e4", "c7c5"), ("d2d4",)]
    assert evaluation(after).lines[0].score == evaluation(after).score == Score(cp=40)


SCORES = st.one_of(
    st.integers(-2000, 2000).map(lambda cp: Score(cp=cp)),
    st.integers(1, 30).flatmap(lambda n: st.sampled_from([Score(mate=n), Score(mate=-n)])),
)


@given(st.lists(st.tuples(SCORES, st.booleans()), min_size=2, max_size=8))
def test_afterwards_nothing_contradicts_and_the_pass_can_be_undone_and_repeated(
    drawn: list[tuple[Score, bool]],
) -> None:
    moves = ["e2e4", "e7e5"] * 4
    before = [
        AnalysedPosition(Evaluation(score, (moves[k] if best else "a2a3",), 1, 1))
        for k, (score, best) in enumerate(drawn)
    ]
    after = reconcile(moves[: len(before) - 1], before)
    for k, (parent, child) in enumerate(pairwise(after)):
        mover = -evaluation(child).score
        if mover.mate is not None and mover.mate > 0:
            mover = Score(mate=mover.mate + 1)
        assert board_value(evaluation(parent).score) >= board_value(mover)
        if evaluation(parent).best == moves[k]:
            assert evaluation(parent).score == mover
    assert [before_reconciliation(position) for position in after] == before
    assert reconcile(moves[: len(before) - 1], after) == after
