"""The contract of executors: they have units searched somewhere, and return the outcomes."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Literal

from msgspec import Struct

from engine.contracts.messages import Job, Outcome, Unit
from engine.contracts.options import NoOptions, Options


class WorkerState(Struct, frozen=True):
    """One worker's line on the screen."""

    name: str
    state: Literal["starting", "idle", "searching", "restarting"]
    game: int | None = None
    ply: int | None = None
    positions: int = 0
    """Number of positions searched so far."""
    nodes: int = 0
    """Number of nodes searched so far."""


def _say_nothing(reason: str) -> None:
    """Ignore a warning."""


class ExecutorContext(Struct, frozen=True):
    """What an executor needs to know about the run."""

    job: Job
    workers: int
    """Number of searches at once that the user allows."""
    scoreboard: Any
    """The run's `engine.workers.scoreboard.Scoreboard`, for executors on this machine."""
    options: Options = NoOptions()
    """The options of the executor that gets this."""
    warn: Callable[[str], None] = _say_nothing
    """Tells people something about the run, in one line. Called by the thread that calls the executor."""


class Executor(abc.ABC):
    """Has units searched somewhere and returns their outcomes, in any order, each exactly once.

    The framework submits units while `wants()` is true, then collects outcomes. The framework also decides when
    to retry, split or give up a unit; an executor reports the loss of a unit and goes on. First-party executors
    may import `engine.workers.worker` and `engine.workers.pool`, so that they need not implement the search.
    """

    Options: ClassVar[type[Options]] = NoOptions
    """The class of its options, set by `--set NAME.KEY=VALUE`. Read them as `self.options`."""

    supervises: ClassVar[bool] = False
    """Whether it notices itself when a search has no end. With any other the run says that nothing comes back."""

    evaluator: ClassVar[str | None] = None
    """Name of the evaluator that stands for what it searches with elsewhere. None: the evaluator of the run."""

    def __init__(self, context: ExecutorContext) -> None:
        """Create the executor of one run.

        * **context** - the job, the number of workers and the scoreboard.
        """
        self.context = context
        has_options = isinstance(context.options, self.Options)
        self.options: Any = context.options if has_options else self.Options()

    @abc.abstractmethod
    def wants(self) -> bool:
        """Return whether another unit should be submitted. Must be bounded, so that memory stays bounded."""

    @abc.abstractmethod
    def submit(self, unit: Unit) -> None:
        """Accept a unit without waiting for its search.

        * **unit** - positions to search in order, on one hash table.
        """

    @abc.abstractmethod
    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Return the units that were finished or lost since the last call.

        * **timeout** - seconds to wait for the first of them.

        Raises `EvaluatorError` when no evaluator can be kept alive.
        """

    def capacity(self) -> int | None:
        """Return how many units it searches at the same time where it knows that better than `context.workers`.

        Games are read ahead for as many. None, the default: for `context.workers`.
        """
        return None

    def states(self) -> Iterable[WorkerState]:
        """Return a line per worker for the screen."""
        return ()

    @abc.abstractmethod
    def close(self) -> None:
        """Stop at once and leave nothing behind. Called once, also after an error."""
