"""Ratios of sums over games with the error that they have because games vary.

Moves of one game depend on each other, so the games are what is independent. Linearised, a ratio of sums is a sum
over games, and its standard error follows from sums of products over games (`JointMoments`).

Source: Cochran, Sampling Techniques, 3rd edition (1977), sections 2.11 and 6.4; with the games as clusters, Liang
and Zeger, Biometrika 73 (1986), 13-22.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from engine.plugin import JointMoments, critical_value, effective_games, p_value

FEWEST = 20
"""Games below which nothing is said about certainty: the error of a few games is not known well enough."""
_LEAST_FREEDOM = 1.0
"""Degrees of freedom below which there is no error: two games of equal length have one."""
_NOTHING = 1e-9
"""Error of games that are all alike, which says nothing of others."""

Places = tuple[int, int]
"""Places of a part and of its whole in a `JointMoments`: Win% lost and moves, for example."""


class Estimate(NamedTuple):
    """A figure with its standard error over games."""

    value: float
    error: float
    games: int
    freedom: float
    """Degrees of freedom of the error, 1 or more."""

    @property
    def reach(self) -> float:
        """Half of the 95% interval (Student's t)."""
        return critical_value(self.freedom) * self.error

    @property
    def p(self) -> float:
        """Probability of a value so far from 0 if the true one is 0 (Student's t, two-sided)."""
        return p_value(self.value, self.error if self.error >= _NOTHING else 0.0, self.freedom)


def ratio(moments: JointMoments, places: Places = (0, 1)) -> Estimate | None:
    """Return the ratio of two sums over games; None where the games are too few for an error.

    * **moments** - sums over games.
    * **places** - *(optional)* places of the numerator and the denominator.
    """
    return _combined(moments, (places,))


def difference(moments: JointMoments) -> Estimate | None:
    """Return the difference of two ratios of the same games, sum 0 / sum 1 - sum 2 / sum 3; or None."""
    return _combined(moments, ((0, 1), (2, 3)))


def _combined(moments: JointMoments, ratios: Sequence[Places]) -> Estimate | None:
    weights, value = [0.0] * moments.size, 0.0
    for places, sign in zip(ratios, (1.0, -1.0), strict=False):
        part, whole = places
        if not moments.sums[whole]:
            return None
        value += sign * moments.sums[part] / moments.sums[whole]
        put(weights, moments, places, sign)
    return linearised(moments, value, weights, [(whole,) for _, whole in ratios])


def linearised(
    moments: JointMoments, value: float, weights: Sequence[float], wholes: Sequence[Sequence[int]]
) -> Estimate | None:
    """Return a figure with the error that its linear form over games has; None where the games are too few.

    * **moments** - sums over games.
    * **value** - the figure, which stays as it is when all sums are doubled.
    * **weights** - derivatives of the figure by the sums.
    * **wholes** - places of the moves that the figure compares, for each side of the comparison.
    """
    return estimate(value, moments.quadratic(weights), moments.n, freedom(moments, wholes))


def estimate(value: float, variance: float, games: int, degrees: float) -> Estimate | None:
    """Return a figure with its standard error, few games corrected for as in a sample variance; or None.

    * **value** - the figure.
    * **variance** - sum over games of the squares of what each adds to the linearised figure.
    * **games** - number of games.
    * **degrees** - degrees of freedom.
    """
    if degrees < _LEAST_FREEDOM:
        return None
    return Estimate(value, math.sqrt(max(0.0, variance) * (degrees + 1) / degrees), games, degrees)


def put(
    weights: list[float], moments: JointMoments, places: Places, sign: float = 1.0, value: float | None = None
) -> None:
    """Set the weights with which a game's part and whole add to the linearised ratio of their sums.

    * **weights** - a weight for each of the sums; two of them are set.
    * **moments** - sums over games; that of the whole is not 0.
    * **places** - places of part and whole.
    * **sign** - *(optional)* factor of the ratio.
    * **value** - *(optional)* the ratio to measure games by, if it is not that of the sums.
    """
    part, whole = places
    number = moments.sums[whole]
    weights[part] = sign / number
    weights[whole] = -sign * (moments.sums[part] / number if value is None else value) / number


def freedom(moments: JointMoments, wholes: Sequence[Sequence[int]]) -> float:
    """Return the degrees of freedom: games of equal size that carry as much, on the smaller side, less one.

    * **moments** - sums over games.
    * **wholes** - places of the moves, for each side.
    """
    return min(_effective(moments, places) for places in wholes) - 1


def _effective(moments: JointMoments, places: Sequence[int]) -> float:
    total = sum(moments.sums[place] for place in places)
    return effective_games(total, sum(moments.product(a, b) for a in places for b in places))
