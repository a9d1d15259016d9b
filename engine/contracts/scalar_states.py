"""The base class of states, and the states that hold numbers: sums, histograms and moments."""

from __future__ import annotations

import abc
import math
from operator import index as exact
from typing import Any, Self

__all__ = ["Histogram", "Moments", "State", "Sum"]


class State(abc.ABC):
    """A value that grows with `add` and merges with others of its class.

    A state declared in a class body is a prototype: each aggregator gets an empty copy when it first uses the
    state.
    """

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
        return sum(value * n for value, n in self._counts.items()) / total if total else None

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
        for value, n in other._counts.items():
            self.add(value, n)

    def state(self) -> list[list[int]]:
        return [[value, n] for value, n in self.items()]

    def load(self, state: Any) -> None:
        self._counts = {exact(value): exact(n) for value, n in state}


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
