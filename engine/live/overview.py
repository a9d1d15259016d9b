"""The summary of a run: one game's page, or the weakest areas of a player and the players of many games.

It is shown in place of the reports of the default aggregators, which `-a NAME` shows in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import structs
from rich.console import RenderableType
from rich.text import Text

from engine.live.charts import spark_line
from engine.live.columns import TableColumn, fit_table
from engine.live.page import PLAYED, UNEVALUATED, game_page, heading
from engine.live.reports import findings
from engine.model import Cell, Kind, Report, RunResult
from engine.settings import DEFAULT_AGGREGATORS, PLAYER_AGGREGATORS
from engine.text.format import cell, clean, count

LEAKS, TRENDS = "leaks", "trends"
ROWS = 12
"""Players that are listed."""
AREAS = 3
"""Weakest areas that are said."""
LEAST_TREND = 2
"""Values that make a trend."""
FIGURES: Final = (
    # aggregator, column of its table of players, heading
    ("accuracy", "games", "Games"),
    ("accuracy", "accuracy", "Accuracy"),
    ("acpl", "acpl", "ACPL"),
    ("judgements", "inaccuracies", "Inaccuracies"),
    ("judgements", "mistakes", "Mistakes"),
    ("judgements", "blunders", "Blunders"),
)
ROOM_FOR_WINS = 70
"""Columns of a terminal below which the winning moves are left out, so that names are whole."""
PLAYERS = "players"
UNLISTED = "more players are not listed"
"""What the note of a report says whose table of players is not whole."""


def overview(result: RunResult, *, width: int, players: Sequence[str] = ()) -> Iterator[RenderableType]:
    """Yield what a person wants to know first, for standard output of `width` columns.

    * **result** - the result of the run.
    * **width** - columns of the terminal.
    * **players** - *(optional)* the names of `--player`.
    """
    if result.game is not None and result.game.epd is None:
        yield from game_page(result.game, width, _winning(result.reports.get("wins")))
    elif result.game is None and result.counts.analysed:
        if players:
            yield Text(_title(result, players[0]), style="bold")
            yield Text()
        yield from _weakest(result.reports.get(LEAKS))
        yield from _trends(result.reports.get(TRENDS), width)
        yield from _players(result.reports, width)
        if not result.counts.positions:
            yield Text(UNEVALUATED, style="dim italic")
    names = ", ".join(name for name in result.reports if name in (*DEFAULT_AGGREGATORS, *PLAYER_AGGREGATORS))
    yield Text()
    if names and result.counts.analysed:
        yield Text(f"In full with -a NAME: {names}; engine plugins list names the others.", style="dim")
        if any(table.references for report in result.reports.values() for table in report.tables):
            yield Text(
                "The moves behind a row: --show REPORT:TABLE=ROW; --show REPORT lists the rows.", style="dim"
            )
        yield Text()


def _title(result: RunResult, player: str) -> str:
    """Return whose games they are, how many, and from when to when, as far as a report says that."""
    period = f", {result.period}" if result.period else ""
    return clean(f"{result.players.get(player, player)}: {count(result.counts.analysed, 'game')}{period}")


def _weakest(report: Report | None) -> Iterator[RenderableType]:
    """Yield the weakest areas, in the words of the aggregator."""
    if report is not None and report.findings:
        yield Text("Weakest areas", style="bold")
        yield from findings(report.findings[:AREAS])
        yield Text()


def _trends(report: Report | None, width: int) -> Iterator[RenderableType]:
    """Yield what changed over time, a line for each chart."""
    lines = [
        spark_line(structs.replace(chart, series=chart.series[:1]), chart.series[0], width)
        for chart in (report.charts if report is not None else ())
        if chart.series and sum(point.y is not None for point in chart.series[0].points) >= LEAST_TREND
    ]
    if report is not None and lines:
        yield Text(clean(report.title), style="bold")
        yield from lines
        yield Text()


def _players(reports: Mapping[str, Report], width: int) -> Iterator[RenderableType]:
    """Yield what several reports say of each player, side by side."""
    figures: list[tuple[str, Kind, Mapping[str, Cell]]] = [
        (label, *_column(reports.get(name), key)) for name, key, label in FIGURES
    ]
    if width >= ROOM_FOR_WINS:
        figures.append((PLAYED, "text", _winning(reports.get("wins"))))
    names = list(dict.fromkeys(name for _, _, cells in figures for name in cells))
    if not names:
        return
    columns = [TableColumn("Player", [clean(name) for name in names[:ROWS]])]
    for label, kind, cells in figures:
        if cells:
            values = [cell(cells.get(name), kind) for name in names[:ROWS]]
            style = "bold" if label == "Accuracy" else ""
            columns.append(TableColumn(heading(label, width), values, figures=True, style=style))
    yield Text("Players", style="bold")
    yield from fit_table(columns, width, heading_style="dim")
    if len(names) > ROWS:
        notes = (note for name, _, _ in FIGURES if name in reports for note in reports[name].notes)
        at_least = "at least " if any(UNLISTED in note for note in notes) else ""
        yield Text(f"… {at_least}{count(len(names) - ROWS, 'more player', 'more players')}", style="dim")
    yield Text()


def _column(report: Report | None, key: str) -> tuple[Kind, dict[str, Cell]]:
    """Return the kind and the cells, by player, of a column of a report's table of players; no cells without."""
    table = report.table(PLAYERS) if report is not None else None
    if table is not None:
        for k, column in enumerate(table.columns):
            if column.key == key:
                return column.kind, {str(row[0]): row[k] for row in table.rows}
    return "int", {}


def _winning(report: Report | None) -> dict[str, Cell]:
    """Return how many of the winning moves that were there each player played: `31 of 40`."""
    (_, available), (_, played) = (_column(report, key) for key in ("available", "played"))
    return {
        name: f"{cell(played.get(name), 'int')} of {cell(number, 'int')}" for name, number in available.items()
    }
