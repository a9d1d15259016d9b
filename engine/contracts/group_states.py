"""The states that hold a value per string: `Counts`, and `Keyed`, which is made by `keyed`.

The strings are names of players, mostly, and a database of games has a million of them. So a run lets these states
move what they hold to a temporary file between games (`spill`), and reports read it from there in order (`each`).
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator
from heapq import nsmallest
from operator import index as exact
from operator import itemgetter
from typing import Any, Generic, Literal, Self, TypeVar

from engine.contracts.scalar_states import State
from engine.contracts.spill import SpillFile

__all__ = ["By", "Counts", "Grouped", "Keyed", "keyed"]

By = Literal["player", "group|player"]
"""The keys are players, or each is a group, `|` and a player, as the games name them. When a report is made, the
values of names that are one person (`engine.model.names`) are merged."""

IN_MEMORY = 8_192
"""Strings that a state holds in memory, roughly; with more, they go to a temporary file."""

V = TypeVar("V")
S = TypeVar("S", bound=State)


class Grouped(State, Generic[V]):
    """A value per string."""

    def __init__(self, by: By | None = None) -> None:
        self._by = by
        self._groups: dict[str, V] = {}
        """All values, or what was added to those in the file."""
        self._file: SpillFile | None = None

    @abc.abstractmethod
    def _plain(self, value: V) -> Any:
        """Return a value as JSON."""

    @abc.abstractmethod
    def _joined(self, plain: list[Any]) -> V:
        """Return the value that JSON of several together makes."""

    @abc.abstractmethod
    def _take(self, key: str, value: V) -> None:
        """Add a value to that of a key; the value does not change."""

    def renamed(self, rename: Callable[[str], str]) -> Self:
        """Return this state with the players renamed, and the values of those who are one then merged."""
        if self._by is None:
            return self

        def moved(key: str) -> str:
            if self._by == "player":
                return rename(key)
            group, bar, player = key.partition("|")
            return f"{group}{bar}{rename(player)}"

        new = self.fresh()
        if self._file is not None:
            self._write()
            new._file = self._file.renamed(moved)  # noqa: SLF001 - of its class
        else:
            for key, value in self._groups.items():
                new._take(moved(key), value)  # noqa: SLF001 - of its class
        return new

    def spill(self) -> None:
        if len(self._groups) > IN_MEMORY:
            self._write()

    def _write(self) -> None:
        if self._file is None:
            self._file = SpillFile()
        self._file.append(((key, self._plain(value)) for key, value in self._groups.items()), self._join)
        self._groups = {}

    def _join(self, plain: list[Any]) -> Any:
        return self._plain(self._joined(plain))

    def each(self, prefix: str = "") -> Iterator[tuple[str, V]]:
        """Yield keys and values in the order of the keys, however many there are, without holding them.

        * **prefix** - *(optional)* how the keys begin.
        """
        if self._file is None:
            items = (item for item in self._groups.items() if item[0].startswith(prefix))
            yield from sorted(items, key=itemgetter(0))
            return
        if self._groups:
            self._write()
        for key, plain in self._file.rows(self._join, prefix):
            yield key, self._joined([plain])

    def items(self) -> list[tuple[str, V]]:
        """Return keys and values in the order of the keys; `each` is for many."""
        return list(self.each())

    def _find(self, key: str) -> V | None:
        if self._file is None:
            return self._groups.get(key)
        plain = self._file.find(key)
        if not plain:
            return self._groups.get(key)
        return self._joined([*plain, self._plain(self._groups[key])] if key in self._groups else plain)

    def state(self) -> dict[str, Any]:
        return {key: self._plain(value) for key, value in self.each()}


class Counts(Grouped[int]):
    """An integer per string: `counts[key]`, which is 0 for a key that was never added."""

    def fresh(self) -> Self:
        return type(self)(self._by)

    def _take(self, key: str, value: int) -> None:
        self.add(key, value)

    def _plain(self, value: int) -> int:
        return value

    def _joined(self, plain: list[Any]) -> int:
        return sum(plain)

    def add(self, key: str, n: int = 1) -> None:
        """Add `n` to the count of `key`. Raises TypeError for a float."""
        self._groups[key] = self._groups.get(key, 0) + exact(n)

    def __getitem__(self, key: str) -> int:
        return self._find(key) or 0

    @property
    def total(self) -> int:
        """Sum of all counts."""
        return sum(self._groups.values()) if self._file is None else sum(n for _, n in self.each())

    def most_common(self, size: int | None = None) -> list[tuple[str, int]]:
        """Return the `size` highest counts (None: all), highest first, ties in the order of the keys."""
        if size is None:
            return sorted(self.each(), key=_highest)
        return nsmallest(size, self.each(), key=_highest)

    def merge(self, other: Self) -> None:
        for key, n in other._groups.items() if other._file is None else other.each():
            self.add(key, n)

    def load(self, state: Any) -> None:
        self._file = None
        self._groups = {str(key): exact(n) for key, n in state.items()}


def _highest(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


class Keyed(Grouped[S]):
    """A state per string. `states[key]` creates the state of a new key; use `get` or `each` in a report."""

    def __init__(self, prototype: S, by: By | None = None) -> None:
        super().__init__(by)
        self._prototype = prototype
        self._earlier: dict[str, S] = {}
        """The states that new ones follow."""

    @property
    def prototype(self) -> State:
        """The empty state of which each string gets one."""
        return self._prototype

    def fresh(self) -> Self:
        return type(self)(self._prototype, self._by)

    def follow(self, earlier: Self) -> None:
        self._earlier = earlier._groups

    def _take(self, key: str, value: S) -> None:
        self[key].merge(value)

    def _plain(self, value: S) -> Any:
        return value.state()

    def _joined(self, plain: list[Any]) -> S:
        joined: S | None = None
        for part in plain:
            state = self._prototype.fresh()
            state.load(part)
            if joined is None:
                joined = state
            else:
                joined.merge(state)
        return self._prototype.fresh() if joined is None else joined

    def __getitem__(self, key: str) -> S:
        """Return the state to add to."""
        state = self._groups.get(key)
        if state is None:
            state = self._groups[key] = self._prototype.fresh()
            if key in self._earlier:
                state.follow(self._earlier[key])
        return state

    def __contains__(self, key: str) -> bool:
        return key in self._groups or (self._file is not None and self._find(key) is not None)

    def __len__(self) -> int:
        return len(self._groups) if self._file is None else sum(1 for _ in self.each())

    def get(self, key: str) -> S:
        """Return the state of `key`, or an empty state if there is none; nothing is added."""
        state = self._find(key)
        return self._prototype.fresh() if state is None else state

    def values(self) -> list[S]:
        """Return the states in the order of the keys; `each` is for many."""
        return [state for _, state in self.each()]

    def merge(self, other: Self) -> None:
        for key, state in other._groups.items() if other._file is None else other.each():
            self[key].merge(state)

    def load(self, state: Any) -> None:
        self._file, self._groups = None, {}
        for key, part in state.items():
            self[key].load(part)


def keyed(prototype: S, by: By | None = None) -> Keyed[S]:
    """Return a state that keeps one `prototype` per string: `keyed(Sum())`, `keyed(keyed(Counts()))`.

    * **by** - *(optional)* `"player"` if the keys are players, `"group|player"` if a group stands before them.
    """
    return Keyed(prototype, by)
