"""Average centipawn loss by game, player and colour, and how the losses are distributed."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from msgspec import structs

from engine.model import AnalysedGame, Cell, Color, Column, Finding, Metric, Report, ReportTable
from engine.plugin import Aggregator, Histogram, Needs, Options, Sum, Table, TopK, keyed
from engine_plugins.aggregators._common import (
    GAME,
    NO_EVALUATIONS,
    PLAYER,
    PLAYERS,
    Players,
    Rows,
    by_player,
    leading,
    left_out,
    share,
)
from engine_plugins.aggregators._references import ENOUGH, SHOWN, keep, possessive, reach_of, to_moves

_COLORS: tuple[Color, ...] = ("white", "black")
_BUCKETS = (0, 10, 25, 50, 100, 200, 500, 2000)
"""Upper bounds, inclusive, of the groups of losses, as in Lichess's Insights."""
_NAMES = ("0", *(f"{below + 1}-{bound}" for below, bound in pairwise(_BUCKETS)))

_Parts = dict[str, Histogram]
"""Losses by colour."""
_Player = tuple[str, Histogram, _Parts]
"""A player, the losses in all games, and those by colour."""


class AcplOptions(Options, frozen=True):
    """Options of `acpl`."""

    games: Rows = 100
    players: Players = PLAYERS


