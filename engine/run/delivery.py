"""The delivery of analysed games: to the accounts, the aggregators, the outputs, and whoever listens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from msgspec import structs

from engine.errors import PluginCrashed
from engine.model import AnalysedGame, Report, RunResult, SkippedGame
from engine.output.files import Outputs, finish_together
from engine.plugin import RunInfo
from engine.run.accounts import RunAccounts
from engine.run.aggregators import Aggregators
from engine.run.batches import BatchResult
from engine.run.notices import notice_of_skipped
from engine.run.per_player import PlayerOutputs, seen_with
from engine.search.games import FinishedGame


class Delivery:
    """Everything that takes the games of one run, in input order."""

    def __init__(
        self,
        accounts: RunAccounts,
        aggregators: Aggregators,
        outputs: Outputs,
        player_outputs: PlayerOutputs | None,
        info: RunInfo,
    ) -> None:
        self.aggregators = aggregators
        self.outputs = outputs
        self.player_outputs = player_outputs
        self._accounts = accounts
        self._info = info

    def game(self, finished: FinishedGame) -> None:
        """Account for, fold and write a game."""
        game = finished.game
        assert isinstance(game, AnalysedGame)
        if not game.answers:  # a game that is merged has those of its own run
            game = seen_with(game, finished.answers, game.view)
        self._accounts.game(game)
        self.aggregators.add(game)
        game = self.aggregators.remarked(game)
        self.write(game)
        if self.player_outputs is not None:
            self._write(
                partial(self.player_outputs.add, structs.replace(game, remarks=()), finished.answers, self._info),
                game,
            )
        self._accounts.left(game)

    def write(self, game: AnalysedGame) -> None:
        """Write a game that is accounted for and folded."""
        self._write(partial(self.outputs.game, game), game)

    def skip(self, game: SkippedGame) -> None:
        """Report a game that is not analysed, and let the writers copy it."""
        self._accounts.notice(notice_of_skipped(game, self._accounts.counts))
        self.write_skipped(game)

    def write_skipped(self, game: SkippedGame) -> None:
        """Let the writers copy a game that was reported already."""
        self._write(partial(self.outputs.skipped, game), None)

    def batch(self, batch: BatchResult) -> None:
        """Account for, merge and write the games of a batch that was analysed in another process."""
        accounts = self._accounts
        accounts.merge(batch.counts, batch.notices)
        accounts.notes.merge(batch.noted)
        for failure in batch.failures:
            accounts.fail(failure)
        accounts.recount.merge(batch.recount)
        for label in batch.labels:
            accounts.labels.know(*label)
        self.aggregators.players.take(batch.players)
        self.aggregators.take(batch.states, batch.crashes, batch.unevaluated)
        for origin, crash in self.outputs.encoded(batch.encoded):
            accounts.plugin_crashed(crash, origin)
        for item in batch.items:
            if item.game is not None:
                self.write(item.game)
                accounts.left(item.game)
            elif item.skipped is not None:
                self.write_skipped(item.skipped)

    def reports(self) -> dict[str, Report]:
        """Return the reports of the run."""
        return self.aggregators.reports(self._accounts.recount.scales)

    def finish(self, result: RunResult) -> list[str]:
        """Write the ends of all files, put them into place together, and return their names.

        Raises OutputError.
        """
        endings = [(self.outputs, result)]
        try:
            if self.player_outputs is not None:
                own = self.player_outputs.endings(result)
                endings += own
                indexes = self.player_outputs.open_indexes(own, self._info)
                self._write(lambda: endings.extend((each, result) for each in indexes), None)
            self._write(partial(finish_together, endings), None)
        finally:
            self.abandon()
        return [name for outputs, _ in endings for name in outputs.names()]

    def abandon(self) -> None:
        """Leave every file that is not in its place as `FILE.part`."""
        self.outputs.abandon()
        if self.player_outputs is not None:
            self.player_outputs.abandon()

    def _write(self, write: Callable[[], None], game: AnalysedGame | None) -> None:
        """Report a writer that crashes; the others have written by then."""
        try:
            write()
        except PluginCrashed as crash:
            self._accounts.plugin_crashed(crash, game.origin if game is not None else None)
