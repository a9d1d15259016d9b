"""Runs that are paused and go on: nothing is searched meanwhile, no time passes, and the results are the same."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

import engine
from engine.api.arguments import Wanted, start_run
from engine.input.inputs import list_inputs
from engine.run.pause import Pause
from engine.run.recorded import RecordedRun
from engine.settings import Settings
from tests.engine.api.rig import NO_CACHE, fake
from tests.support import FEW, PATIENCE

RESTS = 4
"""Snapshots that are waited for while a run rests."""


def done(snapshot: engine.Snapshot) -> tuple[int, int, int]:
    """Return what a run has done."""
    return snapshot.positions, snapshot.nodes, snapshot.games


class Resting:
    """Pauses a run when something is searched, and lets it go on once it has rested for some snapshots."""

    def __init__(self, *, goes_on: bool = True) -> None:
        self.run: engine.Run | engine.AsyncRun | None = None
        self.rested: list[tuple[float, engine.Snapshot]] = []
        """Snapshots of the run at rest, each with the time at which it came."""
        self._goes_on = goes_on

    def __call__(self, snapshot: engine.Snapshot) -> None:
        if self.run is None or len(self.rested) > RESTS:
            return
        if not snapshot.paused and snapshot.positions:
            self.run.pause()
        is_at_rest = snapshot.paused and not any(worker.state == "searching" for worker in snapshot.workers)
        if is_at_rest:
            if self.rested and done(self.rested[-1][1]) != done(snapshot):
                self.rested.clear()  # what a worker had searched was still on its way to us
            self.rested.append((time.monotonic(), snapshot))
        if len(self.rested) > RESTS:
            if self._goes_on:
                self.run.resume()
            else:
                self.run.cancel()

    def check(self) -> None:
        """Check that nothing was searched while the run rested, and that its clock stood still."""
        (first_at, first), (last_at, last) = self.rested[0], self.rested[-1]
        assert len(self.rested) > RESTS
        assert done(first) == done(last)
        assert last.seconds - first.seconds < (last_at - first_at) / 2


def test_a_paused_run_searches_nothing_and_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    program = fake(tmp_path)
    outputs = [str(tmp_path / f"{name}.jsonl") for name in ("paused", "alone")]
    resting = Resting()
    with engine.Analyzer(evaluator=program, workers=2, settings=NO_CACHE) as analyzer:
        run = resting.run = analyzer.submit(FEW, nodes=50, output=outputs[0], progress=resting)
        paused = run.result(PATIENCE)
        alone = analyzer.analyze(FEW, nodes=50, output=outputs[1])
    resting.check()
    assert not run.snapshot().paused
    assert Path(outputs[0]).read_bytes() == Path(outputs[1]).read_bytes()
    assert (paused.reports, paused.wins, paused.best) == (alone.reports, alone.wins, alone.best)
    assert paused.counts.searched == alone.counts.searched


def test_a_paused_run_can_be_cancelled(tmp_path: Path) -> None:
    resting = Resting(goes_on=False)
    with engine.Analyzer(evaluator=fake(tmp_path), workers=1, settings=NO_CACHE) as analyzer:
        run = resting.run = analyzer.submit(FEW, nodes=50, progress=resting)
        assert run.result(PATIENCE).interrupted
    resting.check()
    run.pause()  # nothing happens to a run that has ended
    assert str(run).startswith("<engine.Run: interrupted, ")


@pytest.mark.slow
def test_a_run_with_an_event_loop_pauses_too(tmp_path: Path) -> None:
    resting = Resting()

    async def main() -> engine.RunResult:
        async with engine.AsyncAnalyzer(evaluator=fake(tmp_path), workers=1, settings=NO_CACHE) as analyzer:
            run = resting.run = await analyzer.submit(FEW, nodes=50, progress=resting)
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
def test_a_pause_is_no_part_of_the_time_after_which_a_run_stops(tmp_path: Path) -> None:
    pause = Pause()
    pause.pause()
    seen: list[engine.Snapshot] = []

    def look(snapshot: engine.Snapshot) -> None:
        seen.append(snapshot)
        if time.monotonic() - began > 2.0:
            pause.resume()

    settings = Settings(cache="", evaluator=fake(tmp_path), workers=1)
    run = start_run(list_inputs(FEW), settings, Wanted(stop_after=1.0), progress=look, stop=None, pause=pause)
    began = time.monotonic()
    run.execute()
    at_rest = [snapshot for snapshot in seen if snapshot.paused]
    assert len(at_rest) > RESTS
    assert not any(snapshot.stopping for snapshot in at_rest)
