"""The reports of a run as tables for a terminal."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from engine.live.columns import Shown, tables
from engine.model import Report, ReportTable, RunResult
from engine.text.format import FIGURES, cell, clean

ROWS = 12
FEN_WIDTH = 150
"""Positions are shown in tables from this width on; they are in the JSON report anyway."""


def summary(
    result: RunResult, *, width: int, rows: int = ROWS, names: Collection[str] | None = None
) -> Iterator[RenderableType]:
    """A section per aggregator, for standard output of `width` columns. Long tables are cut at `rows`.

    `names` says whose; None is everybody's.
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
    table: ReportTable, width: int, rows: int, *, keys: Sequence[str] | None = None, heading: str = "bold"
) -> Iterator[RenderableType]:
    """One table with at most `rows` rows, and how many more there are. `keys` chooses columns, `heading` is the
    style of what stands over them.
    """
    columns = [
        Shown(
            clean(column.label),
            [cell(row[k], column.kind) for row in table.rows[:rows]],
            figures=column.kind in FIGURES,
            whole=column.kind == "move",
        )
        for k, column in enumerate(table.columns)
        if (column.key in keys if keys is not None else width >= FEN_WIDTH or column.kind != "position")
    ]
    yield from tables(columns, width, title=clean(table.title), heading=heading)
    if len(table.rows) > rows:
        yield Text(f"… {len(table.rows) - rows:,} more", style="dim")
