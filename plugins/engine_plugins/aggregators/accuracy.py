"""Accuracy by game, player and colour, by one of three definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Color, Column, Finding, Metric, Report, ReportTable
from engine.plugin import Aggregator, Counts, Histogram, Keyed, Moments, Needs, Options, Table, TopK, keyed
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
from engine_plugins.aggregators._references import ENOUGH, SHOWN, possessive, reach_of, to_games

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

    Beside it stands the move accuracy: the plain mean of Lichess's accuracy over all moves, whatever the option
    says. It is what `phases`, `time-management` and `openings` say of groups of moves, so those figures compare
    with this one and not with the accuracy of games. It is higher, because a bad move weighs no more than a good
    one.

    A game counts for a player if both sides have a move with an evaluation before and after it. The median is the
    median of the game accuracies, the lower one of two middle values. ± is half of the 95% interval of the mean of
    the game accuracies. With `--player`, only that player's colours count.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a accuracy

        By player
        Player          Games  Accuracy  ± (points)  Median  White  Black  Move accuracy
        Stockfish 1400     12     83.6%        3.73   82.0%  84.7%  82.6%          92.4%
        Stockfish 1700     12     88.4%        2.85   88.2%  88.6%  88.1%          93.0%
        Stockfish 2000     12     89.7%        3.13   91.3%  89.3%  90.1%          94.2%
        Stockfish 2300     12     95.6%        1.75   96.2%  96.4%  94.8%          96.9%
        Accuracy: mean over games, ± half of its 95% interval. Move accuracy: mean over moves, to
        compare with phases and time trouble. --show accuracy:players=ROW prints the least accurate
        games.
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
    totals = Counts(by="group|player")
    """Number of `moves` with an accuracy and its sum (`kept`) in thousandths, by player: `moves|name`."""
    worst = keyed(TopK(SHOWN), by="player")
    """Games by how far their accuracy is from 100%, in thousandths."""
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
            name = game.player(color)
            kept = [ply.accuracy for ply in game.plies[game.turns(color).start :: 2] if ply.accuracy is not None]
            if kept:
                self.totals.add(f"moves|{name}", len(kept))
                self.totals.add(f"kept|{name}", sum(map(milli, kept)))
            if game.side(color).accuracy is None:
                continue
            accuracy = game.side(color).accuracy
            if self.options.definition != "lichess":
                summands = self._summands(game, color)
                self.moves[f"{color}|{name}"].merge(summands)
                accuracy = self._over_moves([summands])
            assert accuracy is not None
            cells[color] = milli(accuracy)
            self.sides[f"{color}|{name}"].add(milli(accuracy))
            self.medians[name].add(milli(accuracy))
            self.worst[name].add(-milli(accuracy), game.origin.game, 0)
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
                "move_accuracy": Metric(self._by_moves(), "Move accuracy", "percent"),
                "median": Metric(unmilli(median.median()), "Median of games", "percent"),
                "white": Metric(self._overall([white]), "With White", "percent"),
                "black": Metric(self._overall([black]), "With Black", "percent"),
                "games": Metric(self.games.total, "Games"),
            },
            tables=(self._players(listed), self._games()),
            notes=tuple(notes),
            findings=tuple(self._findings(listed, number)),
        )

    def _by_moves(self, *names: str) -> float | None:
        """Return the move accuracy of some players, or of all, in percent; None without a move."""
        moves, kept = (
            sum(self.totals[f"{key}|{name}"] for name in names)
            if names
            else sum(number for _, number in self.totals.each(f"{key}|"))
            for key in ("moves", "kept")
        )
        return mean(kept, moves, 1000)

    def _findings(self, listed: list[tuple[str, Histogram]], number: int) -> Iterator[Finding]:
        """Yield how accurate the only player in view is, or from whom to whom the players of a table reach."""
        if number == 1 and listed:
            name, games = listed[0][0], listed[0][1].total
            white, black = (self._of(name, color) for color in _COLORS)
            colors = ""
            if white is not None and black is not None:
                colors = f", {white:.1f}% with White and {black:.1f}% with Black"
            half = reach(together(self.sides.get(f"{color}|{name}") for color in _COLORS), 1000)
            within = f"±{half:.1f}, " if half else ""
            games_of = f"{games:,} game" if games == 1 else f"{games:,} games"
            yield Finding(
                f"{possessive(name)} accuracy is {self._of(name, *_COLORS):.1f}% ({within}{games_of}){colors}.",
                None,
                to_games(self.worst.get(name)),
                "players",
            )
            return
        enough = [name for name, games in listed if games.total >= ENOUGH]
        reaching = reach_of(((self._of(name, *_COLORS) or 0, name) for name in enough), 1)
        if reaching is not None:
            yield Finding(f"Accuracy in percent: {reaching} with {ENOUGH} games or more.", table="players")

    def _of(self, name: str, *colors: Color) -> float | None:
        """Return a player's accuracy with some colours, in percent."""
        return self._overall([self._parts.get(f"{color}|{name}") for color in colors])

    def _players(self, listed: list[tuple[str, Histogram]]) -> ReportTable:
        columns = (
            PLAYER,
            Column("games", "Games", "int"),
            Column("accuracy", "Accuracy", "percent"),
            Column("interval", "±", "float", "points"),
            Column("median", "Median", "percent"),
            Column("white", "White", "percent"),
            Column("black", "Black", "percent"),
            Column("move_accuracy", "Move accuracy", "percent"),
        )
        references = tuple(to_games(self.worst.get(name)) for name, _ in listed)
        reading = (
            "Accuracy: mean over games, ± half of its 95% interval. Move accuracy: mean over moves, to compare"
            " with phases and time trouble. A row leads to the least accurate games."
        )
        return ReportTable("players", "By player", columns, tuple(self._player_rows(listed)), references, reading)

    def _player_rows(self, listed: list[tuple[str, Histogram]]) -> Iterator[tuple[Cell, ...]]:
        for name, accuracies in listed:
            keys = [f"{color}|{name}" for color in _COLORS]
            games = together(map(self.sides.get, keys))
            parts = [self._parts.get(key) for key in keys]
            median = unmilli(accuracies.median())
            by_color = (self._overall([part]) for part in parts)
            figures = games.n, self._overall(parts), reach(games, 1000), median
            yield name, *figures, *by_color, self._by_moves(name)

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
        reading = "Accuracy of the game by the definition chosen; – where a side has no move with evaluations."
        return ReportTable("games", "By game", columns, rows, reading=reading)
