"""Is a figure going up or down from day to day? A straight line with an error that games of one day may share."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from engine.plugin import critical_value, p_value

LEAST_DAYS = 10
"""Days with games that a line needs: with fewer, its error is a guess."""
LEAST_GAMES = 20
"""Games that a line needs."""

_ALONE = 0.999
"""Leverage from which a day decides the line by itself and so says nothing about its error."""


class Day(NamedTuple):
    """What one group of games, such as the blitz games, brought on one day."""

    group: str
    day: int
    """Number of the day, as in `date.toordinal()`."""
    total: int
    """Sum of the figure over the games: centipawns lost, or accuracies."""
    weight: int
    """What the sum is divided by: moves, or games."""


class Slope(NamedTuple):
    """A straight line through a figure over time."""

    change: float
    """How much higher the line ends than it begins; in the unit of the figure."""
    low: float
    high: float
    """Ends of the 95% interval of the change."""
    p: float
    """Probability of a change at least so far from 0, up or down, if there were none."""
    days: int


def slope(figures: Iterable[Day], unit: float = 1.0) -> Slope | None:
    """Return the line through a figure over time; None where there are too few days to tell.

    * **figures** - the figure of each day and group.
    * **unit** - *(optional)* how much of the figure is one unit of the result.

    Least squares with a level for each group, so that only games of one group are compared with each other. The
    error is clustered by day and takes each day's residual as it is without that day (CR3: Cameron and Miller,
    Journal of Human Resources 50, 2015, 317-372), with Student's distribution for as many days less two.
    """
    groups: dict[str, list[Day]] = defaultdict(list)
    for figure in sorted(figures):
        if figure.weight:
            groups[figure.group].append(figure)
    days = {figure.day for members in groups.values() for figure in members}
    if len(days) < LEAST_DAYS:
        return None
    levels = {name: _level(members) for name, members in groups.items()}
    placed = [(figure, figure.day - levels[name][0]) for name, members in groups.items() for figure in members]
    spread = math.fsum(figure.weight * x * x for figure, x in placed)
    if spread <= 0:
        return None
    rate = math.fsum(x * figure.total for figure, x in placed) / spread
    pulls: dict[int, list[float]] = defaultdict(list)
    for figure, x in placed:
        _, level, weight = levels[figure.group]
        leverage = figure.weight / weight + figure.weight * x * x / spread
        if leverage < _ALONE:
            residual = figure.total - figure.weight * (level + rate * x)
            pulls[figure.day].append(x * residual / (1 - leverage))
    error = math.sqrt(math.fsum(math.fsum(pull) ** 2 for pull in pulls.values())) / spread
    span, freedom = max(days) - min(days), len(days) - 2
    change, reach = rate * span / unit, error * critical_value(freedom) * span / unit
    return Slope(change, change - reach, change + reach, p_value(rate, error, freedom), len(days))


def _level(members: Sequence[Day]) -> tuple[float, float, int]:
    """Return the mean day, the mean of the figure and the weight of a group."""
    weight = sum(figure.weight for figure in members)
    day = sum(figure.weight * figure.day for figure in members) / weight
    return day, sum(figure.total for figure in members) / weight, weight
