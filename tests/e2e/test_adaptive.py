"""`--adaptive`: fewer nodes, and the same answer whatever the way."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec import structs

import engine as library
from engine.errors import ArgumentError
from engine.model import AnalysedGame, Evaluation, EvaluatorInfo, Limit, Position, Report, Score
from engine.plugin import Aggregator, Evaluator, Request
from engine.run.progress import Snapshot
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


def test_who_has_not_asked_for_it_is_told_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "shallow.py").write_text(SHALLOW)
    run = ("analyze", CLASSICS, "--plugin", tmp_path / "shallow.py", "-e", "shallow", "--executor", "inline")

    def said(*flags: str) -> str:
        ran = engine(*run, "--limit", "1", "--no-cache", "--set", "shallow.most=1000000", *flags)
        assert ran.code == 0, ran.err
        return ran.err

    assert "at 100,000 nodes, adaptive (--no-adaptive takes all of them); " in said()
    assert "at 1,000 nodes, adaptive; " in said("--adaptive", "--nodes", "1000")
    assert "adaptive" not in said("--no-adaptive")


class Counting(Evaluator):
    """Scores a position by its length and counts its searches."""

    searches: ClassVar[list[int]] = []

    def start(self) -> EvaluatorInfo:
        return EvaluatorInfo("Counting", "1", "counting-1", "")

    def clear(self) -> None:
        pass

    def search(self, position: Position, limit: Limit) -> Evaluation:
        self.searches.append(limit.nodes or 0)
        move = next(iter(position.board().legal_moves)).uci()
        return Evaluation(Score(cp=37 * len(position.moves)), (move,), 1, limit.nodes or 0)

    def close(self) -> None:
        pass


def test_the_library_has_it_by_default_too(tmp_path: Path) -> None:
    settings = library.Settings(evaluator=Counting, executor="inline", workers=1, max_games=1, cache="")

    def searched(**arguments: Any) -> set[int]:
        Counting.searches.clear()
        result = library.analyze(CLASSICS, settings=settings, aggregators=["accuracy"], **arguments)
        assert result.adaptive == (len(set(Counting.searches)) > 1)
        return set(Counting.searches)

    assert searched() == {12_500, 25_000}
    assert searched(adaptive=False) == {100_000}
    assert searched(nodes=1_000) == {1_000}
    assert searched(nodes=1_000, adaptive=True) == {125, 250}
    with pytest.raises(ArgumentError, match="adaptive"):
        searched(adaptive="yes")


def test_a_run_by_default_goes_on_where_it_was_stopped(tmp_path: Path) -> None:
    settings = library.Settings(
        evaluator=Counting, executor="inline", workers=1, cache=str(tmp_path / "cache.sqlite"), max_games=6
    )
    outputs = [str(tmp_path / name) for name in ("stopped.jsonl", "resumed.jsonl", "whole.jsonl")]
    stop = threading.Event()

    def stop_soon(snapshot: Snapshot) -> None:
        if snapshot.positions:
            stop.set()

    run = library.analyze(CLASSICS, settings=settings, output=outputs[0], stop=stop, progress=stop_soon)
    resumed = library.analyze(CLASSICS, settings=settings, output=outputs[1])
    assert run.interrupted
    assert resumed.adaptive
    assert 0 < resumed.counts.cached < resumed.counts.positions
    assert resumed.counts.searched + resumed.counts.cached == resumed.counts.positions
    library.analyze(CLASSICS, settings=structs.replace(settings, cache=""), output=outputs[2])
    assert Path(outputs[1]).read_bytes() == Path(outputs[2]).read_bytes()


class Asking(Aggregator):
    """Wants two positions of each game to be searched again."""

    def requests(self, game: AnalysedGame) -> list[Request]:
        return [Request(ply) for ply in (4, 5)]

    def add(self, game: AnalysedGame) -> None:
        pass

    def report(self) -> Report:
        return Report("Asking")


def test_follow_up_searches_have_all_nodes_also_of_games_that_were_analysed_before(tmp_path: Path) -> None:
    settings = library.Settings(plugins=(Counting,), executor="inline", workers=1, cache="", max_games=1)
    by_us = tmp_path / "analysed.jsonl"
    for source, chosen in (
        (CLASSICS, structs.replace(settings, evaluator="counting")),
        (by_us, structs.replace(settings, follow_up_evaluator="counting")),
    ):
        Counting.searches.clear()
        output = by_us if source is CLASSICS else ()
        library.analyze(source, settings=chosen, aggregators=[Asking], output=output)
        assert Counting.searches[-2:] == [100_000, 100_000]
    assert len(Counting.searches) == 2


def test_lone_positions_have_all_nodes(tmp_path: Path) -> None:
    source = tmp_path / "positions.epd"
    source.write_text("r1bq1rk1/pp2bppp/2n1pn2/3p4/3P4/2NB1N2/PP3PPP/R1BQ1RK1 w - - bm a3;\n")
    settings = library.Settings(evaluator=Counting, executor="inline", workers=1, cache="")
    Counting.searches.clear()
    assert library.analyze(source, settings=settings).counts.deeper == 0
    assert Counting.searches == [100_000]


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
import msgspec
from engine.model import Evaluation, EvaluatorInfo, Score
from engine.plugin import Evaluator


class Shallow(Evaluator):
    class Options(msgspec.Struct):
        most: int = 1000

    def start(self):
        return EvaluatorInfo("Shallow", "1", "shallow-1")

    def clear(self):
        pass

    def search(self, position, limit):
        if limit.nodes > self.options.most:
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
