"""Figures of the reports, computed a second time by DuckDB from the Parquet of the same run."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

import engine
from engine.model import Report
from engine.plugin import critical_value
from engine.system.compression import InputStream
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
    "conversion",
)
MINE = "by_player AND cp_loss IS NOT NULL"
CLOCKS = "SELECT *, lag(clock, 2) OVER (PARTITION BY game ORDER BY ply) AS before FROM plies"

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
            f"WITH clocks AS ({CLOCKS}) "
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
    "mates that were mated more slowly": (
        lambda reports: metric(reports, "missed-mates", "slower"),
        (
            "SELECT count(*) FROM plies "
            "WHERE by_player AND mover_mate BETWEEN 1 AND 3 AND mover_mate_after >= mover_mate"
        ),
    ),
    "accuracy in a month": (
        lambda reports: row(reports, "trends", "periods", period="2026-02")["accuracy"],
        (
            "SELECT avg(if(player_color = 'white', white_accuracy, black_accuracy)) FROM games "
            "WHERE date ^@ '2026.02'"
        ),
    ),
    "score in a month": (
        lambda reports: point(reports, "trends", "score", x="2026-03"),
        (
            "SELECT 100 * avg(if(player_color = 'white', white_points, 1 - white_points)) FROM games "
            "WHERE date ^@ '2026.03'"
        ),
    ),
    "rating in a month": (
        lambda reports: point(reports, "trends", "rating", x="2026-01"),
        "SELECT avg(if(player_color = 'white', white_elo, black_elo)) FROM games WHERE date ^@ '2026.01'",
    ),
    "won games that were won": (
        lambda reports: metric(reports, "conversion", "converted"),
        (
            "WITH best AS (SELECT game, max(if(by_player, win_after, 100 - win_after)) AS win FROM plies "
            "WHERE san NOT LIKE '%#' GROUP BY game) "
            "SELECT 100 * avg((if(player_color = 'white', white_points, 1 - white_points) = 1)::INT) "
            "FROM games JOIN best USING (game) WHERE win >= 80"
        ),
    ),
    "accuracy in time trouble at equal Win%": (
        lambda reports: metric(reports, "time-management", "trouble_at_equal_win"),
        (
            f"WITH clocks AS ({CLOCKS}), bands AS (SELECT list_count(list_filter([5, 10, 25, 50, 75, 90, 95], "
            "lambda edge : edge <= win_before)) AS band, accuracy, "
            "clock < 0.1 * (base + 40 * increment) AS troubled FROM clocks "
            "JOIN games USING (game) WHERE by_player AND accuracy IS NOT NULL), "
            "each AS (SELECT count_if(troubled) AS a, count_if(NOT troubled) AS b, "
            "avg(accuracy) FILTER (troubled) - avg(accuracy) FILTER (NOT troubled) AS gap "
            "FROM bands GROUP BY band) "
            "SELECT sum(gap * a * b / (a + b)) / sum(a * b / (a + b)) FROM each WHERE a > 0 AND b > 0"
        ),
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


def point(reports: Figures, name: str, key: str, x: str) -> float | None:
    """Return the value of a chart's first series at a place."""
    [chart] = [chart for chart in reports[name].charts if chart.key == key]
    return next(point.y for point in chart.series[0].points if point.x == x)


def by_month(path: Path) -> None:
    """Write the match, as if it had been played from January to March."""
    with open(DATA / "match.jsonl.zst", "rb") as raw, io.BufferedReader(InputStream(raw, ".zst")) as stream:
        games = [json.loads(line) for line in stream]
    for k, game in enumerate(games):
        game["headers"].pop("UTCDate", None)
        game["headers"]["Date"] = f"2026.{k % 3 + 1:02}.{k % 28 + 1:02}"
    path.write_text("".join(f"{json.dumps(game)}\n" for game in games), encoding="utf-8")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Figures, Any]:
    """Return the reports of a run, and a database with its tables."""
    folder: Path = tmp_path_factory.mktemp("tables")
    files = [folder / "plies.parquet", folder / "games.games.parquet"]
    by_month(folder / "games.jsonl")
    result = engine.analyze(
        folder / "games.jsonl",
        evaluator="recorded",
        aggregators=REPORTS,
        settings=engine.Settings(players=(PLAYER,), plugin_options={"trends": {"by": "month"}}),
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


AREA = """
WITH lost AS (
  SELECT game, phase = 'endgame' AS inside, by_player AS ours, 1000 * win_loss AS loss
    FROM plies WHERE cp_loss IS NOT NULL),
each AS (
  SELECT coalesce(sum(loss) FILTER (ours AND inside), 0) AS a, count_if(ours AND inside) AS b,
         coalesce(sum(loss) FILTER (NOT ours AND inside), 0) AS c, count_if(NOT ours AND inside) AS d,
         sum(loss) FILTER (ours) AS e, count_if(ours) AS f,
         sum(loss) FILTER (NOT ours) AS g, count_if(NOT ours) AS h
    FROM lost GROUP BY game),
totals AS (
  SELECT sum(a) AS ta, sum(b) AS tb, sum(c) AS tc, sum(d) AS td, sum(f) AS tf, sum(h) AS th,
         sum(e) / sum(f) AS we, sum(g) / sum(h) AS they, sum(b) ^ 2 / sum(b ^ 2) AS games,
         sum(d) ^ 2 / sum(d ^ 2) AS their_games
    FROM each),
alike AS (SELECT *, (ta + tc - (we - they) * tb) / (tb + td) AS rate FROM totals),
adds AS (
  SELECT games, their_games, (e - we * f) / tf - (g - they * h) / th AS outside,
         (a - ta / tb * b) / tb - (c - tc / td * d) / td AS seen,
         (a - (rate + we - they) * b) / tb - (c - rate * d) / td AS equal
    FROM each, alike)
SELECT sqrt(greatest(sum((seen - outside) ^ 2), sum((equal - outside) ^ 2))) / 10,
       any_value(least(games, their_games))
  FROM adds
"""
"""Standard error of how much weaker the player is in the endgame, linearised, with the games as clusters, around
the rates that were seen or those without a weakness, whichever is larger; and as many games of equal length as
count as much."""


def test_the_interval_of_an_area_is_that_of_sums_over_games(run: tuple[Figures, Any]) -> None:
    reports, database = run
    [(error, games)] = database.execute(AREA).fetchall()
    reach = critical_value(games - 1) * error * (games / (games - 1)) ** 0.5
    assert row(reports, "leaks", "phase", group="endgame")["interval"] == pytest.approx(reach, rel=1e-3)


def test_no_win_is_missing_where_there_is_a_mate(run: tuple[Figures, Any]) -> None:
    [(mates, without)] = (
        run[1]
        .execute(
            "SELECT count(*), count_if(win_before IS NULL OR win_after IS NULL OR win_loss IS NULL) FROM plies "
            "WHERE mate IS NOT NULL OR mate_after IS NOT NULL OR san LIKE '%#'"
        )
        .fetchall()
    )
    assert mates > 100
    assert without == 0
