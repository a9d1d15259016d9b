"""Evaluations of one game that contradict each other are made to agree."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import given
from msgspec import structs

from engine.analysis.reconcile import before_reconciliation, reconcile
from engine.model import AnalysedPosition, Evaluation, Line, Score
from engine.scoring import board_value

MOVES = ("e2e4", "e7e5", "g1f3")


def searched(cp: int | None = None, *pv: str, mate: int | None = None, depth: int = 10) -> AnalysedPosition:
    return AnalysedPosition(Evaluation(Score(cp=cp, mate=mate), pv or ("a2a3",), depth, 100))


def evaluation(position: AnalysedPosition) -> Evaluation:
    assert position.evaluation is not None
    return position.evaluation


def test_what_comes_after_the_best_move_is_worth_what_it_was_played_for() -> None:
    before = [searched(50, "e2e4", "c7c5"), searched(-20, "e7e5", depth=12)]
    after = reconcile(MOVES[:1], before)
    assert after[0] == before[0]
    assert after[1].evaluation == Evaluation(Score(cp=-50), ("e7e5",), 12, 100)
    assert after[1].searched == before[1].evaluation


def test_a_move_better_than_the_best_one_becomes_it() -> None:
    after = reconcile(MOVES[:1], [searched(10, "d2d4"), searched(-60, "c7c5")])
    assert evaluation(after[0]).score == Score(cp=60)
    assert evaluation(after[0]).best == "e2e4"


def test_a_worse_move_changes_nothing() -> None:
    before = [searched(50, "d2d4"), searched(20, "c7c5")]
    assert reconcile(MOVES[:1], before) == before


def test_one_score_holds_for_a_run_of_best_moves() -> None:
    before = [searched(0, "e2e4"), searched(40, "e7e5"), searched(-10, "g1f3"), searched(-300, "b8c6")]
    after = reconcile(MOVES, before)
    assert [evaluation(position).score.cp for position in after] == [0, 0, 0, 0]
    assert [evaluation(position).best for position in after] == ["e2e4", "e7e5", "g1f3", "b8c6"]


def test_a_discovery_is_carried_to_the_start_of_the_run() -> None:
    before = [searched(0, "e2e4"), searched(0, "e7e5"), searched(0, "d2d4"), searched(-300, "b8c6")]
    after = reconcile(MOVES, before)
    assert [evaluation(position).score.cp for position in after] == [300, -300, 300, -300]
    assert evaluation(after[0]).pv == ("e2e4", "e7e5", "g1f3", "b8c6")


def test_between_units_the_deeper_search_counts_and_of_equals_the_later_one() -> None:
    """The last position of a chunk is searched first, on an empty hash; the first one of the next chunk, last."""
    for depth, score in [(9, 50), (10, -60), (12, -60)]:
        before = [searched(50, "e2e4", depth=10), searched(60, "e7e5", depth=depth)]
        after = reconcile(MOVES[:1], before, units=[21, 22])
        assert [evaluation(position).score.cp for position in after] == [score, -score]
        assert reconcile(MOVES[:1], before, units=[22, 22])[0] == before[0]


def test_the_better_score_is_handed_up_its_chunk_and_down_the_next() -> None:
    before = [searched(0, "e2e4"), searched(0, "e7e5"), searched(40, "g1f3"), searched(-300, "b8c6")]
    after = reconcile(MOVES, before, units=[1, 1, 2, 2])
    assert [evaluation(position).score.cp for position in after] == [40, -40, 40, -40]
    stopped = reconcile(MOVES, [searched(0, "d2d4"), *before[1:]], units=[1, 1, 2, 2])
    assert [evaluation(position).score.cp for position in stopped] == [40, -40, 40, -40]
    worse = reconcile(MOVES, [searched(90, "d2d4"), *before[1:]], units=[1, 1, 2, 2])
    assert [evaluation(position).score.cp for position in worse] == [90, -40, 40, -40]


def test_a_search_with_more_nodes_is_one_of_another_unit() -> None:
    first, deeper = searched(20, "e2e4", depth=9), searched(60, "e7e5", depth=12)
    deeper = AnalysedPosition(structs.replace(evaluation(deeper), nodes=400))
    after = reconcile(MOVES[:1], [first, deeper])
    assert [evaluation(position).score.cp for position in after] == [-60, 60]
    assert after[1] == deeper
    as_deep = structs.replace(deeper, evaluation=structs.replace(evaluation(deeper), depth=9))
    assert evaluation(reconcile(MOVES[:1], [first, as_deep])[1]).score == Score(cp=-20)


def test_a_mate_foreseen_counts_more_than_a_deeper_search() -> None:
    after = reconcile(
        MOVES[:1], [searched(None, "e2e4", "e7e5", mate=3, depth=9), searched(-900, "c7c5", depth=12)]
    )
    assert [evaluation(position).score.mate for position in after] == [3, -2]


def test_a_best_move_stays_when_the_game_refutes_only_the_promise() -> None:
    """The first move promises Black that White has 20; White's own search has 300, and White plays for 100."""
    before = [searched(-20, "a7a6"), searched(300, "d2d4"), searched(-100, "c7c5")]
    after = reconcile(("a7a6", "h2h3"), before)
    assert [evaluation(position).score.cp for position in after] == [-100, 100, -100]
    assert [evaluation(position).best for position in after] == ["a7a6", "d2d4", "c7c5"]


