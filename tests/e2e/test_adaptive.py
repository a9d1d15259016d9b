"""`--adaptive`: fewer nodes, and the same answer whatever the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.testing.fake_uci import fake_uci
from tests.support import DATA

from .command import assert_clear_error, engine

CLASSICS = DATA / "classics.pgn"
ADAPTIVE = ("--adaptive", "--nodes", "80000", "--limit", "3")


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path / "bin")


def analysed(out: Path, *arguments: str | Path) -> tuple[dict[str, Any], bytes]:
    """The JSON report and the games."""
    ran = engine("analyze", CLASSICS, *arguments, "-o", out, "-y", "--format", "json")
    assert ran.code == 0, ran.err
    report: dict[str, Any] = json.loads(ran.out)
    return report, out.read_bytes()


def test_some_positions_get_more_nodes_and_the_rest_an_eighth(tmp_path: Path, fake: Path) -> None:
    report, games = analysed(tmp_path / "out.jsonl", *ADAPTIVE, "-e", fake)
    assert report["run"]["adaptive"]
    assert report["run"]["limit"] == {"nodes": 80_000}
    positions = [p for line in games.splitlines() for p in json.loads(line)["positions"] if "eval" in p]
    nodes = [p.get("searched", p)["nodes"] for p in positions]
    assert {10_000, 30_000} <= {round(count, -4) for count in nodes} <= {10_000, 30_000, 110_000}
    assert sum(nodes) <= len(nodes) * 80_000 / 4
    # The counter is the recount of what the positions say in the end.
    wins = 0
    for line in games.splitlines():
        game = json.loads(line)
        for k, position in enumerate(game["positions"]):
            found = position.get("searched", position).get("eval")
            white = (k % 2 == 0) == (game["fen"].split()[1] == "w")
            if found is not None:
                value = found.get("cp", 10_000 * found.get("mate", 0)) * (1 if white else -1)
                wins += value >= 300
    assert report["run"]["scoreboard"]["wins"] == wins


@pytest.mark.slow
def test_neither_workers_nor_executor_nor_cache_change_a_byte(tmp_path: Path, fake: Path) -> None:
    ways = (("-j", "1", "--no-cache"), ("-j", "3"), ("-j", "2"), ("--executor", "inline", "--no-cache"))
    found = [analysed(tmp_path / "out.jsonl", *ADAPTIVE, "-e", fake, *way) for way in ways]
    assert all(one == found[0] for one in found)


def test_it_needs_a_limit_in_nodes_and_the_hash_of_the_game(fake: Path) -> None:
    ran = engine("analyze", CLASSICS, "-e", fake, "--adaptive", "--depth", "8")
    assert_clear_error(ran, 2, "--nodes")
    ran = engine("analyze", CLASSICS, "-e", fake, "--adaptive", "--set", "search.policy=fresh")
    assert_clear_error(ran, 2, "leave search.policy=fresh out")


SHALLOW = """
import zlib
from engine.model import Evaluation, EvaluatorInfo, Score
from engine.plugin import Evaluator


class Shallow(Evaluator):
    def start(self):
        return EvaluatorInfo("Shallow", "1", "shallow-1")

    def clear(self):
        pass

    def search(self, position, limit):
        if limit.nodes > 1000:
            raise RuntimeError("too deep")
        score = zlib.crc32(repr(position).encode()) % 200 - 100
        return Evaluation(Score(cp=score), (next(iter(position.board().legal_moves)).uci(),), 1, limit.nodes)

    def close(self):
        pass
"""
"""An evaluator that answers small searches and fails in deeper ones."""


def test_a_second_search_that_is_given_up_leaves_a_first_one_and_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "shallow.py").write_text(SHALLOW)
    out = tmp_path / "out.jsonl"
    search = ("--plugin", tmp_path / "shallow.py", "-e", "shallow", "--adaptive", "--nodes", "8000", "--no-cache")
    search += ("--executor", "inline")
    ran = engine("analyze", CLASSICS, *search, "--limit", "1", "--format", "json", "-o", out)
    assert ran.code == 1
    assert "Traceback" not in ran.err
    failures = json.loads(ran.out)["failures"]
    assert failures
    expected = "searched no deeper where a judgement is in doubt: RuntimeError: too deep"
    assert [failure["reason"] for failure in failures] == [expected]
    [game] = map(json.loads, out.read_text().splitlines())
    positions = game["positions"][:-1]
    assert all(position.get("searched", position)["nodes"] == 1000 for position in positions)
