"""Games against a file of opening lines: who left it first, where, and at what cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, TextIO

import chess
import chess.pgn
from msgspec import Meta

from engine.errors import ConfigError
from engine.model import AnalysedGame, Cell, Color, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Moments, Needs, Options, Sum, keyed
from engine.positions import openings
from engine_plugins.aggregators._common import (
    known_reach,
    left_out,
    lost,
    mean,
    milli,
    share,
    together,
    win_at,
)

_WHO = (
    ("us", "our move"),
    ("opponent", "their move"),
    ("line_end", "the line ended"),
    ("in_book", "the game ended first"),
    ("never", "never entered"),
)
"""How a game left the lines, in the order of the table."""

_WAY_OUT = "--set repertoire.lines=FILE.pgn"
_AFTER = 34
"""Characters of a line that fit into a table."""
_FULL = 100_000
"""100 percent in thousandths."""
_CHOICES = 3
"""Book moves named in one cell."""


class RepertoireOptions(Options, frozen=True):
    """The lines, and how much is listed."""

    lines: Annotated[str, Meta(description="A PGN file with your lines; its variations count.")] = ""
    color: Annotated[
        Literal["both", "white", "black"],
        Meta(description="Whose lines the file has: only games in which the player has this colour count."),
    ] = "both"
    rows: Annotated[int, Meta(ge=0, le=10_000, description="Rows of each table of departures.")] = 15


class Repertoire(Aggregator):
    """Where games leave a repertoire: your slips of memory, and the opponents' moves to prepare for.

    The option `lines` names a PGN file. All its games and variations are one book of positions: two positions are
    the same when pieces, side to move, castling rights and a possible capture en passant are, so a game that
    transposes into a line is in the book. A game leaves the book at its last position that stands in it; who moves
    there has left it, unless the file has no move there, in which case the line ended. A game that goes out of the
    book and comes back by another order of moves has not left it. Games that never meet a position of the file,
    such as those from a set-up position, were never entered.

    The cost of a move is the Win% that the mover lost by it, 0 or more (Lichess's formula, fitted in lila #11148).
    Win% is always the player's whose repertoire it is: in the first table in the last book position, in the table
    of the opponents' departures after their move. A ± is half of the 95% interval of a mean (normal
    approximation), and left empty where all games say the same; with a handful of games it is no more than a hint.

    Only the colours of `--player` count, and with the option `color` only the games with that colour. Without
    `--player` every game counts from both sides. Games without evaluations count, without a Win% and a cost; EPD
    lines do not count.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a repertoire --player 'Stockfish 2000' \\
            --set repertoire.lines=tests/data/repertoire.pgn

        Who left the book
        Book left by          Games  Share  Plies  Our Win%   Score      ±
        our move                  8  66.7%   3.25     50.7%   56.2%  34.34
        their move                2  16.7%   3.50     50.8%  100.0%      –
        the line ended            2  16.7%   4.50     49.5%    0.0%      –
        the game ended first      0   0.0%      –         –       –      –
        never entered             0   0.0%      –         –       –      –
        Our departures
        After                Book  We played  Games  Cost  ±   Score  ±
        1. e4 e6 2. d4       d5    Nf6            1  5.78  –  100.0%  –
        1. e4 Nf6 2. e5 Nd5  d4    a3             1  5.67  –  100.0%  –
        1. d4 e6             c4    e3             1  2.75  –  100.0%  –
        1. e4 c5 2. c3       Nf6   Nc6            1  1.48  –    0.0%  –
        1. e4 c5 2. Nc3      Nc6   e6             1  1.37  –  100.0%  –
        1. c4 c5 2. Nc3 e5   g3    e3             1  1.16  –    0.0%  –
        … 2 more
    """

    Options = RepertoireOptions
    options: RepertoireOptions

    @classmethod
    def needs(cls, options: RepertoireOptions) -> Needs:
        return Needs()

    left = keyed(keyed(Moments()))
    """By how the book was left: plies in the book, Win% there, points."""
    ours = keyed(keyed(Moments()))
    """Our departures, by line, book moves and move: Win% lost, points."""
    theirs = keyed(keyed(Moments()))
    """Theirs, the same way: our Win% after the move, points."""
    twice = Sum()
    """Games that count from both sides."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._book: _Book | None = None

    def prepare(self) -> None:
        """Read the lines. Raises ConfigError."""
        if self.options.lines and self._book is None:
            self._book = _load(self.options.lines)

    def add(self, game: AnalysedGame) -> None:
        colors = [color for color in game.view if self.options.color in ("both", color)]
        if game.epd is not None or not self.options.lines or not colors:
            return
        self.prepare()
        assert self._book is not None
        self.twice.add(len(colors) > 1)
        found = self._book.last(game)
        for color in colors:
            self._departure(game, color, found)

    def _departure(self, game: AnalysedGame, color: Color, found: tuple[int, str] | None) -> None:
        if found is None:
            _points(self.left["never"], game, color)
            return
        k, position = found
        assert self._book is not None
        moves = self._book.moves[position]
        who = _who(game, color, k, moves)
        self._enter(self.left[who], game, color, k, k)
        if who not in ("us", "opponent"):
            return
        name = "\t".join((self._book.lines[position], _choices(moves.values()), game.plies[k].san))
        if who == "opponent":
            self._enter(self.theirs[name], game, color, k, k + 1)
            return
        self._enter(self.ours[name], game, color, k, k)
        cost = lost(game.plies[k])
        if cost is not None:
            self.ours[name]["cost"].add(cost)

    def _enter(self, group: Any, game: AnalysedGame, color: Color, k: int, seen: int) -> None:
        """A game that left at position `k`, with the player's Win% in position `seen`."""
        group["plies"].add(k)
        win = _win(game, seen, color)
        if win is not None:
            group["win"].add(win)
        _points(group, game, color)

    def report(self) -> Report:
        games = sum(_times(group) for _, group in self.left.items())
        entered = [group.get("plies") for who, group in self.left.items() if who != "never"]
        costs = [group.get("cost") for group in self.ours.values()]
        departures = {who: _times(self.left.get(who)) for who, _ in _WHO}
        plies, cost = together(entered), together(costs)
        return Report(
            title="Repertoire",
            metrics={
                "games": Metric(games, "Games"),
                "plies": Metric(mean(plies.sum, plies.n), "Plies in the book, mean", "float"),
                "ours": Metric(departures["us"], "Left by our move"),
                "theirs": Metric(departures["opponent"], "Left by their move"),
                "cost": Metric(mean(cost.sum, cost.n, 1000), "Win% lost by our move, mean", "float"),
            },
            tables=(self._left(games), self._ours(), self._theirs()),
            notes=tuple(self._notes(games)),
        )

    def _notes(self, games: int) -> Iterator[str]:
        if not self.options.lines:
            yield f"No data: no lines were given; {_WAY_OUT} names a PGN file with your lines."
            return
        yield "A game leaves the book at its last position that stands in the file, so transpositions count."
        yield "Cost is the Win% that our move lost; our Win% is the one before our move or after theirs."
        yield "± is half of the 95% interval of a mean; there is none where all games say the same."
        if not games:
            yield "No data: no game of a player in view was seen."
        if self.twice.value:
            yield (
                f"{self.twice.value:,} games count from both sides; --player NAME says whose repertoire it is, "
                "and --set repertoire.color=white that it is for one colour."
            )
        for what, groups in (("moves of ours", self.ours), ("moves of theirs", self.theirs)):
            yield from left_out(what, max(0, len(groups) - self.options.rows), "repertoire.rows")

    def _left(self, games: int) -> ReportTable:
        columns = (
            Column("who", "Book left by"),
            Column("games", "Games", "int"),
            Column("share", "Share", "percent"),
            Column("plies", "Plies", "float"),
            Column("win", "Our Win%", "percent"),
            *_SCORE,
        )
        rows: list[tuple[Cell, ...]] = []
        for who, label in _WHO if games else ():
            group = self.left.get(who)
            plies, win = group.get("plies"), group.get("win")
            number = _times(group)
            cells = (mean(plies.sum, plies.n), mean(win.sum, win.n, 1000))
            rows.append((label, number, share(number, games), *cells, *_score(group)))
        return ReportTable("left", "Who left the book", columns, tuple(rows))

    def _ours(self) -> ReportTable:
        columns = (
            _AFTER_COLUMN,
            Column("book", "Book"),
            Column("move", "We played", "move"),
            Column("games", "Games", "int"),
            Column("cost", "Cost", "float"),
            Column("cost_reach", "±", "float"),
            *_SCORE,
        )
        return ReportTable("ours", "Our departures", columns, tuple(self._listed(self.ours, "cost", -1)))

    def _theirs(self) -> ReportTable:
        columns = (
            _AFTER_COLUMN,
            Column("book", "Book"),
            Column("move", "They played", "move"),
            Column("games", "Games", "int"),
            Column("win", "Our Win%", "percent"),
            Column("win_reach", "±", "float"),
            *_SCORE,
        )
        return ReportTable("theirs", "Their departures", columns, tuple(self._listed(self.theirs, "win", 1)))

    def _listed(self, groups: Any, figure: str, sign: int) -> Iterator[tuple[Cell, ...]]:
        """The most frequent first, then those with the worst figure for us, then the order of the lines."""

        def order(item: tuple[str, Any]) -> tuple[int, float, str]:
            value = item[1].get(figure).mean()
            return -_times(item[1]), float("inf") if value is None else sign * value, item[0]

        for name, group in sorted(groups.items(), key=order)[: self.options.rows]:
            line, book, san = name.split("\t")
            moments = group.get(figure)
            cells = (mean(moments.sum, moments.n, 1000), known_reach(moments))
            yield (_short(line), book, san, _times(group), *cells, *_score(group))


