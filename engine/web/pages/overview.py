"""The top of the report: the figures of the run and of its players, taken from the reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.model import Cell, Column, Report, ReportTable, RunResult
from engine.text.format import figure
from engine.web.pages.tables import Grid, Link, grid

NEEDED = ("wins", "accuracy", "acpl", "judgements", "mistakes")
"""Aggregators that a run with an HTML report adds."""
PLAYER_NEEDED = ("leaks", "trends", "explain")
"""Those that it adds where a player is named."""

_FIGURES = (
    ("acpl", "acpl"),
    ("judgements", "inaccuracies"),
    ("judgements", "mistakes"),
    ("judgements", "blunders"),
)
"""Aggregator and metric of each tile."""
_PLAYERS: tuple[tuple[str, str, Column], ...] = (
    ("accuracy", "games", Column("games", "Games", "int")),
    ("accuracy", "accuracy", Column("accuracy", "Accuracy", "percent")),
    ("acpl", "acpl", Column("acpl", "ACPL", "float")),
    ("judgements", "inaccuracies", Column("inaccuracies", "Inaccuracies", "int")),
    ("judgements", "mistakes", Column("mistakes", "Mistakes", "int")),
    ("judgements", "blunders", Column("blunders", "Blunders", "int")),
    ("wins", "available", Column("available", "Winning moves available", "int")),
    ("wins", "played", Column("played", "played", "int")),
    ("wins", "missed", Column("missed", "missed", "int")),
)
"""Report, column of its table `players`, and the column here."""


def figures(result: RunResult) -> Iterator[tuple[str, str]]:
    """Yield labels and values of the line of figures."""
    for name, key in _FIGURES:
        metric = result.reports[name].metrics.get(key) if name in result.reports else None
        if metric is not None and metric.value is not None:
            yield metric.label, figure(metric.value, metric.kind)
    played, available = (list(_numbers(result.reports, key)) for key in ("played", "available"))
    if available:
        yield "Winning moves played", f"{sum(played):,} of {sum(available):,}"


def _numbers(reports: Mapping[str, Report], key: str) -> Iterator[int]:
    """Yield a figure of `wins` for each player in view."""
    return (value for _, value in _by_player(reports, "wins", key) if isinstance(value, int))


def players(result: RunResult, link: Link) -> Grid | None:
    """Return the table of all players' figures; None for fewer than two players."""
    rows: dict[str, dict[str, Cell]] = {}
    for name, key, column in _PLAYERS:
        for player, value in _by_player(result.reports, name, key):
            rows.setdefault(player, {})[column.key] = value
    if len(rows) < 2:  # noqa: PLR2004 - the tiles say the same
        return None
    columns = (Column("player", "Player", "player"), *(column for _, _, column in _PLAYERS))
    cells = tuple(
        (player, *(values.get(column.key) for column in columns[1:]))
        for player, values in sorted(rows.items(), key=_most_games_first)
    )
    return grid(ReportTable("overview-players", "Players", columns, cells), link)


def _most_games_first(row: tuple[str, dict[str, Cell]]) -> tuple[float, float, str]:
    """Return a sort key: the most games first, then the highest accuracy, then by name."""
    games, accuracy = (float(row[1].get(key) or 0) for key in ("games", "accuracy"))
    return -games, -accuracy, row[0]


def _by_player(reports: Mapping[str, Report], name: str, key: str) -> Iterator[tuple[str, Cell]]:
    table = reports[name].table("players") if name in reports else None
    for row in table.records() if table is not None else ():
        if "player" in row and key in row:
            yield str(row["player"]), row[key]
