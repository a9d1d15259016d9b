"""Calling the progress callback of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from engine.input.sources import Source
from engine.model import SourceGame
from engine.plugin import WorkerState
from engine.run.accounts import RunAccounts
from engine.run.pause import Pause
from engine.run.progress import Snapshot
from engine.search.games import FollowUpTally
from engine.workers.scoreboard import Scoreboard

PROGRESS_SECONDS = 0.15
"""The callback is called at most so often: 4 to 8 times a second is what a screen can use."""


class Searches(Protocol):
    """Whoever does the work of a run: the scheduler, or processes that analyse recorded games."""

    @property
    def evaluated(self) -> int:
        """Positions evaluated so far."""

    @property
    def planned(self) -> int:
        """Positions to evaluate in the games read so far."""

    @property
    def cached(self) -> int:
        """Evaluations from the cache so far."""

    @property
    def follow_ups(self) -> FollowUpTally:
        """How far the follow-up searches are."""

    def states(self) -> tuple[WorkerState, ...]:
        """Return a line for each worker."""

    def game(self, number: int) -> SourceGame | None:
        """Return a game in flight."""


class ProgressReporter:
    """Calls the progress callback of a run, not too often."""

    def __init__(  # noqa: PLR0913 - what a snapshot is made of
        self,
        callback: Callable[[Snapshot], None] | None,
        accounts: RunAccounts,
        sources: Sequence[Source],
        *,
        max_games: int | None,
        sampled: bool,
        follows_up: bool = False,
        pause: Pause | None = None,
    ) -> None:
        """Report to `callback`, if there is one.

        `max_games` are all the games there will be, at most; of a `sampled` input nobody knows how many positions.
        `follows_up` says whether there may be follow-up searches. `pause` knows for how long the run has rested.
        """
        self._callback = callback
        self._accounts = accounts
        self._sources = sources
        self._max_games = max_games
        self._sampled = sampled
        self._follows_up = follows_up
        self._pause = pause or Pause()
        self._reported_at = 0.0
        self.started_at = time.monotonic()
        self.exhausted = False
        """Whether the input is read to its end, or will not be."""
        self.opened = 0
        """Games handed to the scheduler."""

    def seconds(self) -> float:
        """Return the seconds of the run so far, without those in which it has rested. Any thread."""
        return time.monotonic() - self.started_at - self._pause.rested()

    def report(self, searches: Searches, scoreboard: Scoreboard, *, stopping: bool, last: bool = False) -> None:
        """Call the callback, unless that was done a moment ago and this is not the `last` time."""
        now = time.monotonic()
        if self._callback is None or (now - self._reported_at < PROGRESS_SECONDS and not last):
            return
        self._reported_at = now
        view = scoreboard.view()
        counts = self._accounts.counts
        tally = self._accounts.tally
        total = self._total(searches.planned)
        self._callback(
            Snapshot(
                games=counts.analysed,
                positions=searches.evaluated,
                total=total,
                nodes=counts.nodes,
                cached=searches.cached,
                wins=view.wins,
                best=self._accounts.labels.of(view.best, searches.game),
                workers=searches.states(),
                seconds=self.seconds(),
                notices=tuple(self._accounts.notices),
                skipped=counts.damaged + counts.variant + counts.filtered + counts.duplicates,
                stopping=stopping,
                paused=self._pause.paused and not stopping,
                recorded=counts.recorded,
                follow_ups=searches.follow_ups.done,
                follow_ups_total=self._follow_ups(searches.follow_ups, total),
                standing=tally.standing() if tally is not None else None,
            )
        )

    def _follow_ups(self, tally: FollowUpTally, total: int | None) -> int | None:
        """Estimate the follow-up searches in all from those that the games so far have asked for."""
        if not self._follows_up:
            return 0
        if total is None or not tally.asked:
            return None
        return max(tally.planned, round(tally.planned * total / tally.asked))

    def _total(self, planned: int) -> int | None:
        """Estimate the positions in all from those planned in what has been read."""
        if self.exhausted:
            return planned
        share = share_read(self._sources)
        if share is None or self._sampled:
            return None
        estimate = planned / share if share else None
        if self._max_games and self.opened:
            enough = planned * self._max_games / self.opened
            estimate = enough if estimate is None else min(estimate, enough)
        return int(estimate) if estimate else None


def share_read(sources: Sequence[Source]) -> float | None:
    """Return the share of all inputs that has been read, by bytes; None while that is not known."""
    shares = [source.fraction_read() for source in sources]
    sizes = [source.size for source in sources]
    if any(share is None for share in shares) or not sum(sizes):
        return None
    return sum((share or 0.0) * size for share, size in zip(shares, sizes, strict=True)) / sum(sizes)
