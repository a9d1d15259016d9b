"""The accounts of a run: counts, notices, failures, winning moves and best scores so far."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

from engine.errors import PluginCrashed
from engine.input.games import DuplicateGame, Elsewhere, PassedOver
from engine.input.shards import InputDigest
from engine.input.sources import BrokenSource
from engine.model import AnalysedGame, EvaluatorInfo, Failure, Limit, Notice, Origin, RunCounts
from engine.run.labels import BoardLabels
from engine.run.notices import Notes, note_of_duplicate
from engine.run.recount import Recount
from engine.run.standing import Tally

LOGGER = logging.getLogger("engine.run")

MAX_NOTICES = 1_000
"""Notices that are kept; the others are only counted."""

RunEvent = AnalysedGame | Notice | Failure
"""An event of a run: a game leaves it, something about the input is noticed, something of ours failed."""


class RunAccounts:
    """The accounts of one run, kept by the thread that executes it."""

    def __init__(
        self,
        recount: Recount,
        on_event: Callable[[RunEvent], None] | None,
        *,
        keeps_labels: bool,
        keeps_games: int = 0,
    ) -> None:
        """Start with empty accounts.

        * **recount** - an empty one, for the games of the whole run.
        * **on_event** - called with everything that happens.
        * **keeps_labels** - whether a screen wants names for the entries of the best-scores board.
        * **keeps_games** - number of games up to which they are kept.
        """
        self.counts = RunCounts()
        self.recount = recount
        self.failures: list[Failure] = []
        self.notices: list[Notice] = []
        self.noticed_after: list[int] = []
        """After how many games of the input each of them was said."""
        self.digest: InputDigest | None = None
        """What tells the input from others; None where no output says so."""
        self.notes = Notes()
        self.labels = BoardLabels()
        self.keeps_labels = keeps_labels
        self.has_broken_input = False
        """Whether an input ended before its end."""
        self.follow_up_evaluator: EvaluatorInfo | None = None
        """Who makes the follow-up searches of a run that searches nothing else."""
        self.follow_up_limits: Counter[Limit] = Counter()
        """How many follow-up searches were asked for with each limit, without its number of lines."""
        self.only_game: AnalysedGame | None = None
        """The first game, while there is no second."""
        self.tally: Tally | None = None
        """Adds up the games of the run's player, where somebody watches."""
        self.games: list[AnalysedGame] | None = [] if keeps_games else None
        """Analysed games; None when they are not kept, or have become too many."""
        self._keeps_games = keeps_games
        self._on_event = on_event or (lambda _: None)

    def game(self, game: AnalysedGame) -> None:
        """Count a game that is analysed."""
        placed = self.recount.add(game, self.counts)
        self.only_game = game if self.counts.analysed == 1 else None
        if self.tally is not None:
            self.tally.add(game)
        if placed is not None and self.keeps_labels:
            self.labels.learn(placed, game)

    def left(self, game: AnalysedGame) -> None:
        """Tell whoever listens that a game has left the run, and keep it if games are kept."""
        if self.games is not None:
            if len(self.games) < self._keeps_games:
                self.games.append(game)
            else:
                self.games = None
        self._on_event(game)

    def pass_over(self, item: PassedOver | BrokenSource) -> None:
        """Count games that are not wanted, are copies or of other shards, or report an input that broke off."""
        if isinstance(item, BrokenSource):
            self.has_broken_input = self.has_broken_input or not item.changed
            kind: Literal["warning", "damaged"] = "warning" if item.changed else "damaged"
            self.notice(Notice(kind, item.file, item.line, None, item.reason))
            return
        if isinstance(item, Elsewhere):
            self.counts.elsewhere += item.games
        elif isinstance(item, DuplicateGame):
            self.counts.read += 1
            self.counts.duplicates += 1
            self.notes.add(item.origin, [note_of_duplicate(item)])
        else:
            self.counts.read += item.games
            self.counts.filtered += item.games

    def notice(self, notice: Notice) -> None:
        """Report something that people should know."""
        self.counts.notices += 1
        if len(self.notices) < MAX_NOTICES:
            self.notices.append(notice)
            self.noticed_after.append(self.counts.read + self.counts.elsewhere)
            self._on_event(notice)

    def say_notes(self) -> None:
        """Report what was noted of the games of each file, however many notices there are."""
        for notice in self.notes.notices():
            self.counts.notices += 1
            self.notices.append(notice)
            self._on_event(notice)

    def announce(self, reason: str) -> None:
        """Tell whoever listens what is about to be done, which is no part of the result."""
        self._on_event(Notice("note", None, None, None, reason))

    def warn(self, reason: str) -> None:
        """Report something about the whole run."""
        self.notice(Notice("warning", None, None, None, reason))

    def fail(self, failure: Failure) -> None:
        """Report that something of ours failed."""
        LOGGER.info("failed: %s", failure.reason)
        self.failures.append(failure)
        self._on_event(failure)

    def plugin_crashed(self, crash: PluginCrashed, origin: Origin | None) -> None:
        """Report that an aggregator or a writer raised; the traceback goes to the log."""
        LOGGER.info("%s", crash.message, exc_info=crash.__cause__)
        if origin is None:
            self.fail(Failure(None, None, None, None, crash.message))
        else:
            self.fail(Failure(origin.file, origin.line, origin.game, None, crash.message))

    def player_plugin_crashed(self, crash: PluginCrashed, origin: Origin | None) -> None:
        """Report the same fault in every player's copy of an aggregator once."""
        subject = crash.message.partition(" failed")[0]
        if not any(failure.reason.startswith(subject) for failure in self.failures):
            self.plugin_crashed(crash, origin)

    def merge(self, counts: RunCounts, notices: Sequence[Notice]) -> None:
        """Add what a batch of games in another process has counted and noticed."""
        for name in RunCounts.__struct_fields__:
            setattr(self.counts, name, getattr(self.counts, name) + getattr(counts, name))
        for notice in notices:
            self.notice(notice)
