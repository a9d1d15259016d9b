"""Clocks and time controls of inputs that were rebuilt from public bug reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import engine
from engine.model import RunResult
from tests.support import shared_data


def analysed(name: str, tmp_path: Path) -> tuple[RunResult, list[dict[str, Any]]]:
    """Return the result and the games of a run over one of the files."""
    output = tmp_path / "games.jsonl"
    result = engine.analyze(
        shared_data("reports", name), evaluator="recorded", aggregators=["time-management"], output=output
    )
    return result, [json.loads(line) for line in output.read_text().splitlines()]


def times(game: dict[str, Any]) -> list[float | None]:
    return [ply["time"] for ply in game["plies"]]


def table(result: RunResult, name: str) -> list[dict[str, Any]]:
    [found] = [table for table in result.reports["time-management"].tables if table.key == name]
    return [dict(zip([column.key for column in found.columns], row, strict=True)) for row in found.rows]


def test_01_move_times_in_seconds(tmp_path: Path) -> None:
    result, [game] = analysed("01-fics-emt-seconds.pgn", tmp_path)
    assert times(game) == [0, 0, 1.25, 2.41, 3.1, 12.004, 2, 41.33, 2, 4]
    assert table(result, "longest")[0]["time"] == 41.33
    assert not result.notices


def test_03_the_second_period(tmp_path: Path) -> None:
    result, [game] = analysed("03-second-period-clock-jump.pgn", tmp_path)
    assert times(game)[78:80] == [130, 120]
    assert set(times(game)[2:]) == {130, 120}
    assert [row["time"] for row in table(result, "players")] == [130, 120]
    assert not result.notices


def test_04_minutes_in_the_tag_and_words(tmp_path: Path) -> None:
    result, games = analysed("04-timecontrol-minutes.pgn", tmp_path)
    expected = [None, None, *[60, 90] * 7]
    assert [times(game) for game in games] == [expected, expected, expected, [None] * 16]
    assert [(row["speed"], row["games"]) for row in table(result, "speeds")] == [("classical", 6)]
    minutes, contradiction = result.notices
    assert (minutes.kind, minutes.game, contradiction.kind, contradiction.game) == ("note", 1, "warning", 4)
    assert "`90+30` is read as 90 min + 30 s a move" in minutes.reason
    assert "`15'/game & 10''/move` contradicts the clocks, which begin at 1:29:30" in contradiction.reason
    notes = result.reports["time-management"].notes
    assert "Move times that are not known and left out of every mean: 14, besides each side's first move." in notes


def test_21_chesstempo_and_chess_com(tmp_path: Path) -> None:
    result, games = analysed("21-chesstempo-emt-clk.pgn", tmp_path)
    assert [times(game) for game in games] == [[0, 0, 0.01, 4.5, 9, 1], [None, None, 9.8, 1.5, 169.7, 2]]
    assert [ply["clock"] for ply in games[1]["plies"]] == [179.9, 178.5, 170.1, 177, 0.4, 175]
    assert not result.notices
