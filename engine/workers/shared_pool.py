"""Workers that outlive a run: one pool in one thread, for several runs and single searches at once.

    run's thread --submit--> Lane --\\                                     /--> Lane --collect--> run's thread
    anybody      --search--> Single -+--> the crew's thread: a Pool --+--> Future

The pool is used by one thread, and on Linux a worker ends with the thread that started it; so a crew has a thread
for as long as it lives. It sleeps until a worker or a caller has something for it. Lanes take turns, a unit at a
time; single searches go before all of them.

The workers of a crew serve several runs, so they know no run's scoreboard: what they send back says that nobody
has counted it, and the scheduler of the run does. Their own shared memory tells only where each worker is.
"""

from __future__ import annotations

import atexit
import itertools
import multiprocessing
import os
import queue
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from multiprocessing import connection

from msgspec import Struct, structs

from engine.contracts.messages import Done, Job, Lost, Outcome, Place, PluginSpec, Unit
from engine.errors import AnalyzerClosed, EvaluatorCrashed, EvaluatorError
from engine.model import Evaluation, Limit, Position
from engine.plugin import Executor, ExecutorContext, WorkerState
from engine.system.turns import waiting
from engine.workers.pool import LEASES, Pool
from engine.workers.scoreboard import Scoreboard
from engine.workers.worker import NO_GAME

CLOSED = "this Analyzer is closed; make another one, or keep it open for longer"
TRIAL = Limit(nodes=1_000)
"""What a worker has to search to show that it can; every unit brings a limit of its own."""
LONGEST_SLEEP = 2.0
"""Seconds after which the thread looks for hung workers, as `Pool.collect` does."""
_LANE = 1 << 40
"""A unit of lane n carries game number n * _LANE + game, so that a screen knows whose unit a worker has."""
TRIES = 3
"""For a single search whose worker something else killed."""


class Single(Struct):
    """One position to search for somebody who waits."""

    position: Position
    limit: Limit
    future: Future[Evaluation]
    tries: int = TRIES