class Acpl(Aggregator):
    """Average centipawn loss (ACPL) of each player, with median and spread.

    The loss of a move is the drop of the evaluation from the mover's point of view, at least 0. Both evaluations
    are first clamped to ±1000 centipawns; a mate counts as 1000. In the table of games the mean is rounded half
    up, as on Lichess (lila `AccuracyCP.scala`). Over several games it is the mean over all moves of the player, so
    long games weigh more. The median is the loss of an ordinary move: the median over the moves, the lower one of
    two middle values. The groups of losses are those of Lichess's Insights. Only moves with an evaluation before
    and after them count. With `--player`, only that player's colours count.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a acpl

        By player
        Player          Games  Moves   ACPL  Median  White  Black
        Stockfish 2000     12    599  29.01       0  25.88  32.69
        Stockfish 2300     12    583  15.05       0  14.18  15.78
        Stockfish 1400     12    549  43.84       0  46.78  40.89
        Stockfish 1700     12    536  34.25       0  33.71  34.83
        Units: ACPL, Median, White, Black: centipawns.
        Mean and median loss of a move. --show acpl:players=ROW prints the moves that lost most.
        How much the moves lost
        Centipawns lost  Moves      %
        0                1,382  61.0%
        1-10               117   5.2%
        11-25              170   7.5%
        26-50              196   8.6%
        51-100             205   9.0%
        101-200            112   4.9%
        201-500             76   3.4%
        501-2000             9   0.4%
        A mate counts as 1,000 centipawns. --show acpl:losses=ROW prints its moves that lost most. Of
        the moves that lost nothing, these are the ones that answered the moves that lost most.
    """

    Options = AcplOptions
    options: AcplOptions
    order = 304

    @classmethod
    def needs(cls, options: AcplOptions) -> Needs:
        return Needs(evaluations=True)

    moves = keyed(Histogram(), by="group|player")
    """Losses of the moves in centipawns, by colour and player: `white|name`."""
    player_games = keyed(Sum(), by="player")
    worst = keyed(TopK(SHOWN), by="player")
    """Moves by loss in centipawns, by player."""
    buckets = keyed(TopK(SHOWN))
    """Moves by loss in centipawns, by group of losses; those without a loss by what the opponent's move lost."""
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
            losses = [(-loss, k) for k in game.turns(color) if (loss := game.plies[k].loss) is not None]
            if losses:
                histogram = self.moves[f"{color}|{game.player(color)}"]
                for negative, n in Counter(negative for negative, _ in losses).items():
                    histogram.add(-negative, n)
                self._examples(game, losses)
                keep(self.worst[game.player(color)], game.origin.game, losses)
        if any(acpl is not None for acpl in acpls.values()):
            number, white, black = game.origin.game, game.player("white"), game.player("black")
            self.games.add(number, number, white, acpls["white"], black, acpls["black"])

    def _examples(self, game: AnalysedGame, losses: list[tuple[int, int]]) -> None:
        """Keep the moves of a player that lost most, by group of losses."""
        buckets: dict[int, list[tuple[int, int]]] = {}
        for negative, k in losses:
            score = -negative or (k and game.plies[k - 1].loss) or 0
            buckets.setdefault(bisect_left(_BUCKETS, -negative), []).append((-score, k))
        for bucket, moves in buckets.items():
            keep(self.buckets[_NAMES[bucket]], game.origin.game, moves)

    def report(self) -> Report:
        by_color = {color: Histogram() for color in _COLORS}
        players = self._by_player(by_color)
        leaders, number = leading(players, self.options.players, lambda item: _moves(item[1]))
        listed = [(name, _merged(parts.values()), parts) for name, parts in leaders]
        everything = _merged(by_color.values())
        notes = [
            "Over several games: the mean over all moves, each evaluation clamped to ±1000 centipawns.",
            *left_out("games", self.games.left_out, "acpl.games"),
            *left_out("players", number - len(listed), "acpl.players"),
        ]
        if not everything.total:
            notes.append(NO_EVALUATIONS)
        return Report(
            title="Average centipawn loss",
            metrics={
                "acpl": Metric(_mean(everything), "Average centipawn loss", "float", "centipawns"),
                "median": Metric(everything.median(), "Median loss of a move", unit="centipawns"),
                "white": Metric(_mean(by_color["white"]), "With White", "float", "centipawns"),
                "black": Metric(_mean(by_color["black"]), "With Black", "float", "centipawns"),
                "moves": Metric(everything.total, "Moves"),
                "games": Metric(self.games.total, "Games"),
            },
            tables=(self._players(listed), self._losses(everything), self._games()),
            notes=tuple(notes),
            findings=tuple(self._findings(listed, number)),
        )

    def _findings(self, listed: list[_Player], number: int) -> Iterator[Finding]:
        """Yield what the only player in view loses, or from whom to whom the players of a table reach."""
        if number == 1 and listed:
            name, losses, _ = listed[0]
            yield Finding(
                f"{possessive(name)} moves lose {_mean(losses):.0f} centipawns on average, half of them"
                f" {losses.median():,} or less (of {losses.total:,}).",
                None,
                to_moves(self.worst.get(name)),
                "players",
            )
            return
        enough = [(name, losses) for name, losses, _ in listed if self.player_games.get(name).value >= ENOUGH]
        reaching = reach_of(((_mean(losses) or 0, name) for name, losses in enough), 0)
        if reaching is not None:
            text = f"Average centipawn loss: {reaching} with {ENOUGH} games or more."
            yield Finding(text, table="players")

    def _by_player(self, by_color: dict[Color, Histogram]) -> Iterator[tuple[str, _Parts]]:
        """Yield the losses of each player by colour, and add them to all others."""
        for name, parts in by_player(self.moves, _COLORS):
            for color in _COLORS:
                if color in parts:
                    by_color[color].merge(parts[color])
            yield name, parts

    def _players(self, listed: list[_Player]) -> ReportTable:
        columns = (
            PLAYER,
            Column("games", "Games", "int"),
            Column("moves", "Moves", "int"),
            Column("acpl", "ACPL", "float", "centipawns"),
            Column("median", "Median", "int", "centipawns"),
            Column("white", "White", "float", "centipawns"),
            Column("black", "Black", "float", "centipawns"),
        )
        rows: list[tuple[Cell, ...]] = []
        for name, losses, parts in listed:
            by_color = (_mean(parts.get(color, Histogram())) for color in _COLORS)
            games = self.player_games.get(name).value
            rows.append((name, games, losses.total, _mean(losses), losses.median(), *by_color))
        references = tuple(to_moves(self.worst.get(name)) for name, _, _ in listed)
        reading = "Mean and median loss of a move. A row leads to the moves that lost most."
        return ReportTable("players", "By player", columns, tuple(rows), references, reading)

    def _games(self) -> ReportTable:
        columns = (
            GAME,
            Column("white", "White", "player"),
            Column("white_acpl", "ACPL", "int", "centipawns"),
            Column("black", "Black", "player"),
            Column("black_acpl", "ACPL", "int", "centipawns"),
        )
        reading = "Mean loss of the player's moves in the game, rounded as on Lichess."
        return structs.replace(self.games.render("games", "By game", columns), reading=reading)

    def _losses(self, losses: Histogram) -> ReportTable:
        """Return the table of how many moves lost how much."""
        table = _loss_table(losses)
        references = tuple(to_moves(self.buckets.get(str(row[0]))) for row in table.rows)
        reading = (
            "A mate counts as 1,000 centipawns. A row leads to its moves that lost most. Of the moves that lost"
            " nothing, these are the ones that answered the moves that lost most."
        )
        return structs.replace(table, references=references, reading=reading)


def _merged(parts: Iterable[Histogram]) -> Histogram:
    merged = Histogram()
    for losses in parts:
        merged.merge(losses)
    return merged


def _moves(parts: _Parts) -> int:
    return sum(losses.total for losses in parts.values())


def _mean(losses: Histogram) -> float | None:
    found = losses.mean()
    return None if found is None else round(found, 3)


def _loss_table(losses: Histogram) -> ReportTable:
    """Return the table of how many moves lost how much."""
    columns = (Column("loss", "Centipawns lost"), Column("moves", "Moves", "int"), Column("share", "%", "percent"))
    rows: list[tuple[Cell, ...]] = []
    below = -1
    for name, bound in zip(_NAMES, _BUCKETS, strict=True) if losses.total else ():
        moves = sum(n for loss, n in losses.items() if below < loss <= bound)
        rows.append((name, moves, share(moves, losses.total)))
        below = bound
    return ReportTable("losses", "How much the moves lost", columns, tuple(rows))
