"""The summary of a run: one game's page, or the leaks of a player and the players of many games.

It is shown in place of the reports of the default aggregators, which `-a NAME` shows in full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import structs
from rich.console import RenderableType
from rich.text import Text

from engine.live.columns import TableColumn, fit_table
from engine.live.page import NARROW, PLAYED, UNEVALUATED, game_page, heading
from engine.live.reports import report_table
from engine.model import Cell, Kind, Report, RunResult
from engine.settings import DEFAULT_AGGREGATORS, PLAYER_AGGREGATORS
from engine.text.format import cell, clean, count

LEAKS, BEST = "leaks", "best-scores"
ROWS = 12
"""Players that are listed."""
BEST_ROWS = 5
LEAK_ROWS = 5
WIDE_ONLY = ("games", "weaker", "interval")
"""Columns of the leaks that a narrow terminal does not show: the sentences above say them."""
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


def overview(result: RunResult, *, width: int) -> Iterator[RenderableType]:
    """Yield what a person wants to know first, for standard output of `width` columns."""
    if result.game is not None and result.game.epd is None:
        yield from game_page(result.game, width, _winning(result.reports.get("wins")))
    elif result.game is None and result.counts.analysed:
        yield from _leaks(result.reports.get(LEAKS), width)
        yield from _players(result.reports, width)
        yield from _best(result.reports.get(BEST), width)
        if not result.counts.positions:
            yield Text(UNEVALUATED, style="dim italic")
    names = ", ".join(name for name in result.reports if name in (*DEFAULT_AGGREGATORS, *PLAYER_AGGREGATORS))
    yield Text()
    if names and result.counts.analysed:
        yield Text(f"In full with -a NAME: {names}; engine plugins list names the others.", style="dim")
        yield Text()


def _leaks(report: Report | None, width: int) -> Iterator[RenderableType]:
    """Yield the leaks in the words of the aggregator, and the greatest leaks in figures."""
    if report is None:
        return
    yield Text(clean(report.title), style="bold")
    for finding in report.findings:
        word = f" ({finding.certainty})" if finding.certainty else ""
        yield Text(clean(f"{finding.text}{word}"))
    for note in report.notes:
        yield Text(clean(note))
    for table in filter(None, [report.table(LEAKS)]):
        keys = [column.key for column in table.columns if width >= NARROW or column.key not in WIDE_ONLY]
        if table.rows:
            yield from report_table(
                structs.replace(table, title=""), width, LEAK_ROWS, keys=keys, heading_style="dim"
            )
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


def _best(report: Report | None, width: int) -> Iterator[RenderableType]:
    for table in report.tables[:1] if report is not None else ():
        if table.rows:
            keys = [column.key for column in table.columns if column.kind != "position"]
            yield Text(clean(table.title), style="bold")
            yield from report_table(
                structs.replace(table, title=""), width, BEST_ROWS, keys=keys, heading_style="dim"
            )
