"""The reports of a run as tables for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import structs
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from engine.cli.live.charts import chart_lines
from engine.cli.live.columns import GAPS, TableColumn, fit_table
from engine.cli.live.readings import Readings
from engine.model import Finding, Metric, Report, ReportTable, RunResult
from engine.text.format import FIGURES, cell, clean, with_unit

ROWS = 12
"""Rows of a table that are shown."""
FEN_WIDTH = 150
"""Columns of a terminal from which on tables show positions and sentences, and openings beside positions of games;
the JSON report always has them."""
_LONG = ("position", "sentence")
"""Kinds of cells that need a wide terminal."""

CERTAINTY: Mapping[str, str] = {"sure": "bold", "likely": "yellow", "may be chance": "dim"}
"""The style of each word that says how far a finding can be trusted."""


def summary(
    result: RunResult, *, width: int, rows: int = ROWS, names: Collection[str] | None = None
) -> Iterator[RenderableType]:
    """Yield a section for each aggregator.

    * **result** - the result of the run.
    * **width** - columns of the terminal.
    * **rows** - *(optional)* rows of a table at most; 12.
    * **names** - *(optional)* the aggregators to show; all when left out.
    """
    for name, report in result.reports.items():
        if names is None or name in names:
            yield Text(f"{clean(report.title)}  ", style="bold").append(name, style="dim")
            yield from _section(report, width, rows, Readings(name))
            yield Text()


def _section(report: Report, width: int, rows: int, readings: Readings) -> Iterator[RenderableType]:
    """Yield a report: what it has found, its figures, charts and tables, and what readers must know of them."""
    yield from findings(report.findings)
    if report.metrics:
        grid = Table.grid(padding=(0, 2))
        for metric in report.metrics.values():
            label = Text(clean(metric.label), style="dim")
            grid.add_row(label, _with_unit(Text(cell(metric.value, metric.kind), style="bold"), metric))
        yield grid
    for chart in report.charts:
        yield from chart_lines(chart, width, readings)
    for table in report.tables:
        if table.rows:
            yield from report_table(table, width, rows, readings=readings)
    for note in report.notes:
        yield Text(clean(note), style="dim italic")


def findings(found: Sequence[Finding]) -> Iterator[Text]:
    """Yield sentences, each after how far it can be trusted where it says that."""
    for finding in found:
        line = Text()
        if finding.certainty is not None:
            line.append(f"{finding.certainty}: ", style=CERTAINTY[finding.certainty])
        yield line.append(clean(finding.text))


def _with_unit(text: Text, metric: Metric) -> Text:
    has_unit = metric.unit and metric.value is not None
    return text.append(f" {clean(metric.unit)}", style="dim") if has_unit else text


def report_table(
    table: ReportTable,
    width: int,
    rows: int,
    *,
    keys: Sequence[str] | None = None,
    readings: Readings | None = None,
) -> Iterator[RenderableType]:
    """Yield one table with at most `rows` rows, how many more there are, and how to read it.

    The units are in the headings where there is room for all of them, otherwise below.

    * **table** - the table.
    * **width** - columns of the terminal.
    * **rows** - rows of the table at most.
    * **keys** - *(optional)* the columns to show; all when left out, but positions, sentences, and openings of the
      games that positions are from only on a wide terminal.
    * **readings** - *(optional)* what the report has said below other tables, which is not said again.
    """
    of_games = any(column.key == "ply" for column in table.columns)
    wide = () if width >= FEN_WIDTH else (*_LONG, "opening") if of_games else _LONG
    shown = [
        (k, column)
        for k, column in enumerate(table.columns)
        if (column.key in keys if keys is not None else column.kind not in wide)
    ]
    columns = [
        TableColumn(
            clean(column.label),
            [cell(row[k], column.kind) for row in table.rows[:rows]],
            figures=column.kind in FIGURES,
            whole=column.kind == "move",
        )
        for k, column in shown
    ]
    units = [clean(column.unit) for _, column in shown]
    with_units = [
        structs.replace(column, label=with_unit(column.label, unit))
        for column, unit in zip(columns, units, strict=True)
    ]
    has_room = sum(column.natural for column in with_units) + GAPS[0] * (len(columns) - 1) <= width
    yield from fit_table(with_units if has_room else columns, width, title=clean(table.title))
    if len(table.rows) > rows:
        yield Text(f"… {len(table.rows) - rows:,} more", style="dim")
    below = [table.reading]
    if not has_room and any(units):
        labels: dict[str, list[str]] = {}
        for column, unit in zip(columns, units, strict=True):
            labels.setdefault(unit, []).append(column.label)
        said = "; ".join(f"{', '.join(dict.fromkeys(of))}: {unit}" for unit, of in labels.items() if unit)
        below.insert(0, f"Units: {said}.")
    readings = readings or Readings()
    for text in below:
        if unsaid := readings.below(text, table.key):
            yield Text(unsaid, style="dim")
