"""A run whose evaluator is known and whose outputs are open. Its kinds are `SearchedRun` and `RecordedRun`."""

from __future__ import annotations

import abc
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct, structs

from engine.input.games import only_games, select_games
from engine.input.sources import NoGameYet
from engine.loading.evaluators import ChosenEvaluator
from engine.model import RunResult
from engine.run import chosen_nodes
from engine.run.accounts import LOGGER, RunAccounts
from engine.run.delivery import Delivery
from engine.run.expectation import Expectation, expect
from engine.run.finish import finish
from engine.run.pause import Pause
from engine.run.prepare import RunPlan
from engine.run.reporter import PROGRESS_SECONDS, ProgressReporter, Searches
from engine.run.time_budget import Settled
from engine.settings import Settings
from engine.workers.scoreboard import Scoreboard

STOPPING_SECONDS = 1.5
"""How long a run that is to stop waits for what is in hand."""


class Evaluators(Struct, frozen=True):
    """The evaluators of a run."""

    main: ChosenEvaluator
    follow_ups: ChosenEvaluator | None
    """The one that answers follow-up searches; None when nobody does."""


class StopConditions(Struct, frozen=True):
    """Conditions that end a run before its input ends, or have it rest."""

    event: threading.Event
    after: float | None
    """Seconds since its start, without those in which it has rested."""
    pause: Pause


class Parts(Struct, frozen=True):
    """The parts of a started run."""

    plan: RunPlan
    evaluators: Evaluators
    accounts: RunAccounts
    delivery: Delivery
    progress: ProgressReporter
    stop: StopConditions


class StartedRun(abc.ABC):
    """One run, executed once by one thread."""

    def __init__(self, parts: Parts) -> None:
        self._plan = parts.plan
        self._evaluators = parts.evaluators
        self._accounts = parts.accounts
        self._delivery = parts.delivery
        self._progress = parts.progress
        self._stop = parts.stop
        self.announcement: str | None = None
        """What people should know before the work starts."""
        self.settled: Settled | None = None
        """The nodes that were chosen for a time budget."""
        self._interrupted = False
        self._stopping_since: float | None = None

    def execute(self) -> RunResult:
        """Do the work and return the result.

        Raises EvaluatorError, OutputError or InputError; then the outputs stay as `FILE.part`.
        """
        plan = self._plan
        self._progress.started_at = time.monotonic()
        self._scoreboard = Scoreboard(
            multiprocessing.get_context(plan.settings.start_method),
            workers=plan.workers,
            size=plan.settings.scoreboard.size,
        )
        for source in plan.sources:
            source.stopped = self._is_stopping
        LOGGER.info("evaluator %s, %s", self._evaluators.main.info.name, plan.limit)
        try:
            self._work()
            counts = self._accounts.counts
            counts.seconds = self._progress.seconds()
            LOGGER.info("%d games in %.1f s", counts.analysed, counts.seconds)
            result = finish(
                plan,
                self._evaluators.main.info,
                self._accounts,
                self._delivery,
                self._scoreboard,
                interrupted=self._interrupted,
            )
        except BaseException:
            self._delivery.abandon()
            raise
        else:
            if self.settled is not None and not self._interrupted:
                chosen_nodes.forget(self.settled.key)
            return result
        finally:
            for source in plan.sources:
                source.close()
            self._scoreboard.close()

    @property
    def settings(self) -> Settings:
        """The settings that the user has chosen; those of the parts, where parts are merged."""
        merged = self._plan.merged
        if merged is None:
            return self._plan.asked
        return structs.replace(self._plan.settings, players=tuple(merged.head.settings.get("players", ())))

    def expectation(self, least: float) -> Expectation | None:
        """Return what the searches are expected to cost; None for fewer than `least` seconds, or if unknown.

        Counts games for a second, and may measure the evaluator for another one.
        """
        return expect(self._plan, self._evaluators.main, least)

    def abandon(self) -> None:
        """Leave a run that is not executed: its outputs stay as `FILE.part`."""
        self._delivery.abandon()
        for source in self._plan.sources:
            source.close()

    @abc.abstractmethod
    def _work(self) -> None:
        """Read, evaluate and deliver all games."""

    def _is_stopping(self) -> bool:
        """Return whether the run is to stop. Any thread."""
        if self._stopping_since is None:
            after = self._stop.after
            late = after is not None and self._progress.seconds() >= after
            if late or self._stop.event.is_set():
                self._stopping_since = time.monotonic()
        return self._stopping_since is not None

    def _is_paused(self) -> bool:
        """Return whether nothing is to be handed out for now; a run that is to stop does not rest before."""
        return self._stop.pause.paused and not self._is_stopping()

    @property
    def _overdue(self) -> bool:
        """Whether the run has waited for long enough for what was in hand when it was to stop."""
        since = self._stopping_since
        return since is not None and time.monotonic() - since >= STOPPING_SECONDS

    def _select(self) -> Iterator[Any]:
        """Return the games of the run, not parsed yet, and reports of what is none."""
        plan = self._plan
        if plan.merged is not None:
            games = plan.merged.games()
            return games if plan.selection.games is None else only_games(games, plan.selection.games)
        selection = structs.replace(plan.selection, digest=self._accounts.digest)
        return select_games(plan.sources, plan.readers, selection)

    def _read(
        self,
        items: Iterator[Any],
        has_room: Callable[[], bool],
        take: Callable[[Any], object],
        at_end: Callable[[], object] = lambda: None,
    ) -> bool:
        """Take items of the input while there is room; return whether there is more to read already.

        * **items** - the input; a `NoGameYet` ends this call.
        * **has_room** - whether another item is wanted.
        * **take** - called with each item.
        * **at_end** - *(optional)* called once, when the input has ended by itself.
        """
        progress = self._progress
        until = time.monotonic() + PROGRESS_SECONDS
        while not progress.exhausted and has_room():
            item = next(items, None)
            if self._is_stopping():
                return False  # the bytes of the last game may have ended because of that
            if item is None:
                progress.exhausted = True
                at_end()
            elif isinstance(item, NoGameYet):
                return False
            else:
                take(item)
            if time.monotonic() > until:  # none of many games is wanted
                return True
        return False

    def _report(self, searches: Searches, *, last: bool = False) -> None:
        self._progress.report(searches, self._scoreboard, stopping=self._is_stopping(), last=last)
