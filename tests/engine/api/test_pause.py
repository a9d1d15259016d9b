"""Runs that are paused and go on: nothing is searched meanwhile, no time passes, and the results are the same."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import engine
from engine.api.arguments import Wanted, start_run
from engine.input.inputs import list_inputs
from engine.run.pause import Pause
from engine.run.recorded import RecordedRun
from engine.settings import Settings
from tests.engine.api.rig import NO_CACHE, Gate, fake
from tests.support import FEW, PATIENCE

GAMES = [f"[Event {game}" for game in FEW.split("[Event ")[1:]]

RESTS = 4
"""Snapshots that are waited for while a run rests."""


def done(snapshot: engine.Snapshot) -> tuple[int, int, int]:
    """Return what a run has done."""
    return snapshot.positions, snapshot.nodes, snapshot.games


class Resting:
    """Pauses a run when something is searched, and lets it go on once it has rested for some snapshots.

    All games but the first come only when it is paused, so that it cannot be over before.
    """

    def __init__(self, *, goes_on: bool = True) -> None:
        self.run: engine.Run | engine.AsyncRun | None = None
        self.rested: list[tuple[float, engine.Snapshot]] = []
        """Snapshots of the run at rest, each with the time at which it came."""
        self.gate = Gate(GAMES)
        self.gate.let()
        self._goes_on = goes_on
        self._acted = False

    def __call__(self, snapshot: engine.Snapshot) -> None:
        if self.run is None or self._acted:
            return
        if not snapshot.paused and snapshot.positions:
            self.run.pause()
            self.gate.let(len(GAMES))
        if snapshot.paused:
            self._look(time.monotonic(), snapshot)
        if len(self.rested) > RESTS and self._stood_still():
            self._acted = True
            if self._goes_on:
                self.run.resume()
            else:
                self.run.cancel()

    def _look(self, now: float, snapshot: engine.Snapshot) -> None:
        """Keep a snapshot. The rest begins with the one after which the clock stands still."""
        if len(self.rested) == 1:
            before_at, before = self.rested[0]
            if snapshot.seconds - before.seconds >= (now - before_at) / 2:
                self.rested.clear()  # what was in hand was still being searched, or on its way to us
        self.rested.append((now, snapshot))

    def _stood_still(self) -> bool:
        """Return whether the clock did, but for moments in which the run looks around: more on busy machines."""
        (first_at, first), (last_at, last) = self.rested[0], self.rested[-1]
        return last.seconds - first.seconds < (last_at - first_at) / 2

    def check(self) -> None:
        """Check that the run has rested, and that nothing was searched meanwhile."""
        assert self._acted
        assert len({done(snapshot) for _, snapshot in self.rested[1:]}) == 1
        assert not any(
            worker.state == "searching" for _, snapshot in self.rested[1:] for worker in snapshot.workers
        )


def test_a_paused_run_searches_nothing_and_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    program = fake(tmp_path)
    outputs = [str(tmp_path / f"{name}.jsonl") for name in ("paused", "alone")]
    resting = Resting()
    with engine.Analyzer(evaluator=program, workers=2, settings=NO_CACHE) as analyzer:
        run = resting.run = analyzer.submit(resting.gate, nodes=50, output=outputs[0], progress=resting)
        paused = run.result(PATIENCE)
        alone = analyzer.analyze(GAMES, nodes=50, output=outputs[1])
    resting.check()
    assert not run.snapshot().paused
    assert Path(outputs[0]).read_bytes() == Path(outputs[1]).read_bytes()
    assert (paused.reports, paused.wins, paused.best) == (alone.reports, alone.wins, alone.best)
    assert paused.counts.searched == alone.counts.searched


def test_a_paused_run_can_be_cancelled(tmp_path: Path) -> None:
    resting = Resting(goes_on=False)
    with engine.Analyzer(evaluator=fake(tmp_path), workers=1, settings=NO_CACHE) as analyzer:
        run = resting.run = analyzer.submit(resting.gate, nodes=50, progress=resting)
        assert run.result(PATIENCE).interrupted
    resting.check()
    run.pause()  # nothing happens to a run that has ended
    assert str(run).startswith("<engine.Run: interrupted, ")


@pytest.mark.slow
def test_a_run_with_an_event_loop_pauses_too(tmp_path: Path) -> None:
    resting = Resting()

    async def main() -> engine.RunResult:
        async with engine.AsyncAnalyzer(evaluator=fake(tmp_path), workers=1, settings=NO_CACHE) as analyzer:
            run = resting.run = await analyzer.submit(resting.gate, nodes=50, progress=resting)
            return await run.result(PATIENCE)

    assert asyncio.run(main()).counts.positions == 105
    resting.check()


@pytest.mark.slow
def test_games_with_evaluations_rest_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are analysed by other processes, a batch at a time."""
    monkeypatch.setattr("engine.run.start.BATCHED_BYTES", 0)
    source = tmp_path / "games.pgn"
    source.write_text(
        "1. e4 { [%eval 0.3] } e5 { [%eval 0.2] } *\n\n1. d4 { [%eval 0.1] } *\n\n1. c4 { [%eval 0.1] } *\n"
    )
    outputs = [str(tmp_path / f"{name}.jsonl") for name in ("paused", "alone")]
    settings = Settings(cache="", evaluator="recorded", workers=2, follow_up_evaluator="none")
    pause = Pause()
    pause.pause()
    seen: list[engine.Snapshot] = []

    def look(snapshot: engine.Snapshot) -> None:
        seen.append(snapshot)
        if len(seen) > RESTS:
            pause.resume()

    wanted = Wanted(output=outputs[0])
    run = start_run(list_inputs(str(source)), settings, wanted, progress=look, stop=None, pause=pause)
    assert isinstance(run, RecordedRun)
    run.execute()
    assert [snapshot.games for snapshot in seen if snapshot.paused] == [0] * (RESTS + 1)
    assert seen[-1].games == 3
    engine.analyze(str(source), settings=settings, output=outputs[1])
    assert Path(outputs[0]).read_bytes() == Path(outputs[1]).read_bytes()


@pytest.mark.slow
def test_a_pause_is_no_part_of_the_time_after_which_a_run_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every snapshot of the paused run comes twice as long after the one before as the run may take."""
    jumped = [0.0]
    monotonic = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + jumped[0])
    pause = Pause()
    monkeypatch.setattr(pause, "_changed", Flying(jumped))
    pause.pause()
    seen: list[engine.Snapshot] = []

    def look(snapshot: engine.Snapshot) -> None:
        seen.append(snapshot)
        if len(seen) > RESTS:
            pause.resume()

    settings = Settings(cache="", evaluator=fake(tmp_path), workers=1)
    run = start_run(list_inputs(FEW), settings, Wanted(stop_after=PATIENCE), progress=look, stop=None, pause=pause)
    assert not run.execute().interrupted
    at_rest = [snapshot for snapshot in seen if snapshot.paused]
    assert len(at_rest) > RESTS
    assert jumped[0] >= RESTS * PATIENCE
    assert not any(snapshot.stopping for snapshot in seen)


class Flying(threading.Condition):
    """A condition for which nobody waits, because the time is over at once."""

    def __init__(self, jumped: list[float]) -> None:
        super().__init__()
        self._jumped = jumped

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        self._jumped[0] += 2 * PATIENCE
        return predicate()
