"""The states that hold rows: `Table`, ordered by key, and `TopK`, ordered by score."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from operator import index as exact
from operator import itemgetter
from typing import Any, NamedTuple, Self

from engine.contracts.scalar_states import State
from engine.model import Column, ReportTable

__all__ = ["Datum", "Key", "Table", "Top", "TopK"]

Datum = str | int | None
"""A cell of a row that is kept as state."""

Key = int | str | Sequence[int | str]
"""The value that orders the rows of a `Table`."""

_Row = tuple[tuple[Datum, ...], tuple[Datum, ...]]
"""A row: its key and its cells."""
_Order = tuple[tuple[int, int, str], ...]


class _Rows(State):
    """Rows with keys of strings and integers: the first `size` in the order of key, then cells."""

    def __init__(self, size: int | None = None) -> None:
        if size is not None and size < 0:
            raise ValueError(f"a size of {size} rows")
        self.size = size
        self._rows: list[_Row] = []
        self._added = 0
        self._last: tuple[Any, ...] | None = None
        """Place of the last key that can still stay; None while every row can."""
        self._last_beside_earlier: tuple[Any, ...] | None = None
        """The same limit as `follow` set it."""

    def fresh(self) -> Self:
        return type(self)(self.size)

    def follow(self, earlier: Self) -> None:
        earlier._sorted()
        self._last = self._last_beside_earlier = earlier._last

    @property
    def total(self) -> int:
        """Number of rows added, including those that did not stay."""
        return self._added

    @property
    def left_out(self) -> int:
        """Number of rows added that did not stay."""
        return self._added - len(self._sorted())

    def ranked(self, rows: Sequence[_Row]) -> list[int]:
        """Return the places of rows in the order in which they would stay."""
        return sorted(range(len(rows)), key=lambda k: (self._place(rows[k][0]), _order(rows[k][1])))

    def _place(self, key: tuple[Datum, ...]) -> tuple[Any, ...]:
        """Return what the rows are compared by."""
        return _order(key)

    def _enter(self, key: tuple[Datum, ...], cells: tuple[Datum, ...]) -> None:
        self._added += 1
        if self.size == 0 or (self._last is not None and self._place(key) > self._last):
            return
        self._rows.append((key, cells))
        # With little to spare the limit stays close, so that few rows are made that do not stay.
        if self.size is not None and len(self._rows) >= self.size + self.size // 8 + 8:
            self._sorted()

    def _sort(self) -> None:
        self._rows.sort(key=lambda row: (_order(row[0]), _order(row[1])))

    def _sorted(self) -> list[_Row]:
        self._sort()
        if self.size is not None:
            del self._rows[self.size :]
            full = self.size and len(self._rows) == self.size
            self._last = self._place(self._rows[-1][0]) if full else self._last_beside_earlier
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
        self._last = self._last_beside_earlier = None

    def render(self, key: str, title: str, columns: Sequence[Column]) -> ReportTable:
        """Return the rows as a table of a report.

        * **key** - the table's name for programs.
        * **title** - the table's name for people.
        * **columns** - one column for each cell of a row.
        """
        return ReportTable(key, title, tuple(columns), tuple(cells for _, cells in self._sorted()))


class Table(_Rows):
    """Rows in the order of their keys: the first `size` of them (None: all). Rows with equal keys all stay."""

    def add(self, key: Key, *cells: Datum) -> None:
        """Add one row.

        * **key** - an integer, a string or a sequence of them, which orders the rows.
        * **cells** - strings, integers (thousandths) or None.

        Raises TypeError for a float.
        """
        parts = tuple(key) if isinstance(key, Sequence) and not isinstance(key, str) else (key,)
        self._enter(_checked(parts), _checked(cells))

    def rows(self) -> list[tuple[Datum, ...]]:
        """Return the cells of each row."""
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
        """Return whether such a row could stay. Ask before you make cells that are costly.

        If the report shows `total` or `left_out`, add the row anyway, without cells: it is only counted.
        """
        last = self._last
        return self.size != 0 if last is None else (-score, game, ply) <= last

    def add(self, score: int, game: int, ply: int, *cells: Datum) -> None:
        """Add one row.

        * **score** - higher scores come first; to keep the lowest values, add them with the sign changed.
        * **game** - `game.origin.game`.
        * **ply** - a position or move of the game, 0-based.
        * **cells** - strings, integers (thousandths) or None.

        Raises TypeError for a float.
        """
        self._enter((-exact(score), exact(game), exact(ply)), _checked(cells))

    def ranked(self, rows: Sequence[_Row]) -> list[int]:
        """Return the places of rows in the order in which they would stay."""
        return sorted(range(len(rows)), key=lambda k: (self._place(rows[k][0]), _order(rows[k][1])))

    def _place(self, key: tuple[Datum, ...]) -> tuple[Any, ...]:
        return key

    def _sort(self) -> None:
        # Keys are integers here, which compare as they are; cells decide only between equal keys.
        rows = self._rows
        rows.sort(key=itemgetter(0))
        if any(row[0] == following[0] for row, following in pairwise(rows)):
            rows.sort(key=lambda row: (row[0], _order(row[1])))

    def entries(self) -> list[Top]:
        """Return the rows, highest score first."""
        return [Top(-exact(key[0]), exact(key[1]), exact(key[2]), cells) for key, cells in self._sorted()]  # type: ignore[arg-type]


def _checked(data: tuple[Datum, ...]) -> tuple[Datum, ...]:
    for datum in data:
        if not isinstance(datum, (str, int, type(None))):
            raise TypeError(f"{datum!r} is kept as state: give a string, an integer (thousandths) or None")
    return data


def _order(data: tuple[Datum, ...]) -> _Order:
    """Return a sort key for mixed cells: None, then integers, then strings."""
    return tuple(
        (0, 0, "") if datum is None else (1, datum, "") if isinstance(datum, int) else (2, 0, datum)
        for datum in data
    )
