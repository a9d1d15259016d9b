"""Accuracy by game, player and colour, by one of three definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Color, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Histogram, Keyed, Moments, Needs, Options, Table, keyed
from engine_plugins.aggregators._common import (
    GAME,
    PLAYER,
    PLAYERS,
    Players,
    Rows,
    adding,
    leading,
    left_out,
    lost,
    mean,
    milli,
    reach,
    together,
    unmilli,
)

Definition = Literal["lichess", "lichess-insights", "expected-points"]

_DEFINITIONS: dict[Definition, str] = {
    "lichess": "Over several games: the plain mean of Lichess's game accuracies.",
    "lichess-insights": "Harmonic mean over all moves, none below 1, as Lichess's Insights take it.",
    "expected-points": "100 less the mean Win% lost by a move.",
}
_COLORS: tuple[Color, ...] = ("white", "black")
_PRECISION = 10**9
"""Integer that stands for 1 in a sum of reciprocals: nine exact decimals, and the same sum in any order."""


class AccuracyOptions(Options, frozen=True):
    """Options of `accuracy`."""

    definition: Annotated[
        Definition,
        Meta(description="`lichess`, `lichess-insights` or `expected-points`; they cannot be compared."),
    ] = "lichess"
    games: Rows = 100
    players: Players = PLAYERS


class Accuracy(Aggregator):
    """Accuracy of each player in percent: by game, over all games and by colour.

    The option `definition` chooses the kind of accuracy. Figures of different definitions cannot be compared:

    - `lichess`: the accuracy that Lichess shows for a game. It is the mean of two means over the moves: one
      weighted by how sharp the position was, and the harmonic mean (lila `AccuracyPercent.scala`). Over several
      games it is the plain mean of the game accuracies.
    - `lichess-insights`: the harmonic mean of Lichess's accuracy over all moves of all games; a move accuracy
      below 1 counts as 1 (lila `AggregationPipeline.scala`). It is much lower, because one blunder weighs as much
      as many good moves.
    - `expected-points`: 100 minus the mean Win% that a move lost, which is the share of expected points that the
      player kept. chess.com also judges moves by expected points, but takes the players' ratings into account by
      a formula that is not published. Here they are Lichess's Win%.

    A game counts for a player if both sides have a move with an evaluation before and after it. The median is the
    median of the game accuracies, the lower one of two middle values. ± is half of the 95% interval of the mean of
    the game accuracies. With `--player`, only that player's colours count.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a accuracy

        By player
        Player          Games  Accuracy     ±  Median  White  Black
        Stockfish 1400     12     83.6%  3.73   82.0%  84.7%  82.6%
        Stockfish 1700     12     88.4%  2.85   88.2%  88.6%  88.1%
        Stockfish 2000     12     89.7%  3.13   91.3%  89.3%  90.1%
        Stockfish 2300     12     95.6%  1.75   96.2%  96.4%  94.8%
    """

    Options = AccuracyOptions
    options: AccuracyOptions
    order = 300

    sides = keyed(Moments(), by="group|player")
    """Accuracy of each game in thousandths of a percent, by colour and player: `white|name`."""
    medians = keyed(Histogram(), by="player")
    """Accuracy of each game in thousandths of a percent, by player."""
    moves = keyed(Moments(), by="group|player")
    """The summand of each move by the chosen definition, by colour and player."""
    games = Table()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.games = Table(self.options.games)

    @classmethod
    def needs(cls, options: AccuracyOptions) -> Needs:
        return Needs(evaluations=True)

    def add(self, game: AnalysedGame) -> None:
        cells: dict[Color, int | None] = {"white": None, "black": None}
        for color in game.view:
            if game.side(color).accuracy is None:
                continue
            name = game.player(color)
            accuracy = game.side(color).accuracy
            if self.options.definition != "lichess":
                summands = self._summands(game, color)
                self.moves[f"{color}|{name}"].merge(summands)
                accuracy = self._over_moves([summands])
            assert accuracy is not None
            cells[color] = milli(accuracy)
            self.sides[f"{color}|{name}"].add(milli(accuracy))
            self.medians[name].add(milli(accuracy))
        if any(cell is not None for cell in cells.values()):
            number, white, black = game.origin.game, game.player("white"), game.player("black")
            self.games.add(number, number, white, cells["white"], black, cells["black"])

    def _summands(self, game: AnalysedGame, color: Color) -> Moments:
        summands = Moments()
        for k in game.turns(color):
            ply = game.plies[k]
            if ply.accuracy is not None:
                summands.add(self._summand(milli(ply.accuracy), lost(ply) or 0))
        return summands

    def _summand(self, accuracy: int, loss: int) -> int:
        """Return what one move adds to the sum, from its accuracy and the Win% it lost, both in thousandths."""
        if self.options.definition == "lichess-insights":
            return round(_PRECISION * 1000 / max(1000, accuracy))
        return loss

    def _over_moves(self, parts: list[Moments]) -> float | None:
        """Return the accuracy over all moves of these parts in percent; None without a move."""
        number, total = sum(part.n for part in parts), sum(part.sum for part in parts)
        if not number:
            return None
        if self.options.definition == "lichess-insights":
            return round(_PRECISION * number / total, 3)
        return round(100 - total / number / 1000, 3)

    @property
    def _parts(self) -> Keyed[Moments]:
        """What accuracies over several games are made of."""
        return self.sides if self.options.definition == "lichess" else self.moves

    def _overall(self, parts: list[Moments]) -> float | None:
        """Return the accuracy over all games of these colours and players in percent; None without a game."""
        if self.options.definition != "lichess":
            return self._over_moves(parts)
        return mean(sum(part.sum for part in parts), sum(part.n for part in parts), 1000)

    def report(self) -> Report:
        white, black = (together(part for _, part in self._parts.each(f"{color}|")) for color in _COLORS)
        median = Histogram()
        listed, number = leading(
            adding(self.medians.each(), median), self.options.players, lambda item: item[1].total
        )
        notes = [
            _DEFINITIONS[self.options.definition],
            *left_out("games", self.games.left_out, "accuracy.games"),
            *left_out("players", number - len(listed), "accuracy.players"),
        ]
        if not number:
            notes.append("No data: no game has evaluated moves of both sides.")
        return Report(
            title="Accuracy",
            metrics={
                "accuracy": Metric(self._overall([white, black]), "Accuracy", "percent"),
                "median": Metric(unmilli(median.median()), "Median of games", "percent"),
                "white": Metric(self._overall([white]), "With White", "percent"),
                "black": Metric(self._overall([black]), "With Black", "percent"),
                "games": Metric(self.games.total, "Games"),
            },
            tables=(self._players(listed), self._games()),
            notes=tuple(notes),
        )

    def _players(self, listed: list[tuple[str, Histogram]]) -> ReportTable:
        columns = (
            PLAYER,
            Column("games", "Games", "int"),
            Column("accuracy", "Accuracy", "percent"),
            Column("interval", "±", "float"),
            Column("median", "Median", "percent"),
            Column("white", "White", "percent"),
            Column("black", "Black", "percent"),
        )
        return ReportTable("players", "By player", columns, tuple(self._player_rows(listed)))

    def _player_rows(self, listed: list[tuple[str, Histogram]]) -> Iterator[tuple[Cell, ...]]:
        for name, accuracies in listed:
            keys = [f"{color}|{name}" for color in _COLORS]
            games = together(map(self.sides.get, keys))
            parts = [self._parts.get(key) for key in keys]
            median = unmilli(accuracies.median())
            by_color = (self._overall([part]) for part in parts)
            yield name, games.n, self._overall(parts), reach(games, 1000), median, *by_color

    def _games(self) -> ReportTable:
        columns = (
            GAME,
            Column("white", "White", "player"),
            Column("white_accuracy", "Accuracy", "percent"),
            Column("black", "Black", "player"),
            Column("black_accuracy", "Accuracy", "percent"),
        )
        rows = tuple(
            (number, white, unmilli(white_accuracy), black, unmilli(black_accuracy))
            for number, white, white_accuracy, black, black_accuracy in self.games.rows()
        )
        return ReportTable("games", "By game", columns, rows)
