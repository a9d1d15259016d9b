"""What an Analyzer keeps between calls (plugins, chosen evaluators, workers), and what a run uses of it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any

import msgspec

from engine import system
from engine.contracts.messages import Job, pack
from engine.errors import AnalyzerClosed, ConfigError, EvaluatorReplaced
from engine.loading import evaluators
from engine.loading.registry import Registry
from engine.model import Evaluation, Limit, Position
from engine.plugin import Executor, ExecutorContext
from engine.run.plugin_options import evaluator_options, resolve_options
from engine.settings import Settings
from engine.system.turns import Turn
from engine.workers.shared_pool import CLOSED, PLACEHOLDER_LIMIT, PoolClient, SharedPool


class WarmResources:
    """Plugins, chosen evaluators and workers, kept between calls.

    All methods may be called by any thread. Workers start when something is first searched.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises PluginLoadError."""
        self.settings = settings
        self.registry = Registry(settings.all_plugins)
        self._workers = settings.workers or system.cores()
        self._lock = threading.Lock()
        self._choosing = threading.Lock()
        self.turn = Turn()
        """Held by the run's thread that computes: one at a time."""
        self.preparing = threading.Lock()
        """Held while a run is checked: many threads that compute at once would hold up an event loop."""
        self._choices: dict[bytes, evaluators.ChosenEvaluator] = {}
        self._pools: dict[bytes, SharedPool] = {}
        self.closed = False

    def choose(self, registry: Registry, name: str, values: Mapping[str, Any]) -> evaluators.ChosenEvaluator:
        """Choose an evaluator as `engine.loading.evaluators.choose` does, and remember the choice."""
        key = msgspec.json.encode([name, values], order="deterministic")
        with self._choosing:
            choice = self._choices.get(key)
            if choice is None:
                choice = self._choices[key] = evaluators.choose(registry, name, values)
            return choice

    def choose_own(self, limit: Limit) -> evaluators.ChosenEvaluator:
        """Choose the evaluator of the settings, for searches with a limit.

        Raises EvaluatorError, ConfigError, PluginError.
        """
        settings = self.settings
        values = resolve_options(settings, self.registry).evaluators
        name = settings.evaluator_name
        values_of_it = evaluator_options(settings, self.registry, name, values)
        return self.choose(self.registry, name, evaluators.with_trial(values_of_it, limit))

    def note_error(self, error: BaseException) -> None:
        """Forget who the evaluators are when one is not what it was, so that the next call asks again."""
        if isinstance(error, EvaluatorReplaced):
            self._choices.clear()

    def client(self, context: ExecutorContext) -> PoolClient:
        """Return an executor that searches on the shared workers. Raises AnalyzerClosed."""
        return self._pool(context.job, "batch").client(context)

    def new_executor(self, context: ExecutorContext) -> Executor:
        """Return an executor that no other run uses. Raises PluginError."""
        executor = self.registry.load("engine.executors", self.settings.executor_name)(context)
        assert isinstance(executor, Executor)
        return executor

    @property
    def shares_workers(self) -> bool:
        """Whether runs share workers: only with the local executor. Any other one is made for each run."""
        return self.settings.executor_name == "local"

    def choose_searcher(self, limit: Limit) -> Job:
        """Return the job of searching for `evaluate` with a limit, with the evaluator of the settings.

        Raises ConfigError for one that only reads evaluations; EvaluatorError, PluginError.
        """
        choice = self.choose_own(limit)
        if choice.spec is None:
            raise ConfigError(f"evaluator {self.settings.evaluator_name} searches nothing; name one that does")
        evaluators.check_reach(choice.spec, self.settings.executor_name)
        return Job(choice.spec, PLACEHOLDER_LIMIT, fingerprint=choice.info.fingerprint)

    def search(self, job: Job, position: Position, limit: Limit) -> Future[Evaluation]:
        """Search one position before everything that waits. Raises AnalyzerClosed.

        Beside a run it gets a worker of its own, so that it does not even wait for what is being searched.
        """
        batch = self._pool(job, "batch")
        if not batch.busy:
            return batch.search(position, limit)
        quick = self._pool(job, "quick", workers=1)
        return (batch if quick.singles else quick).search(position, limit)

    def close(self) -> None:
        """End all workers at once, without waiting for what they search."""
        with self._lock:
            self.closed = True
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def _pool(self, job: Job, purpose: str, workers: int | None = None) -> SharedPool:
        """Return the workers with the job's evaluator for `purpose`, made when they are first needed."""
        settings = self.settings
        trial = job.evaluator.options.get("trial")
        common = Job(
            job.evaluator,
            msgspec.convert(trial, Limit) if trial else PLACEHOLDER_LIMIT,
            cpu=settings.cpu,
            log_level=settings.log_level,
            fingerprint=job.fingerprint,
        )
        key = pack(common) + purpose.encode()
        with self._lock:
            if self.closed:
                raise AnalyzerClosed(CLOSED)
            if key not in self._pools:
                self._pools[key] = SharedPool(
                    common, workers or self._workers, settings.start_method, self.note_error
                )
            return self._pools[key]


class RunResources:
    """What one run uses of the resources of its Analyzer (implements `engine.run.prepare.Resources`)."""

    def __init__(self, resources: WarmResources) -> None:
        self.registry = resources.registry
        self._resources = resources
        self._clients: weakref.WeakSet[PoolClient] = weakref.WeakSet()

    def choose(self, registry: Registry, name: str, values: Mapping[str, Any]) -> evaluators.ChosenEvaluator:
        """Choose an evaluator, as `WarmResources.choose` does."""
        return self._resources.choose(registry, name, values)

    def executor(self, context: ExecutorContext) -> Executor:
        """Return the executor of the run. Raises AnalyzerClosed, PluginError."""
        if not self._resources.shares_workers:
            return self._resources.new_executor(context)
        client = self._resources.client(context)
        self._clients.add(client)
        return client

    def wake(self) -> None:
        """Make the run look whether it is to stop."""
        for client in list(self._clients):
            client.wake()
