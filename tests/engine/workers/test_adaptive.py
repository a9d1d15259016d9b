"""Which positions a deeper search is for."""

from __future__ import annotations

import pytest
from msgspec import structs

from engine.errors import ConfigError
from engine.model import AnalysedGame, Limit
from engine.workers import adaptive
from engine.testing import analysed_game

# From 0 centipawns 54.5 are 5 Win%, 110 are 10, 168 are 15: White's second to fourth moves, made good at once.
MOVES = "1. e4 e5 2. a3 a6 3. b3 b6 4. c3 c6 5. d3 d6"


def doubtful(*evals: int | str | None) -> set[int]:
    return adaptive.doubtful(analysed_game(MOVES, evals))


def test_moves_that_lose_nothing_or_far_too_much_are_clear() -> None:
    assert doubtful(15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15) == set()
    assert doubtful(15, 15, 15, -600, -600, -600, -600, -600, -600, -600, -600) == set()


def test_both_positions_beside_a_move_that_loses_a_little_more_than_a_judgement_takes() -> None:
    # 3. b3 takes 60 centipawns off, which is 5.5 Win%; Black never gives them back.
    assert doubtful(15, 15, 15, 15, 0, -60, -60, -60, -60, -60, -60) == {4, 5}
    # 4.6 Win% are too little to be judged, 9.5 are clearly an inaccuracy; 12 may be one or a mistake.
    assert doubtful(15, 15, 15, 15, 0, -50, -50, -50, -50, -50, -50) == set()
    assert doubtful(15, 15, 15, 15, 0, -104, -104, -104, -104, -104, -104) == set()
    assert doubtful(15, 15, 15, 15, 0, -133, -133, -133, -133, -133, -133) == {4, 5}


def test_what_cannot_be_searched_again_is_left_out() -> None:
    game = analysed_game("1. f3 e5 2. g4 Qh4#", [0, -60, -60, "#-1"])
    assert adaptive.doubtful(game) == {0, 1}
    recorded = [structs.replace(position, recorded=True) for position in game.positions]
    assert adaptive.doubtful(structs.replace(game, positions=tuple(recorded))) == set()


def test_games_without_evaluations_or_moves() -> None:
    empty: AnalysedGame = analysed_game("1. e4 e5")
    assert adaptive.doubtful(empty) == adaptive.doubtful(analysed_game()) == set()


def test_the_limit_of_the_first_pass() -> None:
    assert adaptive.first_limit(Limit(nodes=80_000, multipv=2)) == Limit(nodes=20_000, multipv=2)
    assert adaptive.first_limit(Limit(nodes=3)) == Limit(nodes=1)
    for limit in (Limit(depth=10), Limit(time=100), Limit(nodes=5, depth=10)):
        with pytest.raises(ConfigError, match="--nodes"):
            adaptive.first_limit(limit)
