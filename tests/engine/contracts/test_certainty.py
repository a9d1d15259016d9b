"""P-values, corrections for many comparisons, and the three words."""

from __future__ import annotations

import math

import pytest

from engine.plugin import benjamini_hochberg, certainties, critical_value, effective_games, holm, p_value, wilson


@pytest.mark.parametrize(
    ("freedom", "t"),
    # Upper 2.5% points of Student's distribution, from the tables of Abramowitz and Stegun, 26.10.
    [(1, 12.706), (2, 4.303), (5, 2.571), (10, 2.228), (30, 2.042), (120, 1.980), (None, 1.960), (10**6, 1.960)],
)
def test_p_values_are_those_of_the_tables(freedom: int | None, t: float) -> None:
    assert p_value(-2 * t, 2.0, freedom) == pytest.approx(0.05, abs=1e-4)
    assert critical_value(freedom) == pytest.approx(t, abs=6e-4)


def test_p_values_of_one_and_two_degrees_of_freedom_have_formulas() -> None:
    for t in (0.0, 0.3, 1.0, 5.0, 400.0):
        assert p_value(t, 1, 1) == pytest.approx(1 - 2 * math.atan(t) / math.pi, abs=1e-9)
        assert p_value(t, 1, 2) == pytest.approx(1 - t / math.sqrt(2 + t * t), abs=1e-9)
    assert p_value(3.0, 0.0, 10) == 1.0


def test_adjusted_p_values_worked_by_hand() -> None:
    p_values = [0.04, 0.01, 0.03, 0.005]
    assert holm(p_values) == pytest.approx([0.06, 0.03, 0.06, 0.02])
    assert benjamini_hochberg(p_values) == pytest.approx([0.04, 0.02, 0.04, 0.02])
    assert holm([]) == benjamini_hochberg([]) == certainties([]) == []


def test_the_words() -> None:
    assert certainties([0.001, 0.04, 0.1, 0.5]) == ["sure", "likely", *["may be chance"] * 2]
    assert certainties([0.04]) == ["sure"]
    assert certainties([0.04] + [0.9] * 39) == ["may be chance"] * 40


def test_a_few_long_games_carry_less_than_many() -> None:
    assert effective_games(30, 3 * 100) == 3
    assert effective_games(100 + 10, 100**2 + 10) == pytest.approx(1.2, abs=0.02)
    assert effective_games(0, 0) == 0


def test_wilson() -> None:
    # Of 2 of 2 the lower end is n / (n + z²) = 2 / 5.8415; 0 of n mirrors n of n.
    assert wilson(2, 2) == (34.238, 100.0)
    assert wilson(0, 2) == (0.0, 65.762)
    assert wilson(0, 0) is None
    # 81 of 263 is the worked example of many textbooks: 25.5 to 36.6.
    assert wilson(81, 263) == pytest.approx((25.53, 36.62), abs=0.01)
