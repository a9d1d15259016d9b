"""Analyses one after the other, or several at once, on workers that stay warm."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, Unpack

import chess
from msgspec import structs

from engine.api.arguments import (
    Source,
    Wanted,
    announced,
    check_callback,
    check_settings,
    merge_settings,
    override_settings,
    start_run,
)
from engine.api.background import Background
from engine.api.calls import analyze, prepare_evaluation, search_once
from engine.api.keywords import spelled_out
from engine.api.resources import RunResources, WarmResources
from engine.api.run import Run
from engine.errors import AnalyzerClosed, ConfigError
from engine.input.inputs import list_inputs, pump_iterables
from engine.model import Evaluation, EvaluatorInfo, RunResult
from engine.run.progress import Snapshot
from engine.run.started import StartedRun
from engine.settings import EvaluatorChoice, Settings
from engine.settings.checked import check_value
from engine.workers.shared_pool import CLOSED

_ELSEWHERE = {
    "evaluator": "it belongs to the Analyzer: engine.Analyzer(evaluator=...)",
    "workers": "they belong to the Analyzer: engine.Analyzer(workers=...)",
    "stop": "a run of an Analyzer is ended by Run.cancel, which submit returns",
    "evaluator_options": "they belong to the Analyzer: engine.Analyzer(settings=Settings(evaluator_options=...))",
}
"""Where keywords of `engine.analyze` and `engine.evaluate` belong that the methods do not take."""

ELSEWHERE_THAN_INIT = dict.fromkeys(Wanted.__annotations__, "it is given to analyze and submit")
"""Where keywords of `engine.analyze` belong that are not given to an Analyzer as such."""
spelled_out_here = spelled_out(like=analyze, elsewhere=_ELSEWHERE)

WORKER_SETTINGS = (
    *("evaluator", "evaluator_options", "workers", "executor", "plugins", "start_method", "nice", "pin"),
    "log_level",
)
"""Settings that belong to the Analyzer, whatever a call's own settings say."""


