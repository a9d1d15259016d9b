"""A time budget turned into nodes: the arithmetic. Pure.

A worker's time for a position is taken as `Pace.position + nodes * Pace.node`. The slope falls a little with the
nodes (measured with Stockfish 19: 3.7 us a node at 2,000, 2.5 at 64,000, 2.4 at 128,000), so the heavier of the
two searches that it is fitted to should be near what will be searched.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from msgspec import Struct

LEAST_NODES = 100
"""Fewer nodes a position say nothing."""
MOST_NODES = 10**12
CLOSE = 0.15
"""How far the nodes may be from the best ones where the cache knows what was searched with them."""
_LEAST_SLOPE = 0.8
_SIMULATED = 5_000
"""Units from which on it makes no difference in which order they are searched."""


class Pace(Struct, frozen=True):
    """How long one of several busy workers takes for a position."""

    position: float
    """Seconds, whatever its nodes."""
    node: float
    """Seconds for each node."""

    def seconds(self, nodes: float) -> float:
        """Return the seconds for a position with so many nodes."""
        return self.position + self.node * nodes


def fit(light: tuple[int, float], heavy: tuple[int, float]) -> Pace:
    """Return the pace that two measurements show, each of nodes and of seconds for a position.

    The slope is at most the mean of the heavy searches, and at least four fifths of it: what is below is noise.
    """
    (few, short), (many, long) = sorted((light, heavy))
    mean = long / many
    slope = (long - short) / (many - few) if many > few else mean
    slope = min(mean, max(_LEAST_SLOPE * mean, slope))
    return Pace(max(0.0, long - slope * many), slope)


def busiest(units: Mapping[int, int], workers: int) -> float:
    """Return the positions of the worker that gets the most.

    * **units** - how many units there are of each number of positions; the longest are handed out first.
    """
    positions = sum(size * number for size, number in units.items())
    if sum(units.values()) > _SIMULATED:
        return positions / workers
    loads = [0] * workers
    for size in sorted(units, reverse=True):
        for _ in range(units[size]):
            heapq.heapreplace(loads, loads[0] + size)
    return float(max(loads))


def nodes_for(seconds: float, positions: float, pace: Pace, share: float = 1.0) -> int:
    """Return the nodes a position that fit, with two significant figures; below `LEAST_NODES` there is no time.

    * **seconds** - the time that is left for searching.
    * **positions** - those of the worker that gets the most.
    * **share** - *(optional)* share of the nodes that is searched in the mean.
    """
    each = seconds / positions - pace.position
    return two_figures(min(MOST_NODES, max(0.0, each / (pace.node * share))))


def seconds_for(nodes: int, positions: float, pace: Pace, share: float = 1.0) -> float:
    """Return the seconds that searches with so many nodes take; the arguments are those of `nodes_for`."""
    return positions * pace.seconds(nodes * share)


def two_figures(number: float) -> int:
    """Return a number rounded to two significant figures."""
    unit: int = 10 ** max(0, len(str(int(number))) - 2)
    return round(number / unit) * unit


def near(nodes: int) -> list[int]:
    """Return numbers of two significant figures within `CLOSE` of `nodes`, the nearest first."""
    unit: int = 10 ** max(0, len(str(nodes)) - 2)
    finer = max(1, unit // 10)
    around = {two_figures(nodes + step * finer) for step in range(-200, 201)}
    return sorted((n for n in around if n > 0 and abs(n - nodes) <= CLOSE * nodes), key=lambda n: abs(n - nodes))


def spelled(number: int) -> str:
    """Return a number of nodes as `--nodes` takes it: `950`, `9k`, `1.5k`, `42k`, `1.2M`."""
    for size, unit in ((10**9, "G"), (10**6, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.10g}{unit}"
    return str(number)
