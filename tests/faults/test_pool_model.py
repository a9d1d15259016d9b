"""A stateful model of the pool: whatever its workers do, every unit comes back once and the counter is exact.

Processes, pipes, queues and the clock are stand-ins that hypothesis drives: a worker gets ready, searches, sends
all or part of an answer, is killed before or after it, says that it failed, hangs, or never starts.
"""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from contextlib import ExitStack
from typing import Any
from unittest import mock

import chess
import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.contracts.messages import Done, FromWorker, Job, Lost, PluginSpec, Ready, Unit, pack, unpack_unit
from engine.errors import EvaluatorError
from engine.model import Evaluation, EvaluatorInfo, Limit, Position, Score
from engine.plugin import ExecutorContext
from engine.system import children
from engine.workers import pool as pool_module
from engine.workers import worker
from engine.workers.pool import LEASES, MOST_LEASES, Pool
from engine.workers.scoreboard import Scoreboard, scored

WORKERS = 2
JOB = Job(PluginSpec("engine.evaluators", "none"), Limit(nodes=1))
START = Position(chess.STARTING_FEN)
INFO = EvaluatorInfo("none", "", "")


def evaluation(unit: Unit, ply: int) -> Evaluation:
    """Every second one is a winning move found."""
    return Evaluation(Score(cp=301 if (unit.game + ply) % 2 else -7), ("a2a3",), 1, 1)


