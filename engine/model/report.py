"""Reports: typed data that writers, the screen and notebooks render."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct, field

from engine.text import html

Kind = Literal["text", "int", "float", "percent", "score", "move", "player", "position", "duration", "opening"]
"""Meaning of a table cell, so that each writer can show it in its own way: `score` is an int on the scoreboard's
scale (centipawns, mate in n is 32000 - n), `percent` a float 0-100, `move` a move in SAN, `position` a FEN,
`duration` seconds, `opening` an ECO code with or without a name."""

Cell = str | int | float | None
"""Value of a table cell; None when there is no data."""


class Metric(Struct, frozen=True):
    """One figure of a report."""

    value: Cell
    """Value of the figure; None when there is no data."""
    label: str
    """Label, for people."""
    kind: Kind = "int"
    """Meaning of the value."""


class Column(Struct, frozen=True):
    """Description of one column of a table."""

    key: str
    """Stable name, used in JSON."""
    label: str
    """Label, for people."""
    kind: Kind = "text"
    """Meaning of the cells."""


class ReportTable(Struct, frozen=True):
    """Rows under typed columns."""

    key: str
    """Stable name, used in JSON."""
    title: str
    """Title, for people."""
    columns: tuple[Column, ...]
    """Columns in display order."""
    rows: tuple[tuple[Cell, ...], ...]
    """Rows in display order, with one cell for each column."""

    def records(self) -> Iterator[dict[str, Cell]]:
        """Return the rows as mappings from the key of a column to its cell."""
        keys = [column.key for column in self.columns]
        return (dict(zip(keys, row, strict=True)) for row in self.rows)


class Report(Struct, frozen=True):
    """Report of an aggregator; writers, the screen and notebooks render it.

    >>> import engine
    >>> report = engine.analyze("1. f3 e5 2. g4 Qh4# 0-1", nodes=1_000).reports["wins"]
    >>> report.title, report.metrics["wins"].value
    ('Winning moves', 1)
    """

    title: str
    """Title, for people."""
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    """Single figures by stable name, in display order."""
    tables: tuple[ReportTable, ...] = ()
    """Tables in display order; a table without rows means that there was no data for it."""
    notes: tuple[str, ...] = ()
    """Sentences that readers of the report must know: definitions, and what was left out and why."""

    def table(self, key: str) -> ReportTable | None:
        """Return the table with a key; None when there is no such table.

        * **key** - the table's `key`.
        """
        return next((table for table in self.tables if table.key == key), None)

    def _repr_html_(self) -> str:
        """Return the report as HTML, which notebooks show."""
        parts = [html.heading(self.title)]
        parts.append(html.figures((m.label, m.value, m.kind) for m in self.metrics.values()))
        for table in self.tables:
            columns = [(column.label, column.kind) for column in table.columns]
            parts.append(html.table(table.title, columns, table.rows))
        return "".join([*parts, *(html.paragraph(note) for note in self.notes)])
