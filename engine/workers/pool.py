"""The workers of this machine, supervised: death is an event, and every unit is accounted for.

The parent waits on the result pipes and the process sentinels together. A worker that ends - killed, crashed,
hung, or because its evaluator failed - takes one path: its process is reaped, its pipe is drained, the scoreboard
recounted, and after a back-off its slot gets a new process. The unit that it was searching is reported lost;
units that only waited in its queue go to others, without blame.

Each worker has a task queue of its own, with the parent as the only producer, so that a death costs nobody else
anything: a process killed inside `Queue.get` dies with the queue's lock. What a worker holds is bounded by its
leases, not by the queue.

When is it over? When every slot has failed to start its worker `FAILED_STARTS` times since any succeeded; when so
many units were lost in a row that either the positions or the evaluator must be at fault, and trial searches
of the start position and of one that no book has, with the limit of the run, fail too; or when a worker finds
another evaluator than the run's.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import os
import time
from collections import deque
from collections.abc import Iterator
from typing import Any, Literal

import chess

from engine import system
from engine.contracts.messages import Done, FromWorker, Lost, Outcome, Ready, Unit, pack
from engine.errors import EvaluatorError
from engine.model import Position
from engine.plugin import ExecutorContext, WorkerState
from engine.workers import worker
from engine.workers.deadlines import Watchdog
from engine.workers.scoreboard import Ledger
from engine.workers.slot import Slot

LOGGER = logging.getLogger("engine.workers")

LEASES = 2
"""Units a worker holds: one in hand, one waiting, so that it never idles between two."""
MOST_LEASES = 16
"""Units that a worker holds at most, where it searches one in next to no time."""
LEASED_SECONDS = 0.05
"""Seconds for which more than two units may keep a worker busy."""
_TICK = 1e-6
"""Seconds that a unit takes at least."""
BACK_OFF = (0.0, 0.1, 0.4, 1.6, 6.4)
"""Seconds before the next start of a slot, by failures in a row."""
FAILED_STARTS = 5
"""Failed starts of each slot, with no worker at work meanwhile, that mean the evaluator cannot be kept alive."""
KILLED_STARTS = 25
"""The same for workers that something else killed while they started."""
LOSSES = 8
"""Units lost in a row, none searched between them, after which the evaluator has to prove itself."""
_TRIAL_ID = 0
"""Units of a run have serials from 1."""
TRIALS = tuple(
    Unit(_TRIAL_ID, worker.NO_GAME, (0,), (Position(fen),))
    for fen in (chess.STARTING_FEN, "4k3/2pp1p2/1p6/4P3/3P2P1/5N2/1P3K2/r7 w - - 0 40")
)
"""The trial searches, of which one must succeed. A program with a book may give no score for the first."""
_WAY_OUT = "-vv shows what it was sent and what it said"
ASLEEP = 5.0
"""Seconds of a gap in the parent's own loop which mean that the parent slept, not the workers."""
CLOSING_SECONDS = 1.5
"""How long idle workers may take to end when the pool is closed."""


