"""The statistics that the aggregators share."""

from __future__ import annotations

import pytest

from engine.plugin import Moments
from engine.testing import analysed_game
from engine_plugins.aggregators._common import numbered, reach, score_interval


def moments(*values: int) -> Moments:
    moments = Moments()
    for value in values:
        moments.add(value)
    return moments


def test_the_interval_of_a_score_takes_a_draw_as_half_a_win() -> None:
    assert score_interval(moments(1000, 1000)) == "34.2-100.0"
    assert score_interval(moments(500, 500)) == score_interval(moments(1000, 0)) == "9.5-90.5"
    assert score_interval(moments()) is None


def test_the_reach_of_a_mean() -> None:
    # 0 and 2: mean 1, sample deviation √2, over √2 games: 1.96.
    assert reach(moments(0, 2)) == 1.96
    assert reach(moments(0, 2000), 1000) == 1.96
    assert reach(moments(5, 5)) == 0.0
    assert reach(moments(5)) is None


@pytest.mark.parametrize(
    ("fen", "moves", "expected"),
    [
        (None, "1. e4 e5 2. Nf3", ["1. e4", "1... e5", "2. Nf3"]),
        ("4k3/8/8/8/8/8/4P3/4K3 b - - 0 40", "40... Kd7 41. e4", ["40... Kd7", "41. e4"]),
    ],
)
def test_numbers_of_moves(fen: str | None, moves: str, expected: list[str]) -> None:
    game = analysed_game(moves, headers={"FEN": fen, "SetUp": "1"} if fen else {})
    assert [numbered(game, k) for k in range(len(game.plies))] == expected
