"""Use of the clock: time per move, time trouble, and how both affect the moves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from engine.model import AnalysedGame, Color, Finding, Metric, Ply, Report, TimeControl
from engine.plugin import Aggregator, Counts, JointMoments, Needs, Options, Sum, TopK, keyed
from engine.text.format import count
from engine_plugins.aggregators._common import (
    PLAYERS,
    Players,
    adding,
    leading,
    left_out,
    lost,
    milli,
    numbered,
)
from engine_plugins.aggregators._references import SHOWN, keep
from engine_plugins.aggregators._tallies import Amounts, Tallies, amounts
from engine_plugins.aggregators._time_tables import (
    CLOCKS,
    MOST_CLOCK,
    MOST_TIME,
    TIMES,
    clock_table,
    longest_table,
    mean_accuracy,
    mean_time,
    phases_table,
    players_table,
    speeds_table,
    thinking_table,
    trouble,
)
from engine_plugins.aggregators._time_trouble import SIZE, TABLE, band_of, findings, metric, trouble_table

_UNKNOWN = -1_000_000_000
"""Score of a move without an evaluation, below that of every other."""
_WHOLE = 100_000
"""The whole clock in thousandths of a percent; a player who was given time can have more."""
_WINDOW = 13
"""Number of a player's moves in a window for the time variance."""
"""Judgements of the moves that rows refer to."""
_FORFEITS = ("time forfeit", "on time")
"""Words in the tag `Termination` of a game lost on time: Lichess and the PGN standard, chess.com."""


class TimeManagementOptions(Options, frozen=True):
    """Options of `time-management`."""

    longest: Annotated[int, Meta(ge=0, le=10_000, description="Rows of the table of the longest thinks.")] = 10
    trouble: Annotated[
        int, Meta(ge=1, le=50, description="Percent of the clock; a move that leaves less is in time trouble.")
    ] = 10
    players: Players = PLAYERS