def test_a_mate_foreseen_comes_with_its_moves() -> None:
    after = reconcile(MOVES[:1], [searched(None, "e2e4", "e7e5", "d1h5", mate=3), searched(-900, "c7c5")])
    assert evaluation(after[1]).score == Score(mate=-2)
    assert evaluation(after[1]).pv == ("e7e5", "d1h5")


def test_a_mate_that_was_not_foreseen_counts() -> None:
    for mate in (None, 5):
        before = searched(None if mate else 900, "e2e4", mate=mate)
        after = reconcile(MOVES[:1], [before, searched(None, "c7c5", mate=-2)])
        assert [evaluation(position).score.mate for position in after] == [3, -2]


def test_a_mate_gains_its_ply_and_being_mated_does_not() -> None:
    after = reconcile(MOVES[:2], [searched(0, "e2e4"), searched(0, "e7e5"), searched(mate=3)])
    assert evaluation(after[1]).score == Score(mate=-3)
    assert evaluation(after[0]).score == Score(mate=4)


def test_the_mating_move_and_a_stalemate() -> None:
    mates = reconcile(MOVES[:1], [searched(900, "d2d4"), AnalysedPosition(terminal="checkmate")])
    assert evaluation(mates[0]).score == Score(mate=1)
    stalemates = reconcile(MOVES[:1], [searched(-900, "d2d4"), AnalysedPosition(terminal="stalemate")])
    assert evaluation(stalemates[0]).score == Score(cp=0)
    assert evaluation(stalemates[0]).pv == ("e2e4",)


def test_recorded_and_missing_evaluations_are_left_alone() -> None:
    recorded = AnalysedPosition(Evaluation(Score(cp=-500), (), 0, 0), recorded=True)
    for neighbours in ([searched(0, "e2e4"), recorded], [recorded, searched(-500)]):
        assert reconcile(MOVES[:1], neighbours) == neighbours
    missing = [searched(0, "e2e4"), AnalysedPosition(missing="quarantined")]
    assert reconcile(MOVES[:1], missing) == missing


def test_lines_of_multipv_stay_in_order_and_in_number() -> None:
    lines = (Line(Score(cp=30), ("d2d4",), 9), Line(Score(cp=10), ("e2e4",), 9))
    parent = AnalysedPosition(Evaluation(Score(cp=30), ("d2d4",), 9, 100, lines))
    [after, _] = reconcile(MOVES[:1], [parent, searched(-40, "c7c5")])
    assert [line.pv for line in evaluation(after).lines] == [("e2e4", "c7c5"), ("d2d4",)]
    assert evaluation(after).lines[0].score == evaluation(after).score == Score(cp=40)


def test_no_line_of_multipv_is_better_than_the_first() -> None:
    lines = (
        Line(Score(cp=100), ("c7c5",), 9),
        Line(Score(cp=80), ("e7e5",), 9),
        Line(Score(cp=-40), ("a7a6",), 9),
    )
    child = AnalysedPosition(Evaluation(Score(cp=100), ("c7c5",), 9, 100, lines))
    [_, after] = reconcile(MOVES[:1], [searched(20, "e2e4"), child])
    assert [line.score.cp for line in evaluation(after).lines] == [-20, -20, -40]


SCORES = st.one_of(
    st.integers(-2000, 2000).map(lambda cp: Score(cp=cp)),
    st.integers(1, 30).flatmap(lambda n: st.sampled_from([Score(mate=n), Score(mate=-n)])),
)


@given(st.lists(st.tuples(SCORES, st.booleans(), st.sampled_from([1, 2, 5])), min_size=2, max_size=8))
def test_afterwards_nothing_contradicts_and_it_can_be_undone_and_repeated(
    drawn: list[tuple[Score, bool, int]],
) -> None:
    moves = ["e2e4", "e7e5"] * 4
    before = [
        AnalysedPosition(Evaluation(score, (moves[k] if best else "a2a3",), effort, effort * 1000))
        for k, (score, best, effort) in enumerate(drawn)
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


def test_nobody_may_choose_a_null_move() -> None:
    before = [searched(50, "e2e4"), searched(-300, "e7e5")]
    assert reconcile(("0000",), before) == before
    assert reconcile(("e2e4",), before) != before


def test_a_dead_position_is_worth_nothing_whatever_the_search_says() -> None:
    line = Line(Score(cp=19), ("a2a3",), 10)
    before = [searched(30, "e2e4"), searched(-19, "e7e5"), searched(19, "g1f3")]
    before[2] = structs.replace(before[2], evaluation=structs.replace(evaluation(before[2]), lines=(line,)))
    after = reconcile(MOVES[:2], before, {1, 2})
    assert [evaluation(position).score.cp for position in after] == [0, 0, 0]
    assert evaluation(after[2]).lines[0].score == Score(cp=0)
    assert [position.found for position in after] == [position.evaluation for position in before]
    recorded = [structs.replace(position, recorded=True) for position in before]
    assert reconcile(MOVES[:2], recorded, {1, 2}) == recorded
