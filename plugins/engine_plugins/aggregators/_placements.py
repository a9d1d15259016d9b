"""The place of a player's games among the games of others: mean percentile, and how sure it is."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from msgspec import Struct

from engine.plugin import critical_value, p_value

Cell = tuple[str, int]


class Sample(Struct, frozen=True):
    """Values in ascending order, each with how often it occurred."""

    values: Sequence[int]
    counts: Sequence[int]
    groups: int
    """Independent groups that the values are from; two values of one group may be alike."""

    @property
    def n(self) -> int:
        """Number of values."""
        return sum(self.counts)

    @property
    def total(self) -> int:
        """Sum of the values."""
        return sum(v * n for v, n in zip(self.values, self.counts, strict=True))


def pooled(samples: Sequence[Sample]) -> Sample:
    """Return the values of several samples together."""
    together: dict[int, int] = {}
    for sample in samples:
        for value, count in zip(sample.values, sample.counts, strict=True):
            together[value] = together.get(value, 0) + count
    values = sorted(together)
    return Sample(values, [together[v] for v in values], sum(sample.groups for sample in samples))


class Ranks:
    """The mid-ranks of a sample: which share of it is below a value, those equal to it counted by half."""

    def __init__(self, sample: Sample) -> None:
        self._values = sample.values
        self._below = [0, *accumulate(sample.counts)]

    def share(self, value: int) -> float:
        """Return the share of the sample that is below `value`, 0 to 1."""
        low = self._below[bisect_left(self._values, value)]
        high = self._below[bisect_right(self._values, value)]
        return (low + high) / (2 * self._below[-1])


class Placement(Struct, frozen=True):
    """Mean percentile of a player's games, as the probability that a game of the player is better."""

    share: float
    """Probability that one of the player's games has a higher value than one of the peers', ties counted by half;
    0 to 1."""
    error: float
    """Standard error of `share`: of the player's games and of the peers' together."""
    games: int
    """Games of the player."""
    own: float
    """Mean value of the player."""
    peers: float
    """Mean value of the peers, each cell weighted with the player's games in it."""

    @property
    def reach(self) -> float:
        """Half of the 95% interval of `share` (Student's t with a degree of freedom less than games)."""
        return critical_value(self.games - 1) * self.error

    @property
    def p_value(self) -> float:
        """Probability of so great a distance from one half if there was none, two-sided."""
        return p_value(self.share - 0.5, self.error, self.games - 1)


def place(
    own: Mapping[Cell, Sample], peers: Mapping[Cell, Sequence[Cell]], base: Mapping[Cell, Sample]
) -> Placement:
    """Place a player's games among those of the peers, cell by cell.

    The estimate is the Mann-Whitney statistic, averaged over the player's games. Its variance is that of the
    player's placements plus that of the peers' (DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988), 837-845).
    The peers' part is multiplied by sides per game, as if the two sides of a game were the same; so it is rather
    too large.

    * **own** - the player's values by cell; each has peers.
    * **peers** - the cells of the baseline whose sides are compared with those of a cell.
    * **base** - values of the baseline by cell.
    """
    games = sum(sample.n for sample in own.values())
    first = second = mean = 0.0
    parts: dict[Cell, list[tuple[float, Ranks]]] = {}
    for cell, sample in own.items():
        together = pooled([base[peer] for peer in peers[cell]])
        ranks = Ranks(together)
        weight = sample.n / games
        mean += weight * together.total / together.n
        for value, count in zip(sample.values, sample.counts, strict=True):
            share = ranks.share(value)
            first += count * share
            second += count * share * share
        for peer in peers[cell]:
            parts.setdefault(peer, []).append((weight / together.n, Ranks(sample)))
    share = first / games
    variance = max(0.0, second - games * share * share) / (max(1, games - 1) * games)
    for peer, uses in parts.items():
        variance += _variance(base[peer], uses)
    total = sum(sample.total for sample in own.values())
    return Placement(share, math.sqrt(variance), games, total / games, mean)


def _variance(sample: Sample, uses: Sequence[tuple[float, Ranks]]) -> float:
    """Return the variance of the sum over a sample of the peers of what each of them takes from the estimate."""
    first = second = 0.0
    for value, count in zip(sample.values, sample.counts, strict=True):
        taken = sum(weight * ranks.share(value) for weight, ranks in uses)
        first += count * taken
        second += count * taken * taken
    n = sample.n
    spread = max(0.0, second - first * first / n) * n / max(1, n - 1)
    return spread * n / max(1, sample.groups)
