"""Workers that outlive a run: one pool in one thread, for several runs and single searches at once.

    a run   --submit--> PoolClient ----\\                               /--> PoolClient --collect--> the run
    anybody --search--> SingleSearch --+--> SharedPool's thread: Pool --+--> Future

The pool is used by one thread, and on Linux a worker ends with the thread that started it; so a shared pool has a
thread for as long as it lives. It sleeps until a worker or a caller has something for it. Clients take turns, a
unit at a time; single searches go before all of them.

The workers serve several runs, so they know no run's scoreboard: what they send back says that nobody has counted
it, and the scheduler of the run does. Their own shared memory tells only where each worker is.
"""

from __future__ import annotations

import atexit
import itertools
import multiprocessing
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from multiprocessing import connection

from msgspec import Struct, structs

from engine.contracts.messages import Done, Job, Lost, Outcome, Unit
from engine.errors import AnalyzerClosed, EvaluatorCrashed, EvaluatorError
from engine.model import Evaluation, Limit, Position
from engine.plugin import Executor, ExecutorContext, WorkerState
from engine.system.turns import waiting
from engine.workers.pool import LEASES, Pool
from engine.workers.scoreboard import Scoreboard
from engine.workers.worker import NO_GAME

CLOSED = "this Analyzer is closed; make another one, or keep it open for longer"
PLACEHOLDER_LIMIT = Limit(nodes=1_000)
"""The limit of a trial search only; every unit brings a limit of its own."""
LONGEST_SLEEP = 2.0
"""Seconds after which the thread looks for hung workers, as `Pool.collect` does."""
_CLIENT_GAMES = 1 << 40
"""A unit of client n carries game number n * _CLIENT_GAMES + game, so that a screen knows whose unit it is."""
TRIES = 3
"""How often a single search is tried when something else kills its worker."""


class SingleSearch(Struct):
    """One position to search for somebody who waits."""

    position: Position
    limit: Limit
    future: Future[Evaluation]
    """Gets the evaluation, or the error."""
    tries: int = TRIES
    """How often it may still be tried."""


