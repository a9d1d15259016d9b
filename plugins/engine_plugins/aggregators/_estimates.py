"""Ratios over moves with an error by game.

Moves of one game are not independent of each other, so the games vary, and not the moves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from engine.plugin import JointMoments
from engine_plugins.aggregators._certainty import p_value

FEWEST = 20
"""Games below which nothing is said about certainty: the error of a few games is not known well enough."""
_Z = 1.959964
_NOTHING = 1e-9
"""Error of games that are all alike, which says nothing of others."""


class Estimate(NamedTuple):
    """A figure with its standard error over games."""

    value: float
    error: float
    games: int

    @property
    def reach(self) -> float:
        """Half of the 95% interval."""
        return _Z * self.error

    @property
    def p(self) -> float:
        """Probability of a value so far from 0 if the true one is 0 (Student's t, two-sided)."""
        return p_value(self.value, self.error if self.error >= _NOTHING else 0.0, max(1, self.games - 1))


def linearised(moments: JointMoments, value: float, weights: Sequence[float]) -> Estimate | None:
    """Return a figure with the error that its linear form over games has; None for fewer than two games.

    * **moments** - sums over games.
    * **value** - the figure.
    * **weights** - derivatives of the figure by the sums.

    Source: Cochran, Sampling Techniques, 3rd edition, sections 2.9 and 6.4; Wolter, Introduction to Variance
    Estimation, chapter 6.
    """
    games = moments.n
    if games < 2:  # noqa: PLR2004
        return None
    total = sum(weight * part for weight, part in zip(weights, moments.sums, strict=True))
    spread = max(0.0, moments.quadratic(weights) - total * total / games)
    return Estimate(value, math.sqrt(spread * games / (games - 1)), games)


def ratio(moments: JointMoments, part: int = 0, whole: int = 1) -> Estimate | None:
    """Return the ratio of two sums over games; None for fewer than two games.

    * **moments** - sums over games.
    * **part** - *(optional)* place of the numerator.
    * **whole** - *(optional)* place of the denominator.
    """
    return _combined(moments, ((part, whole, 1),))


def difference(moments: JointMoments) -> Estimate | None:
    """Return the difference of two ratios of the same games, sum 0 / sum 1 - sum 2 / sum 3."""
    return _combined(moments, ((0, 1, 1), (2, 3, -1)))


def _combined(moments: JointMoments, ratios: Sequence[tuple[int, int, int]]) -> Estimate | None:
    weights, value = [0.0] * moments.size, 0.0
    for part, whole, sign in ratios:
        if not moments.sums[whole]:
            return None
        found = moments.sums[part] / moments.sums[whole]
        value += sign * found
        weights[part] += sign / moments.sums[whole]
        weights[whole] -= sign * found / moments.sums[whole]
    return linearised(moments, value, weights)
