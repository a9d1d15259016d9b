"""How long a worker may take before it is taken for hung, and who has taken longer.

These are a backstop behind the evaluator's own deadlines, hence always later: generous, because a slow machine is
not a fault. An evaluator that lets the user set its deadlines calls the options `search_timeout` and
`start_timeout`.

A worker that somebody has stopped (SIGSTOP) is waited for less long: it may hold the scoreboard's lock, which all
others need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from msgspec import structs

from engine import system
from engine.contracts.messages import Job, Unit
from engine.model import Limit
from engine.workers.scoreboard import Scoreboard
from engine.workers.slot import Slot
from engine.workers.worker import Blame

LOOKS = 0.25
"""Seconds between two looks at who hangs."""
ENDING_SECONDS = 10.0
"""How long a worker that has said it ends may take to."""
STOPPED_SECONDS = 5.0
"""How long a worker may be stopped while its parent is not."""


class Stoppable(Protocol):
    """Whoever keeps account of a process that may be stopped."""

    process: Any
    stopped_at: float | None
    """Since when it has been stopped; None when it is not, and for a new process."""


def search_deadline(job: Job) -> float:
    """Return the seconds after which a worker that has finished no position is taken for hung."""
    own_seconds = float(job.evaluator.options.get("search_timeout") or 0.0)
    return max(_limit_deadline(job.limit), own_seconds + 60.0) + start_timeout(job)


def _limit_deadline(limit: Limit) -> float:
    if limit.time is not None:
        return 60.0 + 2 * limit.time / 1000
    if limit.nodes is not None:
        return 60.0 + limit.nodes / 5_000
    return 3_600.0


def start_timeout(job: Job) -> float:
    """Return the seconds that the evaluator's options allow a start to take."""
    return float(job.evaluator.options.get("start_timeout") or 60.0)


def start_deadline(job: Job) -> float:
    """Return the seconds after which a worker that is not ready is taken for hung."""
    return 60.0 + start_timeout(job)


def stopped_for_long(worker: Stoppable, now: float) -> bool:
    """Note whether a process is stopped, and return whether it has been for longer than `STOPPED_SECONDS`."""
    worker.stopped_at = (worker.stopped_at or now) if system.is_stopped(worker.process.pid) else None
    return worker.stopped_at is not None and now - worker.stopped_at > STOPPED_SECONDS


class Watchdog:
    """Finds the workers of a pool that do not move."""

    def __init__(self, job: Job, scoreboard: Scoreboard, clock: Callable[[], float]) -> None:
        self._job = job
        self._scoreboard = scoreboard
        self._clock = clock
        self._looked_at = -LOOKS
        """When it looked last."""
        self.search_seconds = search_deadline(job)
        self.start_seconds = start_deadline(job)

    def find(self, slots: Iterable[Slot]) -> Iterator[tuple[Slot, str, Blame]]:
        """Yield the workers that finished no position, or did not start or end, in time; why, and the cause."""
        before, now = self._looked_at, self._clock()
        if now < before + LOOKS:
            return
        self._looked_at = now
        for slot in slots:
            if slot.process is None or slot.sentence is not None:
                continue
            late = self._lateness(slot)
            if late:
                yield slot, late, "position"
            elif slot.leases and slot.progress_at > before:
                slot.stopped_at = None  # it has moved since: there is no need to ask the system
            elif stopped_for_long(slot, now):
                yield slot, f"the worker was stopped for {STOPPED_SECONDS:.0f} s", "outside"

    def _lateness(self, slot: Slot) -> str:
        if slot.state == "ready" and slot.leases:
            progress = self._scoreboard.progress(slot.number)
            if progress != slot.progress:
                slot.progress, slot.progress_at = progress, self._clock()
            seconds, complaint = self._seconds_for(slot.leases[0]), "no answer"
        elif slot.state == "starting":
            seconds, complaint = self.start_seconds, "a worker was not ready"
        elif slot.state == "ending":
            seconds, complaint = ENDING_SECONDS, "a worker did not end"
        else:
            return ""
        return f"{complaint} within {seconds:.0f} s" if self._clock() - slot.progress_at > seconds else ""

    def _seconds_for(self, unit: Unit) -> float:
        if unit.limit is None:
            return self.search_seconds
        return max(self.search_seconds, search_deadline(structs.replace(self._job, limit=unit.limit)))
