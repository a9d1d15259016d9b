"""What an Analyzer keeps warm: plugins, the evaluators it knows, and its workers."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import msgspec

from engine import system
from engine.contracts.messages import PluginSpec, pack
from engine.errors import AnalyzerClosed, ConfigError
from engine.loading import evaluators
from engine.loading.registry import Registry
from engine.model import Evaluation, Limit, Position
from engine.plugin import Executor, ExecutorContext
from engine.settings import Settings
from engine.system.turns import Turn
from engine.workers.shared_pool import CLOSED, PoolClient, SharedPool


class Workshop:
    """Used by any thread. Workers start when something is searched."""

    def __init__(self, settings: Settings) -> None:
        """Raises PluginLoadError."""
        self.settings = settings
        self.registry = Registry(settings.plugins)
        self._workers = settings.workers or system.cores()
        self._lock = threading.Lock()
        self._choosing = threading.Lock()
        self.turn = Turn()
        """Of the runs' threads, one computes at a time."""
        self.preparing = threading.Lock()
        """Runs are checked one after the other: many threads that compute would hold up an event loop."""
        self._choices: dict[bytes, evaluators.Choice] = {}
        self._crews: dict[bytes, SharedPool] = {}
        self.closed = False

    def choose(self, registry: Registry, name: str, values: Mapping[str, Any]) -> evaluators.Choice:
        """As `engine.loading.evaluators.choose`; who answers is asked once."""
        key = msgspec.json.encode([name, values], order="deterministic")
        with self._choosing:
            if key not in self._choices:
                self._choices[key] = evaluators.choose(registry, name, values)
            return self._choices[key]

    def lane(self, context: ExecutorContext) -> PoolClient:
        """The executor of a run. Raises AnalyzerClosed."""
        return self._crew(context.job.evaluator, "batch").client(context)

    def new_executor(self, context: ExecutorContext) -> Executor:
        """An executor that no other run uses. Raises PluginError."""
        made = self.registry.load("engine.executors", self.settings.executor)(context)
        assert isinstance(made, Executor)
        return made

    @property
    def shares_workers(self) -> bool:
        """Whether runs share workers; other executors than the local one are made for each run."""
        return self.settings.executor == "local"

    def searcher(self) -> PluginSpec:
        """The evaluator that searches for `evaluate`. Raises EvaluatorError, PluginError, ConfigError."""
        chosen = self.choose(self.registry, self.settings.evaluator, self.settings.evaluator_options)
        if chosen.spec is None:
            raise ConfigError(f"evaluator {self.settings.evaluator} searches nothing; name one that does")
        return chosen.spec

    def search(self, spec: PluginSpec, position: Position, limit: Limit) -> Future[Evaluation]:
        """Search before everything that waits. Raises AnalyzerClosed.

        Beside a run it has a worker of its own, so that it does not even wait for what is being searched.
        """
        batch = self._crew(spec, "batch")
        if not batch.busy:
            return batch.search(position, limit)
        quick = self._crew(spec, "quick", workers=1)
        return (batch if quick.singles else quick).search(position, limit)

    def close(self) -> None:
        """End all workers at once."""
        with self._lock:
            self.closed = True
            crews = list(self._crews.values())
            self._crews.clear()
        for crew in crews:
            crew.close()

    def _crew(self, spec: PluginSpec, what: str, workers: int | None = None) -> SharedPool:
        key = pack(spec) + what.encode()
        with self._lock:
            if self.closed:
                raise AnalyzerClosed(CLOSED)
            if key not in self._crews:
                settings = self.settings
                self._crews[key] = SharedPool(spec, workers or self._workers, settings.start_method, settings.cpu)
            return self._crews[key]


class Share:
    """A run's share of a workshop (`engine.run.run.Warm`)."""

    def __init__(self, workshop: Workshop) -> None:
        self.registry = workshop.registry
        self._workshop = workshop
        self._lanes: weakref.WeakSet[PoolClient] = weakref.WeakSet()

    def choose(self, registry: Registry, name: str, values: Mapping[str, Any]) -> evaluators.Choice:
        return self._workshop.choose(registry, name, values)

    def executor(self, context: ExecutorContext) -> Executor:
        if not self._workshop.shares_workers:
            return self._workshop.new_executor(context)
        lane = self._workshop.lane(context)
        self._lanes.add(lane)
        return lane

    def wake(self) -> None:
        """Have the run look whether it is to stop."""
        for lane in list(self._lanes):
            lane.wake()
