"""The summary of a run: one game's page, or the weakest areas of a player and the players of many games.

It is shown in place of the reports of the default aggregators, which `-a NAME` shows in full.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import structs
from rich.console import RenderableType
from rich.text import Text

from engine.cli.live.charts import spark_lines
from engine.cli.live.columns import TableColumn, fit_table
from engine.cli.live.page import PLAYED, UNEVALUATED, game_page, heading
from engine.cli.live.reports import findings
from engine.cli.live.rows import ShownRow, rows_of
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


def hints(result: RunResult, *, players: Sequence[str] = ()) -> Iterator[RenderableType]:
    """Yield what else there is to see, for the end of standard output.

    * **result** - the result of the run.
    * **players** - *(optional)* the names of `--player`.
    """
    if not result.counts.analysed:
        return
    names = ", ".join(name for name in result.reports if name in (*DEFAULT_AGGREGATORS, *PLAYER_AGGREGATORS))
    if names:
        yield Text(f"In full with -a NAME: {names}; engine plugins list names the others.", style="dim")
    if example := _example(result.reports):
        show = shlex.quote(example.name)
        yield Text(f"The moves behind a row: --show {show}; --show {example.report} lists its rows.", style="dim")
    if _has_mistakes(result):
        exercises = (
            "-o training.html, on a board until you know them; -o report.html, to look at or to print; "
            "-o mistakes.training.pgn, for a chess program"
            if players
            else "-o 'exercises/{player}.html', a sheet for each player, to look at or to print"
        )
        yield Text(f"Positions to solve, from these mistakes: {exercises}.", style="dim")
    yield Text()


def _example(reports: Mapping[str, Report]) -> ShownRow | None:
    """Return a row that `--show` can name by its first text, if possible the one of the first finding."""
    for name in (*PLAYER_AGGREGATORS, *DEFAULT_AGGREGATORS):
        report = reports.get(name)
        if report is None:
            continue
        rows = list(rows_of(name, report))
        named = Counter(row.name for row in rows)
        good = [row for row in rows if named[row.name] == 1 and not row.row.startswith("#") and row.key != name]
        meant = [row for row in good if report.findings and row.references == report.findings[0].references]
        if good:
            return (meant or good)[0]
    return None


def _has_mistakes(result: RunResult) -> bool:
    if result.game is not None:
        return any(ply.judgement in ("mistake", "blunder") for ply in result.game.plies)
    cells = [_column(result.reports.get("judgements"), key)[1] for key in ("mistakes", "blunders")]
    return any(number for column in cells for number in column.values())


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
        (structs.replace(chart, series=chart.series[:1]), chart.series[0])
        for chart in (report.charts if report is not None else ())
        if chart.series and sum(point.y is not None for point in chart.series[0].points) >= LEAST_TREND
    ]
    if report is not None and lines:
        period = clean(lines[0][0].x.label).lower()
        yield Text(clean(report.title), style="bold").append(f"  means by {period}", style="dim not bold")
        yield spark_lines(lines, width)
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
