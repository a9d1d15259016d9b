"""Winning moves found, by game and by player."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from engine.model import AnalysedGame, Column, Evaluation, Metric, Report, ReportTable
from engine.plugin import Aggregator, Counts, Needs, Options, Sum, Table
from engine.scoring import is_winning
from engine_plugins.aggregators._common import (
    GAME,
    PLAYER,
    PLAYERS,
    Players,
    Rows,
    label,
    leading,
    left_out,
    share,
)


class WinsOptions(Options, frozen=True):
    """Options of `wins`."""

    winning_cp: Annotated[
        int, Meta(ge=1, le=30_000, description="Score in centipawns from which a position is won.")
    ] = 300
    games: Rows = 100
    players: Players = PLAYERS


class Wins(Aggregator):
    """Winning moves found: mates and decisive scores for the side to move.

    A position is a winning move found if its best move wins for the side to move: a mate for that side, or a score
    of at least `winning_cp` from its point of view. Every evaluated position counts once: positions 0 to N of a
    game with N plies, and the one position of an EPD line. A position without a legal move does not count. The
    counter on the screen counts the same during the run, and both are equal at the end.

    The total and the table of games include both sides. In the table of players a position belongs to the player
    to move; with `--player`, only that player's colours are in this table.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a wins

        By player to move
        Player          Won   of      %
        Stockfish 2300  327  594  55.1%
        Stockfish 1700  165  543  30.4%
        Stockfish 2000  151  605  25.0%
        Stockfish 1400    1  549   0.2%
        By game
        Game  Players                          Won   of
           1  Stockfish 1400 – Stockfish 1700   30   96
           2  Stockfish 1400 – Stockfish 2000   27   96
           3  Stockfish 1400 – Stockfish 2300   20   74
           4  Stockfish 1700 – Stockfish 1400   55  141
        … 20 more
    """

    Options = WinsOptions
    options: WinsOptions
    order = 710

    @classmethod
    def needs(cls, options: WinsOptions) -> Needs:
        return Needs(unplayed=True)

    wins = Sum()
    positions = Sum()
    player_wins = Counts(by="player")
    player_positions = Counts(by="player")
    games = Table()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.games = Table(self.options.games)

    def add(self, game: AnalysedGame) -> None:
        won = [self._won(position.found) for position in game.positions]
        wins, positions = won.count(True), len(won) - won.count(None)
        self.wins.add(wins)
        self.positions.add(positions)
        if positions:
            self.games.add(game.origin.game, game.origin.game, label(game), wins, positions)
        for color in game.view if game.epd is None and not game.unplayed else ():
            own = won[game.turn(0) != color :: 2]
            if own.count(None) < len(own):
                self.player_wins.add(game.player(color), own.count(True))
                self.player_positions.add(game.player(color), len(own) - own.count(None))

    def _won(self, evaluation: Evaluation | None) -> bool | None:
        return None if evaluation is None else is_winning(evaluation.score, self.options.winning_cp)

    def report(self) -> Report:
        listed, number = leading(self.player_wins.each(), self.options.players, lambda item: item[1])
        notes = [
            f"A winning move is a mate, or {self.options.winning_cp} centipawns or more, for the side to move.",
            *left_out("games", self.games.left_out, "wins.games"),
            *left_out("players", number - len(listed), "wins.players"),
        ]
        if not self.positions.value:
            notes.append("No data: no position has an evaluation.")
        count, of, percent = (
            Column("wins", "Won", "int"),
            Column("positions", "of", "int"),
            Column("share", "%", "percent"),
        )
        players = tuple(
            (name, wins, self.player_positions[name], share(wins, self.player_positions[name]))
            for name, wins in listed
        )
        return Report(
            title="Winning moves",
            metrics={
                "wins": Metric(self.wins.value, "Winning moves found"),
                "positions": Metric(self.positions.value, "Positions evaluated"),
                "share": Metric(share(self.wins.value, self.positions.value), "Share won", "percent"),
            },
            tables=(
                ReportTable("players", "By player to move", (PLAYER, count, of, percent), players),
                self.games.render("games", "By game", (GAME, Column("players", "Players"), count, of)),
            ),
            notes=tuple(notes),
        )
