"""The lines of the table of reports about players and copies; they run where the data is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import engine
from engine.model import RunResult
from engine.settings import Settings
from tests.e2e.command import engine as command
from tests.support import shared_data

TABLES = ["accuracy", "acpl", "judgements", "leaderboard", "phases", "time-management", "wins"]


def analyse(name: str, **options: object) -> RunResult:
    settings = Settings(cache="", follow_up_evaluator="none")
    source = str(shared_data("reports", name))
    return engine.analyze(source, evaluator="recorded", settings=settings, **options)  # type: ignore[arg-type]


def test_13_one_person_in_every_table(tmp_path: Path) -> None:
    result = analyse("13-same-player-spellings.pgn", aggregators=TABLES, output=tmp_path / "{player}.json")
    for report in result.reports.values():
        names = {row["player"] for row in report.table("players").records()}
        assert "Muster, Max" in names or not names
        assert not {name for name in names if re.search("muster", str(name), re.IGNORECASE)} - {"Muster, Max"}
    rows = {row["player"]: row for row in result.reports["leaderboard"].table("players").records()}
    assert (rows["Muster, Max"]["games"], rows["Muster, Max"]["points"]) == (5, 5.0)
    assert rows["Opp 1"]["performance"] == 2010 - 800
    assert result.counts.duplicates == 0
    [player] = [path for path in tmp_path.iterdir() if "muster" in path.name.lower()]
    assert json.loads(player.read_text())["run"]["games"] == 5


@pytest.mark.parametrize("name", ["Muster, Max", "max muster", "MUSTER,MAX", "M. Muster"])
def test_13_player_finds_all_five(name: str) -> None:
    source = str(shared_data("reports", "13-same-player-spellings.pgn"))
    settings = Settings(cache="", players=(name,))
    found = engine.analyze(source, evaluator="recorded", settings=settings).counts.analysed
    assert found == (0 if name.startswith("M. ") else 5)


def test_29_safe_file_names(tmp_path: Path) -> None:
    result = analyse("29-player-file-names.pgn", output=tmp_path / "{player}.json")
    names = sorted(path.name for path in tmp_path.glob("*.json"))
    assert len(names) == len(result.outputs) == 9
    assert not [name for name in names if re.search(r'[/\\:*?<>|"]|^[-.~]|^con\.', name, re.IGNORECASE)]
    assert max(len(name.encode()) for name in names) < 200


def test_30_the_second_copy_is_said_and_counted_once(tmp_path: Path) -> None:
    path = shared_data("reports", "30-duplicate-games.pgn")
    result = analyse("30-duplicate-games.pgn")
    assert (result.counts.read, result.counts.analysed, result.counts.duplicates) == (2, 1, 1)
    ran = command("analyze", path, "-e", "recorded", "--no-cache", "-o", tmp_path / "out.pgn")
    assert "1 game analysed" in ran.err
    assert "skipped: 1 copy" in ran.err
    assert "a copy of game 1, which counts once; --keep-duplicates" in ran.err
    assert (tmp_path / "out.pgn").read_text().count("[Event ") == 1
    kept = command("analyze", path, "-e", "recorded", "--no-cache", "--keep-duplicates", "--strict")
    assert "2 games analysed" in kept.err
