"""Workers that are stopped (SIGSTOP) hold up nobody; workers that are killed in their start blame nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine import system
from engine.contracts.messages import Lost
from engine.loading import evaluators
from engine.loading.registry import Registry
from engine.model import Best
from engine.testing.fake_uci import fake_uci
from engine.workers import deadlines, pool
from tests import processes
from tests.pool_rig import UNITS, Found, Make, main_of
from tests.support import PATIENCE

from . import dying


@pytest.mark.parametrize("workers", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_a_worker_stopped_inside_the_lock_holds_up_nobody_for_long(
    tmp_path: Path, make: Make, calm: Found, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(deadlines, "STOPPED_SECONDS", 0.3)
    main_of(monkeypatch, dying.stops_in_the_lock, tmp_path)
    rig = make(workers)
    rig.search(UNITS)
    assert (tmp_path / "stopped").exists()
    assert [(lost.blame, lost.reason) for lost in rig.lost] == [("outside", "the worker was stopped for 0 s")]
    assert rig.evaluations() == calm
    assert rig.wins()
    rig.assert_exact()


def test_while_a_worker_is_stopped_inside_the_lock_the_parent_waits_for_nothing(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads the scoreboard, enters what was found in the cache, and counts a death."""
    monkeypatch.setattr(deadlines, "STOPPED_SECONDS", PATIENCE)
    main_of(monkeypatch, dying.stops_in_the_lock, tmp_path)
    rig = make(1)
    rig.pool.submit(UNITS[0])
    while not any(system.is_stopped(pid) for pid in rig.pids()):
        rig.pool.collect(0.02)
    board = rig.scoreboard
    board.record_unsearched([(Best(700, 9, 1, "a2a3"), True)])
    board.retire(1, 0, [])
    for _ in range(100):
        assert (board.view().wins, board.progress(1)) == (1, 0)
        board.restore_entry(Best(700, 9, 1, "a2a3"))
    processes.kill(rig.pids())
    while not rig.lost:
        rig.lost += [outcome for outcome in rig.pool.collect(0.02) if isinstance(outcome, Lost)]
    assert [entry.score for entry in board.view().best] == [700]


def test_starts_that_are_killed_while_others_work_say_nothing_of_the_evaluator(
    make: Make,
) -> None:
    """Whatever has been counted is forgotten as soon as a worker has searched something."""
    rig = make(2)
    rig.search(UNITS[:2])
    for slot in rig.pool._slots:
        slot.killed_starts, slot.failed_starts = pool.KILLED_STARTS, pool.FAILED_STARTS
    rig.search(UNITS[2:4])
    assert {(slot.killed_starts, slot.failed_starts) for slot in rig.pool._slots} == {(0, 0)}


@pytest.mark.parametrize("error", [EOFError, pytest.param(ConnectionResetError, marks=pytest.mark.slow)])
def test_a_forkserver_that_is_killed_is_not_the_evaluators_fault(
    make: Make, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    launch = pool.Pool._launch
    left = [error] * (pool.FAILED_STARTS + 1)

    def launch_later(self: pool.Pool, slot: Any) -> None:
        if left:
            raise left.pop()("the forkserver is gone")
        launch(self, slot)

    monkeypatch.setattr(pool.Pool, "_launch", launch_later)
    monkeypatch.setattr(pool, "BACK_OFF", (0.0,))
    rig = make(1)
    rig.search(UNITS)
    assert not rig.lost


def test_a_trial_start_that_is_killed_is_made_again(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path / "fake")
    program = tmp_path / "killed-twice"
    once = f'[ -e "{tmp_path}/$n" ] || {{ touch "{tmp_path}/$n"; kill -9 $$; }}'
    program.write_text(f"#!/bin/sh\nfor n in 1 2; do {once}; done\nexec {fake}\n")
    program.chmod(0o755)
    assert evaluators.choose(Registry(), str(program), {}).info.name == "Fake UCI"
    assert (tmp_path / "2").exists()
