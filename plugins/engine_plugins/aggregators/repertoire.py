"""Games compared with a file of opening lines: who left it first, where, and at what cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from engine.model import AnalysedGame, Cell, Color, Column, Finding, Metric, Reference, Report, ReportTable
from engine.plugin import Aggregator, Moments, Needs, Options, Sum, TopK, keyed
from engine.text.format import count
from engine_plugins.aggregators._common import (
    both_sides,
    known_reach,
    left_out,
    lost,
    mean,
    milli,
    share,
    together,
    win_at,
)
from engine_plugins.aggregators._references import to_moves
from engine_plugins.aggregators._repertoire_book import LINES_OPTION, Book, load

_LEAVERS = (
    ("us", "our move"),
    ("opponent", "their move"),
    ("line_end", "the line ended"),
    ("in_book", "the game ended first"),
    ("never", "never entered"),
)
"""Ways in which a game leaves the lines, in the order of the table."""

_AFTER = 34
"""Number of characters of a line that fit into a table."""
_FULL = 100_000
"""100 percent in thousandths."""
_CHOICES = 3
"""Number of book moves named in one cell."""


class RepertoireOptions(Options, frozen=True):
    """Options of `repertoire`."""

    lines: Annotated[str, Meta(description="PGN file with your lines; its variations count too.")] = ""
    color: Annotated[
        Literal["both", "white", "black"],
        Meta(description="Colour whose lines the file has: only games with this colour of the player count."),
    ] = "both"
    rows: Annotated[int, Meta(ge=0, le=10_000, description="Rows of each table of departures.")] = 15


class Repertoire(Aggregator):
    """Where games leave a repertoire: your slips of memory, and the opponents' moves to prepare for.

    The option `lines` names a PGN file. The positions of all its games and variations form one book. Two positions
    are the same if pieces, side to move, castling rights and a possible en passant capture are the same, so a game
    that transposes into a line is in the book. A game leaves the book at its last position that is in the book.
    The player who moves there has left it, unless the file has no move there: then the line ended. A game that
    goes out of the book and comes back by another order of moves has not left it. A game that never reaches a
    position of the file, such as a game from a set-up position, has never entered the book.

    The cost of a move is the Win% that the mover lost by it, 0 or more (Lichess's formula, fitted in lila #11148).
    Win% is always that of the player whose repertoire it is: in the first table it is the Win% in the last book
    position, in the table of the opponents' departures the Win% after their move. A ± is half of the 95% interval
    of a mean (normal approximation). It is empty if all games have the same value, and no more than a hint if
    there are few games.

    With `--player`, only that player's colours count, and with the option `color` only games with that colour.
    Without `--player`, every game counts from both sides. Games without evaluations count too, but have no Win%
    and no cost; EPD lines do not count.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a repertoire --player 'Stockfish 2000' \\
            --set repertoire.lines=tests/data/repertoire.pgn

        Who left the book
        Book left by          Games  Share  Plies (plies)  Our Win%   Score  ± (points of 100)
        our move                  8  66.7%           3.25     50.7%   56.2%              34.34
        their move                2  16.7%           3.50     50.8%  100.0%                  –
        the line ended            2  16.7%           4.50     49.5%    0.0%                  –
        the game ended first      0   0.0%              –         –       –                  –
        never entered             0   0.0%              –         –       –                  –
        --show repertoire:left=ROW prints the positions where the book was left, those of our costliest
        moves first.
        Our departures
        After                Book  We played  Games  Cost (Win%)  ± (Win%)   Score  ± (points of 100)
        1. e4 e6 2. d4       d5    Nf6            1         5.78         –  100.0%                  –
        1. e4 Nf6 2. e5 Nd5  d4    a3             1         5.67         –  100.0%                  –
        1. d4 e6             c4    e3             1         2.75         –  100.0%                  –
        1. e4 c5 2. c3       Nf6   Nc6            1         1.48         –    0.0%                  –
        1. e4 c5 2. Nc3      Nc6   e6             1         1.37         –  100.0%                  –
        1. c4 c5 2. Nc3 e5   g3    e3             1         1.16         –    0.0%                  –
        … 2 more
        Cost is the Win% that our move lost. --show repertoire:ours=ROW prints the positions before it,
        the costliest first.
    """

    Options = RepertoireOptions
    options: RepertoireOptions
    order = 60

    @classmethod
    def needs(cls, options: RepertoireOptions) -> Needs:
        return Needs()

    left = keyed(keyed(Moments()))
    """Plies in the book, Win% at its end and points, by the way in which the book was left."""
    ours = keyed(keyed(Moments()))
    """Win% lost and points, by line, book moves and move, for our departures."""
    theirs = keyed(keyed(Moments()))
    """Our Win% after the move and points, by line, book moves and move, for their departures."""
    examples = keyed(TopK(5))
    """Games by the way in which they left the book, and by departure, with the position where they left it: those
    in which our move cost most, or else in which we stood worst."""
    twice = Sum()
    """Number of games that count from both sides."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._book: Book | None = None

    def prepare(self) -> None:
        """Read the lines. Raises `ConfigError`."""
        if self.options.lines and self._book is None:
            self._book = load(self.options.lines)

    def add(self, game: AnalysedGame) -> None:
        colors = [color for color in game.view if self.options.color in ("both", color)]
        if game.epd is not None or not self.options.lines or not colors:
            return
        self.prepare()
        assert self._book is not None
        self.twice.add(len(colors) > 1)
        last = self._book.last(game)
        for color in colors:
            self._departure(game, color, last)

    def _departure(self, game: AnalysedGame, color: Color, last: tuple[int, str] | None) -> None:
        number = game.origin.game
        if last is None:
            _points(self.left["never"], game, color)
            self.examples["never"].add(0, number, 0)
            return
        k, position = last
        assert self._book is not None
        moves = self._book.moves[position]
        leaver = _leaver(game, color, k, moves)
        self._enter(self.left[leaver], game, color, k, k)
        cost = (lost(game.plies[k]) or 0) if leaver == "us" else -(_win(game, k, color) or 0)
        self.examples[leaver].add(cost, number, k)
        if leaver not in ("us", "opponent"):
            return
        name = "\t".join((self._book.lines[position], _choices(moves.values()), game.plies[k].san))
        self.examples[f"{leaver}|{name}"].add(cost, number, k)
        if leaver == "opponent":
            self._enter(self.theirs[name], game, color, k, k + 1)
            return
        self._enter(self.ours[name], game, color, k, k)
        known = lost(game.plies[k])
        if known is not None:
            self.ours[name]["cost"].add(known)

    def _enter(self, group: Any, game: AnalysedGame, color: Color, k: int, win_ply: int) -> None:
        """Count a game that left the book at position `k`, with the player's Win% in position `win_ply`."""
        group["plies"].add(k)
        win = _win(game, win_ply, color)
        if win is not None:
            group["win"].add(win)
        _points(group, game, color)

    def report(self) -> Report:
        games = sum(_times(group) for _, group in self.left.items())
        entered = [group.get("plies") for leaver, group in self.left.items() if leaver != "never"]
        costs = [group.get("cost") for group in self.ours.values()]
        departures = {leaver: _times(self.left.get(leaver)) for leaver, _ in _LEAVERS}
        plies, cost = together(entered), together(costs)
        return Report(
            title="Repertoire",
            metrics={
                "games": Metric(games, "Games"),
                "plies": Metric(mean(plies.sum, plies.n), "Plies in the book, mean", "float"),
                "ours": Metric(departures["us"], "Left by our move"),
                "theirs": Metric(departures["opponent"], "Left by their move"),
                "cost": Metric(mean(cost.sum, cost.n, 1000), "Lost by our move, mean", "float", "Win%"),
            },
            tables=(self._left(games), self._ours(), self._theirs()),
            notes=tuple(self._notes(games)),
            findings=tuple(self._findings(games, departures, cost)),
        )

    def _notes(self, games: int) -> Iterator[str]:
        if not self.options.lines:
            yield f"No data: no lines were given; {LINES_OPTION} names a PGN file with your lines."
            return
        yield "A game leaves the book at its last position that stands in the file, so transpositions count."
        yield "± is half of the 95% interval of a mean; there is none where all games say the same."
        if not games:
            yield "No data: no game of a player in view was seen."
        if self.twice.value:
            yield (
                f"{both_sides(self.twice.value)}; --player NAME says whose repertoire it is, "
                "and --set repertoire.color=white that it is for one colour."
            )
        for rows, groups in (("moves of ours", self.ours), ("moves of theirs", self.theirs)):
            yield from left_out(rows, max(0, len(groups) - self.options.rows), "repertoire.rows")

    def _left(self, games: int) -> ReportTable:
        columns = (
            Column("who", "Book left by"),
            Column("games", "Games", "int"),
            Column("share", "Share", "percent"),
            Column("plies", "Plies", "float", "plies"),
            Column("win", "Our Win%", "percent"),
            *_SCORE,
        )
        rows: list[tuple[Cell, ...]] = []
        for leaver, label in _LEAVERS if games else ():
            group = self.left.get(leaver)
            plies, win = group.get("plies"), group.get("win")
            number = _times(group)
            cells = (mean(plies.sum, plies.n), mean(win.sum, win.n, 1000))
            rows.append((label, number, share(number, games), *cells, *_score(group)))
        reading = "A row leads to the positions where the book was left, those of our costliest moves first."
        shown = (to_moves(self.examples.get(leaver)) for leaver, _ in (_LEAVERS if games else ()))
        return ReportTable("left", "Who left the book", columns, tuple(rows), tuple(shown), reading)

    def _ours(self) -> ReportTable:
        columns = (
            _AFTER_COLUMN,
            Column("book", "Book"),
            Column("move", "We played", "move"),
            Column("games", "Games", "int"),
            Column("cost", "Cost", "float", "Win%"),
            Column("cost_reach", "±", "float", "Win%"),
            *_SCORE,
        )
        rows, references = self._listed("us", self.ours, "cost", -1)
        reading = (
            "Cost is the Win% that our move lost. A row leads to the positions before it, the costliest first."
        )
        return ReportTable("ours", "Our departures", columns, rows, references, reading)

    def _theirs(self) -> ReportTable:
        columns = (
            _AFTER_COLUMN,
            Column("book", "Book"),
            Column("move", "They played", "move"),
            Column("games", "Games", "int"),
            Column("win", "Our Win%", "percent"),
            Column("win_reach", "±", "float", "Win%"),
            *_SCORE,
        )
        rows, references = self._listed("opponent", self.theirs, "win", 1)
        reading = (
            "Our Win% is that after their move. A row leads to the positions before it, our worst ones first."
        )
        return ReportTable("theirs", "Their departures", columns, rows, references, reading)

    def _listed(
        self, leaver: str, groups: Any, figure: str, sign: int
    ) -> tuple[tuple[tuple[Cell, ...], ...], tuple[tuple[Reference, ...], ...]]:
        """Return rows and references: the most frequent first, then the worst figure for us, then by line."""

        def order(item: tuple[str, Any]) -> tuple[int, float, str]:
            value = item[1].get(figure).mean()
            return -_times(item[1]), float("inf") if value is None else sign * value, item[0]

        rows: list[tuple[Cell, ...]] = []
        listed = sorted(groups.items(), key=order)[: self.options.rows]
        for name, group in listed:
            line, book, san = name.split("\t")
            moments = group.get(figure)
            cells = (mean(moments.sum, moments.n, 1000), known_reach(moments))
            rows.append((_short(line), book, san, _times(group), *cells, *_score(group)))
        return tuple(rows), tuple(to_moves(self.examples.get(f"{leaver}|{name}")) for name, _ in listed)

    def _findings(self, games: int, departures: Mapping[str, int], cost: Moments) -> Iterator[Finding]:
        if not games:
            return
        us, them = departures["us"], departures["opponent"]
        text = f"Of {count(games, 'game')}, {us:,} left the book by our move and {them:,} by theirs"
        mean_cost = mean(cost.sum, cost.n, 1000)
        text += "." if mean_cost is None else f"; our moves cost {mean_cost:.1f} Win% on average."
        yield Finding(text, references=to_moves(self.examples.get("us")), table="left")
        again = [(name, group) for name, group in self.ours.items() if _times(group) > 1]
        if again:
            name, group = min(again, key=lambda item: (-(item[1].get("cost").sum), -_times(item[1]), item[0]))
            line, book, san = name.split("\t")
            yield Finding(
                f"To learn first: after {line or 'the first position'} the book has {book}; {san} was played "
                f"{_times(group):,} times.",
                references=to_moves(self.examples.get(f"us|{name}")),
                table="ours",
            )


_AFTER_COLUMN = Column("after", "After")
_SCORE = (Column("score", "Score", "percent"), Column("score_reach", "±", "float", "points of 100"))


def _leaver(game: AnalysedGame, color: Color, k: int, moves: dict[str, str]) -> str:
    if k == len(game.plies):
        return "in_book"
    if not moves:
        return "line_end"
    return "us" if game.turn(k) == color else "opponent"


def _choices(sans: Iterable[str]) -> str:
    named = list(sans)
    return " ".join(named[:_CHOICES] + ["…"] * (len(named) > _CHOICES))


def _short(line: str) -> str:
    """Return as much of the end of a line as fits into a table; a line that is cut begins with a move of White."""
    if len(line) <= _AFTER:
        return line or "the first position"
    words = line.split()
    for k, word in enumerate(words):
        rest = " ".join(words[k:])
        if word[0].isdigit() and len(rest) <= _AFTER - 2:
            return f"… {rest}"
    return f"… {words[-1]}"


def _win(game: AnalysedGame, k: int, color: Color) -> int | None:
    """Return the player's Win% before ply `k`, in thousandths; None without an evaluation."""
    mover_win = game.plies[k].win_before if k < len(game.plies) else None
    if mover_win is None:
        return win_at(game, k, color)
    return milli(mover_win) if game.turn(k) == color else _FULL - milli(mover_win)


def _points(group: Any, game: AnalysedGame, color: Color) -> None:
    group["games"].add(1)
    points = game.points(color)
    if points is not None:
        group["points"].add(round(points * _FULL))


def _times(group: Any) -> int:
    number: int = group.get("games").n
    return number


def _score(group: Any) -> tuple[Cell, Cell]:
    points = group.get("points")
    return mean(points.sum, points.n, 1000), known_reach(points)
