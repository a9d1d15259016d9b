"""The rows of the table of reports: every figure, sentence, point of a chart, cell and note, in display order."""

from __future__ import annotations

from collections.abc import Iterator

from engine.model import Axis, Cell, Chart, Finding, Kind, Report, ReportTable, RunResult
from engine.output.tables import Row, decimals, text

_EXACT = 2**53
"""Whole numbers up to this one are exact as floats."""
_TEXT, _COUNT = Axis("Series", "text"), Axis("Of", "int")


def report_rows(result: RunResult) -> Iterator[Row]:
    """Yield the rows of `tables.REPORTS` for all reports of a run.

    * **result** - the result of the run.
    """
    for name, report in result.reports.items():
        for row in _report(report):
            yield name, *row


def number_or_text(cell: Cell) -> tuple[float | None, str | None]:
    """Return a cell as the columns `number` and `text`, of which at most one is not null."""
    if cell is None or isinstance(cell, str):
        return None, text(cell)
    return decimals(cell) if isinstance(cell, float) or abs(cell) > _EXACT else cell, None


def _report(report: Report) -> Iterator[Row]:
    for number, finding in enumerate(report.findings):
        yield from _finding(number, finding)
    for key, metric in report.metrics.items():
        yield "metric", None, None, text(key), *_value(metric.label, metric.kind, metric.unit, metric.value)
    for chart in report.charts:
        yield from _points(chart)
    for table in report.tables:
        yield from _cells(table)
    for number, note in enumerate(report.notes):
        yield "note", None, number, None, None, None, None, text(note), None


def _finding(number: int, finding: Finding) -> Iterator[Row]:
    """Yield the sentence, and how far it can be trusted where that is known."""
    place = "finding", text(finding.table), number
    yield *place, "text", *_value("Finding", "text", "", finding.text)
    if finding.certainty is not None:
        yield *place, "certainty", *_value("Certainty", "text", "", finding.certainty)


def _points(chart: Chart) -> Iterator[Row]:
    """Yield what is known of each point; the points are counted through all series."""
    points = [(series.label, point) for series in chart.series for point in series.points]
    for number, (label, point) in enumerate(points):
        for key, axis, cell in (
            ("series", _TEXT, label),
            ("x", chart.x, point.x),
            ("y", chart.y, point.y),
            ("low", chart.y, point.low),
            ("high", chart.y, point.high),
            ("n", _COUNT, point.n),
        ):
            if cell is not None:
                yield "point", text(chart.key), number, key, *_value(axis.label, axis.kind, axis.unit, cell)


def _cells(table: ReportTable) -> Iterator[Row]:
    for number, row in enumerate(table.rows):
        for column, cell in zip(table.columns, row, strict=True):
            value = _value(column.label, column.kind, column.unit, cell)
            yield "cell", text(table.key), number, text(column.key), *value


def _value(label: str, kind: Kind, unit: str, cell: Cell) -> Row:
    """Return the columns from `label` to `unit`."""
    return text(label), kind, *number_or_text(cell), text(unit)
