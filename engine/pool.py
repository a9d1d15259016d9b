"""The workers of this machine, supervised: death is an event, and every unit is accounted for.

The parent waits on the result pipes and the process sentinels together. A worker that ends - killed, crashed,
or because its evaluator failed - takes one path: its pipe is drained, the scoreboard recounted, and after a
back-off its slot gets a new process. The unit that it was searching is reported lost; units that only waited in
its queue go to others, without blame.

Each worker has a bounded task queue of its own, with the parent as the only producer, so that a death costs
nobody else anything: a process killed inside `Queue.get` dies with the queue's lock.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from multiprocessing import connection
from typing import Any, Literal

from engine import system, worker
from engine.errors import EvaluatorError
from engine.messages import Done, Lost, Outcome, Ready, Unit, pack, unpack_from_worker
from engine.model import Limit
from engine.plugin import ExecutorContext, WorkerState
from engine.scoreboard import Ledger

LEASES = 2
"""Units a worker holds: one in hand, one waiting, so that it never idles between two."""
BACK_OFF = (0.0, 0.1, 0.4, 1.6, 6.4)
"""Seconds before the next start of a slot, by failures in a row."""
FAILED_STARTS = 5
"""So many starts in a row without a single search: the evaluator cannot be kept alive."""
ASLEEP = 5.0
"""A gap in the parent's own loop of so many seconds means that the parent slept, not the workers."""

_main_hidden = threading.Lock()


def search_deadline(limit: Limit) -> float:
    """Seconds after which a worker that has finished no position is taken for hung.

    A backstop behind the evaluator's own deadline: generous, because a slow machine is not a fault.
    """
    if limit.time is not None:
        return 60.0 + 2 * limit.time / 1000
    if limit.nodes is not None:
        return 120.0 + limit.nodes / 5_000
    return 3_600.0


