"""States that add up in any order: an aggregator declares them in its class body.

Every state is exact and keeps these laws, so that games may be divided between processes and machines:

- merging is associative and commutative, and merging with a fresh state changes nothing;
- `state()` is canonical: JSON-able, and equal for states with the same content;
- numbers are integers. A sum of floats depends on the order in its last digit, so keep thousandths.

| state          | holds                                             | `add`                           |
| -------------- | ------------------------------------------------- | ------------------------------- |
| `Sum()`        | one integer                                       | `add(n=1)`                      |
| `Counts()`     | an integer per string                             | `add(key, n=1)`                 |
| `Histogram()`  | how often each integer was added                  | `add(value, n=1)`               |
| `Moments()`    | number, sum and sum of squares of integers        | `add(value)`                    |
| `TopK(size)`   | the rows with the highest scores                  | `add(score, game, ply, *cells)` |
| `Table(size)`  | rows in the order of their keys, the first `size` | `add(key, *cells)`              |
| `keyed(Sum())` | one of the other states per string                | `states[key].add(...)`          |
"""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from engine.contracts.scalar_states import Counts, Histogram, Moments, State, Sum
from engine.contracts.table_states import Datum, Key, Table, Top, TopK

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

S = TypeVar("S", bound=State)


class Keyed(State, Generic[S]):
    """A state per string. `states[key]` creates the state of a new key; use `get` or `items` in a report."""

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
        """Return the state of `key`, or an empty state if there is none; nothing is added."""
        return self._states[key] if key in self._states else self._prototype.fresh()

    def items(self) -> list[tuple[str, S]]:
        """Return keys and states in the order of the keys."""
        return sorted(self._states.items(), key=lambda item: item[0])

    def values(self) -> list[S]:
        """Return the states in the order of the keys."""
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
    """Return a state that keeps one `prototype` per string: `keyed(Sum())`, `keyed(keyed(Counts()))`."""
    return Keyed(prototype)
