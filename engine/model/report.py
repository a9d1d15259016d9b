"""Reports: typed data that writers, the screen and notebooks render."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct, field

from engine.text import html

Kind = Literal["text", "int", "float", "percent", "score", "move", "player", "position", "duration", "opening"]
"""What a table cell holds, so that each writer can show it its own way: `score` is an int on the scoreboard's
scale (mate in n is 32000 - n), `percent` a float 0-100, `move` SAN, `position` a FEN, `duration` seconds,
`opening` an ECO code with or without a name."""

Cell = str | int | float | None


class Metric(Struct, frozen=True):
    """One figure of a report."""

    value: Cell
    """The figure; None when there is no data."""
    label: str
    """For people."""
    kind: Kind = "int"
    """How to show it."""


class Column(Struct, frozen=True):
    """What the cells of one column are."""

    key: str
    """Stable name, used in JSON."""
    label: str
    """For people."""
    kind: Kind = "text"
    """How to show its cells."""


class ReportTable(Struct, frozen=True):
    """Rows under typed columns."""

    key: str
    """Stable name, used in JSON."""
    title: str
    """For people."""
    columns: tuple[Column, ...]
    """What each cell of a row is."""
    rows: tuple[tuple[Cell, ...], ...]
    """One tuple a row, one cell a column."""

    def records(self) -> Iterator[dict[str, Cell]]:
        """The rows, each by the keys of its columns."""
        keys = [column.key for column in self.columns]
        return (dict(zip(keys, row, strict=True)) for row in self.rows)


class Report(Struct, frozen=True):
    """What an aggregator has to say; writers, the screen and notebooks render it.

    >>> import engine
    >>> report = engine.analyze("1. f3 e5 2. g4 Qh4# 0-1", nodes=1_000).reports["wins"]
    >>> report.title, report.metrics["wins"].value
    ('Winning moves', 1)
    """

    title: str
    """For people."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """Single figures by stable name, in display order."""
    tables: tuple[ReportTable, ...] = ()
    """In display order; one without rows means that there was no data for it."""
    notes: tuple[str, ...] = ()
    """Sentences a reader must know: definitions, what was left out and why."""

    def table(self, key: str) -> ReportTable | None:
        """The table of that key."""
        return next((table for table in self.tables if table.key == key), None)

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        parts = [html.heading(self.title)]
        parts.append(html.figures((m.label, m.value, m.kind) for m in self.metrics.values()))
        for table in self.tables:
            columns = [(column.label, column.kind) for column in table.columns]
            parts.append(html.table(table.title, columns, table.rows))
        return "".join([*parts, *(html.paragraph(note) for note in self.notes)])