class Crew:
    """Warm workers with one evaluator. Used by any thread; starts its first process at the first unit."""

    def __init__(
        self, spec: PluginSpec, workers: int, start_method: str, place: Place, log_level: int = 30
    ) -> None:
        self.workers = workers
        self._place = place
        self._log_level = log_level
        self._spec = spec
        self._method = start_method
        self._lock = threading.Lock()
        self._lanes: dict[int, Lane] = {}
        self._turns: deque[Lane] = deque()
        """Lanes with waiting units, the next one first."""
        self._singles: deque[Single] = deque()
        self._in_hand: dict[int, tuple[Lane, Unit] | Single] = {}
        self._ids = itertools.count(1)
        self._lane_numbers = itertools.count(1)
        self._pool: Pool | None = None
        self._closed = False
        self._ears, self._bell = multiprocessing.Pipe(duplex=False)
        self._rung = False
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._work, name="engine-crew", daemon=True)
        self._thread.start()
        # Before the pool's own, which is made later: a dead worker must not be replaced while the program ends.
        atexit.register(self.close)

    # -- for callers, any thread --

    def lane(self, context: ExecutorContext) -> Lane:
        """The executor of a run. Raises AnalyzerClosed."""
        with self._lock:
            self._check_open()
            lane = Lane(self, context, next(self._lane_numbers))
            self._lanes[lane.number] = lane
        return lane

    def search(self, position: Position, limit: Limit) -> Future[Evaluation]:
        """Search one position before everything that waits. Raises AnalyzerClosed; the future EvaluatorError."""
        single = Single(position, limit, Future())
        with self._lock:
            self._check_open()
            self._singles.append(single)
            self._ring()
        return single.future

    @property
    def busy(self) -> bool:
        """Whether a run uses it."""
        return bool(self._lanes)

    @property
    def singles(self) -> int:
        """Single searches waiting or in hand."""
        with self._lock:
            return len(self._singles) + sum(isinstance(one, Single) for one in self._in_hand.values())

    def close(self) -> None:
        """End the workers at once. Runs and searches that are not finished get AnalyzerClosed."""
        atexit.unregister(self.close)
        if os.getpid() != self._pid:
            return  # a fork of the process that has the thread and the workers
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._ring()
        if threading.current_thread() is not self._thread:  # the garbage collector may call from anywhere
            self._thread.join()

    def _check_open(self) -> None:
        if self._closed:
            raise AnalyzerClosed(CLOSED)

    def _ring(self) -> None:
        """Wake the thread. The lock is held."""
        if not self._rung:
            self._rung = True
            self._bell.send_bytes(b"!")

    # -- for lanes --

    def enqueue(self, lane: Lane, unit: Unit) -> None:
        with self._lock:
            self._check_open()
            lane.waiting.append(unit)
            if lane not in self._turns:
                self._turns.append(lane)
            self._ring()

    def leave(self, lane: Lane) -> None:
        """Its waiting units are forgotten; what comes of those in hand is dropped."""
        with self._lock:
            self._lanes.pop(lane.number, None)
            lane.waiting.clear()
            if lane in self._turns:
                self._turns.remove(lane)

    def states(self, lane: Lane) -> Iterable[WorkerState]:
        """A line per worker; of units of other runs only that they are searched."""
        with self._lock:  # the pool, and its scoreboard, stay while they are looked at
            states = list(self._pool.states()) if self._pool is not None else []
        for state in states:
            number, game = divmod(state.game or 0, _LANE)
            mine = number == lane.number
            yield structs.replace(state, game=game if mine else None, ply=state.ply if mine else None)

    # -- the thread --

    def _work(self) -> None:
        try:
            while self._step():
                pass
        finally:
            self._closed = True
            self._fail(AnalyzerClosed("the Analyzer was closed before this was finished"))
            self._ears.close()
            self._bell.close()

    def _step(self) -> bool:
        """Hand out, wait, deliver; False when it is over."""
        try:
            if not self._hand_out():
                return False
            if self._pool is None:
                connection.wait([self._ears])
            else:
                self._deliver(self._pool.collect(LONGEST_SLEEP, also=self._ears))
        except EvaluatorError as error:
            self._fail(error)
        except Exception as error:  # a process cannot be started; nobody waits for ever because of that
            self._fail(EvaluatorError(f"the workers cannot go on: {type(error).__name__}: {error}"))
        return True

    def _hand_out(self) -> bool:
        with self._lock:
            if self._rung:
                self._ears.recv_bytes()
                self._rung = False
            if self._closed:
                return False
            wanted = bool(self._singles or self._turns)
        if wanted and self._pool is None:
            pool = self._new_pool()
            with self._lock:
                self._pool = pool
        while self._pool is not None and self._pool.wants() and (unit := self._next()) is not None:
            self._pool.submit(unit)
        return True

    def _new_pool(self) -> Pool:
        self._scoreboard = Scoreboard(multiprocessing.get_context(self._method), workers=self.workers, size=1)
        job = Job(self._spec, TRIAL, place=self._place, log_level=self._log_level)
        return Pool(ExecutorContext(job, self.workers, self._scoreboard), self._method)

    def _next(self) -> Unit | None:
        with self._lock:
            while self._singles:
                single = self._singles.popleft()
                if not single.future.running() and not single.future.set_running_or_notify_cancel():
                    continue
                serial = next(self._ids)
                self._in_hand[serial] = single
                return Unit(serial, NO_GAME, (0,), (single.position,), single.limit)
            if not self._turns:
                return None
            lane = self._turns.popleft()
            unit = lane.waiting.popleft()
            if lane.waiting:
                self._turns.append(lane)
            serial = next(self._ids)
            self._in_hand[serial] = lane, unit
        game = lane.number * _LANE + unit.game
        return structs.replace(unit, id=serial, game=game, limit=unit.limit or lane.context.job.limit)

    def _deliver(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            with self._lock:
                owner = self._in_hand.pop(outcome.unit)
            if isinstance(owner, Single):
                self._answer(owner, outcome)
                continue
            lane, unit = owner
            if isinstance(outcome, Done):
                lane.results.put(structs.replace(outcome, unit=unit.id, counted=False))
            else:
                lane.results.put(structs.replace(outcome, unit=unit.id))

    def _answer(self, single: Single, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            single.future.set_result(outcome.evaluations[0])
        elif outcome.blame != "position" and single.tries > 1:
            single.tries -= 1
            with self._lock:
                self._singles.appendleft(single)
        else:
            single.future.set_exception(EvaluatorCrashed(f"this position was not searched: {outcome.reason}"))

    def _fail(self, error: EvaluatorError | AnalyzerClosed) -> None:
        """No evaluator can be kept alive: everybody who waits is told, and the next caller starts anew."""
        with self._lock:
            pool, self._pool = self._pool, None
            singles = [*self._singles, *(one for one in self._in_hand.values() if isinstance(one, Single))]
            lanes = list(self._lanes.values())
            self._singles.clear()
            self._in_hand.clear()
            for lane in lanes:
                lane.waiting.clear()
            self._turns.clear()
        if pool is not None:
            pool.close()
            self._scoreboard.close()
        for single in singles:
            if not single.future.done():
                single.future.set_exception(error)
        for lane in lanes:
            lane.results.put(error)


class Lane(Executor):
    """A run's place in a crew. Used by the run's thread."""

    def __init__(self, crew: Crew, context: ExecutorContext, number: int) -> None:
        super().__init__(context)
        self.number = number
        self.waiting: deque[Unit] = deque()
        """Guarded by the crew."""
        self.results: queue.SimpleQueue[Outcome | Exception | None] = queue.SimpleQueue()
        self._crew = crew
        self._held = 0

    def wants(self) -> bool:
        return self._held < LEASES * self._crew.workers

    def submit(self, unit: Unit) -> None:
        self._held += 1
        self._crew.enqueue(self, unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Raises AnalyzerClosed when the workers were taken away."""
        outcomes: list[Outcome] = []
        try:
            with waiting():
                found = self.results.get(timeout=timeout)
            while True:
                if isinstance(found, Exception):
                    raise found
                if isinstance(found, Done | Lost):
                    outcomes.append(found)
                found = self.results.get_nowait()
        except queue.Empty:
            pass
        self._held -= len(outcomes)
        return outcomes

    def states(self) -> Iterable[WorkerState]:
        return self._crew.states(self)

    def wake(self) -> None:
        """Have a `collect` that waits return; any thread."""
        self.results.put(None)

    def close(self) -> None:
        self._crew.leave(self)
