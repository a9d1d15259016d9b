"""Inaccuracies, mistakes and blunders by Lichess's rules, and the worst of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Column, Finding, Metric, Ply, Report, ReportTable
from engine.plugin import Aggregator, Counts, JointMoments, Keyed, Needs, Options, TopK, keyed
from engine_plugins.aggregators import _move_numbers
from engine_plugins.aggregators._common import (
    GAME,
    NO_EVALUATIONS,
    PLAYER,
    PLAYERS,
    Players,
    best_san,
    by_player,
    leading,
    left_out,
    mean,
    milli,
    unmilli,
)
from engine_plugins.aggregators._references import SHOWN, keep, reach_of, to_moves

_KINDS = (
    ("inaccuracy", "inaccuracies", "Inaccuracies"),
    ("mistake", "mistakes", "Mistakes"),
    ("blunder", "blunders", "Blunders"),
)
_MOVES = "moves"
_ENOUGH = 300
"""Moves of a player who is compared with others in a sentence."""


class JudgementsOptions(Options, frozen=True):
    """Options of `judgements`."""

    worst: Annotated[int, Meta(ge=0, le=10_000, description="Rows of the table of the worst moves.")] = 10
    players: Players = PLAYERS


class Judgements(Aggregator):
    """Inaccuracies, mistakes and blunders of each player, and the worst moves.

    The rules are Lichess's: a move that lowers the mover's Win% by 5, 10 or 15 points is an inaccuracy, a mistake
    or a blunder. A move that allows a mate or misses one is a blunder, or less if the game was already decided.
    Rates are per 100 moves with an evaluation before and after them. The worst moves are the judged moves with the
    lowest accuracy; ties go to the earlier game and ply. With `--player`, only that player's colours count.

    By move number, rates are over the moves that were made at those numbers: counts would fall because games end.
    The number is that of the move in the game, as it is written. A sentence names the numbers at which moves lose
    most Win% beside all others. How sure it is takes whole games as independent and is corrected for all rows of
    the table (Holm for *sure*, Benjamini and Hochberg for *likely*); with fewer than 20 games nothing is said.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a judgements

        By player
        Player          Moves  Inaccuracies   Rate  Mistakes  Rate  Blunders  Rate
        Stockfish 2000    599            50   8.35        14  2.34        11  1.84
        Stockfish 2300    583            20   3.43         5  0.86         4  0.69
        Stockfish 1400    549            63  11.47        12  2.19        15  2.73
        Stockfish 1700    536            53   9.89        14  2.61        13  2.42
        Units: Rate: per 100 moves.
        Rates are per 100 moves. --show judgements:players=ROW prints the moves with the lowest
        accuracy.
        Worst moves
        Game  Ply  Player          Move  Judgement   Win%  after  Best move
          17   37  Stockfish 2000  O-O   blunder    70.3%   9.1%  Rg8
          16   65  Stockfish 1400  Qb3   blunder    67.6%  11.3%  Nd3
          19   19  Stockfish 1400  bxc4  blunder    54.2%   5.3%  Kxf7
           8   47  Stockfish 1700  Ne1   blunder    87.1%  45.7%  Bxb2
        … 6 more
        The judged moves with the lowest accuracy by Lichess's formula; the mover's Win% before and
        after the move, and the move that was best.
    """

    Options = JudgementsOptions
    options: JudgementsOptions
    order = 302

    @classmethod
    def needs(cls, options: JudgementsOptions) -> Needs:
        return Needs(evaluations=True)

    players = keyed(Counts(), by="group|player")
    """Number of moves that count and of each judgement, by colour and player: `white|name`."""
    worst = TopK()
    player_worst = keyed(TopK(SHOWN), by="player")
    """Moves with the lowest accuracy, in thousandths."""
    color_worst = keyed(TopK(SHOWN))
    """The same by colour."""
    # By move number; `_move_numbers.tally` says what they hold.
    losses = keyed(JointMoments(4))
    errors = keyed(Counts())
    costly = keyed(TopK(SHOWN))

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.worst = TopK(self.options.worst)

    def add(self, game: AnalysedGame) -> None:
        plies: list[int] = []
        for color in game.view:
            judged = [k for k in game.turns(color) if game.plies[k].accuracy is not None]
            if not judged:
                continue
            plies += judged
            counts = self.players[f"{color}|{game.player(color)}"]
            counts.add(_MOVES, len(judged))
            accuracies = [(milli(game.plies[k].accuracy or 0), k) for k in judged]
            for accuracy, k in accuracies:
                ply = game.plies[k]
                if ply.judgement is not None:
                    counts.add(ply.judgement)
                    self._enter(game, k, ply, accuracy)
            for top in (self.player_worst[game.player(color)], self.color_worst[color]):
                keep(top, game.origin.game, accuracies)
        _move_numbers.tally(game, plies, self.losses, self.errors, self.costly)

    def _enter(self, game: AnalysedGame, k: int, ply: Ply, accuracy: int) -> None:
        number = game.origin.game
        if not self.worst.admits(-accuracy, number, k):
            return
        player, best = game.player(game.turn(k)), best_san(game, k)
        before, after = (None if win is None else milli(win) for win in (ply.win_before, ply.win_after))
        self.worst.add(-accuracy, number, k, number, k, player, ply.san, ply.judgement, before, after, best)

    def report(self) -> Report:
        colors: dict[str, Counts] = {}
        listed, number = leading(self._by_player(colors), self.options.players, lambda item: item[1][_MOVES])
        by_color = sorted(colors.items(), reverse=True)
        totals = Counts()
        for counts in colors.values():
            totals.merge(counts)
        moves = totals[_MOVES]
        notes = [
            "Lichess's rules: 5, 10 or 15 Win% lost, and rules of their own for mates. Rates are per 100 moves.",
            *left_out("players", number - len(listed), "judgements.players"),
        ]
        if not moves:
            notes.append(NO_EVALUATIONS)
        metrics = {plural: Metric(totals[kind] if moves else None, label) for kind, plural, label in _KINDS}
        metrics["moves"] = Metric(moves, "Moves")
        return Report(
            title="Judgements",
            metrics=metrics,
            tables=(
                _rates("players", "By player", PLAYER, listed, self.player_worst),
                _rates("colors", "By colour", Column("color", "Colour"), by_color, self.color_worst),
                _move_numbers.table(self.losses, self.errors, self.costly),
                self._worst(),
            ),
            notes=tuple(notes),
            findings=tuple(self._findings(listed, number)),
            charts=tuple(_move_numbers.chart(self.losses, self.costly)),
        )

    def _findings(self, listed: list[tuple[str, Counts]], number: int) -> Iterator[Finding]:
        """Yield the rates of the only player in view, or from whom to whom those of a table reach."""
        only = listed[0][0] if number == 1 and listed else None
        if only is not None:
            counts, moves = listed[0][1], listed[0][1][_MOVES]
            blunders, mistakes, inaccuracies = (f"{100 * counts[kind] / moves:.1f}" for kind, _, _ in _KINDS[::-1])
            yield Finding(
                f"{only} makes {blunders} blunders, {mistakes} mistakes and {inaccuracies} inaccuracies"
                f" per 100 moves (of {moves:,}).",
                None,
                to_moves(self.player_worst.get(only)),
                "players",
            )
        enough = [(name, counts) for name, counts in listed if counts[_MOVES] >= _ENOUGH]
        reaching = reach_of(((100 * counts["blunder"] / counts[_MOVES], name) for name, counts in enough), 1)
        if only is None and reaching is not None:
            text = f"Blunders per 100 moves: {reaching} with {_ENOUGH:,} moves or more."
            yield Finding(text, table="players")
        yield from _move_numbers.findings(only, self.losses, self.costly)

    def _by_player(self, colors: dict[str, Counts]) -> Iterator[tuple[str, Counts]]:
        """Yield the counts of each player, and add them to those of the colours."""
        for name, parts in by_player(self.players, ("white", "black")):
            own = Counts()
            for color, counts in parts.items():
                own.merge(counts)
                colors.setdefault(color, Counts()).merge(counts)
            yield name, own

    def _worst(self) -> ReportTable:
        columns = (
            GAME,
            Column("ply", "Ply", "int"),
            PLAYER,
            Column("move", "Move", "move"),
            Column("judgement", "Judgement"),
            Column("win_before", "Win%", "percent"),
            Column("win_after", "after", "percent"),
            Column("best", "Best move", "move"),
        )
        rows = tuple(
            (number, ply, player, move, kind, unmilli(before), unmilli(after), best)
            for entry in self.worst.entries()
            for number, ply, player, move, kind, before, after, best in (entry.cells,)
        )
        reading = (
            "The judged moves with the lowest accuracy by Lichess's formula; the mover's Win% before and after "
            "the move, and the move that was best."
        )
        return ReportTable("worst", "Worst moves", columns, rows, reading=reading)


def _rates(
    key: str, title: str, first: Column, groups: list[tuple[str, Counts]], worst: Keyed[TopK]
) -> ReportTable:
    """Return the table of judgements of groups of moves, in number and per 100."""
    columns = [first, Column("moves", "Moves", "int")]
    for _, plural, label in _KINDS:
        columns += [Column(plural, label, "int"), Column(f"{plural}_rate", "Rate", "float", "per 100 moves")]
    rows: list[tuple[Cell, ...]] = []
    for name, counts in groups:
        moves = counts[_MOVES]
        rates = [cell for kind, _, _ in _KINDS for cell in (counts[kind], mean(100 * counts[kind], moves))]
        rows.append((name, moves, *rates))
    references = tuple(to_moves(worst.get(name)) for name, _ in groups)
    reading = "Rates are per 100 moves. A row leads to the moves with the lowest accuracy."
    return ReportTable(key, title, tuple(columns), tuple(rows), references, reading)
