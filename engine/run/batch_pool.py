"""Processes that analyse batches of recorded games, supervised: a death costs time and nothing else.

A batch whose process was killed, stopped or hung is analysed again. One that ends every process that tries it is
narrowed down to the game that does so, which is reported and skipped. Where no process can be started at all, the
parent analyses the batches by itself.

Nothing that a process does or leaves undone holds up the parent: batches are written to it, and results are read
from it, by threads.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import errno
import logging
import multiprocessing
import os
import queue
import threading
import time
from collections import deque
from typing import Any

import msgspec

from engine import system
from engine.model import SourceGame
from engine.plugin import WorkerState
from engine.run import batches
from engine.run.batches import BatchAnalyzer, BatchJob, BatchResult, give_up, pack_batch, unpack_batch
from engine.search.games import FollowUpTally
from engine.system.turns import waiting
from engine.workers.deadlines import LOOKS, STOPPED_SECONDS, stopped_for_long
from engine.workers.worker import Blame

LOGGER = logging.getLogger("engine.run")

LEASES = 2
"""Batches that a process holds: one in hand, one waiting."""
IN_FLIGHT = 3
"""Batches for each process, at most, with those whose results wait for their turn."""
FAULTS, KILLS = 3, 25
"""How often a batch may end its process, and how often something else may, before it is narrowed down."""
FAILED_STARTS = 5
"""Starts that fail in a row, after which the parent analyses the batches by itself."""
GAME_SECONDS = 300.0
"""How long the analysis of a game may take, or the start of a process."""
_END_SECONDS = 1.0
"""How long a process may take to end that has closed its pipe, and a thread that listens to one that has ended."""
_ASLEEP = 5.0
"""Seconds of a gap in the parent's own loop which mean that the parent slept, not the processes."""
_BACK_OFF = 0.2
"""Seconds before the next start after one that failed."""
READY, RESULT, WORDS = b"r", b"=", b"!"
"""First byte of a message of a process. `WORDS`: why it ends."""


class Batch:
    """A batch in flight."""

    def __init__(self, packed: bytes, faults: int = 0) -> None:
        self.packed = packed
        self.answer: bytes | BatchResult | None = None
        self.faults = faults
        """How often it has ended its process."""
        self.kills = 0
        """How often something else has."""


