"""Games that this framework has analysed stay as they were written; what is searched anew agrees with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.testing.fake_uci import fake_uci

from .command import CLASSICS, engine

NODES = ("--nodes", "1000", "-j", "1")


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path)


@pytest.fixture
def analysed(tmp_path: Path, fake: Path) -> Path:
    out = tmp_path / "analysed.jsonl"
    ran = engine("analyze", CLASSICS, "-e", fake, *NODES, "--limit", "8", "--set", "search.chunk=5", "-o", out)
    assert ran.code == 0, ran.err
    return out


def games(path: Path) -> list[dict[str, Any]]:
    return [{**json.loads(line), "file": "", "line": 0} for line in path.read_bytes().splitlines()]


def test_other_units_change_nothing(analysed: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.jsonl"
    assert engine("analyze", analysed, "-o", again).code == 0
    assert games(again) == games(analysed)
    anew = tmp_path / "anew.jsonl"
    assert engine("analyze", analysed, "--set", "search.reconcile=true", "-o", anew).code == 0
    assert games(anew) != games(analysed)


def test_a_position_that_was_given_up_and_is_searched_now_agrees_with_its_neighbours(
    analysed: Path, tmp_path: Path, fake: Path
) -> None:
    broken = games(analysed)
    for game in broken:
        for ply in range(8, len(game["plies"]) - 1, 3):
            game["positions"][ply] = {"missing": "quarantined"}
    source, again = tmp_path / "broken.jsonl", tmp_path / "again.jsonl"
    source.write_text("".join(json.dumps(game) + "\n" for game in broken))
    ran = engine("analyze", source, "-e", f"recorded,{fake}", *NODES, "-o", again)
    assert ran.code == 0, ran.err
    for game in games(again):
        assert not any("missing" in position for position in game["positions"])
        for before, after, ply in zip(game["positions"], game["positions"][1:], game["plies"], strict=False):
            if before.get("best") == ply["uci"] and "cp" in before["eval"] and "eval" in after:
                assert before["eval"] == after["eval"]
