"""States that add up in any order: what an aggregator declares in its class body.

Every state is exact and keeps these laws, which is why games may be shared out between processes and machines:

- merging is associative and commutative, and a fresh state is its identity;
- `state()` is canonical: JSON-able, and equal for states that hold the same;
- numbers are integers. Floats do not add up to the same last digit in another order, so give thousandths.

| state          | holds                                             | `add`                           |
| -------------- | ------------------------------------------------- | ------------------------------- |
| `Sum()`        | one integer                                       | `add(n=1)`                      |
| `Counts()`     | an integer per string                             | `add(key, n=1)`                 |
| `Histogram()`  | how often each integer was seen                   | `add(value, n=1)`               |
| `Moments()`    | number, sum and sum of squares of integers        | `add(value)`                    |
| `TopK(size)`   | the rows with the highest scores                  | `add(score, game, ply, *cells)` |
| `Table(size)`  | rows in the order of their keys, the first `size` | `add(key, *cells)`              |
| `keyed(Sum())` | one of the others per string                      | `states[key].add(...)`          |
"""

from __future__ import annotations

import abc
import math
from collections.abc import Sequence
from operator import index as exact
from typing import Any, Generic, NamedTuple, Self, TypeVar

from engine.model import Column, ReportTable

__all__ = [
    "Counts",
    "Datum",
    "Histogram",
    "Key",
    "Keyed",
    "Moments",
    "State",
    "Sum",
    "Table",
    "Top",
    "TopK",
    "keyed",
]

Datum = str | int | None
"""A cell of a row that is kept as state."""

Key = int | str | Sequence[int | str]
"""What the rows of a `Table` are ordered by."""


class State(abc.ABC):
    """A value that grows with `add` and merges with its like.

    Declared in a class body it is a prototype: each aggregator gets an empty one of its own at first use.
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
        """An empty state of the same settings."""

    def follow(self, earlier: Self) -> None:  # noqa: B027 - most have nothing to leave out
        """Before the first `add`: both will be merged, so what cannot stay beside `earlier` need not be kept."""

    @abc.abstractmethod
    def merge(self, other: Self) -> None:
        """Take in what `other` holds; `other` stays as it is."""

    @abc.abstractmethod
    def state(self) -> Any:
        """A JSON-able copy."""

    @abc.abstractmethod
    def load(self, state: Any) -> None:
        """Hold what `state` says and nothing else."""


class Sum(State):
    """One integer."""

    def __init__(self) -> None:
        self.value = 0

    def fresh(self) -> Self:
        return type(self)()

    def add(self, n: int = 1) -> None:
        self.value += exact(n)

    def merge(self, other: Self) -> None:
        self.value += other.value

    def state(self) -> int:
        return self.value

    def load(self, state: Any) -> None:
        self.value = exact(state)


class Counts(State):
    """An integer per string; one that was never added is 0."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def fresh(self) -> Self:
        return type(self)()

    def add(self, key: str, n: int = 1) -> None:
        self._counts[key] = self._counts.get(key, 0) + exact(n)

    def __getitem__(self, key: str) -> int:
        return self._counts.get(key, 0)

    @property
    def total(self) -> int:
        return sum(self._counts.values())

    def items(self) -> list[tuple[str, int]]:
        """In the order of the keys."""
        return sorted(self._counts.items())

    def most_common(self, size: int | None = None) -> list[tuple[str, int]]:
        """Highest first, ties in the order of the keys."""
        return sorted(self._counts.items(), key=lambda item: (-item[1], item[0]))[:size]

    def merge(self, other: Self) -> None:
        for key, n in other._counts.items():
            self.add(key, n)

    def state(self) -> dict[str, int]:
        return dict(self.items())

    def load(self, state: Any) -> None:
        self._counts = {str(key): exact(n) for key, n in state.items()}


