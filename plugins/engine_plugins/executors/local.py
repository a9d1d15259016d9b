"""Worker processes on this machine, one for each core.

Each worker has one evaluator, a bounded task queue and a result pipe. A worker that dies is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.plugin import Executor, ExecutorContext, Outcome, Unit, WorkerState
from engine.workers.pool import Pool


class Local(Executor):
    """Worker processes on this machine, one for each core (default)."""

    supervises = True

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        self._pool = Pool(context, context.scoreboard.start_method)

    def wants(self) -> bool:
        return self._pool.wants()

    def submit(self, unit: Unit) -> None:
        self._pool.submit(unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        return self._pool.collect(timeout)

    def states(self) -> Iterable[WorkerState]:
        return self._pool.states()

    def close(self) -> None:
        self._pool.close()