class Worker:
    """A process, and what it holds."""

    def __init__(self, context: Any, slot: int, job: bytes, games: Any, arrived: Any) -> None:
        """Start it. Raises OSError, EOFError."""
        self.slot = slot
        self.batches: deque[Batch] = deque()
        self.ready = False
        self.words = ""
        self.sentence: tuple[str, Blame] | None = None
        """Why we have killed it, and the cause; None when we have not."""
        self.games = games[slot]
        """How far it was when it last moved."""
        self.moved_at: float | None = None
        self.seen_dead = False
        self.stopped_at: float | None = None
        self.process, self.tasks, self.results = system.start_child(context, serve, slot, job, games)
        self._listener = threading.Thread(target=self._listen, args=(arrived,), name="engine-batches", daemon=True)
        try:
            self._listener.start()
        except RuntimeError as error:  # no more threads
            self.process.kill()
            self.process.join()
            self.results.close()
            system.abandon(self.tasks)
            raise OSError(errno.EAGAIN, str(error)) from error

    def kill(self, reason: str, blame: Blame) -> None:
        """Kill it, even when it is stopped; its end is heard of as any other."""
        self.sentence = reason, blame
        self.process.kill()

    def cause_of_death(self) -> tuple[str, Blame]:
        """Return why it has ended, in words, and whether its batch or something else may be the cause."""
        if self.sentence is not None:
            return self.sentence
        if self.words:
            return self.words, "position"
        exit_code = self.process.exitcode
        return f"the process died ({system.name_signal(exit_code)})", system.blame(exit_code)

    def release(self) -> None:
        """Kill it if it still runs, and close what belongs to it."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self._listener.join(_END_SECONDS)
        if not self._listener.is_alive():  # else a plugin has started a process that holds the pipe
            self.results.close()
        system.abandon(self.tasks)

    def _listen(self, arrived: Any) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                arrived.put((self, self.results.recv_bytes()))
        arrived.put((self, None))


class BatchPool:
    """Processes that analyse batches, fed by one thread; results come back in the order of the batches."""

    def __init__(self, job: BatchJob, *, workers: int, start_method: str) -> None:
        self._job = job
        self._packed_job = msgspec.msgpack.encode(job)
        self._size = workers
        self._context = multiprocessing.get_context(start_method)
        self._workers: list[Worker] = []
        self._games = system.shared_array(ctypes.c_int64, workers)
        """Games begun, by slot; written by the process that has it, without a lock."""
        self._arrived: queue.SimpleQueue[tuple[Worker, bytes | None]] = queue.SimpleQueue()
        self._line: deque[Batch] = deque()
        """All batches in flight, in input order."""
        self._waiting: deque[Batch] = deque()
        """Those that no process has."""
        self._failed_starts = self._killed_starts = 0
        self._start_at = self._look_at = 0.0
        self._clock = system.AwakeClock(_ASLEEP)
        self._here: BatchAnalyzer | None = None
        self._pid = os.getpid()
        atexit.register(self._kill_all)  # they ignore the SIGTERM with which multiprocessing would end them
        self.evaluated = self.planned = self.cached = 0
        """Positions in the batches that have come back; none of them is from a cache."""
        self.follow_ups = FollowUpTally()

    def has_room(self) -> bool:
        """Whether another batch would keep a process busy."""
        return len(self._line) < IN_FLIGHT * self._size

    def submit(self, games: batches.Batch) -> None:
        """Hand out a batch."""
        batch = Batch(pack_batch(games))
        self._line.append(batch)
        self._waiting.append(batch)
        self._hand_out()

    def next(self, timeout: float) -> BatchResult | None:
        """Return the result of the oldest batch; None when it does not come in time, or there is no batch.

        * **timeout** - the longest wait in seconds.
        """
        deadline = time.monotonic() + timeout
        while self._line:
            if self._line[0].answer is not None:
                return self._take()
            self._watch()
            self._hand_out()
            if not self._workers and self._cannot_start:
                self._analyse_here(self._line[0])
                continue
            left = deadline - time.monotonic()
            try:
                with waiting():
                    worker, message = self._arrived.get(timeout=max(0.0, min(left, LOOKS)))
            except queue.Empty:
                if left <= 0:
                    return None
                continue
            self._understand(worker, message)
        return None

    def states(self) -> tuple[WorkerState, ...]:
        """Return no lines for the screen: each batch is over in a moment."""
        return ()

    def game(self, number: int) -> SourceGame | None:  # noqa: ARG002 - as the scheduler's
        """Return None: no game is in flight here."""
        return None

    def close(self) -> None:
        """End the processes at once. May be called more than once."""
        atexit.unregister(self._kill_all)
        self._kill_all()
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.release()

    def _kill_all(self) -> None:
        if os.getpid() == self._pid:
            for worker in self._workers:
                worker.process.kill()

    # -- batches --

    def _take(self) -> BatchResult:
        answer = self._line.popleft().answer
        assert answer is not None
        result = answer if isinstance(answer, BatchResult) else msgspec.msgpack.decode(answer, type=BatchResult)
        self.evaluated += result.counts.positions
        self.planned = self.evaluated
        return result

    def _hand_out(self) -> None:
        """Give waiting batches to the processes that hold the fewest; start one where all are busy."""
        while self._waiting:
            up = [worker for worker in self._workers if worker.sentence is None]
            worker = min(up, key=lambda worker: len(worker.batches), default=None)
            if (worker is None or worker.batches) and len(self._workers) < self._size:
                worker = self._start() or worker
            if worker is None or len(worker.batches) >= LEASES:
                return
            batch = self._waiting.popleft()
            if not worker.batches:
                worker.moved_at = None
            worker.batches.append(batch)
            worker.tasks.put(batch.packed)

    def _analyse_here(self, batch: Batch) -> None:
        if self._here is None:
            LOGGER.info("no process can be started: batches are analysed in this one")
            self._here = BatchAnalyzer(self._job)
        if batch in self._waiting:
            self._waiting.remove(batch)
        batch.answer = self._here.analyse(unpack_batch(batch.packed, self._job))

    def _blame(self, batch: Batch, reason: str, blame: Blame) -> None:
        """Have a batch analysed again; when that was tried often enough its halves, and in the end no game."""
        batch.kills += blame == "outside"
        batch.faults += blame == "position"
        if batch.faults < FAULTS and batch.kills <= KILLS:
            self._waiting.appendleft(batch)
            return
        games = unpack_batch(batch.packed, self._job)
        if len(games) == 1:
            batch.answer = give_up(games, self._job, f"given up, because whatever analyses it ends: {reason}")
            return
        middle = len(games) // 2
        halves = [Batch(pack_batch(half), FAULTS - 1) for half in (games[:middle], games[middle:])]
        at = self._line.index(batch)
        del self._line[at]
        for half in reversed(halves):
            self._line.insert(at, half)
        self._waiting.extendleft(reversed(halves))

    # -- processes --

    @property
    def _cannot_start(self) -> bool:
        return self._failed_starts >= FAILED_STARTS or self._killed_starts >= KILLS

    def _start(self) -> Worker | None:
        if self._cannot_start or self._clock() < self._start_at:
            return None
        slot = min(set(range(self._size)) - {worker.slot for worker in self._workers})
        try:
            worker = Worker(self._context, slot, self._packed_job, self._games, self._arrived)
        except (OSError, EOFError) as error:
            LOGGER.info("a process for batches cannot be started: %s", error)
            self._start_failed("outside" if isinstance(error, EOFError | ConnectionError) else "position")
            return None
        self._workers.append(worker)
        return worker

    def _start_failed(self, blame: Blame) -> None:
        self._killed_starts += blame == "outside"
        self._failed_starts += blame == "position"
        self._start_at = self._clock() + _BACK_OFF

    def _understand(self, worker: Worker, message: bytes | None) -> None:
        if worker not in self._workers:
            return
        worker.moved_at = None
        if message is None:
            self._bury(worker)
        elif message[:1] == WORDS:
            worker.words = message[1:].decode()
        else:
            self._failed_starts = self._killed_starts = 0
            worker.ready = True
            if message[:1] == RESULT:
                worker.batches.popleft().answer = message[1:]

    def _bury(self, worker: Worker) -> None:
        """Take back the batches of a process that has ended."""
        self._workers.remove(worker)
        worker.process.join(_END_SECONDS)
        reason, blame = worker.cause_of_death()
        LOGGER.info("process %d for batches ended: %s", worker.slot, reason)
        worker.release()
        if not worker.ready:
            self._start_failed(blame)
        first = worker.batches.popleft() if worker.ready and worker.batches else None
        self._waiting.extendleft(reversed(worker.batches))
        if first is not None:
            self._blame(first, reason, blame)

    def _watch(self) -> None:
        """Kill the processes that do not move, and bury those that died without our being told."""
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOKS
        for worker in list(self._workers):
            if worker.seen_dead:
                self._bury(worker)
                continue
            worker.seen_dead = not worker.process.is_alive()
            if worker.sentence is not None or not (worker.batches or not worker.ready):
                continue
            games = self._games[worker.slot]
            if games != worker.games or worker.moved_at is None:
                worker.games, worker.moved_at = games, now
            stopped = stopped_for_long(worker, now)
            if now - worker.moved_at > GAME_SECONDS:
                worker.kill(f"no game was analysed within {GAME_SECONDS:.0f} s", "position")
            elif stopped:
                worker.kill(f"the process was stopped for {STOPPED_SECONDS:.0f} s", "outside")


def serve(slot: int, job_bytes: bytes, tasks: Any, results: Any, games: Any) -> None:
    """Run as a process.

    * **slot** - its place in `games`.
    * **job_bytes** - the packed `BatchJob`.
    * **tasks** - its queue of packed batches.
    * **results** - its end of a pipe to the parent.
    * **games** - the games begun by each process.
    """
    system.leave_signals_to_parent()
    system.end_with_parent()

    def count() -> None:
        games[slot] += 1

    # A parent that is gone needs no answer: the broken pipe is the end, quietly.
    with contextlib.suppress(BrokenPipeError):
        try:
            job = msgspec.msgpack.decode(job_bytes, type=BatchJob)
            system.apply_cpu_settings(1, nice=job.nice, pin=False)
            analyzer = BatchAnalyzer(job)
            system.collect_seldom()
            results.send_bytes(READY)
            while True:
                batch = unpack_batch(tasks.get(), job)
                results.send_bytes(RESULT + msgspec.msgpack.encode(analyzer.analyse(batch, count)))
        except BrokenPipeError:
            raise
        except Exception as error:
            results.send_bytes(WORDS + f"{type(error).__name__}: {error}".encode())