class Process:
    """A process that lives until the model ends it. Its own sentinel."""

    pid = 0

    def __init__(self, *, args: tuple[Any, ...], **_: Any) -> None:
        self.slot, _job, self.tasks, self.results, self.scoreboard = args
        self.sentinel = self
        self.exitcode: int | None = None
        self.ready = False
        self.ending = False
        """Whether it has said that it failed."""

    def start(self) -> None: ...
    def join(self, timeout: float | None = None) -> None: ...
    def close(self) -> None: ...
    def is_alive(self) -> bool:
        return self.exitcode is None

    def kill(self) -> None:
        self.end(-9)

    def end(self, code: int) -> None:
        if self.exitcode is None:
            self.exitcode = code

    def send(self, message: FromWorker, *, torn: bool = False) -> None:
        packed = pack(message)
        if torn:
            self.results.pieces.append(worker.MORE + packed[: len(packed) // 2])
        else:
            self.results.pieces.extend(worker.pieces(packed))


class Pipe:
    """Both ends: pieces that were sent whole."""

    def __init__(self) -> None:
        self.pieces: deque[bytes] = deque()

    def poll(self) -> bool:
        return bool(self.pieces)

    def recv_bytes(self) -> bytes:
        return self.pieces.popleft()

    def close(self) -> None: ...


class Tasks:
    """The queue of one worker."""

    def __init__(self) -> None:
        self.units: deque[bytes] = deque()

    def put(self, packed: bytes) -> None:
        self.units.append(packed)

    def close(self) -> None: ...
    def cancel_join_thread(self) -> None: ...


class Context:
    """The part of multiprocessing that the pool uses."""

    def __init__(self) -> None:
        self.started: list[Process] = []

    def Pipe(self, *, duplex: bool) -> tuple[Pipe, Pipe]:  # noqa: N802 - the context's name for it
        assert not duplex
        pipe = Pipe()
        return pipe, pipe

    def Process(self, **given: Any) -> Process:  # noqa: N802 - the same
        process = Process(**given)
        self.started.append(process)
        return process


class Waiter:
    """Says what there is to hear of, without waiting."""

    def __init__(self) -> None:
        self.owners: dict[Any, Any] = {}

    def add(self, waitable: Any, owner: Any) -> None:
        assert waitable not in self.owners
        self.owners[waitable] = owner

    def remove(self, waitable: Any) -> None:
        del self.owners[waitable]

    def wait(self, _timeout: float) -> list[Any]:
        heard = [
            owner
            for one, owner in self.owners.items()
            if (one.poll() if isinstance(one, Pipe) else not one.is_alive())
        ]
        return list(dict.fromkeys(heard))


class PoolMachine(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.now = 0.0
        self.context = Context()
        self.scoreboard = Scoreboard(multiprocessing.get_context("spawn"), workers=WORKERS, size=4)
        self.patches = ExitStack()
        for target, name, new in (
            (pool_module.multiprocessing, "get_context", lambda _: self.context),
            (pool_module.system, "Waiter", Waiter),
            (pool_module.system, "readiness", lambda pipe: pipe.poll),
            (children, "task_queue", lambda _: Tasks()),
            (pool_module.system, "AwakeClock", lambda _: lambda: self.now),
        ):
            self.patches.enter_context(mock.patch.object(target, name, new))
        self.pool = Pool(ExecutorContext(JOB, WORKERS, self.scoreboard))
        self.ids = itertools.count(1)
        self.inside: dict[int, Unit] = {}
        """Units that the pool holds and has not given back."""
        self.wins = 0
        """Winning moves in what came back searched."""
        self.over = False

    def alive(self, *, ready: bool) -> list[Process]:
        return [p for p in self.context.started if p.is_alive() and p.ready == ready and not p.ending]

    def busy(self) -> list[Process]:
        return [p for p in self.alive(ready=True) if p.tasks.units]

    def enter(self, process: Process, unit: Unit, upto: int) -> None:
        """The worker's own entries on the scoreboard."""
        for ply in unit.plies[:upto]:
            if unit.game != worker.NO_GAME:
                entry, winning = scored(unit.game, ply, evaluation(unit, ply), JOB.winning_cp)
                process.scoreboard.record(process.slot, entry, winning=winning, nodes=1)

    def taken(self, data: st.DataObject) -> tuple[Process, Unit]:
        process = data.draw(st.sampled_from(self.busy()))
        return process, unpack_unit(process.tasks.units.popleft())

    @precondition(lambda self: not self.over and self.pool.wants())
    @rule(size=st.integers(1, 3))
    def submit(self, size: int) -> None:
        number = next(self.ids)
        unit = Unit(number, number, tuple(range(size)), (START,) * size)
        self.inside[number] = unit
        self.pool.submit(unit)

    @precondition(lambda self: not self.over and self.alive(ready=False))
    @rule(data=st.data())
    def gets_ready(self, data: st.DataObject) -> None:
        process = data.draw(st.sampled_from(self.alive(ready=False)))
        process.ready = True
        process.send(Ready(INFO))

    @precondition(lambda self: not self.over and self.alive(ready=False))
    @rule(data=st.data(), words=st.booleans())
    def does_not_start(self, data: st.DataObject, words: bool) -> None:
        process = data.draw(st.sampled_from(self.alive(ready=False)))
        if words:
            process.send(Lost(worker.NO_UNIT, None, "evaluator", "no such program"))
        process.end(1 if words else -9)

    @precondition(lambda self: not self.over and self.busy())
    @rule(data=st.data(), then_dies=st.booleans())
    def searches(self, data: st.DataObject, then_dies: bool) -> None:
        process, unit = self.taken(data)
        self.enter(process, unit, len(unit.plies))
        process.send(Done(unit.id, tuple(evaluation(unit, ply) for ply in unit.plies), counted=True))
        if then_dies:
            process.end(-9)

    @precondition(lambda self: not self.over and self.busy())
    @rule(data=st.data(), upto=st.integers(0, 3), torn=st.booleans(), code=st.sampled_from([-9, -11, 3]))
    def dies_in_a_search(self, data: st.DataObject, upto: int, torn: bool, code: int) -> None:
        process, unit = self.taken(data)
        self.enter(process, unit, upto)
        if torn:
            process.send(Done(unit.id, (evaluation(unit, 0),) * len(unit.plies), counted=True), torn=True)
        process.end(code)

    @precondition(lambda self: not self.over and self.busy())
    @rule(data=st.data(), blame=st.sampled_from(["position", "outside"]), lingers=st.booleans())
    def says_that_it_failed(self, data: st.DataObject, blame: Any, lingers: bool) -> None:
        """A worker that lost its unit ends, at once or when its evaluator has ended."""
        process, unit = self.taken(data)
        self.enter(process, unit, 1)
        process.send(Lost(unit.id, 0, blame, "it crashed"))
        process.ending = True
        if not lingers:
            process.end(0)

    @precondition(lambda self: not self.over and any(p.ending for p in self.context.started))
    @rule()
    def ends(self) -> None:
        for process in self.context.started:
            if process.ending:
                process.end(0)

    @precondition(lambda self: not self.over)
    @rule(seconds=st.sampled_from([0.01, 1.0, 30.0, 500.0]))
    def time_passes(self, seconds: float) -> None:
        """Let time pass, also beyond the deadlines of silent workers."""
        self.now += seconds
        self.collect()

    @rule()
    def collect(self) -> None:
        """Once it has given up, the pool goes on saying so."""
        try:
            outcomes = self.pool.collect(0)
        except EvaluatorError:
            self.over = True
            return
        assert not self.over
        for outcome in outcomes:
            unit = self.inside.pop(outcome.unit)  # KeyError: it came back twice
            if isinstance(outcome, Done):
                self.wins += sum(evaluation(unit, ply).score.cp == 301 for ply in unit.plies)
            elif self.pool.wants():
                again = Unit(next(self.ids), unit.game, unit.plies, unit.positions)
                self.inside[again.id] = again
                self.pool.submit(again)

    @invariant()
    def the_counter_never_lags_and_leads_by_what_is_inside(self) -> None:
        if hasattr(self, "pool") and not self.over:
            lead = self.scoreboard.view().wins - self.wins
            assert 0 <= lead <= sum(len(unit.plies) for unit in self.inside.values())

    @invariant()
    def what_is_held_is_bounded(self) -> None:
        if hasattr(self, "pool"):
            assert sum(p.is_alive() for p in self.context.started) <= WORKERS
            assert len(self.inside) <= MOST_LEASES * WORKERS + WORKERS

    def teardown(self) -> None:
        if not hasattr(self, "pool"):
            return
        try:
            self.finish()
        finally:
            self.pool.close()
            self.patches.close()
        assert not any(process.is_alive() for process in self.context.started)

    def finish(self) -> None:
        """Left in peace, the pool finishes what it has, and the counter is exact."""
        for _ in range(200):
            if self.over or not self.inside:
                break
            self.now += 1.0
            for process in self.alive(ready=False):
                process.ready = True
                process.send(Ready(INFO))
            self.collect()
            for process in self.busy():
                unit = unpack_unit(process.tasks.units.popleft())
                self.enter(process, unit, len(unit.plies))
                process.send(Done(unit.id, tuple(evaluation(unit, ply) for ply in unit.plies), counted=True))
            self.collect()
        if not self.over:
            assert not self.inside
            assert self.scoreboard.view().wins == self.wins


TestPool = PoolMachine.TestCase
TestPool.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)


def ready_machine() -> PoolMachine:
    """A pool whose workers are all ready."""
    machine = PoolMachine()
    machine.start()
    for process in machine.context.started:
        process.ready = True
        process.send(Ready(INFO))
    machine.collect()
    return machine


def test_a_worker_that_failed_and_lingers_leaves_nothing_on_the_counter() -> None:
    """Its program may take longer to end than the others take for the rest of the run."""
    machine = ready_machine()
    machine.submit(size=1)
    [failing] = machine.busy()
    unit = unpack_unit(failing.tasks.units.popleft())
    machine.enter(failing, unit, 1)
    assert machine.scoreboard.view().wins == 1
    failing.send(Lost(unit.id, 0, "outside", "it was killed"))
    failing.ending = True
    machine.collect()
    assert failing.is_alive()
    assert machine.scoreboard.view().wins == 0
    machine.teardown()


def test_a_worker_holds_more_units_while_each_takes_next_to_no_time() -> None:
    machine = ready_machine()

    def held() -> int:
        while machine.pool.wants():
            machine.submit(size=1)
        return len(machine.inside)

    def search(*seconds: float) -> None:
        first = machine.context.started[0]
        unit = unpack_unit(first.tasks.units.popleft())
        machine.enter(first, unit, 1)
        for some in seconds:
            machine.collect()  # sees that the worker moves
            machine.now += some
        first.send(Done(unit.id, (evaluation(unit, 0),), counted=True))
        machine.collect()

    others = LEASES * (WORKERS - 1)
    assert held() == LEASES + others
    search(1.0, 0.001)
    assert held() == LEASES + others  # that it was seen to move a moment ago makes it no faster
    for _ in range(12):
        search(0.001)
        most = held()
    assert most == MOST_LEASES + others
    search(0.01)
    assert held() == MOST_LEASES + others - 1  # it holds more than the five that fit, and gets none
    search(2.0)
    assert not machine.pool.wants()
    machine.teardown()