class _Slot:
    """A place for a worker: the process that has it now, and what it holds."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: Any = None
        self.tasks: Any = None
        self.results: Any = None
        self.leases: deque[Unit] = deque()
        self.state: Literal["starting", "ready", "down"] = "down"
        self.failures = 0
        self.start_at = 0.0
        self.progress = -1
        self.progress_at = 0.0


class Pool:
    """N workers on this machine. Used by one thread."""

    def __init__(self, context: ExecutorContext, start_method: str = "spawn") -> None:
        self._context = context
        self._job = pack(context.job)
        self._mp = multiprocessing.get_context(start_method)
        self._slots = [_Slot(n) for n in range(1, context.workers + 1)]
        self._waiting: deque[Unit] = deque()
        """Units taken back from the dead, to be handed to the next worker."""
        self._ledger = Ledger(context.scoreboard, context.job.winning_cp)
        self._deadline = search_deadline(context.job.limit)
        self._looked_at = time.monotonic()
        self._any_search = False
        self._last_words = ""
        for slot in self._slots:
            self._start(slot)

    # -- what an executor does --

    def wants(self) -> bool:
        return not self._waiting and any(len(s.leases) < LEASES for s in self._slots if s.state != "down")

    def submit(self, unit: Unit) -> None:
        self._waiting.append(unit)
        self._hand_out()

    def collect(self, timeout: float) -> list[Outcome]:
        """What came in or was lost; waits up to `timeout` seconds. Raises EvaluatorError."""
        self._revive()
        self._hand_out()
        outcomes: list[Outcome] = []
        by_waitable: dict[Any, _Slot] = {}
        for slot in self._slots:
            if slot.state != "down":
                by_waitable[slot.results] = by_waitable[slot.process.sentinel] = slot
        for slot in {id(s): s for s in self._wait(by_waitable, timeout)}.values():
            outcomes += self._read(slot)
            if not slot.process.is_alive():
                outcomes += self._bury(slot)
        outcomes += self._end_hung()
        return outcomes

    def states(self) -> Iterator[WorkerState]:
        view = self._context.scoreboard.view()
        for slot, activity in zip(self._slots, view.workers, strict=True):
            state: Literal["starting", "idle", "searching", "restarting"]
            if slot.state == "ready":
                state = "searching" if slot.leases else "idle"
            else:
                state = "starting" if slot.state == "starting" else "restarting"
            unit = slot.leases[0] if slot.leases else None
            yield WorkerState(
                name=str(slot.number),
                state=state,
                game=unit.game if unit else None,
                ply=activity.ply if unit and activity.game == unit.game else None,
                positions=activity.positions,
                nodes=activity.nodes,
            )

    def close(self) -> None:
        """Ask idle workers to end, kill the others, reap all."""
        for slot in self._slots:
            if slot.process is None:
                continue
            if slot.state == "ready" and not slot.leases:
                slot.tasks.put(worker.STOP)
            else:
                slot.process.kill()
        for slot in self._slots:
            if slot.process is not None:
                slot.process.join(2.0)
                if slot.process.is_alive():
                    slot.process.kill()
                    slot.process.join()
                self._release(slot)

    # -- starting --

    def _start(self, slot: _Slot) -> None:
        slot.tasks = self._mp.Queue(LEASES + 1)
        slot.results, theirs = self._mp.Pipe(duplex=False)
        slot.process = self._mp.Process(  # type: ignore[attr-defined]
            target=worker.main,
            args=(slot.number, self._job, slot.tasks, theirs, self._context.scoreboard),
            name=f"engine-worker-{slot.number}",
            daemon=True,
        )
        with _without_main():
            slot.process.start()
        # The parent's copy of the writing end must go, or its reader would never see the end of file.
        theirs.close()
        slot.state = "starting"
        slot.progress_at = time.monotonic()

    def _revive(self) -> None:
        now = time.monotonic()
        for slot in self._slots:
            if slot.state == "down" and now >= slot.start_at:
                self._start(slot)

    def _hand_out(self) -> None:
        """Give waiting units to the workers that hold the fewest."""
        while self._waiting:
            slot = min((s for s in self._slots if s.state != "down"), key=lambda s: len(s.leases), default=None)
            if slot is None or len(slot.leases) >= LEASES:
                return
            unit = self._waiting.popleft()
            if not slot.leases:
                slot.progress_at = time.monotonic()
            slot.leases.append(unit)
            slot.tasks.put(pack(unit))

    # -- listening --

    def _wait(self, by_waitable: dict[Any, _Slot], timeout: float) -> Iterator[_Slot]:
        down = [slot.start_at for slot in self._slots if slot.state == "down"]
        if down:
            timeout = min(timeout, max(0.0, min(down) - time.monotonic()))
        if not by_waitable:
            time.sleep(timeout)
            return
        for waitable in connection.wait(list(by_waitable), timeout):
            yield by_waitable[waitable]

    def _read(self, slot: _Slot) -> list[Outcome]:
        """Every complete message in the slot's pipe. A torn one is an end of file, never a result."""
        outcomes: list[Outcome] = []
        with contextlib.suppress(EOFError, OSError):
            while slot.results.poll():
                message = unpack_from_worker(slot.results.recv_bytes())
                if isinstance(message, Ready):
                    slot.state = "ready"
                    slot.progress_at = time.monotonic()
                elif isinstance(message, Done):
                    outcomes.append(self._accept(slot, message))
                elif message.unit == worker.NO_UNIT:
                    self._last_words = message.reason
                else:
                    self._take_lease(slot, message.unit)
                    outcomes.append(message)
        return outcomes

    def _accept(self, slot: _Slot, done: Done) -> Done:
        unit = self._take_lease(slot, done.unit)
        self._any_search = True
        slot.failures = 0
        slot.progress_at = time.monotonic()
        self._ledger.accept(slot.number, unit, done.evaluations)
        return done

    @staticmethod
    def _take_lease(slot: _Slot, unit_id: int) -> Unit:
        unit = slot.leases.popleft()
        if unit.id != unit_id:
            raise AssertionError(f"worker {slot.number} answered unit {unit_id}, it holds {unit.id}")
        return unit

    # -- dying --

    def _bury(self, slot: _Slot, reason: str | None = None) -> list[Outcome]:
        """The process is dead: drain, recount, take the leases back, plan the next start."""
        slot.process.join()
        outcomes = self._read(slot)
        exit_code = slot.process.exitcode
        lost_by_itself = any(isinstance(outcome, Lost) for outcome in outcomes)
        self._ledger.bury(slot.number)
        if slot.state == "ready" and slot.leases and not lost_by_itself and exit_code != 0:
            unit = slot.leases.popleft()
            outside = reason is None and system.name_signal(exit_code) in ("SIGKILL", "SIGTERM")
            outcomes.append(
                Lost(
                    unit.id,
                    None,
                    "outside" if outside else "position",
                    reason or f"the worker died ({system.name_signal(exit_code)})",
                )
            )
        self._waiting.extendleft(reversed(slot.leases))
        slot.leases.clear()
        was_starting = slot.state == "starting"
        self._release(slot)
        slot.state = "down"
        slot.failures += 1
        if (was_starting and slot.failures >= FAILED_STARTS) or self._never_started(was_starting):
            raise EvaluatorError(
                self._last_words or f"the workers die while they start ({system.name_signal(exit_code)})"
            )
        slot.start_at = time.monotonic() + BACK_OFF[min(slot.failures, len(BACK_OFF)) - 1]
        return outcomes

    def _never_started(self, was_starting: bool) -> bool:
        """An evaluator that said why it cannot start, before any search: trying again changes nothing."""
        return was_starting and bool(self._last_words) and not self._any_search

    def _end_hung(self) -> list[Outcome]:
        """Kill workers that finished no position within the deadline."""
        now = time.monotonic()
        slept = now - self._looked_at
        self._looked_at = now
        outcomes: list[Outcome] = []
        for slot in self._slots:
            if slot.state != "ready" or not slot.leases:
                continue
            if slept > ASLEEP:
                slot.progress_at += slept
            progress = self._context.scoreboard.progress(slot.number)
            if progress != slot.progress:
                slot.progress, slot.progress_at = progress, now
            elif now - slot.progress_at > self._deadline:
                slot.process.kill()
                outcomes += self._bury(slot, f"no answer within {self._deadline:.0f} s")
        return outcomes

    @staticmethod
    def _release(slot: _Slot) -> None:
        slot.process.close()
        slot.process = None
        slot.results.close()
        slot.tasks.close()
        # Nobody reads what the feeder thread still holds; waiting for it would hang.
        slot.tasks.cancel_join_thread()


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Keep a child from importing the caller's `__main__`, which it never needs.

    Its targets live in this package. Without this, a script that has no `if __name__ == "__main__"`, or that is
    fed on standard input, would run again in every worker.
    """
    main = sys.modules["__main__"]
    with _main_hidden:
        hidden: tuple[str, ...] = ("__file__", "__spec__")
        kept = {name: main.__dict__.pop(name) for name in hidden if name in main.__dict__}
        main.__spec__ = None
        try:
            yield
        finally:
            del main.__spec__
            main.__dict__.update(kept)
