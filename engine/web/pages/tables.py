"""Tables of reports for the template: the text of each cell, its sort key and its link."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from engine.model import Cell, Column, Reference, ReportTable
from engine.text.format import FIGURES, figure, indented
from engine.web.pages.tree import Node, tree

_REFERENCES = ("game", "ply")
_SHORT, _SENTENCE = 14, 24
"""Characters up to which a column is never broken, and from which on it is wide on a phone as well."""
LONG = 25
"""Number of rows that a table shows at first; the others are folded away."""

Link = Callable[[int, int | None], str]
"""A function that returns the address of a game and ply."""


class Shown(Struct, frozen=True):
    """One cell."""

    text: str
    sort: str
    """Number or text by which the cell is sorted; empty for a missing value, which comes last."""
    href: str | None = None
    bar: float | None = None
    """Length of the bar behind the text, 0 to 100; None: no bar."""


class Row(Struct, frozen=True):
    """One row."""

    cells: list[Shown]
    about: str
    """The moves that it rests on, as `about` writes them; empty for none."""
    node: Node | None = None
    """Its move, if the table is a tree."""


class Head(Struct, frozen=True):
    """One column."""

    label: str
    unit: str
    number: bool
    name: bool
    """Whether the column has names of people, which may be in any script."""
    width: str
    """`tight` for a column of short texts, which are not broken; `long` for one with sentences; else empty."""


class Grid(Struct, frozen=True):
    """One table."""

    key: str
    title: str
    heads: list[Head]
    rows: Iterable[Row]
    """Made when they are rendered, and only once, since there may be many."""
    reading: str = ""
    places: Mapping[str, int] = {}
    """Indices of the columns that the board beside a tree needs: `tree` (the moves), `view`, `games`."""


def about(references: Sequence[Reference]) -> str:
    """Return references as the page's script reads them: `3:24 7` is position 24 of game 3, and game 7."""
    return " ".join(str(one.game) if one.ply is None else f"{one.game}:{one.ply}" for one in references)


def grid(table: ReportTable, link: Link) -> Grid:
    """Return a table for the template. Positions are left out if game and ply, or a board beside it, show them."""
    keys = [column.key for column in table.columns]
    played = tree(table)
    linked = played is not None or ("game" in keys and "ply" in keys)
    shown = [k for k, column in enumerate(table.columns) if not (linked and column.kind == "position")]
    bars = {k: scale for k in shown if (scale := _bar_scale(table, k)) is not None}
    rows = (
        Row(
            list(_row(table.columns, row, shown, bars, link)),
            about(table.about(k)),
            played.nodes[k] if played else None,
        )
        for k, row in enumerate(table.rows)
    )
    heads = [
        Head(one.label, one.unit, one.kind in FIGURES, one.kind == "player", _width(table, k))
        for k, one in enumerate(table.columns)
        if k in shown
    ]
    places = {name: shown.index(k) for name, k in played.columns.items()} if played is not None else {}
    return Grid(table.key, table.title, heads, rows, table.reading, places)


def _row(
    columns: Sequence[Column], row: Sequence[Cell], shown: Sequence[int], bars: dict[int, float], link: Link
) -> Iterator[Shown]:
    references = {
        column.key: value for column, value in zip(columns, row, strict=True) if column.key in _REFERENCES
    }
    game, ply = references.get("game"), references.get("ply")
    for k in shown:
        value, kind = row[k], columns[k].kind
        href = None
        if columns[k].key in _REFERENCES and isinstance(game, int) and isinstance(value, int):
            href = link(game, ply if isinstance(ply, int) else None)
        bar = None
        if k in bars and isinstance(value, int | float):
            bar = round(max(0.0, min(100.0, 100 * value / bars[k])), 1)
        yield Shown(indented(figure(value, kind)), "" if value is None else str(value), href, bar)


def _width(table: ReportTable, k: int) -> str:
    """Return the class of a column of text by its longest cell."""
    longest = max((len(str(row[k] or "")) for row in table.rows), default=0)
    return "tight" if longest <= _SHORT else "long" if longest > _SENTENCE else ""


def _bar_scale(table: ReportTable, k: int) -> float | None:
    """Return the value of a full bar in this column: 100 for percents, else the highest value; None: no bars."""
    column = table.columns[k]
    if column.kind == "percent":
        return 100.0
    values = [row[k] for row in table.rows if isinstance(row[k], int | float)]
    numbers = [float(value) for value in values if not isinstance(value, str) and value is not None]
    if column.key not in _COUNTED or not numbers or min(numbers) < 0 or max(numbers) <= 0:
        return None
    return max(numbers)


_COUNTED = frozenset({"cost"})
"""Keys of columns with bars, besides percents."""
