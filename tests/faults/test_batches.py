"""Processes that analyse recorded games by the batch die, stop and hang; nothing shows but what cannot be done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.model import RunResult
from engine.run import batch_pool, batches, start
from engine.settings import Settings
from tests.support import PATIENCE

GAME = '[White "A"]\n[Black "B"]\n[Round "{}"]\n[Result "*"]\n\n1. e4 {{ [%eval 0.2] }} e5 {{ [%eval 3.3] }} *\n\n'
GAMES = 40
PLUGIN = """
import multiprocessing, os, signal, time
from pathlib import Path
from engine.model import Metric, Report
from engine.plugin import Aggregator, Sum


class Faulty(Aggregator):
    '''Has a fault in the other processes.'''

    games = Sum()

    def add(self, game):
        if game.origin.game == 17 and multiprocessing.parent_process() is not None and self.may():
            FAULT
        self.games.add()

    def may(self):
        if not ONCE:
            return True
        try:
            Path(MARK).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def report(self):
        return Report("Faulty", {"games": Metric(self.games.value, "Games", "int")})
"""
Run = Callable[..., RunResult]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Analyses games with a fault at the seventeenth, by the batch; with none, in this process."""
    monkeypatch.setattr(batches, "BATCH_GAMES", 7)
    monkeypatch.setattr(batch_pool, "STOPPED_SECONDS", 0.3)
    source = tmp_path / "games.pgn"
    source.write_text("".join(GAME.format(n) for n in range(GAMES)))

    def analyse(fault: str = "", *, once: bool = True) -> RunResult:
        plugin = tmp_path / "faulty.py"
        body = PLUGIN.replace("FAULT", fault or "pass").replace("ONCE", str(once))
        plugin.write_text(body.replace("MARK", repr(str(tmp_path / "mark"))))
        monkeypatch.setattr(start, "BATCHED_BYTES", 0 if fault else 1 << 60)
        settings = Settings(cache="", plugins=(str(plugin),))
        result = engine.analyze(
            source, evaluator="recorded", aggregators=["wins", "faulty"], workers=2, settings=settings
        )
        assert not (fault and once) or (tmp_path / "mark").exists()
        return result

    return analyse


def told(result: RunResult) -> tuple[Any, ...]:
    counts = {name: getattr(result.counts, name) for name in result.counts.__struct_fields__ if name != "seconds"}
    return result.reports, result.wins, result.best, counts, result.notices, result.failures, result.interrupted


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("os.kill(os.getpid(), signal.SIGSTOP)", id="stopped"),
        pytest.param("os.kill(os.getpid(), signal.SIGKILL)", id="killed", marks=pytest.mark.slow),
        pytest.param("os._exit(3)", id="exits", marks=pytest.mark.slow),
        pytest.param("time.sleep(3600)", id="hangs", marks=pytest.mark.slow),
    ],
)
def test_a_fault_that_happens_once_shows_nowhere(run: Run, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(batch_pool, "GAME_SECONDS", 3.0 if "sleep" in fault else PATIENCE)
    calm = run()
    assert told(run(fault)) == told(calm)


@pytest.mark.slow
def test_a_game_that_ends_whatever_analyses_it_is_given_up_alone(run: Run) -> None:
    result = run("os._exit(3)", once=False)
    assert result.counts.analysed == GAMES - 1
    [failure] = result.failures
    assert failure.game == 17
    assert failure.reason == "given up, because whatever analyses it ends: the process died (exit code 3)"
    assert [notice.game for notice in result.notices] == [17]
    assert result.reports["faulty"].metrics["games"].value == GAMES - 1


def test_processes_that_never_start_leave_the_work_to_the_parent(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    calm = run()
    monkeypatch.setattr(batch_pool, "Worker", refuse)
    monkeypatch.setattr(batch_pool, "_BACK_OFF", 0.0)
    assert told(run("pass", once=False)) == told(calm)
