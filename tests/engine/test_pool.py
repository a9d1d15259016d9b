"""Real worker processes with a fake UCI program; deaths are real deaths."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import choice
from engine.errors import EvaluatorError
from engine.messages import Done, Job, Lost, PluginSpec, Unit
from engine.model import Evaluation, Limit, Origin
from engine.planner import plan
from engine.plugin import ExecutorContext
from engine.pool import Pool
from engine.registry import Registry
from engine.scoreboard import Scoreboard, place, scored
from engine.settings import Search
from engine.testing.fake_uci import fake_uci

from .test_planner import RUY, game

UNITS = plan(Origin(1, "x.pgn", 1), game(RUY), Search(), itertools.count(1)).units


class Rig:
    """A pool over a fake evaluator, and what an honest caller keeps of it."""

    def __init__(self, folder: Path, workers: int = 2, method: str = "spawn", **behaviour: Any) -> None:
        program = fake_uci(folder / "fake", **behaviour)
        spec = choice.resolve(Registry(), str(program), {"search_timeout": 5})
        self._start(spec, workers, method)

    def _start(self, spec: PluginSpec, workers: int, method: str) -> None:
        self.scoreboard = Scoreboard(multiprocessing.get_context(method), workers=workers)
        job = Job(spec, Limit(nodes=1000))
        self.pool = Pool(ExecutorContext(job, workers, self.scoreboard), method)
        self.done: dict[int, Done] = {}
        self.lost: list[Lost] = []

    def search(self, units: list[Unit], *, again: bool = True) -> None:
        """Until all are done, or lost when not `again`."""
        waiting, by_id = list(units), {unit.id: unit for unit in units}
        open_ids = set(by_id)
        while open_ids:
            while waiting and self.pool.wants():
                self.pool.submit(waiting.pop(0))
            for outcome in self.pool.collect(1.0):
                if isinstance(outcome, Done):
                    assert outcome.unit not in self.done
                    self.done[outcome.unit] = outcome
                    open_ids.remove(outcome.unit)
                elif again:
                    self.lost.append(outcome)
                    waiting.append(by_id[outcome.unit])
                else:
                    self.lost.append(outcome)
                    open_ids.remove(outcome.unit)

    def evaluations(self) -> dict[int, tuple[Evaluation, ...]]:
        return {unit: done.evaluations for unit, done in sorted(self.done.items())}

    def assert_exact(self) -> None:
        """The scoreboard says what the accepted results say."""
        wins, best = 0, []
        for unit in UNITS:
            if unit.id in self.done:
                for ply, evaluation in zip(unit.plies, self.done[unit.id].evaluations, strict=True):
                    entry, winning = scored(unit.game, ply, evaluation, 300)
                    wins += winning
                    place(best, entry, 10)
        view = self.scoreboard.view()
        assert (view.wins, list(view.best)) == (wins, best)

    def pids(self) -> list[int]:
        return [child.pid for child in multiprocessing.active_children() if child.pid]


@pytest.fixture
def rigs() -> Iterator[list[Rig]]:
    made: list[Rig] = []
    yield made
    for rig in made:
        rig.pool.close()
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_every_unit_is_searched_and_counted_once(tmp_path: Path, rigs: list[Rig], method: str) -> None:
    rig = Rig(tmp_path, method=method)
    rigs.append(rig)
    rig.search(UNITS)
    assert sorted(rig.done) == [unit.id for unit in UNITS]
    assert not rig.lost
    rig.assert_exact()


def test_the_number_of_workers_changes_nothing(tmp_path: Path, rigs: list[Rig]) -> None:
    for workers in (1, 3):
        rig = Rig(tmp_path, workers)
        rigs.append(rig)
        rig.search(UNITS)
    assert rigs[0].evaluations() == rigs[1].evaluations()


def test_a_killed_worker_costs_a_report_and_nothing_else(tmp_path: Path, rigs: list[Rig]) -> None:
    calm = Rig(tmp_path)
    rigs.append(calm)
    calm.search(UNITS)
    calm.pool.close()
    rigs.clear()
    rig = Rig(tmp_path, delay=0.02)
    rigs.append(rig)
    rig.search(UNITS[:4])
    for pid in rig.pids():
        os.kill(pid, signal.SIGKILL)
    rig.search(UNITS[4:])
    assert all(lost.blame == "outside" for lost in rig.lost)
    assert rig.evaluations() == calm.evaluations()
    rig.assert_exact()


def test_an_evaluator_that_crashes_once_loses_its_unit_once(tmp_path: Path, rigs: list[Rig]) -> None:
    rig = Rig(tmp_path, workers=1, crash=14, times=1, last_words="out of luck")
    rigs.append(rig)
    rig.search(UNITS)
    [lost] = rig.lost
    assert lost.blame == "position"
    assert lost.index == 14 - 1 - 10  # ten opening units before it, one search each
    assert "out of luck" in lost.reason
    rig.assert_exact()


def test_a_position_that_always_crashes_is_lost_every_time_and_the_others_are_searched(
    tmp_path: Path, rigs: list[Rig]
) -> None:
    poison = UNITS[1]  # after 1. e4; the next move is irreversible, so no other unit is sent this FEN
    rig = Rig(tmp_path, crash=poison.positions[0].fen)
    rigs.append(rig)
    rig.search(UNITS, again=False)
    assert [(lost.unit, lost.index) for lost in rig.lost] == [(poison.id, 0)]
    assert sorted(rig.done) == [unit.id for unit in UNITS if unit is not poison]
    rig.assert_exact()


def test_an_evaluator_that_does_not_start_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    rig = Rig(tmp_path, start_crash=3)
    with pytest.raises(EvaluatorError, match="exit code 3"):
        rig.search(UNITS)
    rig.pool.close()
    assert not multiprocessing.active_children()
