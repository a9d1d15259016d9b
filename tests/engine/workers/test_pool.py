"""Real worker processes with a fake UCI program; deaths are real deaths."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import chess
import pytest

from engine.errors import EvaluatorError
from engine.workers import pool
from tests.pool_rig import UNITS, Rig, fake_spec


def rig_of(folder: Path, workers: int = 2, method: str = "spawn", **behaviour: Any) -> Rig:
    return Rig(fake_spec(folder / "fake", **behaviour), workers, method)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_every_unit_is_searched_and_counted_once(tmp_path: Path, rigs: list[Rig], method: str) -> None:
    rig = rig_of(tmp_path, method=method)
    rigs.append(rig)
    rig.search(UNITS)
    assert sorted(rig.done) == [unit.id for unit in UNITS]
    assert not rig.lost
    assert rig.wins()
    rig.assert_exact()


def test_the_number_of_workers_changes_nothing(tmp_path: Path, rigs: list[Rig]) -> None:
    for workers in (1, 3):
        rig = rig_of(tmp_path, workers)
        rigs.append(rig)
        rig.search(UNITS)
    assert rigs[0].evaluations() == rigs[1].evaluations()


def test_a_killed_worker_costs_a_report_and_nothing_else(tmp_path: Path, rigs: list[Rig]) -> None:
    calm = rig_of(tmp_path)
    rigs.append(calm)
    calm.search(UNITS)
    calm.pool.close()
    rigs.clear()
    rig = rig_of(tmp_path, delay=0.02)
    rigs.append(rig)
    rig.search(UNITS[:4])
    for pid in rig.pids():
        os.kill(pid, signal.SIGKILL)
    rig.search(UNITS[4:])
    assert all(lost.blame == "outside" for lost in rig.lost)
    assert rig.evaluations() == calm.evaluations()
    rig.assert_exact()


def test_an_evaluator_that_crashes_once_loses_its_unit_once(tmp_path: Path, rigs: list[Rig]) -> None:
    rig = rig_of(tmp_path, workers=1, crash=14, times=1, last_words="out of luck")
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
    rig = rig_of(tmp_path, crash=poison.positions[0].fen)
    rigs.append(rig)
    rig.search(UNITS, again=False)
    assert [(lost.unit, lost.index) for lost in rig.lost] == [(poison.id, 0)]
    assert sorted(rig.done) == [unit.id for unit in UNITS if unit is not poison]
    rig.assert_exact()


@pytest.mark.slow
def test_an_evaluator_that_does_not_start_ends_the_run_with_its_last_words(tmp_path: Path) -> None:
    rig = rig_of(tmp_path, start_crash=3)
    with pytest.raises(EvaluatorError, match="exit code 3"):
        rig.search(UNITS)
    rig.pool.close()
    assert not multiprocessing.active_children()


@pytest.mark.slow
def test_a_program_whose_book_has_the_start_position_can_search(
    tmp_path: Path, rigs: list[Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "BACK_OFF", (0.0,))
    [start] = [unit for unit in UNITS if unit.positions[0].board().fen() == chess.STARTING_FEN]
    rig = rig_of(tmp_path, workers=1, no_score=chess.STARTING_FEN)
    rigs.append(rig)
    for _ in range(pool.LOSSES + 1):
        rig.search([start], again=False)
    assert [lost.index for lost in rig.lost] == [0] * (pool.LOSSES + 1)
    rig.search([unit for unit in UNITS if unit is not start])
    rig.assert_exact()


@pytest.mark.slow
def test_a_program_that_gives_no_score_at_all_ends_the_run_with_what_helps(
    tmp_path: Path, rigs: list[Rig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "BACK_OFF", (0.0,))
    rig = rig_of(tmp_path, workers=1, no_score=True)
    rigs.append(rig)
    words = rf"failed in {pool.LOSSES + 2} searches in a row, the start position's too: no score .*--uci .*-vv"
    with pytest.raises(EvaluatorError, match=words):
        rig.search(UNITS)
