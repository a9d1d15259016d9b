"""The reports of a run as tables for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from engine.live.columns import TableColumn, fit_table
from engine.model import Report, ReportTable, RunResult
from engine.text.format import FIGURES, cell, clean

ROWS = 12
"""Rows of a table that are shown."""
FEN_WIDTH = 150
"""Columns of a terminal from which on tables show positions; the JSON report always has them."""


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
            yield from _section(report, width, rows)
            yield Text()


def _section(report: Report, width: int, rows: int) -> Iterator[RenderableType]:
    if report.metrics:
        grid = Table.grid(padding=(0, 2))
        for metric in report.metrics.values():
            grid.add_row(
                Text(clean(metric.label), style="dim"), Text(cell(metric.value, metric.kind), style="bold")
            )
        yield grid
    for table in report.tables:
        if table.rows:
            yield from report_table(table, width, rows)
    for note in report.notes:
        yield Text(clean(note), style="dim italic")


def report_table(
    table: ReportTable, width: int, rows: int, *, keys: Sequence[str] | None = None, heading_style: str = "bold"
) -> Iterator[RenderableType]:
    """Yield one table with at most `rows` rows, and how many more there are.

    * **table** - the table.
    * **width** - columns of the terminal.
    * **rows** - rows of the table at most.
    * **keys** - *(optional)* the columns to show; all, positions only on a wide terminal, when left out.
    * **heading_style** - *(optional)* the style of the headings; bold.
    """
    columns = [
        TableColumn(
            clean(column.label),
            [cell(row[k], column.kind) for row in table.rows[:rows]],
            figures=column.kind in FIGURES,
            whole=column.kind == "move",
        )
        for k, column in enumerate(table.columns)
        if (column.key in keys if keys is not None else width >= FEN_WIDTH or column.kind != "position")
    ]
    yield from fit_table(columns, width, title=clean(table.title), heading_style=heading_style)
    if len(table.rows) > rows:
        yield Text(f"… {len(table.rows) - rows:,} more", style="dim")
