"""Comparison of sides that are measured in turns (A B A B ...): medians, ratios, and intervals by game."""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")

RESAMPLES = 2_000


def in_turns(sides: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Measure every side once in each round, so that other work on the machine disturbs all sides alike."""
    measured: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(1, rounds + 1):
        for name, measure in sides.items():
            started = time.monotonic()
            measured[name].append(measure())
            say(f"round {number} of {rounds}, {name}: {time.monotonic() - started:.1f} s")
    return measured


def say(text: str) -> None:
    """Print progress on standard error."""
    print(text, file=sys.stderr, flush=True)


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def spread(values: Sequence[float], digits: int = 2, unit: str = "") -> str:
    """Format values as `1.25 (1.20-1.31)`: median, smallest and greatest."""
    middle, least, most = (f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))
    return f"{middle}{unit} ({least}-{most})" if len(values) > 1 else f"{middle}{unit}"


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Return one ratio for each round."""
    return [a / b for a, b in zip(above, below, strict=True)]


def by_game(games: Sequence[tuple[float, int]], seed: int = 1) -> tuple[float, float, float]:
    """Return the mean over all positions and its 95% interval, by resampling whole games.

    Positions of one game are alike, so an interval from single positions would be too narrow.

    * **games** - for each game the sum over its positions, and their number.
    """
    mean = _mean(games)
    rng = random.Random(seed)
    means = sorted(_mean(rng.choices(games, k=len(games))) for _ in range(RESAMPLES))
    return mean, means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1]


def _mean(games: Sequence[tuple[float, int]]) -> float:
    count = sum(number for _, number in games)
    return sum(total for total, _ in games) / count if count else 0.0
