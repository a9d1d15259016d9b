"""Which positions a second search is for."""

from __future__ import annotations

import pytest

from engine.contracts.messages import Unit
from engine.errors import ConfigError
from engine.model import Evaluation, Limit, Position, Score
from engine.settings import Search
from engine.workers import adaptive

# From 0 centipawns 54.5 are 5 Win%, 110 are 10, 168 are 15: White's second to fourth moves, made good at once.
MOVES = ("e2e4", "e7e5", "a2a3", "a7a6", "b2b3", "b7b6", "c2c3", "c7c6", "d2d3", "d7d6", "")
POSITION = Position("4k3/8/8/8/8/8/8/4K3 w - - 0 1", (), chess960=False)


FIRST, _ = adaptive.STAGES


def doubtful(
    *evals: int | str, best: dict[int, str] | None = None, plies: tuple[int, ...] = (), most: int = 99
) -> list[int]:
    """The plies in doubt; `evals` are White's centipawns, or "#n", at each position from White's first move."""
    plies = plies or tuple(range(len(evals)))[::-1]
    evaluations = []
    for ply in plies:
        value, sign = evals[ply], 1 if ply % 2 == 0 else -1
        score = Score(mate=int(value[1:]) * sign) if isinstance(value, str) else Score(cp=value * sign)
        evaluations.append(Evaluation(score, ((best or {}).get(ply, "a1a1"),), 9, 100))
    unit = Unit(1, 1, plies, (POSITION,) * len(plies), moves=tuple(MOVES[ply] for ply in plies))
    found = adaptive.doubtful(unit, evaluations, FIRST, most)
    assert found == sorted(found)
    return sorted(plies[index] for index in found)


def test_moves_that_lose_nothing_or_far_too_much_are_clear() -> None:
    assert doubtful(15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15) == []
    assert doubtful(15, 15, 15, -600, -600, -600, -600, -600, -600, -600, -600) == []
    assert doubtful(15, 15, 15, "#-3", "#-3", "#-3") == []


def test_both_positions_beside_a_move_that_loses_a_little_more_than_a_judgement_takes() -> None:
    # 3. b3 takes 60 centipawns off, which is 5.5 Win%; Black never gives them back.
    assert doubtful(15, 15, 15, 15, 0, -60, -60, -60, -60, -60, -60) == [4, 5]
    # 4.6 Win% may be judged, 3.7 are too little; 12 may be an inaccuracy or a mistake, 22 are clearly a blunder.
    assert doubtful(15, 15, 15, 15, 0, -50, -50, -50, -50, -50, -50) == [4, 5]
    assert doubtful(15, 15, 15, 15, 0, -40, -40, -40, -40, -40, -40) == []
    assert doubtful(15, 15, 15, 15, 0, -133, -133, -133, -133, -133, -133) == [4, 5]
    assert doubtful(15, 15, 15, 15, 0, -260, -260, -260, -260, -260, -260) == []


def test_the_second_stage_asks_for_less_distance() -> None:
    first, second = adaptive.STAGES
    losses = [Evaluation(Score(cp=0), ("a1a1",), 9, 100), Evaluation(Score(cp=100), ("a1a1",), 9, 100)]
    unit = Unit(1, 1, (0, 1), (POSITION, POSITION), moves=("e2e4", "e7e5"))
    # 9.1 Win%: near 10 in the first stage, far from it and from 5 in the second.
    assert adaptive.doubtful(unit, losses, first, 99) == [0, 1]
    assert adaptive.doubtful(unit, losses, second, 99) == []
    assert (first.limit(Limit(nodes=80_000)), second.limit(Limit(nodes=80_000))) == (
        Limit(nodes=20_000),
        Limit(nodes=80_000),
    )


def test_what_is_nearest_to_a_threshold_goes_first_and_the_rest_may_wait() -> None:
    # 3. b3 loses 5.5 Win%, 4. c3 6.4.
    scores = (15, 15, 15, 15, 0, -60, -60, -132, -132)
    assert doubtful(*scores) == [4, 5, 6, 7]
    assert doubtful(*scores, most=3) == doubtful(*scores, most=2) == [4, 5]
    assert doubtful(*scores, most=1) == []


def test_a_game_takes_a_quarter_of_the_nodes_at_most() -> None:
    unit = Unit(1, 1, tuple(range(16)), (POSITION,) * 16, moves=("e2e4",) * 16)
    assert adaptive.extra_nodes(unit, Limit(nodes=80_000)) == 160_000
    assert adaptive.extra_nodes(Unit(1, 1, (0,), (POSITION,)), Limit(nodes=80_000)) == 0


def test_the_best_move_is_not_in_doubt_and_its_score_goes_on() -> None:
    assert doubtful(15, 15, 15, 15, 0, -60, -60, -60, best={4: "b2b3"}) == []
    # The position after the best move is worth what was expected of it, and that is what the next move loses.
    assert doubtful(15, 15, 15, 15, 0, -60, 0, 0, best={4: "b2b3"}) == []
    assert doubtful(15, 15, 15, 15, 0, -60, 60, 60, best={4: "b2b3"}) == [5, 6]


def test_neighbours_that_are_not_in_the_unit_are_left_alone() -> None:
    assert doubtful(15, 15, 15, 15, 0, -60, -60, plies=(6, 5, 3)) == []
    assert doubtful(15, 15, 15, 15, 0, -60, -60, plies=(5, 4)) == [4, 5]


def test_a_unit_without_moves_is_searched_once() -> None:
    unit = Unit(1, 1, (1, 0), (POSITION, POSITION))
    losing = [Evaluation(Score(cp=60), ("a1a1",), 9, 100), Evaluation(Score(cp=0), ("a1a1",), 9, 100)]
    assert adaptive.doubtful(unit, losing, FIRST, 99) == []


@pytest.mark.parametrize(
    ("nodes", "full"),
    [
        ([12_500] * 8 + [37_510, 112_600, 137_600], 100_000),
        ([90] + [12_510] * 8 + [100_040], 100_080),
        ([12_500] * 8, None),
        ([40_001] * 8 + [40_100], None),
        ([2_000, 3_000, 7_000, 9_000, 20_000, 31_000], None),
        ([], None),
    ],
)
def test_what_positions_were_searched_with_shows_in_their_nodes(nodes: list[int], full: int | None) -> None:
    assert adaptive.full_nodes(nodes) == full


def test_it_is_the_default_for_many_nodes_and_nothing_else() -> None:
    least = adaptive.LEAST_NODES
    assert adaptive.by_default(Search(), Limit(nodes=least))
    others = (Limit(nodes=least - 1), Limit(nodes=least, depth=20), Limit(time=500), Limit(nodes=least, multipv=2))
    assert not any(adaptive.by_default(Search(), limit) for limit in others)
    assert not any(adaptive.by_default(Search(policy=policy), Limit(nodes=least)) for policy in ("game", "fresh"))


def test_the_limit_of_the_first_search() -> None:
    assert adaptive.first_limit(Limit(nodes=80_000, multipv=2)) == Limit(nodes=10_000, multipv=2)
    assert adaptive.first_limit(Limit(nodes=3)) == Limit(nodes=1)
    for limit in (Limit(depth=10), Limit(time=100), Limit(nodes=5, depth=10)):
        with pytest.raises(ConfigError, match="--nodes"):
            adaptive.first_limit(limit)
