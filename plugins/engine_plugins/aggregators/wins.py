"""Winning moves that were there, who played them and who missed them, by game and by player."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta

from engine.model import (
    AnalysedGame,
    Column,
    Finding,
    Metric,
    Reference,
    Report,
    ReportTable,
)
from engine.plugin import Aggregator, Counts, Needs, Options, Table, TopK, keyed
from engine.positions.movetext import NULL_MOVE
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
    lost,
    share,
)
from engine_plugins.aggregators._references import SHOWN, keep, table_of, to_moves


class WinsOptions(Options, frozen=True):
    """Options of `wins`."""

    winning_cp: Annotated[
        int, Meta(ge=1, le=30_000, description="Score in centipawns from which a position is won.")
    ] = 300
    games: Rows = 100
    players: Players = PLAYERS


Fate = Literal["played", "missed", "open"]
"""What became of a winning move; `open` if nobody moved, or if the evaluation after the move is not known."""


class Wins(Aggregator):
    """Winning moves that were available, who played them and who missed them.

    A winning move is available in a position if its best move wins for the side to move: a mate for that side, or
    a score of at least `winning_cp` from its point of view. Every evaluated position counts once: positions 0 to N
    of a game with N plies, and the one position of an EPD line. A position without a legal move does not count.
    The counter on the screen counts the same during the run, and both are equal at the end.

    It is *played* if the move that was made mates, is the evaluator's best move, leaves the player a score that
    wins in the same sense, or loses so little that Lichess does not judge it (under 5 Win%). Otherwise it is
    *missed*. It is neither where nobody moved, as in the last position of a game that was resigned, or where the
    position after the move has no evaluation. Win% that a player gives away in a position that is still won is in
    the reports `accuracy` and `conversion`.

    The total and the table of games include both sides. In the table of players a position belongs to the player
    to move; with `--player`, only that player's colours are in this table.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a wins

        By player to move
        Player          Available   of      %  Played  Missed
        Stockfish 2300        327  594  55.1%     318       9
        Stockfish 1700        165  543  30.4%     162       3
        Stockfish 2000        151  605  25.0%     150       1
        Stockfish 1400          1  549   0.2%       0       1
        Available: positions whose best move wins, of all evaluated. Played: the move made keeps the
        win; missed: it does not; neither: nobody moved. --show wins:players=ROW prints winning moves:
        first the missed ones that cost most Win%.
        By game
        Game  Players                          Available   of  Played  Missed  by White  by Black
           1  Stockfish 1400 – Stockfish 1700         30   96      29       1         0         1
           2  Stockfish 1400 – Stockfish 2000         27   96      27       0         0         0
           3  Stockfish 1400 – Stockfish 2300         20   74      20       0         0         0
           4  Stockfish 1700 – Stockfish 1400         55  141      55       0         0         0
        … 20 more
    """

    Options = WinsOptions
    options: WinsOptions
    order = 710

    @classmethod
    def needs(cls, options: WinsOptions) -> Needs:
        return Needs(unplayed=True)

    totals = Counts()
    """Number of `positions`, of `available` winning moves, and of those `played` and `missed`."""
    players = keyed(Counts(), by="player")
    """The same by player to move, in view only."""
    worst = keyed(TopK(SHOWN), by="player")
    """Missed winning moves by the Win% that they lost, in thousandths; then the others, at -1."""
    games = Table()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.games = Table(self.options.games)

    def add(self, game: AnalysedGame) -> None:
        cp = self.options.winning_cp
        won = [is_winning(found.score, cp) if (found := position.found) else None for position in game.positions]
        evaluated = len(won) - won.count(None)
        if not evaluated:
            return
        fates = {k: self._fate(game, k) for k, wins in enumerate(won) if wins}
        total = _tally(evaluated, fates)
        for key, n in total.items():
            self.totals.add(key, n)
        losses = {k: lost(game.plies[k]) or 0 for k, fate in fates.items() if fate == "missed"}
        worst = sorted(losses, key=lambda k: (-losses[k], k))
        number, shown = game.origin.game, " ".join(map(str, worst[:SHOWN]))
        by_white = sum(game.turn(k) == "white" for k in losses)
        self.games.add(
            number, number, label(game), *(total[key] for key in _FIGURES), by_white, len(losses) - by_white, shown
        )
        for color in game.view if game.epd is None and not game.unplayed else ():
            first = game.turn(0) != color
            own = won[first::2]
            if evaluated := len(own) - own.count(None):
                counts = self.players[game.player(color)]
                for key, n in _tally(evaluated, {k: fates[k] for k in fates if k % 2 == first}).items():
                    counts.add(key, n)
            own_fates = [(-losses.get(k, -1), k) for k in fates if k % 2 == first]
            if own_fates:
                keep(self.worst[game.player(color)], number, own_fates)

    def _fate(self, game: AnalysedGame, k: int) -> Fate:
        """Return what became of the winning move in position `k`."""
        if k == len(game.plies) or game.plies[k].uci == NULL_MOVE:
            return "open"
        ply, before, after = game.plies[k], game.positions[k].found, game.positions[k + 1]
        if after.terminal is not None:
            return "played" if after.terminal == "checkmate" else "missed"
        if before is not None and before.best == ply.uci:
            return "played"
        if after.found is None:
            return "open"
        small = ply.accuracy is not None and ply.judgement is None
        return "played" if small or is_winning(-after.found.score, self.options.winning_cp) else "missed"

    def report(self) -> Report:
        listed, number = leading(self.players.each(), self.options.players, lambda item: item[1]["available"])
        positions = self.totals["positions"]
        notes = [
            f"A winning move is a mate, or {self.options.winning_cp} centipawns or more, for the side to move.",
            *left_out("games", self.games.left_out, "wins.games"),
            *left_out("players", number - len(listed), "wins.players"),
        ]
        if not positions:
            notes.append("No data: no position has an evaluation.")
        labels = {"available": "Winning moves available", "played": "played", "missed": "missed"}
        figures = {key: Metric(self.totals[key] if positions else None, labels[key]) for key in labels}
        return Report(
            title="Winning moves",
            metrics={
                "wins": figures["available"],
                "played": figures["played"],
                "missed": figures["missed"],
                "positions": Metric(positions, "Positions evaluated"),
                "share": Metric(
                    share(self.totals["available"], positions), "Positions with a winning move", "percent"
                ),
            },
            tables=(self._players(listed), self._games()),
            notes=tuple(notes),
            findings=tuple(self._findings(listed[0] if number == 1 and listed else None)),
        )

    def _findings(self, only: tuple[str, Counts] | None) -> Iterator[Finding]:
        """Yield how many winning moves were played: by the only player in view and the opponents, or by all."""
        if only is None:
            if self.totals["available"]:
                yield Finding(_sentence("The players", self.totals), table="players")
            return
        name, own = only
        if own["available"]:
            yield Finding(_sentence(name, own), None, to_moves(self.worst.get(name)), "players")
        theirs = {key: self.totals[key] - own[key] for key in _FIGURES}
        if theirs["available"]:
            yield Finding(_sentence("The opponents", theirs), table="games")

    def _players(self, listed: list[tuple[str, Counts]]) -> ReportTable:
        columns = (PLAYER, *_COLUMNS[:2], Column("share", "%", "percent"), *_COLUMNS[2:])
        rows = tuple(
            (name, counts["available"], counts["positions"], share(counts["available"], counts["positions"]),
             counts["played"], counts["missed"])
            for name, counts in listed
        )  # fmt: skip
        references = tuple(to_moves(self.worst.get(name)) for name, _ in listed)
        return ReportTable("players", "By player to move", columns, rows, references, _READING)

    def _games(self) -> ReportTable:
        sides = Column("white_missed", "by White", "int"), Column("black_missed", "by Black", "int")
        columns = (GAME, Column("players", "Players"), *_COLUMNS, *sides)
        rows = []
        for number, players, *figures, shown in self.games.rows():
            plies = map(int, str(shown).split())
            assert isinstance(number, int)
            references = tuple(Reference(number, ply) for ply in plies) or (Reference(number),)
            rows.append(((number, players, *figures), references))
        return table_of("games", "By game", columns, rows, _READING)


_FIGURES = ("available", "positions", "played", "missed")
_COLUMNS = (
    Column("available", "Available", "int"),
    Column("positions", "of", "int"),
    Column("played", "Played", "int"),
    Column("missed", "Missed", "int"),
)
_READING = (
    "Available: positions whose best move wins, of all evaluated. Played: the move made keeps the win; missed: it"
    " does not; neither: nobody moved. A row leads to winning moves: first the missed ones that cost most Win%."
)


def _tally(positions: int, fates: dict[int, Fate]) -> dict[str, int]:
    found = list(fates.values())
    played, missed = found.count("played"), found.count("missed")
    return {"available": len(found), "positions": positions, "played": played, "missed": missed}


def _sentence(who: str, counts: dict[str, int] | Counts) -> str:
    available, played, missed = (counts[key] for key in ("available", "played", "missed"))
    rate = share(played, played + missed)
    known = f"played {played:,} ({rate:.1f}%)" if rate is not None else f"played {played:,}"
    moves = "winning move" if available == 1 else "winning moves"
    return f"{who} had {available:,} {moves} available, {known} and missed {missed:,}."