class Analyzer:
    """Keeps worker processes and their evaluators between calls.

    * **evaluator** - *(optional)* the name of an evaluator, the path of a UCI program, or a class or instance of
      `engine.plugin.Evaluator`; `stockfish`.
    * **workers** - *(optional)* how many positions are searched at once; as many as this process may use cores.
    * **settings** - *(optional)* the settings of every call that has none of its own. What belongs to workers
      (evaluator, its options, workers, executor, plugins) cannot be changed by a call.

    Workers start when something is first searched. All methods may be called by any thread. Runs that overlap take
    turns, a unit at a time. Leave the `with` block, or call `close`, to end the workers and all that is not
    finished.

    Raises `ConfigError`, `PluginLoadError`. Whether the evaluator works shows in the first call.

    >>> import engine
    >>> with engine.Analyzer(workers=1) as analyzer:
    ...     result = analyzer.analyze("games.pgn", nodes=1_000)
    ...     best = analyzer.evaluate("startpos", moves="f3 e5 g4", nodes=1_000).best
    >>> result.counts.analysed, best
    (2, 'd8h4')
    """

    @spelled_out(elsewhere=ELSEWHERE_THAN_INIT)
    def __init__(
        self,
        *,
        evaluator: EvaluatorChoice | None = None,
        workers: int | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Check the settings and load the plugins. Raises ConfigError, PluginLoadError."""
        self._settings = check_settings(override_settings(settings, evaluator, workers))
        self._resources = WarmResources(self._settings)
        self._runs: weakref.WeakSet[Background] = weakref.WeakSet()
        self._pid = os.getpid()
        # For an Analyzer that nobody refers to any more; at the program's end the shared pools close themselves.
        weakref.finalize(self, self._resources.close).atexit = False

    # -- searching --

    @spelled_out_here
    def analyze(
        self,
        source: Source,
        /,
        *,
        games: bool | None = None,
        progress: Callable[[Snapshot], None] | None = None,
        **arguments: Unpack[Wanted],
    ) -> RunResult:
        """Analyse every game of `source` on these workers and return the reports.

        * **source** - as in `engine.analyze`.
        * **games** - *(optional)* as in `engine.analyze`.
        * **progress** - *(optional)* called with snapshots, in this thread.
        * **arguments** - *(optional)* `aggregators`, `nodes`, `depth`, `time`, `multipv`, `adaptive`, `output`,
          `output_format`, `force`, `settings`, `stop_after`, `budget`, as in `engine.analyze`.

        Raises what `engine.analyze` raises, and `AnalyzerClosed`. An exception in this thread (Ctrl-C, or one of
        `progress`) cancels the run.
        """
        check_callback(progress)
        inputs = pump_iterables(list_inputs(source))
        run = Run(self._submit(inputs, games=False, kept=games, progress=None, arguments=arguments))
        try:
            for event in run.events():
                if progress is not None and isinstance(event, Snapshot):
                    progress(event)
            return run.result()
        except BaseException:
            run.cancel()
            raise

    @spelled_out_here
    def submit(
        self,
        source: Source,
        /,
        *,
        games: bool = True,
        progress: Callable[[Snapshot], None] | None = None,
        **arguments: Unpack[Wanted],
    ) -> Run:
        """Begin a run in the background and return its handle.

        * **source** - as in `engine.analyze`; an iterable is taken from in a thread of its own.
        * **games** - *(optional)* whether analysed games are kept until they are iterated; True.
        * **progress** - *(optional)* called with snapshots, in the run's thread.
        * **arguments** - *(optional)* as in `analyze`.

        What is wrong with the call is raised here, as by `analyze`; an error that ends the run is raised by
        `Run.result`.
        """
        check_callback(progress)
        inputs = pump_iterables(list_inputs(source))
        return Run(self._submit(inputs, games=games, progress=progress, arguments=arguments))

    def _submit(
        self,
        inputs: Sequence[Any],
        *,
        games: bool,
        kept: bool | None = False,
        progress: Callable[[Snapshot], None] | None,
        arguments: Wanted,
    ) -> Background:
        self._check_open()
        check_value("games", games, bool)
        settings = merge_settings(arguments, self._settings)
        self._check_own(settings)
        settings = structs.replace(settings, **{name: getattr(self._settings, name) for name in WORKER_SETTINGS})
        run_resources = RunResources(self._resources)

        def make(run: Background) -> StartedRun:
            with self._resources.preparing:
                return announced(
                    start_run(
                        inputs,
                        settings,
                        arguments,
                        progress=run.put_snapshot,
                        stop=run.stop,
                        pause=run.pausing,
                        on_event=run.put_event,
                        games=kept,
                        resources=run_resources,
                    )
                )

        resources = self._resources
        run = Background(
            games=games, progress=progress, owner=self, turn=resources.turn, on_error=resources.note_error
        )
        run.start(make, run_resources.wake)
        self._runs.add(run)
        return run

    @spelled_out_here
    def evaluate(  # noqa: PLR0913 - the arguments of engine.evaluate
        self,
        fen: str | chess.Board = "startpos",
        /,
        *,
        moves: Sequence[str | chess.Move] | str = (),
        nodes: int | None = None,
        depth: int | None = None,
        time: int | None = None,
        multipv: int = 1,
    ) -> Evaluation:
        """Search one position on these workers, before the units of runs, and return its evaluation.

        The arguments are those of `engine.evaluate`. Raises what that raises, and `AnalyzerClosed`.
        """
        future = self._evaluate(fen, moves, nodes=nodes, depth=depth, time=time, multipv=multipv)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _evaluate(  # noqa: PLR0913 - the arguments of engine.evaluate
        self,
        fen: str | chess.Board,
        moves: Sequence[str | chess.Move] | str,
        *,
        nodes: int | None,
        depth: int | None,
        time: int | None,
        multipv: int,
    ) -> Future[Evaluation]:
        self._check_open()
        position, limit = prepare_evaluation(fen, moves, nodes=nodes, depth=depth, time=time, multipv=multipv)
        job = self._resources.choose_searcher(limit)
        if self._resources.shares_workers:
            return self._resources.search(job, position, limit)
        future: Future[Evaluation] = Future()
        future.set_result(search_once(job.evaluator, position, limit))
        return future

    @property
    def evaluator(self) -> EvaluatorInfo:
        """The evaluator's name and version; it is started once to ask.

        Raises `EvaluatorError`, `PluginError`, `AnalyzerClosed`.
        """
        self._check_open()
        return self._resources.choose_own(self._settings.limit).info

    # -- the end --

    def close(self) -> None:
        """End the workers at once, cancel what is not finished, and leave nothing behind.

        A run that still needed workers ends with `AnalyzerClosed`. May be called more than once.
        """
        if os.getpid() != self._pid:
            return
        runs = list(self._runs)
        for run in runs:
            run.cancel()
        self._resources.close()
        for run in runs:
            run.join()

    def _check_own(self, settings: Settings) -> None:
        """Raise ConfigError for a call's settings that belong to workers and are not those of this Analyzer."""
        default = Settings()
        for name in WORKER_SETTINGS:
            value, own = getattr(settings, name), getattr(self._settings, name)
            if value not in (own, getattr(default, name)):
                raise ConfigError(
                    f"settings: {name}={value!r} belongs to the Analyzer, which has {own!r}; make another for it"
                )

    def _check_open(self) -> None:
        if os.getpid() != self._pid:
            raise ConfigError("this Analyzer was made by another process, before a fork: make one in each process")
        if self._resources.closed:
            raise AnalyzerClosed(CLOSED)

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._resources.closed else "open"
        return f"<engine.Analyzer: {state}, evaluator {self._settings.evaluator_name}>"