_AFTER_COLUMN = Column("after", "After")
_SCORE = (Column("score", "Score", "percent"), Column("score_reach", "±", "float"))


class _Book(chess.pgn.BaseVisitor[bool]):
    """All positions of a PGN file with the moves that it has there."""

    def __init__(self) -> None:
        self.moves: dict[str, dict[str, str]] = {}
        """By position: SAN by UCI, in the order of the file."""
        self.lines: dict[str, str] = {}
        """By position: the first line of the file that leads to it, in SAN."""
        self._least = 64
        """No position has fewer men on the board."""

    def visit_move(self, board: chess.Board, move: chess.Move) -> None:
        position = self._enter(board)
        if move:
            self.moves[position].setdefault(move.uci(), board.san(move))

    def visit_board(self, board: chess.Board) -> None:
        self._enter(board)

    def handle_error(self, error: Exception) -> None:
        raise ValueError(str(error))

    def result(self) -> bool:
        return True

    def _enter(self, board: chess.Board) -> str:
        position = openings.key(board)
        if position not in self.moves:
            self.moves[position] = {}
            self.lines[position] = board.root().variation_san(board.move_stack)
            self._least = min(self._least, board.occupied.bit_count())
        return position

    def last(self, game: AnalysedGame) -> tuple[int, str] | None:
        """The last position of the game that stands in the book, and its key."""
        found = None
        for k, board in enumerate(game.boards()):
            if board.occupied.bit_count() < self._least:
                break
            position = openings.key(board)
            if position in self.moves:
                found = k, position
        return found