class SharedPool:
    """Warm workers with one evaluator. Used by any thread; starts its first process at the first unit."""

    def __init__(
        self, job: Job, workers: int, start_method: str, on_error: Callable[[Exception], None] = lambda _: None
    ) -> None:
        """Make the pool.

        * **job** - what all units have in common; every unit brings a limit of its own.
        * **on_error** - *(optional)* called with an error that has ended the workers, in the pool's thread.
        """
        self.workers = workers
        self._job = job
        self._method = start_method
        self._on_error = on_error
        self._lock = threading.Lock()
        self._clients: dict[int, PoolClient] = {}
        self._turns: deque[PoolClient] = deque()
        """Clients with waiting units, the next one first."""
        self._singles: deque[SingleSearch] = deque()
        self._in_hand: dict[int, tuple[PoolClient, Unit] | SingleSearch] = {}
        """What the pool has and has not answered, by the number of the pool's unit."""
        self._ids = itertools.count(1)
        self._client_numbers = itertools.count(1)
        self._pool: Pool | None = None
        self._closed = False
        self._wake_reader, self._wake_writer = multiprocessing.Pipe(duplex=False)
        self._woken = False
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._work, name="engine-pool", daemon=True)
        self._thread.start()
        # Before the pool's own, which is made later: a dead worker must not be replaced while the program ends.
        atexit.register(self.close)

    # -- for callers, any thread --

    def client(self, context: ExecutorContext) -> PoolClient:
        """Return an executor for a run. Raises AnalyzerClosed."""
        with self._lock:
            self._check_open()
            client = PoolClient(self, context, next(self._client_numbers))
            self._clients[client.number] = client
        return client

    def search(self, position: Position, limit: Limit) -> Future[Evaluation]:
        """Search one position before everything that waits.

        Raises AnalyzerClosed; the future raises EvaluatorError, or AnalyzerClosed when it was not searched.
        """
        single = SingleSearch(position, limit, Future())
        with self._lock:
            self._check_open()
            self._singles.append(single)
            self._wake()
        return single.future

    @property
    def busy(self) -> bool:
        """Whether a run uses these workers."""
        return bool(self._clients)

    @property
    def singles(self) -> int:
        """How many single searches wait or are in hand."""
        with self._lock:
            return len(self._singles) + sum(isinstance(owner, SingleSearch) for owner in self._in_hand.values())

    def close(self) -> None:
        """End the workers at once. Runs and searches that are not finished get AnalyzerClosed."""
        atexit.unregister(self.close)
        if os.getpid() != self._pid:
            return  # a fork of the process that has the thread and the workers
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._wake()
        if threading.current_thread() is not self._thread:  # the garbage collector may call from anywhere
            self._thread.join()

    def _check_open(self) -> None:
        if self._closed:
            raise AnalyzerClosed(CLOSED)

    def _wake(self) -> None:
        """Wake the thread. The lock is held."""
        if not self._woken:
            self._woken = True
            self._wake_writer.send_bytes(b"!")

    # -- for clients --

    def enqueue(self, client: PoolClient, unit: Unit) -> None:
        """Add a unit to those of a client. Raises AnalyzerClosed."""
        with self._lock:
            self._check_open()
            client.waiting.append(unit)
            if client not in self._turns:
                self._turns.append(client)
            self._wake()

    def leave(self, client: PoolClient) -> None:
        """Forget the waiting units of a client, and drop the outcomes of those in hand."""
        with self._lock:
            self._clients.pop(client.number, None)
            client.waiting.clear()
            if client in self._turns:
                self._turns.remove(client)

    def states(self, client: PoolClient) -> Iterable[WorkerState]:
        """Yield the state of each worker; game and ply only for units of this client."""
        with self._lock:  # the pool, and its scoreboard, stay while they are looked at
            states = list(self._pool.states()) if self._pool is not None else []
        for state in states:
            number, game = divmod(state.game or 0, _CLIENT_GAMES)
            mine = number == client.number
            yield structs.replace(state, game=game if mine else None, ply=state.ply if mine else None)

    # -- the thread --

    def _work(self) -> None:
        try:
            while self._step():
                pass
        finally:
            self._closed = True
            self._fail(AnalyzerClosed("the Analyzer was closed before this was finished"))
            self._wake_reader.close()
            self._wake_writer.close()

    def _step(self) -> bool:
        """Hand out, wait, deliver. Return False when the pool is closed."""
        try:
            if not self._hand_out():
                return False
            if self._pool is None:
                connection.wait([self._wake_reader])
            else:
                self._deliver(self._pool.collect(LONGEST_SLEEP, also=self._wake_reader))
        except EvaluatorError as error:
            self._fail(error)
        except Exception as error:  # a process cannot be started; nobody waits for ever because of that
            self._fail(EvaluatorError(f"the workers cannot go on: {type(error).__name__}: {error}"))
        return True

    def _hand_out(self) -> bool:
        """Give the pool as many units as it takes. Return False when the pool is closed."""
        with self._lock:
            if self._woken:
                self._wake_reader.recv_bytes()
                self._woken = False
            if self._closed:
                return False
            has_work = bool(self._singles or self._turns)
        if has_work and self._pool is None:
            pool = self._new_pool()
            with self._lock:
                self._pool = pool
        while self._pool is not None and self._pool.wants() and (unit := self._next()) is not None:
            self._pool.submit(unit)
        return True

    def _new_pool(self) -> Pool:
        self._scoreboard = Scoreboard(multiprocessing.get_context(self._method), workers=self.workers, size=1)
        return Pool(ExecutorContext(self._job, self.workers, self._scoreboard), self._method)

    def _next(self) -> Unit | None:
        """Take the next unit: a single search, or of the client whose turn it is."""
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
            client = self._turns.popleft()
            unit = client.waiting.popleft()
            if client.waiting:
                self._turns.append(client)
            serial = next(self._ids)
            self._in_hand[serial] = client, unit
        game = client.number * _CLIENT_GAMES + unit.game
        return structs.replace(unit, id=serial, game=game, limit=unit.limit or client.context.job.limit)

    def _deliver(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            with self._lock:
                owner = self._in_hand.pop(outcome.unit)
            if isinstance(owner, SingleSearch):
                self._answer(owner, outcome)
                continue
            client, unit = owner
            if isinstance(outcome, Done):
                client.results.put(structs.replace(outcome, unit=unit.id, counted=False))
            else:
                client.results.put(structs.replace(outcome, unit=unit.id))

    def _answer(self, single: SingleSearch, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            single.future.set_result(outcome.evaluations[0])
        elif outcome.blame != "position" and single.tries > 1:
            single.tries -= 1
            with self._lock:
                self._singles.appendleft(single)
        else:
            single.future.set_exception(EvaluatorCrashed(f"this position was not searched: {outcome.reason}"))

    def _fail(self, error: EvaluatorError | AnalyzerClosed) -> None:
        """Tell everybody who waits why the workers ended; the next caller gets new ones."""
        self._on_error(error)
        with self._lock:
            pool, self._pool = self._pool, None
            singles = [
                *self._singles,
                *(owner for owner in self._in_hand.values() if isinstance(owner, SingleSearch)),
            ]
            clients = list(self._clients.values())
            self._singles.clear()
            self._in_hand.clear()
            for client in clients:
                client.waiting.clear()
            self._turns.clear()
        if pool is not None:
            pool.close()
            self._scoreboard.close()
        for single in singles:
            if not single.future.done():
                single.future.set_exception(error)
        for client in clients:
            client.results.put(error)


class PoolClient(Executor):
    """The executor through which one run uses a shared pool. Used by the run's thread."""

    def __init__(self, shared: SharedPool, context: ExecutorContext, number: int) -> None:
        super().__init__(context)
        self.number = number
        self.waiting: deque[Unit] = deque()
        """Its units that no worker has yet; guarded by the pool's lock."""
        self.results: queue.SimpleQueue[Outcome | Exception | None] = queue.SimpleQueue()
        self._shared = shared
        self._held = 0
        """Units submitted and not collected."""

    def wants(self) -> bool:
        return self._held < LEASES * self._shared.workers

    def submit(self, unit: Unit) -> None:
        self._held += 1
        self._shared.enqueue(self, unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Return what was searched or lost. Raises AnalyzerClosed or EvaluatorError when the workers are gone."""
        outcomes: list[Outcome] = []
        try:
            with waiting():
                result = self.results.get(timeout=timeout)
            while True:
                if isinstance(result, Exception):
                    raise result
                if isinstance(result, Done | Lost):
                    outcomes.append(result)
                result = self.results.get_nowait()
        except queue.Empty:
            pass
        self._held -= len(outcomes)
        return outcomes

    def states(self) -> Iterable[WorkerState]:
        return self._shared.states(self)

    def wake(self) -> None:
        """Make a waiting `collect` return. Any thread."""
        self.results.put(None)

    def close(self) -> None:
        self._shared.leave(self)