class TimeManagement(Aggregator):
    """How players use the clock, and what time trouble costs them.

    The time of a move is `[%emt]`, or else the fall of `[%clk]` plus the increment, so the first move of each side
    usually has none. Where a new period begins, its time is added; where a clock rises and no time control
    explains it, the time is not known. What is not known is left out of every mean, and a note says how much.

    The clock left is the clock after the move, as in Lichess's Insights: 100 × seconds left / (base + 40 ×
    increment), from the first period of the tag `TimeControl`, and at most 100. A player who berserked has half
    the base and no increment; of daily games, the time for one move is the whole. The same estimate of a game of
    40 moves makes a game ultrabullet (under 30 s), bullet (180 s), blitz (480 s), rapid (1,500 s), classical
    (21,600 s) or correspondence. The bands of clock left and of move times are Lichess's too.

    Move accuracy is the plain mean of Lichess's accuracy over the moves, as in `phases`; the accuracy of whole
    games is lower. Blunders follow Lichess's rules. Both count moves with an evaluation before and after them; the
    interval is Wilson's at 95%. All other figures need no evaluations. Phases are those of Lichess.

    A move is in time trouble if it leaves less than `trouble` percent of the clock. Positions are often decided by
    then, and a move in a decided position can lose little. So moves in time trouble are compared with the others
    within eight bands of the Win% before the move; the difference over all bands weighs each by its moves (Mantel
    and Haenszel), and its 95% interval takes whole games as independent. It is *sure* if chance alone would give
    such a difference in at most 5% of cases, *likely* in at most 20%, and otherwise *may be chance*; with fewer
    than 20 games nothing is said. Games without clocks are in no figure, and so in no speed.

    A game is lost on time if the tag `Termination` says so (`Time forfeit`, `won on time`); the result shows who
    lost. A draw by timeout is neither lost nor won.

    Time variance shows how evenly a player spends time (lila `PovToEntry.scala`). Of 13 own moves in a row, the
    shortest and the longest time are dropped and 0.1 s is added to each of the others; the variance is their
    standard deviation divided by their mean. A player's figure is the mean over all such windows. Below 0.25 is
    very consistent, below 0.4 quite consistent, below 0.6 medium, below 0.75 quite variable, and more is very
    variable.

    With `--player`, only that player's colours count; by clock left, the opponents in the same games are shown for
    comparison.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a time-management --player 'Stockfish 1700'

        By clock left
        Side       Clock left   Moves  Share  Move accuracy  Blunders  Rate (per 100 moves)  95%
        ours       under 3%       328  60.6%          93.9%         9                  2.76  1.5-5.2
        ours       3-10%           47   8.7%          93.6%         2                  4.54  1.3-15.1
        ours       10-25%          45   8.3%          88.5%         1                  2.22  0.4-11.6
        ours       25-50%          64  11.8%          90.3%         1                  1.56  0.3-8.3
        ours       50% or more     57  10.5%          93.8%         0                  0.00  0.0-6.3
        opponents  under 3%       330  61.0%          94.8%         9                  2.75  1.5-5.1
        … 4 more
        Clock left after the move, in percent. Share: of the moves. Move accuracy and blunders are over
        the moves with evaluations; 95%: interval of the blunders per 100. --show
        time-management:clock=ROW prints the moves that lost most Win%, or that took longest where there
        are no evaluations.
        Longest thinks
        Game  Move       Player           Time   Left  Before  After  Judgement
          18  8. Nc3     Stockfish 1700  1.4 s  4.3 s   59.4%  59.4%  –
           4  6. cxd6    Stockfish 1700  1.3 s  5.0 s   63.6%  56.8%  inaccuracy
          23  7... a6    Stockfish 1700  1.3 s  4.4 s   48.1%  45.3%  –
           5  7. Nd2     Stockfish 1700  1.2 s  3.8 s   38.3%  33.5%  –
           6  12. Kh1    Stockfish 1700  1.2 s  2.0 s   53.9%  49.8%  –
           8  10... Na5  Stockfish 1700  1.2 s  2.5 s   66.0%  65.1%  –
        … 4 more
        Left: on the clock after the move. Before and after: the player's Win%.
    """

    Options = TimeManagementOptions
    options: TimeManagementOptions
    order = 310

    @classmethod
    def needs(cls, options: TimeManagementOptions) -> Needs:
        return Needs(clocks=True)

    players = keyed(Counts(), by="player")
    clock = keyed(keyed(Counts()))
    """Moves by side (`ours`, `opponents`) and band of the clock left."""
    trouble = keyed(Counts())
    """Our moves `in` and `out` of time trouble."""
    thinking = keyed(Counts())
    """Our moves by band of the move time."""
    phases = keyed(Counts())
    speeds = keyed(Counts())
    longest = TopK()
    equal = JointMoments(SIZE)
    """Our moves in and out of time trouble by Win% before the move: `_time_trouble.SIZE` integers a game."""
    costly = keyed(TopK(SHOWN))
    """Moves with the highest losses of Win%, by table and row: `thinking|1-3 s`, `opponents|3-10%`."""
    worst = keyed(TopK(SHOWN), by="player")
    """Moves with the highest losses of Win%, by player in view."""
    played = Counts()
    """Number of games that somebody in view played (`games`), and of those with a clock or times (`clocks`)."""
    unknown = Sum()
    """Our moves whose time is not known, without each side's first move."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.longest = TopK(self.options.longest)

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None:
            return
        timing, tallies, equal = game.timing(), Tallies(), [0] * SIZE
        clocked = False
        theirs: dict[str, list[tuple[int, int]]] = {}
        colors: tuple[Color, ...] = ("white", "black")
        for color in colors:
            control = timing.white if color == "white" else timing.black
            moves = list(_moves(game, color, control, 1000 * self.options.trouble))
            side = self.clock["ours" if color in game.view else "opponents"] if moves else None
            for move in moves:
                if move.left is not None and side is not None:
                    band = _band(move.left, CLOCKS, MOST_CLOCK)
                    tallies.add(side[band], move.amounts)
                    if color not in game.view:
                        theirs.setdefault(f"opponents|{band}", []).append((-_score(move.ply), move.k))
            if color in game.view:
                clocked = self._ours(game, color, moves, tallies) or clocked
                _compare(moves, equal)
        for row, costs in theirs.items():
            keep(self.costly[row], game.origin.game, costs)
        tallies.flush()
        if game.view and not game.unplayed:
            self.played.add("games")
            self.played.add("clocks", int(clocked))
        if any(equal):
            self.equal.add(*equal)

    def _ours(self, game: AnalysedGame, color: Color, moves: list[_Move], tallies: Tallies) -> bool:
        """Count the moves of a player, and return whether a clock or a time of theirs is known."""
        known = [move for move in moves if move.left is not None or move.ply.time is not None]
        if any(move.ply.clock is not None or move.ply.time is not None for move in moves):
            self.unknown.add(sum(move.ply.time is None for move in moves[1:]))
        flagged = _flagged(game, color)
        if not known and flagged is None:
            return False
        groups = [self.players[game.player(color)]]
        speed = game.speed if known else None
        if speed is not None:
            groups.append(self.speeds[speed])
        for counts in groups:
            counts.add("games")
            if flagged is not None:
                counts.add(flagged)
            for move in known:
                tallies.add(counts, move.amounts)
        self._examples(game, color, known, speed, tallies)
        self._whole(groups[0], moves)
        return bool(known)

    def _examples(
        self, game: AnalysedGame, color: Color, known: list[_Move], speed: str | None, tallies: Tallies
    ) -> None:
        """Count a player's moves by row, and keep the costliest of each."""
        costs: list[tuple[int, int]] = []
        by_row: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        for move in known:
            cost = -_score(move.ply), move.k
            costs.append(cost)
            for row in self._move(game, move, tallies):
                by_row.setdefault(row, []).append(cost)
        if speed is not None:
            by_row["speeds", speed] = costs
        for row, moves_of_row in by_row.items():
            keep(self.costly["|".join(row)], game.origin.game, moves_of_row)
        keep(self.worst[game.player(color)], game.origin.game, costs or [(-_UNKNOWN, len(game.plies))])

    def _move(self, game: AnalysedGame, move: _Move, tallies: Tallies) -> list[tuple[str, ...]]:
        """Count a move, and return table and row of each row that it is in."""
        rows: list[tuple[str, ...]] = []
        if move.ply.time is not None:
            time, phase = milli(move.ply.time), game.phase(move.k)
            band = _band(time, TIMES, MOST_TIME)
            tallies.add(self.phases[phase], move.amounts)
            tallies.add(self.thinking[band], move.amounts)
            self._think(game, move, time)
            rows += ("phases", phase), ("thinking", band)
        if move.left is not None:
            troubled = move.troubled
            tallies.add(self.trouble["in" if troubled else "out"], move.amounts)
            rows.append(("clock", _band(move.left, CLOCKS, MOST_CLOCK)))
            if move.ply.win_before is not None:
                win = str(band_of(move.ply.win_before))
                rows += ((TABLE, win), (TABLE,)) if troubled else ((TABLE, win, "otherwise"),)
        return rows

    def _whole(self, counts: Counts, moves: list[_Move]) -> None:
        """Count the clock left at the end and the time variance of a player's whole game."""
        if moves and moves[-1].left is not None:
            counts.add("ends")
            counts.add("left", moves[-1].left)
        for variance in _variances([move.ply.time for move in moves]):
            counts.add("windows")
            counts.add("variance", variance)

    def _think(self, game: AnalysedGame, move: _Move, time: int) -> None:
        number, ply = game.origin.game, move.ply
        if not self.longest.admits(time, number, move.k):
            return
        cells = [None if value is None else milli(value) for value in (ply.clock, ply.win_before, ply.win_after)]
        player = game.player(game.turn(move.k))
        self.longest.add(time, number, move.k, number, numbered(game, move.k), player, *cells, ply.judgement)

    def report(self) -> Report:
        everyone, inside, outside = Counts(), self.trouble.get("in"), self.trouble.get("out")
        players = adding(self.players.each(), everyone)
        listed, number = leading(players, self.options.players, lambda item: item[1]["games"])
        notes = [
            "The clock left is that after the move, in percent of base + 40 × increment, as Lichess has it.",
            f"Time trouble: moves that leave less than {self.options.trouble}% of the clock.",
            "Move accuracy is the mean over moves with evaluations on both sides; a game's accuracy is lower.",
            "Time variance: below 0.25 very consistent, 0.4 quite consistent, 0.6 medium, 0.75 quite variable.",
            *left_out("players", number - len(listed), "time-management.players"),
        ]
        if self.unknown.value:
            unknown = f"{self.unknown.value:,}, besides each side's first move"
            notes.append(f"Move times that are not known and left out of every mean: {unknown}.")
        if not everyone["games"]:
            notes.append("No data: no move has a clock with a time control, or a time.")
        elif not everyone["judged"]:
            notes.append("No move with a clock has evaluations, so there are no accuracies and no blunders.")
        return Report(
            title="Time management",
            metrics={
                "games": Metric(everyone["games"], "Games, one for each player"),
                "moves": Metric(everyone["timed"], "Moves with a time"),
                "time": Metric(mean_time(everyone), "Mean time a move", "duration"),
                "trouble": Metric(trouble(everyone), "Moves in time trouble", "percent"),
                "accuracy_in_trouble": Metric(mean_accuracy(inside), "Move accuracy in time trouble", "percent"),
                "accuracy_otherwise": Metric(mean_accuracy(outside), "Move accuracy otherwise", "percent"),
                "trouble_at_equal_win": metric(self.equal),
                "flag_losses": Metric(everyone["flag_losses"], "Lost on time"),
                "flag_wins": Metric(everyone["flag_wins"], "Won on time"),
            },
            tables=(
                players_table(listed, self.worst),
                clock_table(self.clock, self.costly),
                trouble_table(self.equal, self.costly),
                thinking_table(self.thinking, self.costly),
                phases_table(self.phases, self.costly),
                speeds_table(self.speeds, self.costly),
                longest_table(self.longest),
            ),
            notes=tuple(notes),
            findings=tuple(self._findings(everyone, listed[0][0] if number == 1 and listed else None)),
        )

    def _findings(self, everyone: Counts, only: str | None) -> Iterator[Finding]:
        """Yield what the player in view, or all players, do with their clocks."""
        yield from findings(only, self.equal, self.costly.get(TABLE))
        flags, games = everyone["flag_losses"], everyone["games"]
        if only and flags:
            yield Finding(
                f"{only} lost {flags:,} of {count(games, 'game')} on time, and won {everyone['flag_wins']:,}.",
                table="players",
            )
        games, clocks = self.played["games"], self.played["clocks"]
        if 0 < clocks < games:
            speeds = [f"{counts['games']:,} {speed}" for speed, counts in self.speeds.each()] if only else ()
            listed = f" ({', '.join(speeds)})" if speeds else ""
            text = f"{clocks:,} of {games:,} games have clocks{listed}; times and speeds are over these."
            yield Finding(text, table="speeds")