class Pool:
    """N workers on this machine. Used by one thread."""

    def __init__(self, context: ExecutorContext, start_method: str = "spawn") -> None:
        self._context = context
        self._job = pack(context.job)
        self._mp = multiprocessing.get_context(start_method)
        self._slots = [Slot(n) for n in range(1, context.workers + 1)]
        self._waiting: deque[Unit] = deque()
        """Units for the next worker that is free."""
        self._waiter = system.Waiter()
        self._ledger = Ledger(context.scoreboard, context.job.winning_cp)
        self._clock = system.AwakeClock(ASLEEP)
        self._watchdog = Watchdog(context.job, context.scoreboard, self._clock)
        self._losses = 0
        """Losses in a row, with no unit searched between them."""
        self._trial: Literal["", "waiting", "in hand"] = ""
        self._failed_trials = 0.0
        self._failed_searches = 0
        """Searches in a row that failed, those of trials too."""
        self._pid = os.getpid()
        self._verdict: EvaluatorError | None = None
        """Why the run cannot go on with its evaluator, once that is certain."""
        # Workers ignore SIGTERM, with which multiprocessing would end those of a caller that forgets `close`.
        atexit.register(self._kill_all)
        try:
            for slot in self._slots:
                self._start(slot)
        except BaseException:
            self.close()
            raise

    # -- what an executor does --

    def wants(self) -> bool:
        """Return whether it takes another unit.

        It does so also while all workers are down: what waits here is what brings the caller back to `collect`.
        """
        held = len(self._waiting) + sum(len(slot.leases) for slot in self._slots)
        return held < sum(slot.most_leases for slot in self._slots)

    def submit(self, unit: Unit) -> None:
        """Give a unit to the next worker that is free."""
        self._waiting.append(unit)
        self._hand_out()

    def collect(self, timeout: float, also: Any = None) -> list[Outcome]:
        """Return what was searched or lost since the last call.

        * **timeout** - seconds to wait for something.
        * **also** - *(optional)* a pipe; something to read in it ends the wait too.

        Raises EvaluatorError when no evaluator can be kept alive.
        """
        if self._verdict:
            raise self._verdict
        self._revive()
        self._hand_out()
        outcomes: list[Outcome] = []
        for slot in self._wait(timeout, also):
            outcomes += self._read(slot)
            if not slot.process.is_alive():
                outcomes += self._bury(slot)
        for slot, reason, blame in self._watchdog.find(self._slots):
            LOGGER.info("worker %d is killed: %s", slot.number, reason)
            slot.kill(reason, blame)
        # What has been searched is delivered before a verdict is, and so is not searched again.
        if self._verdict and not outcomes:
            raise self._verdict
        return outcomes

    def states(self) -> Iterator[WorkerState]:
        """Yield the state of each worker, for the screen. Any thread."""
        view = self._context.scoreboard.view()
        for slot, activity in zip(self._slots, view.workers, strict=True):
            yield slot.describe(activity)

    def close(self) -> None:
        """Ask idle workers to end, kill the others, reap all."""
        atexit.unregister(self._kill_all)
        running = [slot for slot in self._slots if slot.process is not None]
        for slot in running:
            if slot.state == "ready" and not slot.leases:
                slot.tasks.put(worker.STOP)
            elif slot.state != "ending":
                slot.process.kill()
        deadline = time.monotonic() + CLOSING_SECONDS
        for slot in running:
            slot.process.join(max(0.0, deadline - time.monotonic()))
        self._kill_all()
        for slot in running:
            slot.process.join()
            LOGGER.info("worker %d ended (%s)", slot.number, system.name_signal(slot.process.exitcode))
            self._release(slot)

    def _kill_all(self) -> None:
        if os.getpid() != self._pid:
            return  # a fork of ours, whose workers these are not
        for slot in self._slots:
            if slot.process is not None:
                slot.process.kill()

    # -- starting --

    def _start(self, slot: Slot) -> None:
        try:
            self._launch(slot)
        except (OSError, EOFError) as error:  # no process, no descriptor, no memory; a forkserver that was killed
            slot.last_words = f"a worker process cannot be started: {error}"
            slot.blame = "outside" if isinstance(error, EOFError | ConnectionError) else "evaluator"
            LOGGER.info("worker %d: %s", slot.number, slot.last_words)
            self._start_failed(slot)
            return
        slot.state = "starting"
        slot.progress_at = self._clock()

    def _launch(self, slot: Slot) -> None:
        slot.launch(self._mp, self._job, self._context.scoreboard)
        LOGGER.info("worker %d started, process %s", slot.number, slot.process.pid)
        self._waiter.add(slot.results, slot)
        self._waiter.add(slot.process.sentinel, slot)

    def _revive(self) -> None:
        for slot in self._slots:
            if slot.state == "down" and self._clock() >= slot.start_at:
                self._start(slot)

    def _hand_out(self) -> None:
        """Give waiting units to the workers that hold the least; nothing but a trial while there is one."""
        while self._trial == "waiting" or (self._waiting and not self._trial):
            slot = self._least_loaded()
            if slot is None:
                return
            if self._trial == "waiting":
                self._trial = "in hand"
                unit = TRIALS[int(self._failed_trials)]
            else:
                unit = self._waiting.popleft()
            if not slot.leases and slot.state == "ready":
                slot.progress_at = slot.busy_since = self._clock()
            slot.leases.append(unit)
            slot.tasks.put(pack(unit))
            LOGGER.debug("unit %d to worker %d", unit.id, slot.number)

    def _least_loaded(self) -> Slot | None:
        """Return the worker with the fewest units, of these the fewest positions; None when none takes more."""
        up = [
            slot
            for slot in self._slots
            if slot.state in ("starting", "ready")
            and slot.sentence is None
            and len(slot.leases) < (1 if self._trial else slot.most_leases)
        ]
        fewest = min([len(slot.leases) for slot in up], default=0)
        candidates = [slot for slot in up if len(slot.leases) == fewest]
        return min(candidates, key=Slot.count_positions, default=None)

    # -- listening --

    def _wait(self, timeout: float, also: Any) -> list[Slot]:
        """Return the slots of which there is something to read, or whose process has ended."""
        if also is not None and also not in self._waiter:
            self._waiter.add(also, None)
        starts = [slot.start_at - self._clock() for slot in self._slots if slot.state == "down"]
        timeout = max(0.0, min([timeout, ASLEEP / 2, *starts]))
        return [slot for slot in self._waiter.wait(timeout) if slot is not None]

    def _read(self, slot: Slot) -> list[Outcome]:
        """Take in every complete message of a worker, and return the outcomes among them."""
        messages = list(slot.read())
        now = self._clock()
        if messages and slot.state == "ready":
            # Halved at most: one quick unit says little of the next ones.
            slot.unit_seconds = max((now - slot.busy_since) / len(messages), slot.unit_seconds / 2, _TICK)
            slot.most_leases = max(LEASES, min(MOST_LEASES, int(LEASED_SECONDS / slot.unit_seconds)))
        if messages:
            slot.busy_since = now
        return [outcome for message in messages for outcome in self._understand(slot, message)]

    def _understand(self, slot: Slot, message: FromWorker) -> list[Outcome]:
        slot.progress_at = self._clock()
        slot.pardoned = slot.sentence is not None
        if isinstance(message, Ready | Done):  # starts that fail meanwhile are not the evaluator's fault
            for other in self._slots:
                other.failed_starts = other.killed_starts = 0
        if isinstance(message, Ready):
            slot.state, slot.replaced_starts = "ready", 0
            LOGGER.debug("worker %d is ready: %s", slot.number, message.evaluator.name)
            return []
        if isinstance(message, Lost) and message.unit == worker.NO_UNIT:
            slot.last_words, slot.blame = message.reason, message.blame
            return []
        unit = slot.leases.popleft()
        assert unit.id == message.unit
        if isinstance(message, Done):
            slot.failures = self._losses = self._failed_searches = 0
            if unit.id != _TRIAL_ID:
                self._ledger.accept(slot.number, unit, message.evaluations)
        else:
            slot.state = "ending"
            self._take_back(slot)
        return self._settle(unit, message)

    def _settle(self, unit: Unit, outcome: Outcome) -> list[Outcome]:
        """Follow the losses in a row; return what concerns the caller."""
        if isinstance(outcome, Lost):
            LOGGER.info("unit %d is lost (%s): %s", unit.id, outcome.blame, outcome.reason)
        if isinstance(outcome, Lost) and outcome.blame == "position":
            self._failed_searches += 1
        if unit.id == _TRIAL_ID:
            self._judge_trial(outcome)
            return []
        if isinstance(outcome, Lost) and outcome.blame == "position":
            self._losses += 1
            if self._losses >= LOSSES and not self._trial:
                self._trial = "waiting"
                self._failed_trials = 0
        return [outcome]

    def _judge_trial(self, outcome: Outcome) -> None:
        if isinstance(outcome, Done):
            self._trial = ""
            return
        self._trial = "waiting"
        self._failed_trials += 1 if outcome.blame == "position" else len(TRIALS) / KILLED_STARTS
        if self._failed_trials >= len(TRIALS):
            failed = f"the evaluator failed in {self._failed_searches} searches in a row, the start position's too"
            self._verdict = EvaluatorError(f"{failed}: {outcome.reason}; {_WAY_OUT}")

    # -- endings --

    def _take_back(self, slot: Slot) -> None:
        """Recount without a worker that enters nothing more, and give what it has not begun to the others."""
        self._ledger.bury(slot.number)
        if any(unit.id == _TRIAL_ID for unit in slot.leases):
            slot.leases = deque(unit for unit in slot.leases if unit.id != _TRIAL_ID)
            self._trial = "waiting"
        if slot.leases:
            LOGGER.debug("units %s back from worker %d", [unit.id for unit in slot.leases], slot.number)
        self._waiting.extendleft(reversed(slot.leases))
        slot.leases.clear()

    def _bury(self, slot: Slot) -> list[Outcome]:
        """Drain the pipe of a process that has ended, take back its units, plan the next start."""
        slot.process.join()
        outcomes = self._read(slot)
        reason, blame = slot.cause_of_death()
        LOGGER.info("worker %d died (%s)", slot.number, system.name_signal(slot.process.exitcode))
        if slot.state == "ready" and slot.leases and not slot.pardoned:
            unit = slot.leases.popleft()
            outcomes += self._settle(unit, Lost(unit.id, None, blame, reason))
        self._take_back(slot)
        was_starting = slot.state == "starting"
        self._release(slot)
        if was_starting:
            if not slot.last_words:
                slot.last_words, slot.blame = reason, "evaluator" if blame == "position" else "outside"
            self._start_failed(slot)
        else:
            self._back_off(slot)
        return outcomes

    def _start_failed(self, slot: Slot) -> None:
        slot.killed_starts += slot.blame == "outside"
        slot.failed_starts += slot.blame != "outside"
        slot.replaced_starts = slot.replaced_starts + 1 if slot.blame == "replaced" else 0
        hopeless = all(s.failed_starts >= FAILED_STARTS or s.killed_starts >= KILLED_STARTS for s in self._slots)
        if hopeless or slot.was_replaced:
            self._verdict = self._verdict or slot.verdict()
        self._back_off(slot)

    def _back_off(self, slot: Slot) -> None:
        slot.state = "down"
        slot.failures += 1
        seconds = BACK_OFF[min(slot.failures, len(BACK_OFF)) - 1]
        slot.start_at = self._clock() + seconds
        LOGGER.info("worker %d is started again in %.1f s", slot.number, seconds)

    def _release(self, slot: Slot) -> None:
        self._waiter.remove(slot.results)
        self._waiter.remove(slot.process.sentinel)
        slot.release()
