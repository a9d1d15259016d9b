"""Analysed games as rows, as PGN and as DataFrames, from the result of a call."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.errors import ConfigError
from tests.support import DATA

MATE = (
    '[White "Anna"]\n[Black "Bert"]\n[Result "0-1"]\n\n1. f3 { [%eval -0.5] } e5 { [%eval -0.6] } 2. g4 Qh4# 0-1\n'
)
GAMES = 3


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with the first games of the match."""
    path = tmp_path_factory.mktemp("games") / "games.jsonl"
    settings = engine.Settings(max_games=GAMES)
    engine.analyze(
        DATA / "match.jsonl.zst", evaluator="recorded", aggregators=["wins"], output=path, settings=settings
    )
    return path


@pytest.fixture(scope="module")
def result(games: Path) -> engine.RunResult:
    return engine.analyze(games, evaluator="recorded")


def test_the_result_has_the_games(games: Path, result: engine.RunResult) -> None:
    assert [game.origin.game for game in result.games] == [1, 2, 3]
    with engine.Analyzer(evaluator="recorded") as analyzer:
        assert analyzer.analyze(games).games == result.games
        run = analyzer.submit(games)
        with pytest.raises(ConfigError, match=r"analyze\(\.\.\., games=True\)"):
            _ = run.result().games


def test_more_games_than_are_kept_are_asked_for(games: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.api.arguments.KEPT", GAMES - 1)
    with pytest.raises(ConfigError, match="games=True"):
        _ = engine.analyze(games, evaluator="recorded").games
    assert len(engine.analyze(games, evaluator="recorded", games=True).games) == GAMES
    with pytest.raises(ConfigError, match="kept no games"):
        _ = engine.analyze(MATE, evaluator="recorded", games=False).games


def test_rows_are_those_of_the_table(tmp_path: Path, games: Path, result: engine.RunResult) -> None:
    engine.analyze(games, evaluator="recorded", output=tmp_path / "x.csv")
    with (tmp_path / "x.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    rows = [row for game in result.games for row in game.rows()]
    assert [row["san"] for row in rows] == [row["san"] for row in written]
    assert {str(row["mover_cp"]) for row in rows if row["mover_cp"] is not None} == {
        row["mover_cp"] for row in written if row["mover_cp"]
    }


def test_the_mating_move_has_a_win_and_the_movers_evaluations_are_the_movers() -> None:
    [game] = engine.analyze(MATE, evaluator="recorded").games
    first, second, _, mate = game.rows()
    assert (first["cp_after"], first["mover_cp_after"], second["cp"], second["mover_cp"]) == (-50, -50, -50, 50)
    assert (mate["win_before"], mate["accuracy"]) == (None, None), "its position has no evaluation"
    [game] = engine.analyze(MATE.replace("g4", "g4 { [%eval #-1] }"), evaluator="recorded").games
    mate = game.rows()[3]
    assert (mate["mate"], mate["mover_mate"], mate["mover_mate_after"]) == (-1, 1, None)
    assert (mate["win_before"], mate["win_after"], mate["win_loss"]) == (97.545, 100.0, 0.0)


def test_to_pgn_is_what_is_written(tmp_path: Path, games: Path, result: engine.RunResult) -> None:
    engine.analyze(games, evaluator="recorded", output=tmp_path / "x.pgn")
    written = (tmp_path / "x.pgn").read_text(encoding="utf-8").splitlines()
    without = [line for line in written if not line.startswith("[Annotator")]
    together = "".join(game.to_pgn() for game in result.games).splitlines()
    assert [line for line in together if not line.startswith("[Annotator")] == without


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(library: str, result: engine.RunResult) -> None:
    pytest.importorskip(library)
    moves = result.to_dataframe(library=library)
    assert len(moves) == sum(len(game.plies) for game in result.games)
    assert moves["cp_loss"].max() == max(ply.loss or 0 for game in result.games for ply in game.plies)
    assert len(result.to_dataframe("games", library=library)) == GAMES
    players = result.reports["accuracy"].table("players")
    assert players is not None
    assert len(result.to_dataframe("accuracy:players", library=library)) == len(players.rows)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"library": "numpy"}, "neither pandas nor polars"),
        ({"table": "move"}, "moves"),
        ({"table": "accuracy:player"}, "accuracy:players"),
    ],
)
def test_what_there_is_not_is_said(
    arguments: Any, reason: str, result: engine.RunResult, fake_library: None
) -> None:
    with pytest.raises(ConfigError, match=reason):
        result.to_dataframe(**arguments)


@pytest.fixture
def fake_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a library seem to be installed."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: io)


def test_without_a_library_it_says_how_to_get_one(
    result: engine.RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="neither pandas nor polars is installed: pip install pandas"):
        result.to_dataframe()
    with pytest.raises(ConfigError, match="polars is not installed: pip install polars"):
        result.to_dataframe(library="polars")


def test_the_same_run_twice_counts_once_and_is_said(tmp_path: Path, games: Path) -> None:
    again = tmp_path / "again.jsonl"
    again.write_bytes(games.read_bytes())
    both = engine.analyze([games, again], evaluator="recorded")
    assert (both.counts.analysed, both.counts.duplicates) == (GAMES, GAMES)
    assert any("3 games" in notice.reason or "copies" in notice.reason for notice in both.notices), both.notices
