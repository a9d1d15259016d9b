"""Tables of reports as the template shows them: cells as people read them, with what they sort by and link to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from engine.model import Cell, Column, Report, ReportTable
from engine.text.format import FIGURES, figure

_REFERENCES = ("game", "ply")
LONG = 25
"""Rows of a table shown at once; the rest is folded away."""

Link = Callable[[int, int | None], str]
"""The address of a game, at a ply."""


class Shown(Struct, frozen=True):
    """One cell."""

    text: str
    sort: str
    """Number or text that it sorts by; empty for a missing value, which comes last."""
    href: str | None = None
    bar: float | None = None
    """Length of a bar behind it, 0 to 100."""


class Head(Struct, frozen=True):
    """One column."""

    label: str
    number: bool
    name: bool
    """Whether it holds names of people, which may be in any script."""


class Grid(Struct, frozen=True):
    """One table."""

    key: str
    title: str
    heads: list[Head]
    rows: list[list[Shown]]


class Section(Struct, frozen=True):
    """One report."""

    name: str
    title: str
    metrics: list[tuple[str, str]]
    grids: list[Grid]
    notes: tuple[str, ...]


def section(name: str, report: Report, link: Link) -> Section:
    """A report, ready to be shown."""
    metrics = [(metric.label, figure(metric.value, metric.kind)) for metric in report.metrics.values()]
    grids = [grid(table, link) for table in report.tables if table.rows]
    return Section(name, report.title, metrics, grids, report.notes)


def grid(table: ReportTable, link: Link) -> Grid:
    """A table, ready to be shown. A position is left out where its game and ply are links to it."""
    keys = [column.key for column in table.columns]
    linked = "game" in keys and "ply" in keys
    shown = [k for k, column in enumerate(table.columns) if not (linked and column.kind == "position")]
    bars = {k: scale for k in shown if (scale := _bar_scale(table, k)) is not None}
    rows = [list(_row(table.columns, row, shown, bars, link)) for row in table.rows]
    heads = [
        Head(table.columns[k].label, table.columns[k].kind in FIGURES, table.columns[k].kind == "player")
        for k in shown
    ]
    return Grid(table.key, table.title, heads, rows)


def _row(
    columns: Sequence[Column], row: Sequence[Cell], shown: Sequence[int], bars: dict[int, float], link: Link
) -> Iterator[Shown]:
    place = {column.key: value for column, value in zip(columns, row, strict=True) if column.key in _REFERENCES}
    game, ply = place.get("game"), place.get("ply")
    for k in shown:
        value, kind = row[k], columns[k].kind
        href = None
        if columns[k].key in _REFERENCES and isinstance(game, int) and isinstance(value, int):
            href = link(game, ply if isinstance(ply, int) else None)
        bar = None
        if k in bars and isinstance(value, int | float):
            bar = round(max(0.0, min(100.0, 100 * value / bars[k])), 1)
        yield Shown(figure(value, kind), "" if value is None else str(value), href, bar)


def _bar_scale(table: ReportTable, k: int) -> float | None:
    """What fills a bar in this column: 100 for percents, the most for what is added up; None for no bars."""
    column = table.columns[k]
    if column.kind == "percent":
        return 100.0
    values = [row[k] for row in table.rows if isinstance(row[k], int | float)]
    numbers = [float(value) for value in values if not isinstance(value, str) and value is not None]
    if column.key not in _COUNTED or not numbers or min(numbers) < 0 or max(numbers) <= 0:
        return None
    return max(numbers)


_COUNTED = frozenset({"cost"})
"""Columns other than percents whose lengths people compare."""
