"""Rows of reports that rest on moves or games, and which of them are meant: `--show 'leaks:clock=under 10%'`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from msgspec import Struct

from engine.errors import ConfigError
from engine.model import Cell, Reference, Report, ReportTable
from engine.text.format import FIGURES, cell, clean, with_unit

FINDINGS = "findings"
"""What stands in place of the key of a table for the sentences of a report."""
FORM = "REPORT[:TABLE[=ROW]], REPORT:ROW or REPORT:TABLE:COLUMN=VALUE"


class ShownRow(Struct, frozen=True):
    """A row of a table, a finding or a point of a chart, with the moves or games that it rests on."""

    report: str
    """Name of the aggregator."""
    key: str
    """Key of the table or chart, or `findings`."""
    row: str
    """Its first text, or `#3` for the third row of a table that has none."""
    number: int
    """Number of the row, 1-based."""
    title: str
    """What it is, for people."""
    figures: str
    """Its other cells, for people."""
    reading: str
    """How to read it, and how the references were chosen."""
    cells: Mapping[str, tuple[str, str]]
    """Heading and cell by the key of the column, for people."""
    references: tuple[Reference, ...]
    """Moves or games, the most telling first."""

    @property
    def name(self) -> str:
        """How `--show` names it."""
        return f"{self.report}:{self.key}={self.row}"


class Query(Struct, frozen=True):
    """Which rows are meant."""

    text: str
    """The query as it was written."""
    report: str
    """Name of the aggregator."""
    key: str = ""
    """Key of the table; empty for all."""
    column: str = ""
    """Key or heading of the column that is compared; empty for the first text of a row."""
    value: str | None = None
    """What stands there; None for every row."""

    @classmethod
    def parse(cls, text: str) -> Query:
        """Read what was written. Raises ConfigError."""
        report, _, rest = text.partition(":")
        place, equals, value = rest.partition("=")
        key, _, column = place.partition(":")
        if not report.strip() or (equals and not key.strip()):
            raise ConfigError(f"--show: {text!r} is not {FORM}; example: --show 'leaks:clock=under 10%'")
        named = (report.strip(), key.strip(), column.strip())
        return cls(text, *named, value.strip() if equals else None)

    def find(self, reports: Mapping[str, Report]) -> list[ShownRow]:
        """Return the rows that are meant. Raises ConfigError, with what is nearest, where there is none."""
        report = reports.get(self.report)
        if report is None:
            raise self._unknown(f"no report is called {self.report!r}", self.report, list(reports))
        rows = every = list(rows_of(self.report, report))
        if not rows:
            raise ConfigError(f"--show {self.text!r}: no row of {self.report} rests on single moves")
        first = next((row.key for row in rows if report.table(row.key)), FINDINGS)
        if self.value is None and (named := self._named(rows, first)):
            return named
        if self.key:
            keys = list(dict.fromkeys(row.key for row in rows))
            rows = [row for row in rows if row.key.casefold() == self.key.casefold()]
            if not rows:
                names = list(dict.fromkeys(row.row for row in every if not row.row.startswith("#")))
                raise self._unknown(
                    f"{self.report} has no table or row {self.key!r} with moves behind it", self.key, keys + names
                )
        return rows if self.value is None else self._having(rows, self.value)

    def prints(self, rows: list[ShownRow]) -> bool:
        """Return whether the moves behind `rows`, which `find` returned, are meant, and not a list of the rows."""
        key = self.key.casefold()
        return self.value is not None or (bool(key) and all(row.key.casefold() != key for row in rows))

    def _named(self, rows: list[ShownRow], first: str) -> list[ShownRow]:
        """Return the rows that a text in place of the key of a table names, without regard to case.

        It is a row's first text, its number in the `first` table, or the beginning of a finding.
        """
        wanted = self.key.casefold()
        if not wanted or self.column or any(row.key.casefold() == wanted for row in rows):
            return []
        exact = [row for row in rows if row.row.casefold() == wanted]
        if wanted.startswith("#"):
            exact = [row for row in rows if row.key == first and wanted in (f"#{row.number}", row.row.casefold())]
        return exact or [row for row in rows if row.key == FINDINGS and _begins(row.title, wanted)]

    def _having(self, rows: list[ShownRow], value: str) -> list[ShownRow]:
        """Return the rows with a value."""
        wanted = value.casefold()
        if self.column:
            cells = [
                dict(row.cells) | {label: (label, text) for label, text in row.cells.values()} for row in rows
            ]
            if not any(self.column in each for each in cells):
                raise self._unknown(f"no column {self.column!r}", self.column, list(rows[0].cells))
            values = [[each[self.column][1]] if self.column in each else [] for each in cells]
        else:
            values = [[row.row, f"#{row.number}"] for row in rows]
            if not any(wanted in map(str.casefold, each) for each in values):
                values = [[text for _, text in row.cells.values()] for row in rows]
        found = [
            row for row, each in zip(rows, values, strict=True) if wanted in (text.casefold() for text in each)
        ]
        if not found:
            raise self._unknown(f"no row {value!r}", value, [each[0] for each in values if each])
        return found

    def _unknown(self, problem: str, name: str, names: list[str]) -> ConfigError:
        """Return the error for a name that there is not, with those that are most like it, or the first ones."""
        folded = {each.casefold(): each for each in reversed(names)}
        near = difflib.get_close_matches(name.casefold(), list(folded), n=3, cutoff=0.4)
        nearest = [folded[each] for each in near] or list(dict.fromkeys(names))[:3]
        there = f"; the nearest: {', '.join(map(repr, nearest))}" if nearest else ""
        return ConfigError(f"--show {self.text!r}: {problem}{there}")


def rows_of(name: str, report: Report) -> Iterator[ShownRow]:
    """Yield what of a report rests on single moves or games: findings, points of charts, rows of tables.

    A chart of a table that has the same key is left out: the table says more.

    * **name** - name of the aggregator.
    * **report** - its report.
    """
    for k, finding in enumerate(report.findings, 1):
        if finding.references:
            title = clean(finding.sentence)
            yield ShownRow(name, FINDINGS, f"#{k}", k, title, "", "", {}, finding.references)
    tables = {table.key for table in report.tables}
    for chart in (each for each in report.charts if each.key not in tables):
        points = [(series, point) for series in chart.series for point in series.points]
        for k, (series, point) in enumerate(points, 1):
            if point.references:
                x, y = cell(point.x, chart.x.kind), cell(point.y, chart.y.kind)
                title = f"{clean(report.title)}, {clean(chart.title)}: {x}"
                figures = f"{with_unit(clean(chart.y.label), clean(chart.y.unit))} {y}"
                cells = {
                    "series": ("Series", clean(series.label)),
                    "x": (chart.x.label, x),
                    "y": (chart.y.label, y),
                }
                reading = clean(chart.reading)
                yield ShownRow(name, chart.key, x, k, title, figures, reading, cells, point.references)
    for table in report.tables:
        for k in range(len(table.rows)):
            if references := table.about(k):
                yield _table_row(name, report, table, k, references)


def _table_row(
    name: str, report: Report, table: ReportTable, k: int, references: tuple[Reference, ...]
) -> ShownRow:
    cells: dict[str, tuple[str, str]] = {}
    figures: list[str] = []
    first: str | None = None
    for column, value in zip(table.columns, table.rows[k], strict=True):
        shown = cell(value, column.kind)
        cells[column.key] = (clean(column.label), shown)
        if first is None and _names(value, column.kind):
            first = shown
        else:
            figures.append(f"{clean(column.label)} {shown}{' ' + clean(column.unit) if column.unit else ''}")
    row = first or f"#{k + 1}"
    title = f"{clean(report.title)}, {clean(table.title)}: {row}"
    return ShownRow(
        name, table.key, row, k + 1, title, ", ".join(figures), clean(table.reading), cells, references
    )


def _begins(sentence: str, wanted: str) -> bool:
    """Return whether a sentence begins so, with or without the word for its certainty before it."""
    folded = sentence.casefold()
    return folded.startswith(wanted) or folded.partition(": ")[2].startswith(wanted)


def _names(value: Cell, kind: str) -> bool:
    """Whether a cell names its row: text that is neither a figure nor a move nor a position."""
    return (
        isinstance(value, str)
        and bool(value)
        and kind not in FIGURES
        and kind not in ("move", "position", "sentence")
    )