class _Lines:
    """A text that knows which of its lines was read last."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.number = 0

    def readline(self) -> str:
        self.number += 1
        return self._stream.readline()


def _load(path: str) -> _Book:
    """Raises ConfigError, naming the file, the line and the way out."""
    book = _Book()
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as stream:
            lines = _Lines(stream)
            while _read(lines, book, path):
                pass
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ConfigError(f"repertoire: cannot read {path}: {why}; name a PGN file with {_WAY_OUT}") from None
    if not any(book.moves.values()):
        raise ConfigError(f"repertoire: {path} has no moves; name a PGN file with {_WAY_OUT}")
    return book


def _read(lines: Any, book: _Book, path: str) -> bool:
    """The next game of the file into the book; False at its end."""
    try:
        return bool(chess.pgn.read_game(lines, Visitor=lambda: book))
    except ValueError as error:
        place = f"{path}, line {lines.number}"
        raise ConfigError(f"repertoire: {place}: {error}; correct it, or name another with {_WAY_OUT}") from None


def _who(game: AnalysedGame, color: Color, k: int, moves: dict[str, str]) -> str:
    if k == len(game.plies):
        return "in_book"
    if not moves:
        return "line_end"
    return "us" if game.turn(k) == color else "opponent"


def _choices(sans: Iterable[str]) -> str:
    named = list(sans)
    return " ".join(named[:_CHOICES] + ["…"] * (len(named) > _CHOICES))


def _short(line: str) -> str:
    """The end of a line that fits into a table, beginning with a move of White's where it is cut."""
    if len(line) <= _AFTER:
        return line or "the first position"
    words = line.split()
    for k, word in enumerate(words):
        rest = " ".join(words[k:])
        if word[0].isdigit() and len(rest) <= _AFTER - 2:
            return f"… {rest}"
    return f"… {words[-1]}"


def _win(game: AnalysedGame, k: int, color: Color) -> int | None:
    """Thousandths of the player's Win% in position `k`, as its move has it; None without an evaluation."""
    said = game.plies[k].win_before if k < len(game.plies) else None
    if said is None:
        return win_at(game, k, color)
    return milli(said) if game.turn(k) == color else _FULL - milli(said)


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
