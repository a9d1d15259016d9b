"""Accuracy by Lichess's definition, per game and per player."""

from __future__ import annotations

from typing import Any

from engine.model import AnalysedGame, Color, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Moments, Needs, Options, Table, keyed
from engine_plugins.aggregators._common import GAME, PLAYER, Rows, left_out, mean, milli


class AccuracyOptions(Options, frozen=True):
    """How much is listed."""

    games: Rows = 100


class Accuracy(Aggregator):
    """Lichess accuracy of each player, in percent.

    A game's accuracy is Lichess's: the mean of a mean weighted by how sharp the position was and the harmonic
    mean over the moves. Over several games it is the plain mean of a player's game accuracies; Lichess's Insights
    take the harmonic mean over all moves instead, which is lower. A game counts for a player once both sides
    have a move with an evaluation before and after it. Limited to the colours of `--player`.
    """

    Options = AccuracyOptions
    options: AccuracyOptions

    @classmethod
    def needs(cls, options: AccuracyOptions) -> Needs:
        return Needs(evaluations=True)

    # All in thousandths of a percent.
    colors = keyed(Moments())
    players = keyed(Moments())
    games = Table()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.games = Table(self.options.games)

    def add(self, game: AnalysedGame) -> None:
        cells: dict[Color, int | None] = {"white": None, "black": None}
        for color in game.view:
            accuracy = game.side(color).accuracy
            if accuracy is not None:
                cells[color] = milli(accuracy)
                self.colors[color].add(milli(accuracy))
                self.players[game.player(color)].add(milli(accuracy))
        if any(cell is not None for cell in cells.values()):
            number, white, black = game.origin.game, game.player("white"), game.player("black")
            self.games.add(number, number, white, cells["white"], black, cells["black"])

    def report(self) -> Report:
        white, black = self.colors.get("white"), self.colors.get("black")
        sides = white.n + black.n
        notes = [
            "Over several games: the plain mean of Lichess's game accuracies.",
            *left_out("games", self.games.left_out, "accuracy.games"),
        ]
        if not sides:
            notes.append("No data: no game has evaluated moves of both sides.")
        return Report(
            title="Accuracy",
            metrics={
                "accuracy": Metric(mean(white.sum + black.sum, sides, 1000), "Accuracy", "percent"),
                "white": Metric(mean(white.sum, white.n, 1000), "With White", "percent"),
                "black": Metric(mean(black.sum, black.n, 1000), "With Black", "percent"),
                "games": Metric(self.games.total, "Games"),
            },
            tables=(self._players(), self._games()),
            notes=tuple(notes),
        )

    def _players(self) -> ReportTable:
        ranked = sorted(self.players.items(), key=lambda item: (-item[1].n, item[0]))
        columns = (PLAYER, Column("games", "Games", "int"), Column("accuracy", "Accuracy", "percent"))
        rows = tuple((name, games.n, mean(games.sum, games.n, 1000)) for name, games in ranked)
        return ReportTable("players", "By player", columns, rows)

    def _games(self) -> ReportTable:
        columns = (
            GAME,
            Column("white", "White", "player"),
            Column("white_accuracy", "Accuracy", "percent"),
            Column("black", "Black", "player"),
            Column("black_accuracy", "Accuracy", "percent"),
        )
        rows = tuple(
            tuple(cell / 1000 if k in (2, 4) and isinstance(cell, int) else cell for k, cell in enumerate(row))
            for row in self.games.rows()
        )
        return ReportTable("games", "By game", columns, rows)
