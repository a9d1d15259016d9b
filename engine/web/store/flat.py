"""States of aggregators as sums and rows, each at a path, so that thousands of them are merged in a moment. Pure.

All that the states of `engine.contracts.states` hold are integers that add up, and rows of which the first stay.
Merging two states is adding the integers at equal paths and putting the rows together.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from engine.contracts.group_states import Counts, Keyed
from engine.contracts.scalar_states import Histogram, JointMoments, Moments, State, Sum
from engine.contracts.table_states import Table, TopK
from engine.plugin import Aggregator

BETWEEN = "\0"
"""Between the parts of a path."""
ADDED = "\1+"
"""The last part of the path of how many rows were added."""
_EMPTY = "\1"
"""The last part of the path of a state that is there and holds nothing."""
_ROWS = "\1rows"
"""The key of the rows beside how many were added."""
_MOMENTS = ("n", "sum", "squares")
Rows = list[Any]
"""Rows of a state: pairs of a key and cells."""


class NotFlat(Exception):
    """The states of an aggregator are not those that aggregators declare; it has to be merged by itself."""


class Flat(Struct):
    """What states hold."""

    sums: dict[str, int] = {}
    rows: dict[str, Rows] = {}
    """Rows by path; `ADDED` below it is how many there were."""


class StateTree:
    """What states hold, put together from sums and rows at paths."""

    def __init__(self) -> None:
        self._root: dict[str, Any] = {}

    def put(self, parent: str, parts: Iterable[str], values: Iterable[int]) -> None:
        """Put integers at paths that have none.

        * **parent** - all parts of the paths but the last, joined; empty for paths of one part.
        * **parts** - the last parts.
        * **values** - as many integers.
        """
        self._node(parent).update(zip(parts, values, strict=True))

    def add_rows(self, path: str, rows: Rows) -> None:
        """Add rows to those of a path."""
        self._node(path).setdefault(_ROWS, []).extend(rows)

    def add_flat(self, flat: Flat) -> None:
        """Add what others hold."""
        for path, value in flat.sums.items():
            parent, _, last = path.rpartition(BETWEEN)
            node = self._node(parent)
            node[last] = node.get(last, 0) + value
        for path, rows in flat.rows.items():
            self.add_rows(path, rows)

    def _node(self, path: str) -> dict[str, Any]:
        node = self._root
        for part in path.split(BETWEEN) if path else ():
            node = node.setdefault(part, {})
        return node

    def states(self, declared: Mapping[str, State]) -> dict[str, Any]:
        """Return what `Aggregator.load` takes, once. Of no game at all it is the state of a fresh aggregator.

        * **declared** - as `prototypes` returned them.
        """
        root = self._root
        return {
            name: _state(state, root.pop(name)) if name in root else state.fresh().state()
            for name, state in declared.items()
        }


def prototypes(aggregator: Aggregator) -> dict[str, State]:
    """Return the states that an aggregator declares, empty. Raises NotFlat where it keeps anything else.

    * **aggregator** - one that has not seen a game.
    """
    cls = type(aggregator)
    for method in ("merge", "state", "load"):
        if getattr(cls, method) is not getattr(Aggregator, method):
            raise NotFlat
    declared: dict[str, State] = {name: getattr(aggregator, name) for name in cls._declared()}
    for state in declared.values():
        if type(_innermost(state)) not in (Sum, Counts, Histogram, Moments, JointMoments, Table, TopK):
            raise NotFlat
    return declared


def _innermost(state: State) -> State:
    while isinstance(state, Keyed):
        state = state.prototype
    return state


def rows_state(path: str, declared: Mapping[str, State]) -> Table | TopK:
    """Return an empty state of the kind that has rows at a path."""
    state = _innermost(declared[path.partition(BETWEEN)[0]]).fresh()
    assert isinstance(state, Table | TopK)
    return state


def flatten(states: Mapping[str, Any], declared: Mapping[str, State]) -> Flat:
    """Return the states of an aggregator as sums and rows.

    * **states** - what `Aggregator.state` returns.
    * **declared** - its `prototypes`.
    """
    flat = Flat()
    for name, state in states.items():
        _flatten(declared[name], state, name, flat)
    return flat


def _flatten(prototype: State, state: Any, path: str, flat: Flat) -> None:
    sums = flat.sums
    if isinstance(prototype, Sum):
        sums[path] = state
    elif isinstance(prototype, Table | TopK):
        sums[f"{path}{BETWEEN}{ADDED}"], flat.rows[path] = state
    elif isinstance(prototype, JointMoments):
        n, totals, products = state
        sums[f"{path}{BETWEEN}n"] = n
        for names, values in zip(_parts(prototype.size), (totals, products), strict=True):
            sums.update(
                (f"{path}{BETWEEN}{name}", value) for name, value in zip(names, values, strict=True) if value
            )
    elif isinstance(prototype, Moments):
        sums.update((f"{path}{BETWEEN}{name}", value) for name, value in zip(_MOMENTS, state, strict=True))
    elif not state:
        sums[f"{path}{BETWEEN}{_EMPTY}"] = 0
    elif isinstance(prototype, Counts):
        sums.update((f"{path}{BETWEEN}{_quoted(key)}", value) for key, value in state.items())
    elif isinstance(prototype, Histogram):
        sums.update((f"{path}{BETWEEN}{value}", n) for value, n in state)
    else:
        assert isinstance(prototype, Keyed)
        for key, inner in state.items():
            _flatten(prototype.prototype, inner, f"{path}{BETWEEN}{_quoted(key)}", flat)


def _state(prototype: State, node: Any) -> Any:
    if isinstance(prototype, Sum | Table | TopK):
        return node if isinstance(prototype, Sum) else [node[ADDED], _first(prototype, node.get(_ROWS, []))]
    if isinstance(prototype, JointMoments):
        sums, products = _parts(prototype.size)
        return [node["n"], [node.get(part, 0) for part in sums], [node.get(part, 0) for part in products]]
    if isinstance(prototype, Moments):
        return [node[name] for name in _MOMENTS]
    node.pop(_EMPTY, None)
    if isinstance(prototype, Counts):
        return {_plain(key): value for key, value in node.items()}
    if isinstance(prototype, Histogram):
        return zip(map(int, node), node.values(), strict=True)
    assert isinstance(prototype, Keyed)
    # What has been converted goes at once: there may be hundreds of thousands of integers.
    return {_plain(key): _state(prototype.prototype, node.pop(key)) for key in [*node]}


def _first(prototype: Table | TopK, rows: Rows) -> Rows:
    """Return those rows that stay: a state that is merged with others must not have more."""
    if prototype.size is None or len(rows) <= prototype.size:
        return rows
    state = prototype.fresh()
    state.load([0, rows])
    first: Rows = state.state()[1]
    return first


@functools.cache
def _parts(size: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the last parts of the paths of sums and of sums of products."""
    products = range(size * (size + 1) // 2)
    return tuple(f"s{k}" for k in range(size)), tuple(f"p{k}" for k in products)


def _quoted(key: str) -> str:
    return key if BETWEEN not in key and _EMPTY not in key else key.replace(_EMPTY, "\1a").replace(BETWEEN, "\1b")


def _plain(key: str) -> str:
    return key if _EMPTY not in key else key.replace("\1b", BETWEEN).replace("\1a", _EMPTY)
