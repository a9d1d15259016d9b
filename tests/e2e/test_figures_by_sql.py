"""Figures of the reports, computed a second time by DuckDB from the Parquet of the same run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

import engine
from engine.model import Report
from tests.support import DATA

duckdb = pytest.importorskip("duckdb", reason="duckdb is not installed; pip install -e '.[dev]' brings it")

PLAYER = "Stockfish 1700"
REPORTS = (
    "leaks",
    "trends",
    "missed-mates",
    "accuracy",
    "judgements",
    "acpl",
    "time-management",
    "phases",
    "wins",
)
MINE = "by_player AND cp_loss IS NOT NULL"

Figures = Mapping[str, Report]
FIGURES: Final[Mapping[str, tuple[Callable[[Figures], Any], str]]] = {
    "accuracy of games": (
        lambda reports: metric(reports, "accuracy", "accuracy"),
        "SELECT avg(if(player_color = 'white', white_accuracy, black_accuracy)) FROM games",
    ),
    "move accuracy": (
        lambda reports: metric(reports, "phases", "whole"),
        f"SELECT avg(accuracy) FROM plies WHERE {MINE}",
    ),
    "ACPL": (
        lambda reports: metric(reports, "acpl", "acpl"),
        f"SELECT avg(cp_loss) FROM plies WHERE {MINE}",
    ),
    "blunders per 100 moves": (
        lambda reports: row(reports, "judgements", "players", player=PLAYER)["blunders_rate"],
        f"SELECT 100 * count_if(judgement = 'blunder') / count(*) FROM plies WHERE {MINE}",
    ),
    "Win% lost on moves 16 to 20": (
        lambda reports: row(reports, "judgements", "numbers", numbers="16-20")["loss"],
        f"SELECT 100 * avg(win_loss) FROM plies WHERE {MINE} AND move_number BETWEEN 16 AND 20",
    ),
    "Win% that the opponents lost": (
        lambda reports: metric(reports, "leaks", "opponents"),
        "SELECT 100 * avg(win_loss) FROM plies WHERE NOT by_player AND cp_loss IS NOT NULL",
    ),
    "how much weaker in the endgame": (
        lambda reports: row(reports, "leaks", "phase", group="endgame")["weaker"],
        (
            "WITH lost AS (SELECT by_player, phase, 100 * win_loss AS loss FROM plies WHERE cp_loss IS NOT NULL) "
            "SELECT avg(loss) FILTER (by_player AND phase = 'endgame') "
            "- avg(loss) FILTER (NOT by_player AND phase = 'endgame') "
            "- avg(loss) FILTER (by_player) + avg(loss) FILTER (NOT by_player) FROM lost"
        ),
    ),
    "moves with under a tenth of the clock": (
        lambda reports: row(reports, "leaks", "clock", group="under 10%")["moves"],
        (
            "WITH clocks AS (SELECT *, lag(clock, 2) OVER (PARTITION BY game ORDER BY ply) AS before FROM plies) "
            "SELECT count(*) FROM clocks JOIN games USING (game) "
            f"WHERE {MINE} AND before < 0.1 * (base + 40 * increment)"
        ),
    ),
    "mates in three or fewer": (
        lambda reports: metric(reports, "missed-mates", "there"),
        "SELECT count(*) FROM plies WHERE by_player AND mover_mate BETWEEN 1 AND 3",
    ),
    "winning moves that were available": (
        lambda reports: row(reports, "wins", "players", player=PLAYER)["available"],
        (
            "SELECT (SELECT count(*) FROM plies WHERE by_player AND (mover_cp >= 300 OR mover_mate > 0)) + "
            "(SELECT count(*) FROM games WHERE if(final_fen LIKE '% w %', 'white', 'black') = player_color AND "
            "if(final_fen LIKE '% w %', 1, -1) * coalesce(final_cp, 1000 * final_mate) >= 300)"
        ),
    ),
    "score": (
        lambda reports: row(reports, "trends", "periods", games=12)["score"],
        "SELECT 100 * avg(if(player_color = 'white', white_points, 1 - white_points)) FROM games",
    ),
    "mean time of a move": (
        lambda reports: metric(reports, "time-management", "time"),
        "SELECT avg(time) FROM plies WHERE by_player",
    ),
}
"""What a report says, and the query that says the same, by name."""


def metric(reports: Figures, name: str, key: str) -> Any:
    return reports[name].metrics[key].value


def row(reports: Figures, name: str, key: str, **cells: Any) -> dict[str, Any]:
    """Return the only row of a table with these cells."""
    table = reports[name].table(key)
    assert table is not None
    [found] = [record for record in table.records() if cells.items() <= record.items()]
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Figures, Any]:
    """Return the reports of a run, and a database with its tables."""
    folder: Path = tmp_path_factory.mktemp("tables")
    files = [folder / "plies.parquet", folder / "games.games.parquet"]
    result = engine.analyze(
        DATA / "match.jsonl.zst",
        evaluator="recorded",
        aggregators=REPORTS,
        settings=engine.Settings(players=(PLAYER,)),
        output=files,
    )
    database = duckdb.connect()
    for name, file in zip(("plies", "games"), files, strict=True):
        database.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet(?)", [str(file)])
    return result.reports, database


@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_the_same_computed_by_sql(figure: str, run: tuple[Figures, Any]) -> None:
    reports, database = run
    said, query = FIGURES[figure]
    [(computed,)] = database.execute(query).fetchall()
    assert said(reports) == pytest.approx(float(computed), abs=0.002), query
