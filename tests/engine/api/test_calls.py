"""The library, as a program of somebody else uses it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import engine
from engine.errors import ConfigError, InputError, PositionRefused
from engine.model import AnalysedGame, Metric, Report
from engine.plugin import Aggregator, Sum
from engine.run.progress import Snapshot
from engine.testing.fake_uci import fake_uci
from tests.support import DATA, FEW, PATIENCE

CLASSICS = DATA / "classics.pgn"


class Captures(Aggregator):
    """How many captures?"""

    captures = Sum()

    def add(self, game: AnalysedGame) -> None:
        self.captures.add(sum("x" in ply.san for ply in game.plies))

    def report(self) -> Report:
        return Report("Captures", {"captures": Metric(self.captures.value, "Captures")})


@pytest.fixture
def fake(tmp_path: Path) -> str:
    return str(fake_uci(tmp_path / "fake"))


def test_analyze_returns_what_the_command_prints(tmp_path: Path, fake: str) -> None:
    shown: list[Snapshot] = []
    result = engine.analyze(
        FEW, nodes=1000, evaluator=fake, workers=2, output=tmp_path / "o.jsonl", progress=shown.append
    )
    assert result.ok
    assert result.counts.analysed == 3
    assert result.outputs == (str(tmp_path / "o.jsonl"),)
    assert list(result.reports) == ["accuracy", "judgements", "acpl", "wins", "best-scores"]
    assert result.wins == result.reports["wins"].metrics["wins"].value
    assert shown[-1].positions == shown[-1].total == 105
    assert shown[-1].wins == result.wins


def test_aggregators_as_classes_and_instances(fake: str) -> None:
    mine = Captures()
    result = engine.analyze(FEW, nodes=10, evaluator=fake, aggregators=["wins", mine])
    by_class = engine.analyze(FEW, nodes=10, evaluator=fake, aggregators=[Captures])
    assert list(result.reports) == ["captures", "wins"]
    assert result.reports["captures"] == by_class.reports["captures"] == mine.report()
    assert mine.captures.value > 20


def test_several_sources(tmp_path: Path, fake: str) -> None:
    epd = tmp_path / "a.epd"
    epd.write_text("6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - bm Rd8#;\n")
    result = engine.analyze([FEW, epd], nodes=1000, evaluator=fake)
    assert result.counts.analysed == 4
    assert result.reports["epd-solved"].metrics["solved"].value == 1


def test_a_stop_that_is_set_ends_in_good_order(tmp_path: Path) -> None:
    slow = str(fake_uci(tmp_path / "slow", delay=0.01))
    stop = threading.Event()

    def watch(snapshot: Snapshot) -> None:
        if snapshot.games >= 2:
            stop.set()

    result = engine.analyze(CLASSICS, nodes=1000, evaluator=slow, progress=watch, stop=stop)
    assert result.interrupted
    assert not result.ok
    assert 2 <= result.counts.analysed < 12
    assert not result.failures
    assert result.wins == result.reports["wins"].metrics["wins"].value


def test_errors_are_exceptions_of_the_tree(fake: str) -> None:
    with pytest.raises(InputError, match=r"nowhere\.pgn"):
        engine.analyze("nowhere.pgn", evaluator=fake)
    with pytest.raises(ConfigError, match="not a FEN"):
        engine.evaluate("rubbish", evaluator=fake)
    with pytest.raises(PositionRefused, match="checkmate"):
        engine.evaluate("startpos", moves=["f3", "e5", "g4", "Qh4#"], evaluator=fake)


def test_evaluate_is_the_mover_s_view(fake: str) -> None:
    mated = "3r2k1/5ppp/8/8/8/8/5PPP/6K1 b - - 0 1"
    assert engine.evaluate(mated, nodes=1000, evaluator=fake).score == engine.Score(mate=1)
    assert engine.evaluate(nodes=1000, evaluator=fake).nodes == 1000


@pytest.mark.slow
def test_a_script_without_a_main_guard(tmp_path: Path, fake: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        f"import engine\nresult = engine.analyze({FEW!r}, nodes=10, evaluator={fake!r}, workers=2)\n"
        "print('games', result.counts.analysed)\n"
    )
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "games 3\n"
    assert ran.stderr == ""


def test_from_a_thread_and_twice_at_once(fake: str) -> None:
    results: dict[int, int] = {}

    def work(k: int) -> None:
        results[k] = engine.analyze(FEW, nodes=10, evaluator=fake, workers=1).wins

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(results.values())) == 1
    assert len(results) == 2


def test_all_public_names_are_there() -> None:
    assert engine.__all__ == sorted(engine.__all__)
    for name in engine.__all__:
        assert getattr(engine, name).__doc__
    with pytest.raises(AttributeError):
        _ = engine.nothing  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "wrong", [{"nodes": -5}, {"depth": 1000}, {"nodes": 1.5}, {"nodes": "lots"}, {"multipv": 0}]
)
def test_impossible_limits_are_errors_at_once(fake: str, wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="limit"):
        engine.analyze(CLASSICS, evaluator=fake, **wrong)
    with pytest.raises(ConfigError, match="limit"):
        engine.evaluate(evaluator=fake, **wrong)


def test_impossible_workers(fake: str) -> None:
    with pytest.raises(ConfigError, match="workers"):
        engine.analyze(CLASSICS, evaluator=fake, workers=-1)


def test_two_aggregators_of_one_name_are_an_error(fake: str) -> None:
    with pytest.raises(ConfigError, match="captures"):
        engine.analyze(CLASSICS, evaluator=fake, aggregators=[Captures(), Captures()])


def test_no_aggregators_is_none_and_one_name_is_one(fake: str) -> None:
    assert engine.analyze(FEW, nodes=10, evaluator=fake, aggregators=[]).reports == {}
    assert list(engine.analyze(FEW, nodes=10, evaluator=fake, aggregators="wins").reports) == ["wins"]
