"""The base class of states, and the states that hold numbers: sums, histograms and moments."""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from operator import index as exact
from operator import mul
from typing import Any, ClassVar, Self

__all__ = ["Histogram", "JointMoments", "Moments", "State", "Sum"]


class State(abc.ABC):
    """A value that grows with `add` and merges with others of its class.

    A state declared in a class body is a prototype: each aggregator gets an empty copy when it first uses the
    state.
    """

    weight: ClassVar[int] = 1
    """How many times the memory of a number it takes, roughly: of heavy ones, fewer are kept in memory."""

    _name: str | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        if self._name is not None:
            raise TypeError(
                f"{owner.__name__}.{name} is also {self._name}: declare a state of its own for each name"
            )
        self._name = name

    def __get__(self, instance: object | None, owner: type) -> Self:
        if instance is None:
            return self
        assert self._name is not None
        state: Self = self.fresh()
        instance.__dict__[self._name] = state
        return state

    @abc.abstractmethod
    def fresh(self) -> Self:
        """Return an empty state with the same settings."""

    def follow(self, earlier: Self) -> None:  # noqa: B027 - most have nothing to leave out
        """Skip from now on what could not stay after a merge with `earlier`. Called before the first `add`."""

    def spill(self) -> None:  # noqa: B027 - most stay small
        """Move what has become too much for the memory to a temporary file. Called between games."""

    @abc.abstractmethod
    def merge(self, other: Self) -> None:
        """Add what `other` holds to this state; `other` does not change."""

    @abc.abstractmethod
    def state(self) -> Any:
        """Return a JSON-able copy of the content."""

    @abc.abstractmethod
    def load(self, state: Any) -> None:
        """Replace the content with that of `state`, a value that `state()` returned."""


class Sum(State):
    """One integer, read as `value`."""

    def __init__(self) -> None:
        self.value = 0

    def fresh(self) -> Self:
        return type(self)()

    def add(self, n: int = 1) -> None:
        """Add `n`. Raises TypeError for a float."""
        self.value += exact(n)

    def merge(self, other: Self) -> None:
        self.value += other.value

    def state(self) -> int:
        return self.value

    def load(self, state: Any) -> None:
        self.value = exact(state)


class Histogram(State):
    """How often each integer was added: `histogram[value]`."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def fresh(self) -> Self:
        return type(self)()

    def add(self, value: int, n: int = 1) -> None:
        """Add `value`, `n` times. Raises TypeError for a float."""
        value = exact(value)
        self._counts[value] = self._counts.get(value, 0) + exact(n)

    def __getitem__(self, value: int) -> int:
        return self._counts.get(value, 0)

    @property
    def total(self) -> int:
        """Number of values."""
        return sum(self._counts.values())

    def items(self) -> list[tuple[int, int]]:
        """Return values and how often each was added, in the order of the values."""
        return sorted(self._counts.items())

    def mean(self) -> float | None:
        """Return the mean of the values; None without a value."""
        total = self.total
        return sum(map(mul, self._counts, self._counts.values())) / total if total else None

    def percentile(self, percent: int) -> int | None:
        """Return the lowest value that is at least as high as `percent`% of the values; None without a value."""
        rank = max(1, -(-self.total * percent // 100))
        seen = 0
        for value, n in self.items():
            seen += n
            if seen >= rank:
                return value
        return None

    def median(self) -> int | None:
        """Return the median, the lower one of two middle values; None without a value."""
        return self.percentile(50)

    def merge(self, other: Self) -> None:
        counts = self._counts
        if not counts:
            counts.update(other._counts)
            return
        for value, n in other._counts.items():
            counts[value] = counts.get(value, 0) + n

    def state(self) -> list[list[int]]:
        return [[value, n] for value, n in self.items()]

    def load(self, state: Any) -> None:
        self._counts = dict(state)
        if {*map(type, self._counts), *map(type, self._counts.values())} - {int}:
            self._counts = {exact(value): exact(n) for value, n in self._counts.items()}


class Moments(State):
    """Number (`n`), sum and sum of squares of integers: enough for mean and standard deviation."""

    def __init__(self) -> None:
        self.n = 0
        self.sum = 0
        self.squares = 0

    def fresh(self) -> Self:
        return type(self)()

    def add(self, value: int) -> None:
        """Add one value. Raises TypeError for a float."""
        value = exact(value)
        self.n += 1
        self.sum += value
        self.squares += value * value

    def mean(self) -> float | None:
        """Return the mean of the values; None without a value."""
        return self.sum / self.n if self.n else None

    def deviation(self) -> float | None:
        """Return the population standard deviation of the values; None without a value."""
        if not self.n:
            return None
        return math.sqrt((self.n * self.squares - self.sum**2) / self.n**2)

    def merge(self, other: Self) -> None:
        self.n += other.n
        self.sum += other.sum
        self.squares += other.squares

    def state(self) -> list[int]:
        return [self.n, self.sum, self.squares]

    def load(self, state: Any) -> None:
        self.n, self.sum, self.squares = (exact(part) for part in state)


class JointMoments(State):
    """Number (`n`), sums, and sums of products of `size` integers that belong together, usually those of a game.

    They give the standard error of a ratio of sums, or of a difference of ratios, when the moves of a game are not
    independent of each other: linearised, such a figure is a sum over games (Cochran, Sampling Techniques, 3rd
    edition, section 6.4; "cluster-robust").
    """

    def __init__(self, size: int) -> None:
        """Declare a state.

        * **size** - the number of integers that each `add` gets.
        """
        self.size = size
        self.n = 0
        self.sums = [0] * size
        """Sum of each of the integers."""
        self._products = [0] * (size * (size + 1) // 2)

    def fresh(self) -> Self:
        return type(self)(self.size)

    def add(self, *values: int) -> None:
        """Add one game.

        * **values** - `size` integers.

        Raises TypeError for a float, ValueError for another number of values.
        """
        if len(values) != self.size:
            raise ValueError(f"{len(values)} values for {self.size}")
        self.n += 1
        sums, products = self.sums, self._products
        filled = [(i, whole) for i, value in enumerate(values) if (whole := exact(value))]
        for place, (i, first) in enumerate(filled):
            sums[i] += first
            k = i * self.size - i * (i + 1) // 2
            for j, second in filled[place:]:
                products[k + j] += first * second

    def product(self, first: int, second: int) -> int:
        """Return the sum over games of the product of two of the integers, by their places from 0."""
        low, high = min(first, second), max(first, second)
        return self._products[low * self.size - low * (low - 1) // 2 + high - low]

    def quadratic(self, weights: Sequence[float]) -> float:
        """Return the sum over games of the square of a weighted sum of the integers.

        * **weights** - `size` weights.
        """
        return sum(
            a * b * self.product(i, j) for i, a in enumerate(weights) if a for j, b in enumerate(weights) if b
        )

    def merge(self, other: Self) -> None:
        self.n += other.n
        self.sums = [a + b for a, b in zip(self.sums, other.sums, strict=True)]
        self._products = [a + b for a, b in zip(self._products, other._products, strict=True)]

    def state(self) -> list[Any]:
        return [self.n, list(self.sums), list(self._products)]

    def load(self, state: Any) -> None:
        n, sums, products = state
        self.n, self.sums = exact(n), [exact(value) for value in sums]
        self._products = [exact(value) for value in products]
