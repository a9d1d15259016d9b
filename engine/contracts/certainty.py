"""How far a difference can be trusted: p-values, corrections for many comparisons, and the words for it.

The words are those of `engine.model.report.Certainty`. Observations are games: the moves of one game are not
independent of each other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from engine.model import Certainty

__all__ = ["benjamini_hochberg", "certainties", "critical_value", "effective_games", "holm", "p_value", "wilson"]

_SURE = 0.05
"""Level of Holm's procedure for `sure`."""
_LIKELY = 0.20
"""False discovery rate of Benjamini and Hochberg's procedure for `likely`."""
_TINY = 1e-300
_PRECISE = 1e-13
_STEPS = 500
"""Most terms of the continued fraction; some sqrt(max(a, b)) are needed."""
_NORMAL = 1.95996
"""Just below the critical value of the normal distribution, the lowest of all."""
_CLOSE = 1e-9
"""A step after which the next one, which is its square, would be lost in the rounding."""
_FARTHEST = 1e3
"""The highest critical value, of less than one degree of freedom."""
_NORMAL_TABLED = 1.959964
"""The critical value of the normal distribution."""
_MANY = 1e5
"""Degrees of freedom from which Student's distribution is the normal one to five decimals."""


def p_value(estimate: float, error: float, freedom: float | None = None) -> float:
    """Return the two-sided p-value of an estimate whose true value would be 0.

    * **estimate** - the estimate.
    * **error** - its standard error. An error of 0 says nothing of how certain it is, so the p-value is then 1.
    * **freedom** - *(optional)* degrees of freedom of Student's t, above 0: the games
      (`effective_games`) less one. Without it the normal distribution is taken.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.22 (normal) and 26.7.1 (t).
    """
    if error <= 0:
        return 1.0
    t = abs(estimate) / error
    if freedom is None or freedom > _MANY:
        return math.erfc(t / math.sqrt(2))
    return _beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def critical_value(freedom: float | None = None) -> float:
    """Return how many standard errors a 95% interval reaches to each side: 1.96, or more for few games.

    * **freedom** - *(optional)* degrees of freedom, as for `p_value`.
    """
    return _critical_value(freedom)


@lru_cache(4096)
def _critical_value(freedom: float | None) -> float:
    """Return it by Newton's method. The p-value is convex, so that it rises from the left and does not pass it."""
    t = _NORMAL
    for _ in range(_STEPS):
        step = (p_value(t, 1.0, freedom) - _SURE) / (2 * _density(t, freedom))
        t += step
        if abs(step) < _CLOSE * t or t > _FARTHEST:
            break
    return min(t, _FARTHEST)


def _density(t: float, freedom: float | None) -> float:
    """Return the density of Student's distribution, or of the normal one, as `p_value` chooses between them."""
    if freedom is None or freedom > _MANY:
        return math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    half = (freedom + 1) / 2
    height = math.lgamma(half) - math.lgamma(freedom / 2) - math.log(freedom * math.pi) / 2
    return math.exp(height - half * math.log1p(t * t / freedom))


def wilson(part: float, whole: int) -> tuple[float, float] | None:
    """Return the 95% interval of a share, in percent with 3 decimals; None if `whole` is 0.

    A score is such a share, of the points: with draws as half a win the interval is a little too wide, since draws
    vary less.

    * **part** - how many of the whole; halves are possible.
    * **whole** - the number of games or moves.

    Source: Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if not whole:
        return None
    p, z2 = part / whole, _NORMAL_TABLED * _NORMAL_TABLED
    middle = (p + z2 / (2 * whole)) / (1 + z2 / whole)
    reach = _NORMAL_TABLED * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    return round(100 * max(0.0, middle - reach), 3), round(100 * min(1.0, middle + reach), 3)


def effective_games(total: int, squares: int) -> float:
    """Return how many games of equal size carry as much as these: fewer than there are, where a few are long.

    * **total** - sum over games of their numbers of moves.
    * **squares** - sum over games of the squares of these numbers.

    Source: Kish, Survey Sampling (1965), section 11.7; as the number of clusters behind a t statistic, Carter,
    Schnepel and Steigerwald, Review of Economics and Statistics 99 (2017), 698-709.
    """
    return total * total / squares if squares else 0.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Holm's procedure, in the same order.

    Calling true what is at most 0.05 errs about anything at all in at most 5% of cases, however the comparisons
    depend on each other.

    Source: Holm, Scandinavian Journal of Statistics 6 (1979), 65-70.
    """
    adjusted, highest = [1.0] * len(p_values), 0.0
    for rank, k in enumerate(_ascending(p_values)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[k]))
        adjusted[k] = highest
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted by Benjamini and Hochberg's procedure (q-values), in the same order.

    Of what is at most 0.2, at most one in five is expected to be false. This is proven for comparisons that are
    independent or depend on each other positively.

    Source: Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995), 289-300.
    """
    adjusted, lowest = [1.0] * len(p_values), 1.0
    for rank, k in reversed(list(enumerate(_ascending(p_values), start=1))):
        lowest = min(lowest, p_values[k] * len(p_values) / rank)
        adjusted[k] = lowest
    return adjusted


def certainties(p_values: Sequence[float]) -> list[Certainty]:
    """Return the word for each of the comparisons that a report makes, corrected for how many they are.

    Nothing is more than chance whose 95% interval includes 0.

    * **p_values** - the p-values of all comparisons, also of those that the report does not mention.
    """
    adjusted = zip(p_values, holm(p_values), benjamini_hochberg(p_values), strict=True)
    return [
        "sure" if h <= _SURE else "likely" if q <= _LIKELY and p <= _SURE else "may be chance"
        for p, h, q in adjusted
    ]


def _ascending(p_values: Sequence[float]) -> list[int]:
    return sorted(range(len(p_values)), key=p_values.__getitem__)


def _beta(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b).

    Source: the continued fraction in Press et al., Numerical Recipes, 3rd edition, section 6.4.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x > (a + 1) / (a + b + 2):
        return 1 - front * _fraction(1 - x, b, a) / b
    return front * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function by Lentz's method."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        before = value
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for numerator in (even, odd):
            d = 1 / _away(1 + numerator * d)
            c = _away(1 + numerator / c)
            value *= c * d
        if abs(value - before) < _PRECISE * abs(value):
            break
    return value


def _away(value: float) -> float:
    """Return the value, or a tiny one instead of 0, by which nothing can be divided."""
    return value if abs(value) > _TINY else _TINY
