"""A run in which nothing is searched: games are analysed by the batch in other processes."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any

from engine.run.batch_pool import BatchPool
from engine.run.batches import BatchResult, batches
from engine.run.jobs import batch_job
from engine.run.reporter import PROGRESS_SECONDS
from engine.run.started import Parts, StartedRun

Line = deque[Any]
"""Everything that was read, in input order; a number stands for so many games of a batch."""


class RecordedRun(StartedRun):
    """One run over games whose evaluations stand in the input."""

    def __init__(self, parts: Parts, *, games_wanted: bool) -> None:
        """`games_wanted`: whether a listener takes the games themselves."""
        super().__init__(parts)
        self._job = batch_job(parts, searched=False, games_wanted=games_wanted)

    def _work(self) -> None:
        settings = self._plan.settings
        pool = BatchPool(self._job, workers=self._plan.workers, start_method=settings.start_method)
        try:
            self._drive(pool)
            self._report(pool, last=True)
        finally:
            pool.close()

    def _drive(self, pool: BatchPool) -> None:
        progress = self._progress
        items = batches(self._select())
        line: Line = deque()

        def has_room() -> bool:
            return pool.has_room() and not self._is_paused()

        while not progress.exhausted or line:
            if self._is_stopping() and not progress.exhausted:
                self._interrupted = progress.exhausted = True
            if self._overdue and line:
                self._interrupted = True
                break
            reads_on = self._read(items, has_room, partial(self._take, pool, line))
            self._pass_over(line)
            if line and (result := pool.next(0.0 if reads_on else PROGRESS_SECONDS)) is not None:
                line[0] = line[0] - result.games
                if not line[0]:
                    line.popleft()
                self._merge(result)
            self._report(pool)
            if not line and self._is_paused():
                self._stop.pause.rest(PROGRESS_SECONDS)

    def _take(self, pool: BatchPool, line: Line, item: Any) -> None:
        """Hand out a batch, or put what is no game in its place."""
        if isinstance(item, list):
            pool.submit(item)
            line.append(len(item))
        else:
            line.append(item)
            self._pass_over(line)

    def _pass_over(self, line: Line) -> None:
        """Account for what stands before the oldest batch and is no game."""
        while line and not isinstance(line[0], int):
            self._accounts.pass_over(line.popleft())

    def _merge(self, batch: BatchResult) -> None:
        self._scoreboard.record_batch(batch.counts.positions, batch.recount.wins, batch.recount.best)
        self._delivery.batch(batch)
