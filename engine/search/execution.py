"""The executor of a run and what it has in hand: it may be anybody's plugin, so what it returns is checked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from msgspec import structs

from engine import system
from engine.contracts.aggregator import kebab
from engine.contracts.messages import Done, Job, Lost, Outcome, Unit
from engine.errors import AnalysisError, EvaluatorError
from engine.model import Evaluation
from engine.plugin import Executor, WorkerState
from engine.workers.deadlines import search_deadline
from engine.workers.pool import ASLEEP

T = TypeVar("T")

CRASHES = 3
"""Crashes of the executor in a row, with nothing searched between them, that end the run."""
_BLAMES = ("position", "outside", "evaluator", "replaced")


class Execution:
    """An executor, made when it is first needed, and made again when it has raised an exception."""

    def __init__(self, make: Callable[[], Executor], job: Job, report: Callable[[str, bool], None]) -> None:
        """Make nothing yet.

        * **make** - makes the executor.
        * **job** - its limit says how long a search may take.
        * **report** - called with what is wrong, in words, and whether it is a failure; once for each fault.
        """
        self._make = make
        self._report = report
        self._executor: Executor | None = None
        self._reported: set[str] = set()
        self._crashes = 0
        self._last = 0
        """The highest number of a unit that was given to it."""
        self._clock = system.AwakeClock(ASLEEP)
        self._patience = search_deadline(job)
        self._heard_at = 0.0
        self.in_hand: dict[int, tuple[Unit, bytes]] = {}
        """Units that the executor has, and their keys in the cache."""
        self._gone: list[int] = []
        """Those of them that were lost with an executor that crashed."""

    def wants(self) -> bool:
        """Return whether it takes another unit. Raises EvaluatorError when it cannot be kept alive."""
        return bool(self._ask("wants()", lambda executor: executor.wants(), default=False))

    def capacity(self) -> int:
        """Return how many units the executor says it searches at the same time; 0 while nobody knows."""
        if self._executor is None:
            return 0
        found = self._ask("capacity()", lambda executor: executor.capacity(), default=None)
        return found if isinstance(found, int) else 0

    def submit(self, unit: Unit, key: bytes) -> None:
        """Give it a unit. Raises EvaluatorError."""
        if not self.in_hand:
            self._heard_at = self._clock()
        self.in_hand[unit.id] = unit, key
        self._last = max(self._last, unit.id)
        self._ask("submit()", lambda executor: executor.submit(unit), default=None)

    def collect(self, timeout: float) -> list[tuple[Unit, bytes, Outcome]]:
        """Return what it has searched or lost since the last call, each unit once.

        Raises EvaluatorError when no evaluator, or the executor itself, can be kept alive.
        """
        if self._gone:
            gone = [self.in_hand.pop(number) for number in self._gone if number in self.in_hand]
            self._gone.clear()
            return [(unit, key, Lost(unit.id, None, "outside", "the executor failed")) for unit, key in gone]
        nothing: Sequence[Outcome] = ()
        outcomes = self._ask("collect()", lambda executor: executor.collect(timeout), default=nothing)
        sound = list(self._sound(outcomes))
        if sound:
            self._heard_at = self._clock()
            if any(isinstance(outcome, Done) for _, _, outcome in sound):
                self._crashes = 0
        else:
            self._complain_of_silence()
        return sound

    def states(self) -> tuple[WorkerState, ...]:
        """Return a line for each worker, for the screen."""
        if self._executor is None:
            return ()
        nothing: Sequence[WorkerState] = ()
        return tuple(self._ask("states()", lambda executor: tuple(executor.states()), default=nothing))

    def close(self) -> None:
        """Stop it at once."""
        executor, self._executor = self._executor, None
        if executor is not None:
            try:
                executor.close()
            except Exception as error:
                self._say(executor, f"close() raised {type(error).__name__}: {error}")

    # -- what it does --

    def _ask(self, call: str, ask: Callable[[Executor], T], *, default: T) -> T:
        """Return what the executor answers, or `default` when it raises: then it is given up."""
        if self._executor is None:
            self._executor = self._make()
        executor = self._executor
        try:
            return ask(executor)
        except AnalysisError:
            raise
        except Exception as error:
            self._crashes += 1
            reason = f"{call} raised {type(error).__name__}: {error}"
            self._say(executor, reason)
            self._executor = None
            self._gone = list(self.in_hand)
            with contextlib.suppress(Exception):
                executor.close()
            if self._crashes >= CRASHES:
                raise EvaluatorError(f"{_name(executor)} cannot be kept alive: {reason}") from error
            return default

    def _sound(self, outcomes: Any) -> Iterator[tuple[Unit, bytes, Outcome]]:
        """Yield the outcomes that are of units in hand."""
        executor = self._executor
        if executor is None:
            return
        if not isinstance(outcomes, Sequence):
            self._say(executor, f"collect() returned {type(outcomes).__name__} in place of the finished units")
            return
        for outcome in outcomes:
            if not isinstance(outcome, Done | Lost):
                self._say(executor, f"collect() returned {type(outcome).__name__} in place of a Done or a Lost")
            elif (held := self.in_hand.pop(outcome.unit, None)) is not None:
                yield *held, _whole(held[0], outcome)
            elif isinstance(outcome.unit, int) and 0 < outcome.unit <= self._last:
                self._say(executor, f"it returned unit {outcome.unit} more than once, which is ignored", "twice")
            else:
                self._say(executor, f"it returned unit {outcome.unit}, which it was never given", "unknown")

    def _complain_of_silence(self) -> None:
        executor = self._executor
        silent = self._clock() - self._heard_at
        if executor is not None and self.in_hand and not executor.supervises and silent > self._patience:
            reason = f"no unit has come back for {silent:.0f} s; Ctrl-C ends the run in good order"
            self._say(executor, reason, "silence", failure=False)

    def _say(self, executor: Executor, reason: str, fault: str = "", *, failure: bool = True) -> None:
        if (fault or reason) not in self._reported:
            self._reported.add(fault or reason)
            self._report(f"{_name(executor)}: {reason}", failure)


def _whole(unit: Unit, outcome: Outcome) -> Outcome:
    """Return the outcome of a unit, as a loss if it is not complete."""
    if isinstance(outcome, Lost):
        index = outcome.index if outcome.index in range(len(unit.plies)) else None
        blame = outcome.blame if outcome.blame in _BLAMES else "position"
        return structs.replace(outcome, index=index, blame=blame, reason=str(outcome.reason))
    found = outcome.evaluations
    if not isinstance(found, Sequence) or len(found) != len(unit.plies):
        number = len(found) if isinstance(found, Sequence) else 0
        reason = f"the executor returned {number} evaluations for {len(unit.plies)} positions"
        return Lost(unit.id, None, "position", reason)
    for index, evaluation in enumerate(found):
        if not isinstance(evaluation, Evaluation):
            reason = f"the executor returned {type(evaluation).__name__} in place of an Evaluation"
            return Lost(unit.id, index, "position", reason)
    return outcome


def _name(executor: Executor) -> str:
    return f"executor {kebab(type(executor).__name__)}"
