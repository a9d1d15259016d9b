"""Workers and evaluator programs die, hang, lie and do not start; no unit is lost and the counter stays exact."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from engine.contracts.messages import Done, Job, Lost, PluginSpec
from engine.errors import EvaluatorError
from engine.model import Limit
from engine.search.retries import FAULTS
from engine.workers import deadlines, pool
from engine_plugins.evaluators.uci import search_seconds
from tests import processes
from tests.pool_rig import UNITS, Found, Make, Rig, main_of, units
from tests.support import PATIENCE

from . import clocks, dying, hanging

METHODS = ("spawn", "forkserver")
POISON = UNITS[1]  # after 1. e4; the next move is irreversible, so no other unit is sent this FEN


@pytest.fixture
def impatient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file: while the process whose number stands in it lives, pools wait one second only."""
    file = tmp_path / "hanging"
    find = deadlines.Watchdog.find

    def watched(self: deadlines.Watchdog, slots: Any) -> Any:
        hangs = file.exists() and bool(processes.command_of(int(file.read_text() or 0)))
        seconds = 1.0 if hangs else PATIENCE
        self.search_seconds = self.start_seconds = seconds
        monkeypatch.setattr(deadlines, "ENDING_SECONDS", seconds)
        return find(self, slots)

    monkeypatch.setattr(deadlines.Watchdog, "find", watched)
    return file


# -- workers ------------------------------------------------------------------------------------------------


@pytest.mark.in_turns
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("point", dying.POINTS)
def test_a_worker_killed_at_any_point_costs_its_unit_and_bends_nothing(  # noqa: PLR0917
    tmp_path: Path, make: Make, calm: Found, monkeypatch: pytest.MonkeyPatch, point: str, method: str
) -> None:
    main_of(monkeypatch, dying.once, tmp_path, point)
    rig = make(method=method)
    rig.search(UNITS)
    assert (tmp_path / "died").exists()
    assert [lost.blame for lost in rig.lost] == ["outside"] * len(rig.lost)
    assert len(rig.lost) <= 1
    assert rig.evaluations() == calm
    assert rig.wins()
    rig.assert_exact()


