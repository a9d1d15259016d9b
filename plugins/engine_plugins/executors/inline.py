"""Searches in the calling process, a unit at a time.

For tests, debugging and profiles. Nothing is searched while the caller does something else, and a crash of an
embedded evaluator is a crash of the caller.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from engine.loading.evaluators import make
from engine.plugin import Executor, ExecutorContext, Lost, Outcome, Unit, WorkerState
from engine.workers.scoreboard import Ledger
from engine.workers.worker import Searcher, SearchFailed, start_evaluator


class Inline(Executor):
    """In the calling process, a unit at a time: for tests and debugging."""

    supervises = True

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        self._units: deque[Unit] = deque()
        self._searcher: Searcher | None = None
        self._ledger = Ledger(context.scoreboard, context.job.winning_cp)

    def wants(self) -> bool:
        return not self._units

    def submit(self, unit: Unit) -> None:
        self._units.append(unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Search the next unit, however long it takes; `timeout` is ignored."""
        if not self._units:
            return ()
        unit = self._units.popleft()
        try:
            done = self._started().search(unit)
        except SearchFailed as failed:
            # The scoreboard forgets what the failed unit had entered; a fresh evaluator takes the next.
            self._ledger.bury(1)
            self._stop()
            return (Lost(unit.id, failed.index, failed.blame, failed.reason),)
        self._ledger.accept(1, unit, done.evaluations)
        return (done,)

    def states(self) -> Iterable[WorkerState]:
        for activity in self.context.scoreboard.view().workers[:1]:
            yield WorkerState(
                "inline", "searching", activity.game or None, activity.ply, activity.positions, activity.nodes
            )

    def close(self) -> None:
        self._stop()

    def _started(self) -> Searcher:
        if self._searcher is None:
            evaluator = make(self.context.job.evaluator)
            try:
                start_evaluator(self.context.job, evaluator)
            except BaseException:
                evaluator.close()
                raise
            self._searcher = Searcher(self.context.job, evaluator, self.context.scoreboard, slot=1)
        return self._searcher

    def _stop(self) -> None:
        if self._searcher is not None:
            self._searcher.evaluator.close()
            self._searcher = None
