"""Reports: typed data that writers, the screen and notebooks render."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct, field

from engine.text import html
from engine.text.format import with_unit

Kind = Literal[
    "text", "int", "float", "percent", "score", "move", "player", "position", "duration", "opening", "sentence"
]
"""Meaning of a table cell, so that each writer can show it in its own way: `score` is an int on the scoreboard's
scale (centipawns, mate in n is 32000 - n), `percent` a float 0-100, `move` a move in SAN, `position` a FEN,
`duration` seconds, `opening` an ECO code with or without a name, `sentence` a sentence for people, for which a
narrow terminal has no room."""

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
    unit: str = ""
    """Unit behind the value, for people: `centipawns`, `Win% per 100 moves`; empty where the kind says it."""


class Column(Struct, frozen=True):
    """Description of one column of a table."""

    key: str
    """Stable name, used in JSON."""
    label: str
    """Label, for people."""
    kind: Kind = "text"
    """Meaning of the cells."""
    unit: str = ""
    """Unit of the cells, for people: `centipawns`, `Win% per 100 moves`; empty where label and kind say it."""


class Reference(Struct, frozen=True):
    """A move or a game that a figure rests on."""

    game: int
    """Number of the game, 1-based, as in `Origin.game`."""
    ply: int | None = None
    """Position, 0-based: the one before `plies[ply]`; None for the whole game."""


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
    references: tuple[tuple[Reference, ...], ...] = ()
    """Moves or games that each row rests on, the most telling first, as many tuples as rows; empty when the rows
    refer to none, or say it themselves in columns with the keys `game` and `ply`. `reading` says how they were
    chosen."""
    reading: str = ""
    """How to read the table, in a sentence or two below it: what the columns mean, and how `references` were
    chosen."""

    def about(self, row: int) -> tuple[Reference, ...]:
        """Return the moves or games that a row rests on: its `references`, or those of its own columns.

        * **row** - index of the row.
        """
        if self.references:
            return self.references[row]
        cells = dict(zip((column.key for column in self.columns), self.rows[row], strict=True))
        game, ply = cells.get("game"), cells.get("ply")
        return (Reference(game, ply if isinstance(ply, int) else None),) if isinstance(game, int) else ()

    def records(self) -> Iterator[dict[str, Cell]]:
        """Return the rows as mappings from the key of a column to its cell."""
        keys = [column.key for column in self.columns]
        return (dict(zip(keys, row, strict=True)) for row in self.rows)


Certainty = Literal["sure", "likely", "may be chance"]
"""How far a finding can be trusted, after a correction for how many groups were compared. `sure`: if nothing were
true of any group, a report would call something sure in at most 5% of cases (Holm). `likely`: of the findings
called sure or likely, at most one in five is expected to be false (Benjamini and Hochberg), and the 95% interval
of each leaves out 0. `may be chance`: neither."""


class Finding(Struct, frozen=True):
    """A sentence that answers a question, with its certainty and the moves behind it."""

    text: str
    """One sentence for people, with its figures and their units."""
    certainty: Certainty | None = None
    """How far it can be trusted; None for what is simply so, like a count."""
    references: tuple[Reference, ...] = ()
    """Moves or games that show it, the most telling first."""
    table: str = ""
    """Key of the table of the report that says more; empty for none."""

    @property
    def sentence(self) -> str:
        """The text after how far it can be trusted, where that is known: `sure: With rooks you lose …`."""
        return self.text if self.certainty is None else f"{self.certainty}: {self.text}"


class Axis(Struct, frozen=True):
    """An axis of a chart."""

    label: str
    """What it measures, for people."""
    kind: Kind = "float"
    """Meaning of its values."""
    unit: str = ""
    """Unit, for people; empty where label and kind say it."""


class Point(Struct, frozen=True):
    """One value of a series."""

    x: str | int | float
    """Place on the horizontal axis: a number, or the name of a category or a month (`2026-11`)."""
    y: float | None
    """Value; None for a gap."""
    low: float | None = None
    """Lower end of the 95% interval; None when it is not known."""
    high: float | None = None
    """Upper end of the 95% interval; None when it is not known."""
    n: int | None = None
    """Number of moves or games that the value rests on; None when that says nothing."""
    references: tuple[Reference, ...] = ()
    """Moves or games that the value rests on, the most telling first."""


class Series(Struct, frozen=True):
    """Points that belong together: a line, or the bars of one colour."""

    label: str
    """Name for people, shown in the legend where there are several."""
    points: tuple[Point, ...]
    """Points in the order of the horizontal axis."""


class Chart(Struct, frozen=True):
    """A drawing of figures, which each writer draws or lists."""

    key: str
    """Stable name, used in JSON."""
    title: str
    """Title, for people."""
    form: Literal["line", "bars", "scatter"]
    """How it is drawn."""
    x: Axis
    """Horizontal axis."""
    y: Axis
    """Vertical axis."""
    series: tuple[Series, ...]
    """Series, the most important first."""
    reading: str = ""
    """How to read it, in a sentence or two below it."""

    def as_table(self) -> tuple[list[tuple[str, Kind]], list[tuple[Cell, ...]]]:
        """Return the points as a table: labels and kinds of its columns, and its rows, those with a value.

        Series, interval and number have columns where there are several series, an interval, a number.
        """
        points = [(each.label, point) for each in self.series for point in each.points if point.y is not None]
        y = with_unit(self.y.label, self.y.unit)
        columns: list[tuple[str, Kind, list[Cell]]] = [
            ("Series", "text", [label for label, _ in points] if len(self.series) > 1 else []),
            (with_unit(self.x.label, self.x.unit), self.x.kind, [point.x for _, point in points]),
            (y, self.y.kind, [point.y for _, point in points]),
            ("95% from", self.y.kind, [point.low for _, point in points]),
            ("to", self.y.kind, [point.high for _, point in points]),
            ("Of", "int", [point.n for _, point in points]),
        ]
        shown = [column for column in columns if any(cell is not None for cell in column[2])]
        rows = list(zip(*(cells for _, _, cells in shown), strict=True)) if points else []
        return [(label, kind) for label, kind, _ in shown], rows


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
    findings: tuple[Finding, ...] = ()
    """Sentences that answer the report's question, the most important first; shown before anything else."""
    charts: tuple[Chart, ...] = ()
    """Charts in display order."""

    def table(self, key: str) -> ReportTable | None:
        """Return the table with a key; None when there is no such table.

        * **key** - the table's `key`.
        """
        return next((table for table in self.tables if table.key == key), None)

    def _repr_html_(self) -> str:
        """Return the report as HTML, which notebooks show."""
        parts = [html.heading(self.title)]
        parts += [html.paragraph(finding.sentence) for finding in self.findings]
        parts.append(html.figures((m.label, m.value, m.kind, m.unit) for m in self.metrics.values()))
        shown = [(chart.title, *chart.as_table(), chart.reading) for chart in self.charts]
        for table in self.tables:
            columns = [(with_unit(column.label, column.unit), column.kind) for column in table.columns]
            shown.append((table.title, columns, list(table.rows), table.reading))
        for title, columns, rows, reading in shown:
            if rows:
                parts += [html.table(title, columns, rows), html.paragraph(reading)]
        return "".join([*parts, *(html.paragraph(note) for note in self.notes)])
