"""Mates that were there, and whether they were played."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from engine.model import (
    AnalysedGame,
    Axis,
    Cell,
    Chart,
    Column,
    Finding,
    Metric,
    Point,
    Reference,
    Report,
    ReportTable,
    Series,
)
from engine.plugin import Aggregator, Counts, JointMoments, Needs, Options, Sum, TopK, certainties, keyed
from engine_plugins.aggregators._clock_left import BANDS, MOST, Clocks
from engine_plugins.aggregators._common import (
    GAME,
    PLAYER,
    PLAYERS,
    Players,
    best_san,
    leading,
    left_out,
    lost,
    numbered,
    share,
    unmilli,
)
from engine_plugins.aggregators._references import to_moves
from engine_plugins.aggregators._shares import difference, share_interval

_FATES = ("played", "slower", "missed")
_THERE, _MISSED = 0, 3
_COUNTED = (
    Column("there", "Available", "int", "moves"),
    Column("played", "Played", "int", "moves"),
    Column("slower", "Slower", "int", "moves"),
    Column("missed", "Missed", "int", "moves"),
    Column("share", "Missed", "percent"),
)
_CLOCKS = (*(name for _, name in BANDS), MOST)
_LOW = BANDS[0][1]
_LEAST = 20
"""Mates that a share needs on each side to be compared."""


class MissedMatesOptions(Options, frozen=True):
    """Options of `missed-mates`."""

    longest: Annotated[int, Meta(ge=1, le=20, description="Longest mates that count, in moves.")] = 3
    rows: Annotated[int, Meta(ge=0, le=10_000, description="Rows of the table of missed mates.")] = 20
    players: Players = PLAYERS


class MissedMates(Aggregator):
    """Which mates in one, two and three were there, and who missed them?

    A mate is available where the evaluation of a position has the side to move mate in at most 3 moves
    (`longest`). It is *played* if the next position is mate or is mate in fewer moves; *slower* if there still is
    a mate, but not in fewer moves; and *missed* if there is none any more. A mate that stays on the board for
    several moves counts at each of them. A move without an evaluation after it does not count.

    The clock left is that before the move, in percent of base time + 40 increments, as in Lichess's Insights. The
    interval of the share that was missed is Wilson's at 95%, widened where the mates of one game go together (by
    the design effect; Kish, *Survey Sampling*, 1965). The missed mates are ordered by the Win% that the move lost,
    then the shorter mates first.

    With `--player`, only that player's mates are listed, and those of the opponents in the same games are there
    for comparison.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a missed-mates

        By player
        Player          Available (moves)  Played (moves)  Slower (moves)  Missed (moves)  Missed
        Stockfish 1700                 25               9              16               0    0.0%
        Stockfish 2000                 23               8              15               0    0.0%
        Stockfish 2300                 59              25              34               0    0.0%
        Those who missed the most come first.
    """

    Options = MissedMatesOptions
    options: MissedMatesOptions
    order = 110

    @classmethod
    def needs(cls, options: MissedMatesOptions) -> Needs:
        return Needs(evaluations=True)

    evaluated = Sum()
    """Number of games with an evaluation."""
    tallies = keyed(JointMoments(4))
    """Mates available, played, slower and missed in each game, by side, kind and group: `ours|length|1`."""
    clocks = JointMoments(4)
    """Missed and available with little on the clock, and with more, in each game."""
    sides = JointMoments(4)
    """Missed and available of ours, and of the opponents, in each game."""
    players = keyed(Counts(), by="player")
    examples = keyed(TopK(5))
    """Missed mates by side, kind and group."""
    player_examples = keyed(TopK(5), by="player")
    found = keyed(TopK(1))
    """Mates that were not missed, for groups without a missed one."""
    player_found = keyed(TopK(1), by="player")
    missed = TopK()
    games = Counts()
    """Number of games with a missed mate, and of those that were not won, by length."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.missed = TopK(self.options.rows)

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None:
            return
        self.evaluated.add(any(position.evaluation is not None for position in game.positions))
        mates = list(self._mates_of(game))
        if not mates:
            return
        clocks = Clocks(game)
        tallies: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for mate in mates:
            color = game.turn(mate.ply)
            side = "ours" if color in game.view else "opponents"
            left = clocks.before(mate.ply) if side == "ours" else None
            groups = [f"{side}|length|{mate.length}", f"{side}|all|"]
            groups += [] if left is None else [f"{side}|clock|{left.band}"]
            for group in groups:
                tallies[group][_THERE] += 1
                tallies[group][1 + _FATES.index(mate.fate)] += 1
            if side == "ours":
                counts = self.players[game.player(color)]
                counts.add("there")
                counts.add(mate.fate)
            if mate.fate != "missed":
                self._found(game, mate, side, groups)
            else:
                self._miss(game, mate, side, groups, None if left is None else round(1000 * left.seconds))
        self._sum(game, mates, tallies)

    def _mates_of(self, game: AnalysedGame) -> Iterator[_Mate]:
        """Yield the mates that were available, with what became of them."""
        longest = self.options.longest
        for k, (ply, position) in enumerate(zip(game.plies, game.positions, strict=False)):
            length = None if position.evaluation is None else position.evaluation.score.mate
            if length is None or not 0 < length <= longest:
                continue
            after = game.positions[k + 1]
            if ply.san.endswith("#"):
                yield _Mate(k, length, "played")
            elif after.terminal == "stalemate":
                yield _Mate(k, length, "missed")
            elif after.evaluation is not None:
                still = -(after.evaluation.score.mate or 0)
                yield _Mate(k, length, "missed" if still <= 0 else "played" if still < length else "slower")

    def _found(self, game: AnalysedGame, mate: _Mate, side: str, groups: list[str]) -> None:
        states = [self.found[group] for group in groups]
        states += [self.player_found[game.player(game.turn(mate.ply))]] if side == "ours" else []
        for state in states:
            if state.admits(-mate.length, game.origin.game, mate.ply):
                state.add(-mate.length, game.origin.game, mate.ply)
                state.entries()  # forgets the others at once

    def _miss(self, game: AnalysedGame, mate: _Mate, side: str, groups: list[str], clock: int | None) -> None:
        number, k = game.origin.game, mate.ply
        cost = lost(game.plies[k]) or 0
        score = cost * 100 - mate.length
        for group in groups:
            self.examples[group].add(score, number, k)
        if side != "ours":
            return
        name = game.player(game.turn(k))
        self.player_examples[name].add(score, number, k)
        cells: tuple[str | int | None, ...] = ()
        if self.missed.admits(score, number, k):
            cells = (number, k, mate.length, name, numbered(game, k), best_san(game, k), cost, clock, game.result)
        self.missed.add(score, number, k, *cells)

    def _sum(self, game: AnalysedGame, mates: list[_Mate], tallies: dict[str, list[int]]) -> None:
        for group, tally in tallies.items():
            self.tallies[group].add(*tally)
        none = [0, 0, 0, 0]
        ours, theirs = tallies.get("ours|all|", none), tallies.get("opponents|all|", none)
        self.sides.add(ours[_MISSED], ours[_THERE], theirs[_MISSED], theirs[_THERE])
        timed = [tallies.get(f"ours|clock|{band}", none) for band in _CLOCKS]
        low, more = timed[0], [sum(tally[i] for tally in timed[1:]) for i in range(4)]
        self.clocks.add(low[_MISSED], low[_THERE], more[_MISSED], more[_THERE])
        for color in game.view:
            lengths = {mate.length for mate in mates if mate.fate == "missed" and game.turn(mate.ply) == color}
            for length in lengths:
                self.games.add(str(length))
                self.games.add(f"{length} not won", game.points(color) not in (None, 1.0))

    def report(self) -> Report:
        ours = self.tallies.get("ours|all|").sums
        listed, number = leading(self.players.each(), self.options.players, lambda item: item[1]["missed"])
        return Report(
            title="Missed mates",
            metrics={
                "there": Metric(ours[_THERE], "Mates available"),
                "played": Metric(ours[1], "Played"),
                "slower": Metric(ours[2], "Slower"),
                "missed": Metric(ours[_MISSED], "Missed"),
                "share": Metric(share(ours[_MISSED], ours[_THERE]), "Share missed", "percent"),
            },
            tables=(self._lengths(), self._clock(), self._players(listed), self._missed()),
            notes=tuple(self._notes(number - len(listed))),
            findings=tuple(self._findings()),
            charts=tuple(self._charts()),
        )

    def _findings(self) -> Iterator[Finding]:
        total = self.tallies.get("ours|all|").sums
        if not total[_THERE]:
            return
        there, played, slower, missed = total
        yield Finding(
            f"{there:,} {_mates(there)} in {self._range} {'was' if there == 1 else 'were'} available: {played:,} "
            f"played, {slower:,} mated more slowly, {missed:,} missed ({100 * missed / there:.1f}%).",
            references=to_moves(self.examples.get("ours|all|")),
            table="lengths",
        )
        tests = {"clocks": difference(self.clocks, _LEAST), "sides": difference(self.sides, _LEAST)}
        known = {name: test for name, test in tests.items() if test is not None}
        words = dict(zip(known, certainties([p for _, _, p in known.values()]), strict=True))
        if "clocks" in known:
            low, more, _ = known["clocks"]
            text = f"With {_LOW} of the clock left, {low:.1f}% of the mates were missed, with more {more:.1f}%."
            yield Finding(text, words["clocks"], to_moves(self.examples.get(f"ours|clock|{_LOW}")), "clock")
        if "sides" in known:
            ours, theirs, _ = known["sides"]
            text = f"{ours:.1f}% of the mates were missed; the opponents missed {theirs:.1f}% of theirs."
            yield Finding(text, words["sides"], (), "lengths")
        for length in range(1, self.options.longest + 1):
            games, not_won = self.games[str(length)], self.games[f"{length} not won"]
            if not_won:
                yield Finding(
                    f"A mate in {length} was missed in {games:,} {'game' if games == 1 else 'games'}, "
                    f"{not_won:,} of which {'was' if not_won == 1 else 'were'} not won.",
                    references=to_moves(self.examples.get(f"ours|length|{length}")),
                    table="missed",
                )

    @property
    def _range(self) -> str:
        longest: int = self.options.longest
        return "1" if longest == 1 else f"1 to {longest}"

    def _charts(self) -> Iterator[Chart]:
        groups = [(band, self.tallies.get(f"ours|clock|{band}")) for band in _CLOCKS]
        if not any(sums.sums[_THERE] for _, sums in groups):
            return
        points = []
        for band, sums in groups:
            ends = (share_interval(sums, _MISSED, _THERE) or "").split("-")
            low, high = (float(ends[0]), float(ends[1])) if len(ends) > 1 else (None, None)
            value = share(sums.sums[_MISSED], sums.sums[_THERE])
            examples = to_moves(self.examples.get(f"ours|clock|{band}"))
            points.append(Point(band, value, low, high, sums.sums[_THERE], examples))
        yield Chart(
            *("clock", "Mates missed by clock left", "bars"),
            *(Axis("Clock left before the move", "text"), Axis("Mates missed", "percent")),
            (Series("Missed", tuple(points)),),
            "Of the mates that were there, with 95% intervals.",
        )

    def _lengths(self) -> ReportTable:
        columns = (
            Column("whose", "Whose"),
            Column("length", "Mate in", "int"),
            *_COUNTED,
            Column("interval", "95%"),
        )
        keys = [
            (side, str(length), f"{side}|length|{length}")
            for length in range(1, self.options.longest + 1)
            for side in ("ours", "opponents")
        ]
        found = [(side, int(length), key) for side, length, key in keys if key in self.tallies]
        rows = tuple((side, length, *self._cells(key)) for side, length, key in found)
        examples = tuple(self._about(key) for _, _, key in found)
        reading = (
            "Slower: still a mate, but in no fewer moves. Each row leads to the misses that cost the most Win%."
        )
        return ReportTable("lengths", "By length", columns, rows, examples, reading)

    def _clock(self) -> ReportTable:
        columns = (Column("clock", "Clock left"), *_COUNTED, Column("interval", "95%"))
        keys = [(band, f"ours|clock|{band}") for band in _CLOCKS if f"ours|clock|{band}" in self.tallies]
        rows = tuple((band, *self._cells(key)) for band, key in keys)
        examples = tuple(self._about(key) for _, key in keys)
        reading = "Clock before the move, in percent of base time + 40 increments."
        return ReportTable("clock", "By clock left", columns, rows, examples, reading)

    def _about(self, key: str) -> tuple[Reference, ...]:
        return to_moves(self.examples.get(key)) or to_moves(self.found.get(key))

    def _cells(self, key: str) -> tuple[Cell, ...]:
        sums = self.tallies.get(key)
        there, _, _, missed = sums.sums
        return (*sums.sums, share(missed, there), share_interval(sums, _MISSED, _THERE))

    def _players(self, listed: list[tuple[str, Counts]]) -> ReportTable:
        rows = tuple(
            (name, counts["there"], *(counts[fate] for fate in _FATES), share(counts["missed"], counts["there"]))
            for name, counts in listed
        )
        examples = tuple(
            to_moves(self.player_examples.get(name)) or to_moves(self.player_found.get(name)) for name, _ in listed
        )
        reading = "Those who missed the most come first."
        return ReportTable("players", "By player", (PLAYER, *_COUNTED), rows, examples, reading)

    def _missed(self) -> ReportTable:
        columns = (
            GAME,
            Column("ply", "Ply", "int"),
            Column("length", "Mate in", "int"),
            PLAYER,
            Column("played", "Played", "move"),
            Column("best", "Mate", "move"),
            Column("cost", "Lost", "float", "Win%"),
            Column("clock", "Clock", "duration"),
            Column("result", "Result"),
        )
        rows = []
        for entry in self.missed.entries():
            *cells, cost, clock, result = entry.cells
            rows.append((*cells, unmilli(cost), unmilli(clock), result))
        reading = (
            "Those that cost the most Win% come first; Mate is the first move of the mate, where it is known."
        )
        return ReportTable("missed", "Missed mates", columns, tuple(rows), reading=reading)

    def _notes(self, players_left_out: int) -> Iterator[str]:
        if not self.evaluated.value:
            yield "No data: no position has an evaluation."
        elif not self.tallies.get("ours|all|").sums[_THERE]:
            yield f"No data: no mate in {self._range} was available."
        yield from left_out("missed mates", self.missed.left_out, "missed-mates.rows")
        yield from left_out("players", players_left_out, "missed-mates.players")


class _Mate(NamedTuple):
    """A mate that was available before a move, and what became of it."""

    ply: int
    length: int
    fate: str


def _mates(number: int) -> str:
    return "mate" if number == 1 else "mates"