class Histogram(State):
    """How often each integer was seen."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def fresh(self) -> Self:
        return type(self)()

    def add(self, value: int, n: int = 1) -> None:
        value = exact(value)
        self._counts[value] = self._counts.get(value, 0) + exact(n)

    def __getitem__(self, value: int) -> int:
        return self._counts.get(value, 0)

    @property
    def total(self) -> int:
        """How many values."""
        return sum(self._counts.values())

    def items(self) -> list[tuple[int, int]]:
        """In the order of the values."""
        return sorted(self._counts.items())

    def mean(self) -> float | None:
        """None without a value."""
        total = self.total
        return sum(value * n for value, n in self._counts.items()) / total if total else None

    def percentile(self, percent: int) -> int | None:
        """The least value that at least `percent` of 100 values do not exceed; None without a value."""
        rank = max(1, -(-self.total * percent // 100))
        seen = 0
        for value, n in self.items():
            seen += n
            if seen >= rank:
                return value
        return None

    def median(self) -> int | None:
        """The lower one of the two in the middle; None without a value."""
        return self.percentile(50)

    def merge(self, other: Self) -> None:
        for value, n in other._counts.items():
            self.add(value, n)

    def state(self) -> list[list[int]]:
        return [[value, n] for value, n in self.items()]

    def load(self, state: Any) -> None:
        self._counts = {exact(value): exact(n) for value, n in state}


class Moments(State):
    """Number, sum and sum of squares of integers: enough for mean and standard deviation."""

    def __init__(self) -> None:
        self.n = 0
        self.sum = 0
        self.squares = 0

    def fresh(self) -> Self:
        return type(self)()

    def add(self, value: int) -> None:
        value = exact(value)
        self.n += 1
        self.sum += value
        self.squares += value * value

    def mean(self) -> float | None:
        """None without a value."""
        return self.sum / self.n if self.n else None

    def deviation(self) -> float | None:
        """Standard deviation of all the values (population); None without a value."""
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


_Row = tuple[tuple[Datum, ...], tuple[Datum, ...]]
_Order = tuple[tuple[int, int, str], ...]


class _Rows(State):
    """Rows under keys of strings and integers; the first `size` in the order of key, then cells."""

    def __init__(self, size: int | None = None) -> None:
        if size is not None and size < 0:
            raise ValueError(f"a size of {size} rows")
        self.size = size
        self._rows: list[_Row] = []
        self._added = 0
        self._bar: _Order | None = None
        """A row behind it cannot stay."""
        self._bar_of_others: _Order | None = None

    def fresh(self) -> Self:
        return type(self)(self.size)

    def follow(self, earlier: Self) -> None:
        earlier._sorted()
        self._bar = self._bar_of_others = earlier._bar

    @property
    def total(self) -> int:
        """Rows added, those that did not stay included."""
        return self._added

    @property
    def left_out(self) -> int:
        """Rows added that did not stay."""
        return self._added - len(self._sorted())

    def _admits(self, key: tuple[Datum, ...]) -> bool:
        return self.size != 0 and (self._bar is None or _order(key) <= self._bar)

    def _enter(self, key: tuple[Datum, ...], cells: tuple[Datum, ...]) -> None:
        self._added += 1
        row = _checked(key), _checked(cells)
        if not self._admits(key):
            return
        self._rows.append(row)
        if self.size is not None and len(self._rows) > 2 * self.size + 64:
            self._sorted()

    def _sorted(self) -> list[_Row]:
        self._rows.sort(key=lambda row: (_order(row[0]), _order(row[1])))
        if self.size is not None:
            del self._rows[self.size :]
            full = self.size and len(self._rows) == self.size
            self._bar = _order(self._rows[-1][0]) if full else self._bar_of_others
        return self._rows

    def merge(self, other: Self) -> None:
        self._rows += other._rows
        self._added += other._added
        self._sorted()

    def state(self) -> list[Any]:
        return [self._added, [[list(key), list(cells)] for key, cells in self._sorted()]]

    def load(self, state: Any) -> None:
        self._added, rows = state
        self._rows = [(tuple(key), tuple(cells)) for key, cells in rows]
        self._bar = self._bar_of_others = None

    def render(self, key: str, title: str, columns: Sequence[Column]) -> ReportTable:
        """The cells as a table of a report, in order."""
        return ReportTable(key, title, tuple(columns), tuple(cells for _, cells in self._sorted()))


class Table(_Rows):
    """Rows in the order of their keys: the first `size` of them, or all. Rows with equal keys all count."""

    def add(self, key: Key, *cells: Datum) -> None:
        self._enter(tuple(key) if isinstance(key, Sequence) and not isinstance(key, str) else (key,), cells)

    def rows(self) -> list[tuple[Datum, ...]]:
        """The cells of each row."""
        return [cells for _, cells in self._sorted()]


class Top(NamedTuple):
    """An entry of a `TopK`."""

    score: int
    game: int
    ply: int
    cells: tuple[Datum, ...]


class TopK(_Rows):
    """The `size` rows with the highest scores; ties go to the earlier game, then the earlier ply."""

    def __init__(self, size: int | None = 10) -> None:
        super().__init__(size)

    def admits(self, score: int, game: int, ply: int) -> bool:
        """Whether such a row could stay: ask before cells that are costly to make.

        Where the report says `total` or `left_out`, add the row all the same, without cells: it is only counted.
        """
        return self._admits((-score, game, ply))

    def add(self, score: int, game: int, ply: int, *cells: Datum) -> None:
        """`game` is `game.origin.game`. For the lowest, add negative scores."""
        self._enter((-exact(score), exact(game), exact(ply)), cells)

    def entries(self) -> list[Top]:
        """Highest score first."""
        return [Top(-exact(key[0]), exact(key[1]), exact(key[2]), cells) for key, cells in self._sorted()]  # type: ignore[arg-type]


def _checked(data: tuple[Datum, ...]) -> tuple[Datum, ...]:
    for datum in data:
        if not isinstance(datum, (str, int, type(None))):
            raise TypeError(f"{datum!r} is kept as state: give a string, an integer (thousandths) or None")
    return data


def _order(data: tuple[Datum, ...]) -> _Order:
    """A total order over mixed cells: None, then integers, then strings."""
    return tuple(
        (0, 0, "") if datum is None else (1, datum, "") if isinstance(datum, int) else (2, 0, datum)
        for datum in data
    )


S = TypeVar("S", bound=State)


class Keyed(State, Generic[S]):
    """A state per string. `states[key]` makes it when it is new; use `get` or `items` in a report."""

    def __init__(self, prototype: S) -> None:
        self._prototype = prototype
        self._states: dict[str, S] = {}

    def fresh(self) -> Self:
        return type(self)(self._prototype)

    def __getitem__(self, key: str) -> S:
        if key not in self._states:
            self._states[key] = self._prototype.fresh()
        return self._states[key]

    def __contains__(self, key: str) -> bool:
        return key in self._states

    def __len__(self) -> int:
        return len(self._states)

    def get(self, key: str) -> S:
        """The state of `key`, an empty one when there is none; nothing is added."""
        return self._states[key] if key in self._states else self._prototype.fresh()

    def items(self) -> list[tuple[str, S]]:
        """In the order of the keys."""
        return sorted(self._states.items(), key=lambda item: item[0])

    def values(self) -> list[S]:
        """In the order of the keys."""
        return [state for _, state in self.items()]

    def merge(self, other: Self) -> None:
        for key, state in other._states.items():
            self[key].merge(state)

    def state(self) -> dict[str, Any]:
        return {key: state.state() for key, state in self.items()}

    def load(self, state: Any) -> None:
        self._states = {}
        for key, part in state.items():
            self[key].load(part)


def keyed(prototype: S) -> Keyed[S]:
    """A state like `prototype` per string: `keyed(Sum())`, `keyed(keyed(Counts()))`."""
    return Keyed(prototype)
