"""An executor in a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Sequence

from engine.errors import AnalysisError, EvaluatorError
from engine.loading.evaluators import make
from engine.plugin import Done, Executor, ExecutorContext, Lost, Outcome, Unit, WorkerState
from engine.workers.scoreboard import Ledger
from engine.workers.worker import Searcher, SearchFailed, start_evaluator

IN_HAND = 4
"""Units that are given to the thread at a time: enough that it never waits for the next."""


class Background(Executor):
    """Searches in a thread of the calling process, for evaluators that wait for somebody else.

    Python runs one thread at a time, so this is for evaluators that spend their time in another program or over
    the network.
    """

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        self._units: queue.Queue[Unit | None] = queue.Queue()
        self._results: queue.Queue[tuple[Unit, Done | Lost] | AnalysisError] = queue.Queue()
        self._ledger = Ledger(context.scoreboard, context.job.winning_cp)
        self._in_hand = 0
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def wants(self) -> bool:
        return self._in_hand < IN_HAND

    def submit(self, unit: Unit) -> None:
        self._in_hand += 1
        self._units.put(unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        try:
            result = self._results.get(timeout=timeout)
        except queue.Empty:
            return ()
        if isinstance(result, AnalysisError):
            raise result
        self._in_hand -= 1
        unit, outcome = result
        if isinstance(outcome, Done):
            self._ledger.accept(1, unit, outcome.evaluations)
        else:
            self._ledger.bury(1)
        return (outcome,)

    def states(self) -> Iterable[WorkerState]:
        yield WorkerState("background", "searching" if self._in_hand else "idle")

    def close(self) -> None:
        while not self._units.empty():
            self._units.get_nowait()
        self._units.put(None)
        self._thread.join()

    def _work(self) -> None:
        """Run as the thread: search with one evaluator, a fresh one after a failure."""
        searcher: Searcher | None = None
        try:
            while (unit := self._units.get()) is not None:
                searcher = searcher or self._searcher()
                try:
                    self._results.put((unit, searcher.search(unit)))
                except SearchFailed as failed:
                    searcher.evaluator.close()
                    searcher = None
                    self._results.put((unit, Lost(unit.id, failed.index, failed.blame, failed.reason)))
        except AnalysisError as error:
            self._results.put(error)
        except Exception as error:
            self._results.put(EvaluatorError(f"{type(error).__name__}: {error}"))
        finally:
            if searcher is not None:
                searcher.evaluator.close()

    def _searcher(self) -> Searcher:
        evaluator = make(self.context.job.evaluator)
        try:
            start_evaluator(self.context.job, evaluator)
        except BaseException:
            evaluator.close()
            raise
        return Searcher(self.context.job, evaluator, self.context.scoreboard, slot=1)