class _Move(NamedTuple):
    k: int
    ply: Ply
    left: int | None
    """Clock left after the move in thousandths of a percent; None if it is not known."""
    amounts: Amounts

    @property
    def troubled(self) -> bool:
        """Whether the move leaves its player in time trouble."""
        return bool(self.amounts[-1])


def _moves(game: AnalysedGame, color: Color, control: TimeControl | None, trouble: int) -> Iterator[_Move]:
    """Yield the moves of one side."""
    whole = 0 if control is None else milli(control.whole)
    for k, ply in islice(enumerate(game.plies), int(game.turn(0) != color), None, 2):
        known = whole > 0 and ply.clock is not None
        left = min(milli(ply.clock or 0) * 100_000 // whole, _WHOLE) if known else None
        yield _Move(k, ply, left, amounts(ply, left, trouble))


def _compare(moves: list[_Move], equal: list[int]) -> None:
    """Add the moves of a side to those of the game in and out of time trouble by Win% before the move."""
    for move in moves:
        win = move.ply.win_before
        if move.left is not None and win is not None:
            place = 4 * band_of(win) + (0 if move.troubled else 2)
            equal[place] += 1
            equal[place + 1] += move.amounts[4]


def _score(ply: Ply) -> int:
    """Return by what a move is an example of a row: Win% lost, or below all of these, its time."""
    loss = lost(ply)
    return _UNKNOWN + min(milli(ply.time or 0), -_UNKNOWN - 1) if loss is None else loss


def _band(amount: int, bands: Iterable[tuple[int, str]], last: str) -> str:
    """Return the first band whose end is beyond the amount, or else `last`."""
    return next((name for end, name in bands if amount < end), last)


def _flagged(game: AnalysedGame, color: Color) -> str | None:
    """Return `flag_losses` or `flag_wins` if the side lost or won on time; else None."""
    points = game.points(color)
    termination = game.headers.get("Termination", "").lower()
    if points not in (0, 1) or not any(words in termination for words in _FORFEITS):
        return None
    return "flag_wins" if points else "flag_losses"


def _variances(times: list[float | None]) -> Iterator[int]:
    """Yield the time variance in thousandths of each window of moves that all have a time."""
    for start in range(len(times) - _WINDOW + 1):
        window = [round(100 * time) + 10 for time in times[start : start + _WINDOW] if time is not None]
        if len(window) == _WINDOW:
            kept = sorted(window)[1:-1]
            total, squares = sum(kept), sum(value * value for value in kept)
            yield milli(math.sqrt(len(kept) * squares - total * total) / total)
