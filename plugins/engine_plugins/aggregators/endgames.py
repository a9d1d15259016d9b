"""Endgames by the pieces that are left: conversion, accuracy, and what tablebases say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import chess
import chess.syzygy
from msgspec import Meta

from engine.model import AnalysedGame, Cell, Color, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Counts, Moments, Needs, Options, TopK, keyed
from engine_plugins.aggregators._common import (
    GAME,
    PLAYER,
    interval,
    known_reach,
    left_out,
    mean,
    milli,
    numbered,
    share,
    win_at,
)
from engine_plugins.aggregators._material import OTHER, kind
from engine_plugins.aggregators._tablebases import Tablebases

_ALL = "all"
_OURS, _THEIRS = "ours", "opponents"
_FULL = 100_000
"""100 percent in thousandths."""

_RESULTS = {1: "win", 0: "draw", -1: "loss"}
_SLIPS = ("win-draw", "win-loss", "draw-loss")


class EndgamesOptions(Options, frozen=True):
    """Tablebases, what counts, and how much is listed."""

    syzygy: Annotated[
        str, Meta(description="Folder with Syzygy tablebases, several joined as in PATH; --syzygy sets it, too.")
    ] = ""
    ply_minimum: Annotated[
        int, Meta(ge=1, le=200, description="Plies in a row that an endgame must last to be one of its class.")
    ] = 2
    winning: Annotated[
        int, Meta(ge=51, le=100, description="Win% from which an endgame is winning; 100 less it is losing.")
    ] = 70
    rows: Annotated[int, Meta(ge=0, le=10_000, description="Rows of the table of slips.")] = 20


class Endgames(Aggregator):
    """How well endgames are played, by the pieces that are left, and which results were let slip.

    The endgame begins with the first position that has at most six queens, rooks, bishops and knights
    (Lichess's rule, scalachess `Divider.scala`). Its class goes by the pieces of both sides, whatever the
    pawns, after the frequency table of Müller and Lamprecht, *Fundamental Chess Endings* (2001), with
    queen+minor and queen+rook added. A minor piece is a bishop or a knight; "rook+minor" is a rook and a minor
    piece on both sides, "other" is whatever is not listed, most of it heavier, and "v pawns" includes a bare
    king. A class must last a few plies in a row (`ply_minimum`), so that the middle of an exchange is none. A
    game can pass through several classes and counts once in each, from the first position of the class; "all"
    is the endgame as a whole.

    **Score against expectation**: Win% on entry (Lichess's formula, lila #11148) is the score that is expected
    from there, in percent; "over" is what was scored beyond it, and ± is half of the 95% interval of a mean
    (normal approximation), left empty where all values are equal. **Conversion**: of the endgames entered with
    a Win% of at least 70 (`winning`), how many were won; **held**: of those entered with at most 30, how many
    were not lost. The opponents' conversion is 100 less what was held. Intervals of shares are Wilson's
    (1927). Accuracy and blunders are Lichess's, over the moves of the class.

    **Tablebases**: with a folder of Syzygy tablebases every move in a position that they hold is compared with
    perfect play. A slip is a move that turns a win into a draw or a loss, or a draw into a loss. A win that
    the 50-move rule spoils, and a loss that it saves, is a draw; moves already made towards the 50 are left
    out of it. The right move is one that keeps the result, for a win the one nearest to a capture, pawn move
    or mate (DTZ). Tablebases need no evaluations.

    Limited to the colours of `--player`; their opponents in the same games are the baseline. Without
    `--player` every player counts and there is no baseline. EPD lines do not count.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a endgames --player 'Stockfish 1700'

        By class
        Endgame            Whose      Games  Moves  Accuracy     ±  Blunders/100  95%
        all                ours          11    190     97.2%  1.13          1.05  0.3-3.8
        all                opponents     11    193     98.4%  0.70          0.00  0.0-2.0
        minor v pawns      ours           2     10     99.7%  0.58          0.00  0.0-27.8
        minor v pawns      opponents      2     10     99.8%  0.33          0.00  0.0-27.8
        rook+minor v rook  ours           2     36     97.5%  1.77          0.00  0.0-9.6
        rook+minor v rook  opponents      2     35     97.3%  1.33          0.00  0.0-9.9
        … 2 more
    """

    Options = EndgamesOptions
    options: EndgamesOptions

    @classmethod
    def needs(cls, options: EndgamesOptions) -> Needs:
        return Needs()

    totals = Counts()
    sides = keyed(keyed(Counts()))
    """By whose and class: games, moves that count, blunders, moves in tablebases, slips by kind."""
    accuracies = keyed(keyed(Moments()))
    """By whose and class."""
    scores = keyed(keyed(Moments()))
    """By class: points, Win% on entry, and points less Win%, all in thousandths of a percent."""
    decided = keyed(Counts())
    """By class: endgames entered as winning and won, as losing and not lost."""
    players = keyed(Counts())
    """By player: as in `sides`, and the sum of accuracies."""
    slips = TopK()

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.slips = TopK(self.options.rows)
        self._tables: Tablebases | None = None

    def prepare(self) -> None:
        """Open the tablebases. Raises ConfigError."""
        if self.options.syzygy and self._tables is None:
            self._tables = Tablebases(self.options.syzygy)

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None:
            return
        self.totals.add("games")
        start = game.phases.endgame if game.phases is not None else None
        if start is None:
            return
        self.totals.add("endgames")
        self.totals.add("both", len(game.view) > 1)
        boards = [board.copy(stack=False) for k, board in enumerate(game.boards()) if k >= start]
        kinds = [kind(board) for board in boards[:-1]]
        end = len(game.plies)
        for name, spans in {_ALL: [(start, end)], **_spans(kinds, start, self.options.ply_minimum)}.items():
            self._class(game, name, spans)
        for color in game.view:
            self.players[game.player(color)].add("games")
        self._moves(game, start)
        if self.options.syzygy:
            self._perfect(game, start, boards, kinds)

    def _class(self, game: AnalysedGame, name: str, spans: Sequence[tuple[int, int]]) -> None:
        """One class of endgame in one game, for both players."""
        colors: tuple[Color, ...] = ("white", "black")
        for color in colors:
            whose = _OURS if color in game.view else _THEIRS
            counts, accuracies = self.sides[whose][name], self.accuracies[whose][name]
            counts.add("games")
            for k in (k for first, end in spans for k in range(first, end) if game.turn(k) == color):
                ply = game.plies[k]
                if ply.accuracy is not None:
                    accuracies.add(milli(ply.accuracy))
                    counts.add("blunders", ply.judgement == "blunder")
        for color in game.view:
            self._result(game, name, color, spans[0][0])

    def _result(self, game: AnalysedGame, name: str, color: Color, entry: int) -> None:
        points = game.points(color)
        if points is None:
            return
        score, win = round(points * _FULL), win_at(game, entry, color)
        scores, decided = self.scores[name], self.decided[name]
        scores["points"].add(score)
        if win is None:
            return
        scores["entry"].add(win)
        scores["over"].add(score - win)
        if win >= self.options.winning * 1000:
            decided.add("winning")
            decided.add("won", score == _FULL)
        elif win <= _FULL - self.options.winning * 1000:
            decided.add("losing")
            decided.add("held", score > 0)

    def _moves(self, game: AnalysedGame, start: int) -> None:
        for k in range(start, len(game.plies)):
            ply, color = game.plies[k], game.turn(k)
            if color in game.view and ply.accuracy is not None:
                counts = self.players[game.player(color)]
                counts.add("moves")
                counts.add("accuracy", milli(ply.accuracy))
                counts.add("blunders", ply.judgement == "blunder")

    def _perfect(
        self, game: AnalysedGame, start: int, boards: Sequence[chess.Board], kinds: Sequence[str]
    ) -> None:
        """Compare the moves with the tablebases."""
        self.prepare()
        assert self._tables is not None
        results = [self._tables.result(board) for board in boards]
        for k, name in enumerate(kinds):
            if boards[k].occupied.bit_count() > self._tables.men:
                continue
            color = game.turn(start + k)
            was, then = results[k], results[k + 1]
            if was is None or then is None:
                self.totals.add("unknown", color in game.view)
                continue
            slip = f"{_RESULTS[was]}-{_RESULTS[-then]}" if was > -then else None
            whose = _OURS if color in game.view else _THEIRS
            counted = [self.sides[whose][one] for one in (_ALL, name)]
            if whose == _OURS:
                counted.append(self.players[game.player(color)])
            for counts in counted:
                counts.add("perfect")
                if slip is not None:
                    counts.add(slip)
            if slip is not None and whose == _OURS:
                self._slip(game, start + k, boards[k], (was, -then))

    def _slip(self, game: AnalysedGame, k: int, board: chess.Board, results: tuple[int, int]) -> None:
        was, became = results
        number = game.origin.game
        assert self._tables is not None
        if self.slips.admits(was - became, number, k):
            right = self._tables.right(board, was)
            cells = (number, numbered(game, k), game.player(game.turn(k)), _RESULTS[was], _RESULTS[became], right)
            self.slips.add(was - became, number, k, *cells, board.fen())
        else:
            self.slips.add(was - became, number, k)

    def report(self) -> Report:
        ours = self.sides.get(_OURS).get(_ALL)
        decided = self.decided.get(_ALL)
        accuracies = self.accuracies.get(_OURS).get(_ALL)
        perfect = ours["perfect"]
        metrics = {
            "games": Metric(self.totals["games"], "Games"),
            "endgames": Metric(self.totals["endgames"], "Games with an endgame"),
            "accuracy": Metric(mean(accuracies.sum, accuracies.n, 1000), "Accuracy in it", "percent"),
            "blunders": Metric(mean(100 * ours["blunders"], accuracies.n), "Blunders per 100 moves", "float"),
            "conversion": Metric(share(decided["won"], decided["winning"]), "Winning ones won", "percent"),
            "held": Metric(share(decided["held"], decided["losing"]), "Losing ones held", "percent"),
            "tablebase_moves": Metric(perfect, "Moves in tablebases"),
            "slips": Metric(_slipped(ours) if perfect else None, "Results let slip"),
        }
        tables = (
            self._classes(),
            self._results(),
            self._conversion(),
            self._tablebase(),
            self._slips(),
            self._players(),
        )
        return Report(title="Endgames", metrics=metrics, tables=tables, notes=tuple(self._notes(perfect)))

    def _notes(self, perfect: int) -> Iterator[str]:
        yield "An endgame has at most six pieces besides kings and pawns; classes go by the pieces of both sides."
        yield "Win% on entry is the score that is expected; a game can pass through several classes."
        if not self.totals["endgames"]:
            yield "No data: no game reached an endgame."
        if self.totals["both"]:
            yield (
                f"{self.totals['both']:,} games count from both sides, so that scores even out; "
                "--player NAME compares a player with the opponents."
            )
        if not self.options.syzygy:
            yield "Without tablebases; --syzygy FOLDER finds the moves that changed the result."
        elif perfect:
            yield "A win that the 50-move rule spoils is a draw; moves already made towards the 50 are ignored."
        else:
            yield "No move was played in a position that the tablebases hold."
        if self.totals["unknown"]:
            yield f"Left out, because a table is missing or a king may castle: {self.totals['unknown']:,} moves."
        yield from left_out("slips", self.slips.left_out, "endgames.rows")

    def _ranked(self) -> list[str]:
        """The classes that were seen: all together, the most frequent first, and at the end the rest."""
        seen = {name: counts["games"] for side in self.sides.values() for name, counts in side.items()}
        return sorted(seen, key=lambda name: (name != _ALL, name == OTHER, -self._games(name), name))

    def _games(self, name: str) -> int:
        return self.sides.get(_OURS).get(name)["games"]

    def _rows(self) -> Iterator[tuple[str, str, Counts]]:
        for name in self._ranked():
            for whose, side in sorted(self.sides.items(), key=lambda item: item[0] != _OURS):
                if name in side:
                    yield name, whose, side.get(name)

    def _classes(self) -> ReportTable:
        columns = (
            _ENDGAME,
            _WHOSE,
            Column("games", "Games", "int"),
            Column("moves", "Moves", "int"),
            Column("accuracy", "Accuracy", "percent"),
            Column("accuracy_reach", "±", "float"),
            Column("blunders", "Blunders/100", "float"),
            Column("blunders_interval", "95%"),
        )
        rows: list[tuple[Cell, ...]] = []
        for name, whose, counts in self._rows():
            if not counts["games"]:
                continue
            moments = self.accuracies.get(whose).get(name)
            accuracy = (mean(moments.sum, moments.n, 1000), known_reach(moments))
            rows.append(
                (name, whose, counts["games"], moments.n, *accuracy, *_rate(counts["blunders"], moments.n))
            )
        return ReportTable("classes", "By class", columns, tuple(rows))

    def _results(self) -> ReportTable:
        columns = (
            _ENDGAME,
            Column("games", "Games", "int"),
            Column("score", "Score", "percent"),
            Column("evaluated", "Evaluated", "int"),
            Column("entry", "Entry Win%", "percent"),
            Column("over", "Over", "float"),
            Column("over_reach", "±", "float"),
        )
        rows: list[tuple[Cell, ...]] = []
        for name in self._ranked():
            of_one = self.scores.get(name)
            points, entry, over = (of_one.get(key) for key in ("points", "entry", "over"))
            if points.n:
                means = [mean(one.sum, one.n, 1000) for one in (points, entry, over)]
                rows.append((name, points.n, means[0], entry.n, means[1], means[2], known_reach(over)))
        return ReportTable("results", "Score against expectation", columns, tuple(rows))

    def _conversion(self) -> ReportTable:
        columns = (
            _ENDGAME,
            Column("winning", "Winning", "int"),
            Column("won", "Won", "percent"),
            Column("won_interval", "95%"),
            Column("losing", "Losing", "int"),
            Column("held", "Held", "percent"),
            Column("held_interval", "95%"),
        )
        rows: list[tuple[Cell, ...]] = []
        for name in self._ranked():
            decided = self.decided.get(name)
            winning, losing = decided["winning"], decided["losing"]
            if winning or losing:
                won, held = _rate(decided["won"], winning), _rate(decided["held"], losing)
                rows.append((name, winning, *won, losing, *held))
        return ReportTable("conversion", "Winning ones won, losing ones held", columns, tuple(rows))

    def _tablebase(self) -> ReportTable:
        columns = (
            _ENDGAME,
            _WHOSE,
            Column("moves", "Moves", "int"),
            Column("slips", "Slips/100", "float"),
            Column("slips_interval", "95%"),
            Column("win_draw", "Win-draw", "int"),
            Column("win_loss", "Win-loss", "int"),
            Column("draw_loss", "Draw-loss", "int"),
        )
        rows = tuple(
            (name, whose, counts["perfect"], *_rate(_slipped(counts), counts["perfect"]), *_by_kind(counts))
            for name, whose, counts in self._rows()
            if counts["perfect"]
        )
        return ReportTable("tablebase", "Moves in tablebases", columns, rows)

    def _slips(self) -> ReportTable:
        columns = (
            GAME,
            Column("move", "Move", "move"),
            PLAYER,
            Column("was", "Was"),
            Column("became", "Became"),
            Column("right", "Right", "move"),
            Column("fen", "Position", "position"),
        )
        return self.slips.render("slips", "Results let slip", columns)

    def _players(self) -> ReportTable:
        columns = (
            PLAYER,
            Column("games", "Endgames", "int"),
            Column("moves", "Moves", "int"),
            Column("accuracy", "Accuracy", "percent"),
            Column("blunders", "Blunders/100", "float"),
            Column("tablebase_moves", "In tablebases", "int"),
            Column("slips", "Slips", "int"),
        )
        ranked = sorted(self.players.items(), key=lambda item: (-item[1]["games"], item[0]))
        rows = tuple(
            (
                name,
                counts["games"],
                counts["moves"],
                mean(counts["accuracy"], counts["moves"], 1000),
                mean(100 * counts["blunders"], counts["moves"]),
                counts["perfect"],
                _slipped(counts) if counts["perfect"] else None,
            )
            for name, counts in ranked
        )
        return ReportTable("players", "By player", columns, rows)


_ENDGAME = Column("endgame", "Endgame")
_WHOSE = Column("whose", "Whose")


def _spans(kinds: Sequence[str], start: int, minimum: int) -> dict[str, list[tuple[int, int]]]:
    """By class: the plies, first and end, of each time that it lasted long enough."""
    found: dict[str, list[tuple[int, int]]] = {}
    first = 0
    for k in range(1, len(kinds) + 1):
        if k == len(kinds) or kinds[k] != kinds[first]:
            if k - first >= minimum:
                found.setdefault(kinds[first], []).append((start + first, start + k))
            first = k
    return found


def _rate(part: int, whole: int) -> tuple[float | None, str | None]:
    """A share in percent and its 95% interval."""
    return share(part, whole), interval(part, whole)


def _slipped(counts: Counts) -> int:
    return sum(_by_kind(counts))


def _by_kind(counts: Counts) -> tuple[int, ...]:
    return tuple(counts[kind] for kind in _SLIPS)
