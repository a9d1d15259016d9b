"""Ratios of sums over games: their error follows from the games, for every report in the same way."""

from __future__ import annotations

import math
import statistics

import pytest

from engine.plugin import JointMoments
from engine_plugins.aggregators import _shares
from engine_plugins.aggregators._estimates import difference, ratio
from engine_plugins.aggregators._leak_figures import rate

PARTS, THEIRS = (3, 0, 5, 2, 8, 1), (4, 1, 6, 2, 5, 3)


def summed(*games: tuple[int, ...]) -> JointMoments:
    moments = JointMoments(len(games[0]))
    for game in games:
        moments.add(*game)
    return moments


def test_the_error_of_games_of_equal_size_is_that_of_their_mean() -> None:
    found = ratio(summed(*((part, 10) for part in PARTS)))
    assert found is not None
    assert (found.games, found.freedom) == (6, pytest.approx(5))
    assert found.value == pytest.approx(statistics.mean(PARTS) / 10)
    assert found.error == pytest.approx(statistics.stdev(PARTS) / 10 / math.sqrt(6))
    both = difference(summed(*((ours, 10, theirs, 10) for ours, theirs in zip(PARTS, THEIRS, strict=True))))
    assert both is not None
    apart = [ours - theirs for ours, theirs in zip(PARTS, THEIRS, strict=True)]
    assert both.error == pytest.approx(statistics.stdev(apart) / 10 / math.sqrt(6))


def test_leaks_and_shares_of_moves_have_the_same_error() -> None:
    games = [(part, 5 + part, theirs, 12 - part) for part, theirs in zip(PARTS, THEIRS, strict=True)]
    moments = summed(*games)
    alone, shown = ratio(moments), rate(moments)
    assert alone is not None
    assert shown is not None
    assert shown.error is not None
    # 2.571 standard errors for five degrees of freedom, more for 4.3.
    assert 2.571 < shown.error / (alone.error / 10) < 2.776
    both, compared = difference(moments), _shares.difference(moments, 20)
    assert both is not None
    assert compared is not None
    assert compared[2] == both.p


def test_games_too_few_have_no_error() -> None:
    assert ratio(summed((3, 10))) is None
    assert ratio(summed((3, 10), (0, 0))) is None
    assert ratio(summed((3, 30), (1, 1))) is None
    assert ratio(summed((0, 0), (0, 0))) is None
    assert ratio(summed((3, 10), (1, 10))) is not None
