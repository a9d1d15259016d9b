"""Average centipawn loss, per game and per player."""

from __future__ import annotations

from typing import Any

from engine.model import AnalysedGame, Color, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Moments, Needs, Options, Sum, Table, keyed
from engine_plugins.aggregators._common import GAME, PLAYER, Rows, left_out, mean


class AcplOptions(Options, frozen=True):
    """How much is listed."""

    games: Rows = 100


class Acpl(Aggregator):
    """Average centipawn loss (ACPL) of each player.

    A move loses what the evaluation drops from its mover's view, never less than 0, both evaluations first
    clamped to ±1000 centipawns (mate counts as 1000). In the table of games the mean is rounded half up, as
    Lichess does; over several games it is the mean over all the player's moves, so long games weigh more. Moves
    without an evaluation before and after them do not count. Limited to the colours of `--player`.
    """

    Options = AcplOptions
    options: AcplOptions

    @classmethod
    def needs(cls, options: AcplOptions) -> Needs:
        return Needs(evaluations=True)

    moves = keyed(Moments())
    """Losses by player."""
    player_games = keyed(Sum())
    games = Table()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.games = Table(self.options.games)

    def add(self, game: AnalysedGame) -> None:
        acpls: dict[Color, int | None] = {"white": None, "black": None}
        for color in game.view:
            acpl = game.side(color).acpl
            if acpl is not None:
                acpls[color] = acpl
                self.player_games[game.player(color)].add()
        for k, ply in enumerate(game.plies):
            if ply.loss is not None and game.turn(k) in game.view:
                self.moves[game.player(game.turn(k))].add(ply.loss)
        if any(acpl is not None for acpl in acpls.values()):
            number, white, black = game.origin.game, game.player("white"), game.player("black")
            self.games.add(number, number, white, acpls["white"], black, acpls["black"])

    def report(self) -> Report:
        lost = sum(moves.sum for moves in self.moves.values())
        number = sum(moves.n for moves in self.moves.values())
        notes = [
            "Over several games: the mean over all moves, each evaluation clamped to ±1000 centipawns.",
            *left_out("games", self.games.left_out, "acpl.games"),
        ]
        if not number:
            notes.append("No data: no move has an evaluation before and after it.")
        return Report(
            title="Average centipawn loss",
            metrics={
                "acpl": Metric(mean(lost, number), "Average centipawn loss", "float"),
                "moves": Metric(number, "Moves"),
                "games": Metric(self.games.total, "Games"),
            },
            tables=(self._players(), self._games()),
            notes=tuple(notes),
        )

    def _players(self) -> ReportTable:
        ranked = sorted(self.moves.items(), key=lambda item: (-item[1].n, item[0]))
        columns = (
            PLAYER,
            Column("games", "Games", "int"),
            Column("moves", "Moves", "int"),
            Column("acpl", "ACPL", "float"),
        )
        rows = tuple(
            (name, self.player_games.get(name).value, moves.n, mean(moves.sum, moves.n)) for name, moves in ranked
        )
        return ReportTable("players", "By player", columns, rows)

    def _games(self) -> ReportTable:
        columns = (
            GAME,
            Column("white", "White", "player"),
            Column("white_acpl", "ACPL", "int"),
            Column("black", "Black", "player"),
            Column("black_acpl", "ACPL", "int"),
        )
        return self.games.render("games", "By game", columns)