def test_what_a_worker_sent_before_it_died_is_accepted(
    tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    main_of(monkeypatch, dying.once, tmp_path, "result sent")
    rig = make(workers=1)
    rig.pool.submit(UNITS[0])
    found: list[Done | Lost] = []
    while not found:
        found += rig.pool.collect(1.0)
    assert [type(outcome) for outcome in found] == [Done]


def test_a_worker_that_leaves_without_a_word_loses_its_unit(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    main_of(monkeypatch, dying.exits, 0)
    rig = make(workers=1)
    rig.search(UNITS[:1], again=False)
    [lost] = rig.lost
    assert (lost.blame, lost.reason) == ("position", "the worker died (exit code 0)")


@pytest.mark.parametrize("method", METHODS)
def test_one_worker_alone_is_replaced_too(make: Make, method: str) -> None:
    rig = make(1, method, delay=0.01)
    rig.search(UNITS[:2])
    processes.kill(rig.pids() if method == "spawn" else processes.descendants(os.getpid())[-3:])
    rig.search(UNITS[2:])
    assert {lost.blame for lost in rig.lost} <= {"outside"}
    rig.assert_exact()


def test_a_pool_whose_workers_are_all_down_still_takes_units(make: Make) -> None:
    """Otherwise nobody would call `collect`, which starts workers again."""
    rig = make(workers=1)
    rig.search(UNITS[:1])
    processes.end_of(rig.pids() * processes.kill(rig.pids()))
    while rig.pids():
        rig.pool.collect(0.0)
    assert rig.pool.wants()
    rig.search(UNITS[1:])


def test_a_worker_stopped_from_outside_is_killed_at_its_deadline(make: Make, impatient: Path) -> None:
    rig = make(workers=1)
    rig.search(UNITS[:1])
    [worker_pid] = rig.pids()
    processes.kill([worker_pid], signal.SIGSTOP)
    impatient.write_text(str(worker_pid))
    rig.search(UNITS[1:])
    assert [(lost.unit, lost.blame, lost.reason) for lost in rig.lost] == [
        (UNITS[1].id, "position", "no answer within 1 s")
    ]
    rig.assert_exact()


def test_deadlines_follow_from_the_limit_and_come_after_the_evaluators_own() -> None:
    spec = PluginSpec("engine.evaluators", "uci", {})
    for limit in (Limit(nodes=100), Limit(nodes=10**9), Limit(depth=30), Limit(time=100), Limit(time=10**6)):
        assert deadlines.search_deadline(Job(spec, limit)) >= search_seconds(limit) + 30
    patient = PluginSpec("engine.evaluators", "uci", {"search_timeout": 5000, "start_timeout": 900})
    assert deadlines.search_deadline(Job(patient, Limit(nodes=100))) > 5000
    assert deadlines.start_deadline(Job(patient, Limit(nodes=100))) > 900


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_storm_of_kills_at_any_instruction(make: Make, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    main_of(monkeypatch, dying.often, 0.02, 7)
    rig = make(2, method)
    wanted = units(4)
    rig.search(wanted)
    assert len(rig.done) == len(wanted)
    assert {lost.blame for lost in rig.lost} == {"outside"}
    rig.assert_exact()


# -- evaluators inside the worker ---------------------------------------------------------------------------


def hanging_spec(mark: Path, where: str) -> PluginSpec:
    return PluginSpec("engine.evaluators", "hanging", {"mark": str(mark), "where": where}, hanging.__file__)


@pytest.mark.parametrize("where", ["start", "search", "close"])
def test_an_evaluator_that_hangs_in_its_worker_is_killed_with_it(impatient: Path, where: str) -> None:
    rig = Rig(hanging_spec(impatient, where), workers=1)
    try:
        rig.search(UNITS)
    finally:
        rig.pool.close()
    reasons = {"start": [], "search": ["no answer within 1 s"], "close": ["RuntimeError: the search went wrong"]}
    assert [lost.reason for lost in rig.lost] == reasons[where]
    assert impatient.exists()
    rig.assert_exact()


# -- evaluator programs -------------------------------------------------------------------------------------


def _again(*values: Any) -> Any:
    """Return the parameters of a fault that its evaluator is tested with, and whose like is here by default."""
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.in_turns
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("behaviour", "options", "words"),
    [
        ({"crash": 14, "exit_code": 3}, {}, "exit code 3"),
        ({"kill": 14, "signal": "SIGSEGV"}, {}, "SIGSEGV"),
        _again({"kill": 14, "signal": "SIGILL"}, {}, "does not fit this CPU"),
        ({"crash_after": 14}, {}, "exit code 1"),
        _again({"cut": 14}, {}, "exit code 0"),
        ({"hang": 14}, {}, "in time"),
        _again({"deaf": 14, "child": True, "ignore_quit": True}, {}, "in time"),
        ({"slow": 14, "slow_seconds": 3600.0}, {}, "in time"),
        ({"eat": 14}, {"memory": 150}, "bad_alloc"),
        ({"share": 14}, {"memory": 160}, "more than 160 MB"),
        ({"short_lines": 14}, {}, "flood"),
        _again({"close_stdout": 14}, {}, "closed its output"),
        ({"illegal_bestmove": 14}, {}, "illegal best move"),
        _again({"no_bestmove": 14}, {}, "illegal best move"),
        ({"null_bestmove": 14}, {}, "illegal best move"),
        ({"no_score": 14}, {}, "no score"),
        _again({"absurd_score": 14}, {}, "implausible"),
        _again({"mate_zero": 14}, {}, "implausible"),
        ({"double_bestmove": 14}, {}, "desync"),
        ({"late_bestmove": 14}, {}, "desync"),
        _again({"flood": 14}, {}, "flood"),
        ({"fork": 14}, {}, None),
        ({"garbage": 14}, {}, None),
        ({"long_line": 14}, {}, None),
        ({"chatter": 14}, {}, None),
    ],
    ids=lambda value: next(iter(value), "") if isinstance(value, dict) else "",
)
def test_a_faulty_program_costs_one_unit_once(  # noqa: PLR0917
    tmp_path: Path,
    make: Make,
    calm: Found,
    monkeypatch: pytest.MonkeyPatch,
    behaviour: dict[str, Any],
    options: dict[str, Any],
    words: str | None,
    method: str,
) -> None:
    if words == "in time":
        main_of(monkeypatch, clocks.worker_late_after, tmp_path / "fake0" / "fake-uci.fault-1")
    rig = make(1, method, options=options, times=1, **behaviour)
    rig.search(UNITS)
    assert [lost.blame for lost in rig.lost] == ["position"] * (words is not None)
    if words is not None:
        assert words in rig.lost[0].reason
        assert rig.lost[0].reason.isprintable()
    assert rig.evaluations() == calm
    rig.assert_exact()


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM"])
def test_a_program_killed_from_outside_is_not_the_positions_fault(make: Make, calm: Found, number: str) -> None:
    rig = make(1, kill=14, signal=number, times=1)
    rig.search(UNITS)
    assert [lost.blame for lost in rig.lost] == ["outside"]
    assert rig.evaluations() == calm


def test_a_program_whose_guard_was_killed_is_replaced(make: Make) -> None:
    rig = make(1)
    rig.search(UNITS[:2])
    guards = [pid for pid in processes.descendants(os.getpid()) if "read line; for" in processes.command_of(pid)]
    assert processes.kill(guards) == 1
    rig.search(UNITS[2:])
    assert [(lost.blame, "guard" in lost.reason) for lost in rig.lost] == [("outside", True)]
    rig.assert_exact()


# -- programs that do not start -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "options", "words"),
    [
        ({"start_crash": 3, "last_words": "no libfoo"}, {}, "exit code 3: no libfoo"),
        ({"no_net": True}, {}, "network file was not found"),
        ({"no_uciok": True}, {"start_timeout": 0.2}, "start_timeout is 0.2 s"),
        ({"no_readyok": True}, {"start_timeout": 0.2}, "start_timeout is 0.2 s"),
    ],
    ids=["start_crash", "no_net", "no_uciok", "no_readyok"],
)
def test_a_program_that_never_starts_ends_the_run_with_its_last_words(
    make: Make, monkeypatch: pytest.MonkeyPatch, behaviour: dict[str, Any], options: dict[str, Any], words: str
) -> None:
    monkeypatch.setattr(pool, "BACK_OFF", (0.0,))
    monkeypatch.setattr(pool, "FAILED_STARTS", 2)
    rig = make(1, options=options, **behaviour)
    with pytest.raises(EvaluatorError, match=words) as caught:
        rig.search(UNITS)
    assert caught.value.exit_code == 3


@pytest.mark.slow
def test_a_program_that_dies_at_the_start_only_sometimes_does_not(make: Make, calm: Found) -> None:
    rig = make(start_crash=3, times=pool.FAILED_STARTS - 1)
    rig.search(UNITS)
    assert not rig.lost
    assert rig.evaluations() == calm


@pytest.mark.slow
def test_workers_killed_while_they_start_are_started_again(
    tmp_path: Path, make: Make, calm: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    main_of(monkeypatch, dying.before_start, tmp_path, pool.FAILED_STARTS + 1)
    monkeypatch.setattr(pool, "BACK_OFF", (0.0,))
    rig = make(1)
    rig.search(UNITS)
    assert not rig.lost
    assert rig.evaluations() == calm


def test_a_system_that_gives_no_process_ends_the_run_in_words(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(pool.Pool, "_launch", refuse)
    monkeypatch.setattr(pool, "BACK_OFF", (0.0,))
    with pytest.raises(EvaluatorError, match=r"a worker process cannot be started: .*temporarily unavailable"):
        make().search(UNITS)


# -- positions that kill ------------------------------------------------------------------------------------


def test_a_poisoned_position_is_lost_alone(make: Make) -> None:
    rig = make(crash=POISON.positions[0].fen)
    rig.search(UNITS, again=False)
    assert [(lost.unit, lost.index) for lost in rig.lost] == [(POISON.id, 0)]
    assert sorted(rig.done) == [unit.id for unit in UNITS if unit is not POISON]
    rig.assert_exact()


@pytest.mark.slow
def test_many_poisoned_positions_in_a_row_do_not_condemn_a_program_that_can_search(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "BACK_OFF", (0.0,))
    rig = make(crash=POISON.positions[0].fen)
    rig.search(UNITS[:1])
    for _ in range(pool.LOSSES + FAULTS):
        rig.search([POISON], again=False)
    assert len(rig.lost) == pool.LOSSES + FAULTS
    rig.search(UNITS[2:])


@pytest.mark.slow
def test_a_program_that_fails_in_every_search_ends_the_run(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "BACK_OFF", (0.0,))
    rig = make(crash=True, last_words="licence expired")
    with pytest.raises(EvaluatorError, match=r"the start position's too: .*licence expired") as caught:
        rig.search(units(9))
    assert caught.value.exit_code == 3
    assert len(rig.lost) >= pool.LOSSES
