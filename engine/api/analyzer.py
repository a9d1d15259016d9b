"""Analyses one after the other, or several at once, on workers that stay warm."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, Unpack

from msgspec import structs

from engine.api.background import Background
from engine.api.calls import asked, search_here
from engine.api.run import Run
from engine.api.wanted import Source, Wanted, checked, settings_of, work
from engine.api.workshop import Share, Workshop
from engine.errors import AnalyzerClosed, ConfigError
from engine.input.inputs import list_inputs, pump_iterables
from engine.model import Evaluation, EvaluatorInfo, RunResult
from engine.run.progress import Snapshot
from engine.run.run import Run as Work
from engine.settings import Settings
from engine.workers.shared_pool import CLOSED

OF_WORKERS = ("evaluator", "evaluator_options", "workers", "executor", "plugins", "start_method", "nice", "pin")
"""Settings that belong to the Analyzer, whatever a call's own settings say."""


class Analyzer:
    """Keeps worker processes and their evaluators between calls.

    `evaluator`, `workers` and `settings` are as in `engine.analyze`, and are the defaults of every call; what
    belongs to workers (evaluator, its options, workers, executor, plugins) cannot be changed by a call. Workers
    start when something is first searched. All methods may be called by any thread. Runs that overlap take turns,
    a unit at a time. Leave the `with` block, or call `close`, to end the workers, and with them whatever is not
    finished.

    >>> import engine
    >>> with engine.Analyzer(workers=1) as analyzer:
    ...     result = analyzer.analyze("games.pgn", nodes=1_000)
    ...     best = analyzer.evaluate("startpos", moves="f3 e5 g4", nodes=1_000).best
    >>> result.counts.analysed, best
    (2, 'd8h4')
    """

    def __init__(
        self, *, evaluator: str | None = None, workers: int | None = None, settings: Settings | None = None
    ) -> None:
        """Raises ConfigError, PluginLoadError. Whether the evaluator works is seen by the first call."""
        given_ = (("evaluator", evaluator), ("workers", workers))
        changed: dict[str, Any] = {name: value for name, value in given_ if value is not None}
        self._settings = checked(structs.replace(settings or Settings(), **changed))
        self._workshop = Workshop(self._settings)
        self._runs: weakref.WeakSet[Background] = weakref.WeakSet()
        self._pid = os.getpid()
        # For one that is forgotten; the program's end is seen to by the crews.
        weakref.finalize(self, self._workshop.close).atexit = False

    # -- searching --

    def analyze(
        self, source: Source, /, *, progress: Callable[[Snapshot], None] | None = None, **wanted: Unpack[Wanted]
    ) -> RunResult:
        """As `engine.analyze`, on these workers. `progress` is called in this thread.

        Raises what that raises, and AnalyzerClosed. An exception in this thread (Ctrl-C, or one of `progress`)
        cancels the run.
        """
        run = self.submit(source, games=False, **wanted)
        try:
            for event in run.events():
                if progress is not None and isinstance(event, Snapshot):
                    progress(event)
            return run.result()
        except BaseException:
            run.cancel()
            raise

    def submit(
        self,
        source: Source,
        /,
        *,
        games: bool = True,
        progress: Callable[[Snapshot], None] | None = None,
        **wanted: Unpack[Wanted],
    ) -> Run:
        """Begin a run in the background; everything else as in `analyze`.

        What is wrong with the call is raised here, what ends the run by its `result`. `progress` is called in the
        run's thread, and an iterable is taken from in a thread of its own. `games=False` keeps no analysed games
        for iterating.
        """
        inputs = pump_iterables(list_inputs(source))
        return Run(self._submit(inputs, games=games, progress=progress, wanted=wanted))

    def _submit(
        self, inputs: Sequence[Any], *, games: bool, progress: Callable[[Snapshot], None] | None, wanted: Wanted
    ) -> Background:
        self._check_open()
        settings = settings_of(wanted, self._settings)
        settings = structs.replace(settings, **{name: getattr(self._settings, name) for name in OF_WORKERS})
        share = Share(self._workshop)

        def make(run: Background) -> Work:
            with self._workshop.preparing:
                return work(
                    inputs,
                    settings,
                    wanted,
                    progress=run.progress,
                    stop=run.stop,
                    on_event=run.happened,
                    warm=share,
                )

        run = Background(games=games, progress=progress, owner=self, turn=self._workshop.turn)
        run.start(make, share.wake)
        self._runs.add(run)
        return run

    def evaluate(
        self,
        fen: str = "startpos",
        /,
        *,
        moves: Sequence[str] | str = (),
        nodes: int | None = None,
        depth: int | None = None,
        time: int | None = None,
        multipv: int = 1,
    ) -> Evaluation:
        """As `engine.evaluate`, on these workers; it overtakes the units of runs.

        Raises what that raises, and AnalyzerClosed.
        """
        future = self._evaluate(fen, moves, nodes=nodes, depth=depth, time=time, multipv=multipv)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _evaluate(
        self,
        fen: str,
        moves: Sequence[str] | str,
        *,
        nodes: int | None,
        depth: int | None,
        time: int | None,
        multipv: int,
    ) -> Future[Evaluation]:
        self._check_open()
        position, limit = asked(fen, moves, nodes=nodes, depth=depth, time=time, multipv=multipv)
        spec = self._workshop.searcher()
        if self._workshop.shares_workers:
            return self._workshop.search(spec, position, limit)
        future: Future[Evaluation] = Future()
        future.set_result(search_here(spec, position, limit))
        return future

    @property
    def evaluator(self) -> EvaluatorInfo:
        """Who answers; starts it once to ask. Raises EvaluatorError, PluginError, AnalyzerClosed."""
        self._check_open()
        settings = self._settings
        return self._workshop.choose(self._workshop.registry, settings.evaluator, settings.evaluator_options).info

    # -- the end --

    def close(self) -> None:
        """End the workers at once, cancel what is not finished, and leave nothing behind. Called more than once.

        A run that still needed workers ends with AnalyzerClosed.
        """
        if os.getpid() != self._pid:
            return
        runs = list(self._runs)
        for run in runs:
            run.cancel()
        self._workshop.close()
        for run in runs:
            run.join()

    def _check_open(self) -> None:
        if os.getpid() != self._pid:
            raise ConfigError("this Analyzer was made by another process, before a fork: make one in each process")
        if self._workshop.closed:
            raise AnalyzerClosed(CLOSED)

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._workshop.closed else "open"
        return f"<engine.Analyzer: {state}, evaluator {self._settings.evaluator}>"
