"""Endgames by the remaining pieces: conversion, accuracy, and a comparison with tablebases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import chess
from msgspec import Meta

from engine.model import AnalysedGame, Color, Metric, Report
from engine.plugin import Aggregator, Counts, Moments, Needs, Options, TopK, keyed
from engine.positions.movetext import NULL_MOVE
from engine.text.format import count
from engine_plugins.aggregators._common import (
    PLAYERS,
    Players,
    both_sides,
    leading,
    left_out,
    lost,
    mean,
    milli,
    numbered,
    share,
    win_at,
)
from engine_plugins.aggregators._endgame_tables import (
    ALL,
    OURS,
    THEIRS,
    class_table,
    conversion_table,
    findings,
    player_table,
    result_table,
    slip_table,
    slipped,
    tablebase_table,
)
from engine_plugins.aggregators._material import kind
from engine_plugins.aggregators._tablebases import Tablebases

_FULL = 100_000
"""100 percent in thousandths."""

_RESULTS = {1: "win", 0: "draw", -1: "loss"}


class EndgamesOptions(Options, frozen=True):
    """Options of `endgames`."""

    syzygy: Annotated[
        str, Meta(description="Folder with Syzygy tablebases, or several as in PATH; --syzygy sets it too.")
    ] = ""
    ply_minimum: Annotated[
        int, Meta(ge=1, le=200, description="Plies in a row that an endgame must last to count for its class.")
    ] = 2
    winning: Annotated[
        int, Meta(ge=51, le=100, description="Win% from which an endgame is winning; 100 - `winning` is losing.")
    ] = 70
    rows: Annotated[int, Meta(ge=0, le=10_000, description="Rows of the table of slips.")] = 20
    players: Players = PLAYERS


class Endgames(Aggregator):
    """How well endgames were played, by the remaining pieces, and which results were let slip.

    The endgame begins with the first position that has at most six queens, rooks, bishops and knights (Lichess's
    rule, scalachess `Divider.scala`). Its class depends on the pieces of both sides, but not on the pawns. The
    classes are those of the frequency table of Müller and Lamprecht, *Fundamental Chess Endings* (2001), with
    queen+minor and queen+rook added. A minor piece is a bishop or a knight. "Rook+minor" means a rook and a minor
    piece on both sides; "v pawns" includes a bare king; "other" is everything else, mostly endgames with more
    pieces. A class must last a few plies in a row (`ply_minimum`), so that the middle of an exchange does not
    count. A game can pass through several classes. It counts once in each, from the first position of the class;
    "all" is the endgame as a whole.

    **Score against expectation**: the Win% on entry (Lichess's formula, lila #11148) is the score in percent that
    can be expected from there. "Over" is the score minus this expectation, and ± is half of the 95% interval of
    its mean (normal approximation); it is empty if all values are equal. **Conversion**: the share of endgames
    entered with a Win% of at least 70 (`winning`) that were won. **Held**: the share of those entered with at most
    30 that were not lost. The opponents' conversion is 100 minus the share held. Intervals of shares are Wilson's
    (1927). Accuracy and blunders are Lichess's, over the moves of the class.

    **Tablebases**: with a folder of Syzygy tablebases, every move in a position that they contain is compared with
    perfect play. A slip is a move that turns a win into a draw or a loss, or a draw into a loss. A win that the
    50-move rule spoils, or a loss that it saves, is a draw; moves already made towards the 50 are ignored. The
    right move is a move that keeps the result; for a win, the one nearest to a capture, pawn move or mate (DTZ).
    Tablebases need no evaluations.

    With `--player`, only that player's colours count, and the opponents in the same games are the baseline.
    Without `--player`, every player counts and there is no baseline. EPD lines do not count.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a endgames --player 'Stockfish 1700'

        By class
        Endgame            Whose      Games  Moves  Move accuracy     ±  Blunders  95%
        all                ours          11    190          97.2%  1.13      1.05  0.3-3.8
        all                opponents     11    193          98.4%  0.70      0.00  0.0-2.0
        minor v pawns      ours           2     10          99.7%  0.58      0.00  0.0-27.8
        minor v pawns      opponents      2     10          99.8%  0.33      0.00  0.0-27.8
        rook+minor v rook  ours           2     36          97.5%  1.77      0.00  0.0-9.6
        rook+minor v rook  opponents      2     35          97.3%  1.33      0.00  0.0-9.9
        … 2 more
        Units: ±: points; Blunders: per 100 moves.
        ± is half of the 95% interval of the mean. --show endgames:classes=ROW prints the moves that
        lost most Win%, one a game.
    """

    Options = EndgamesOptions
    options: EndgamesOptions
    order = 340

    @classmethod
    def needs(cls, options: EndgamesOptions) -> Needs:
        return Needs()

    totals = Counts()
    sides = keyed(keyed(Counts()))
    """Number of games, blunders, moves in tablebases (`perfect`) and slips of each kind, by side and class."""
    accuracies = keyed(keyed(Moments()))
    """Accuracy of the moves in thousandths of a percent, by side and class."""
    scores = keyed(keyed(Moments()))
    """Points, Win% on entry and their difference, in thousandths of a percent, by class."""
    decided = keyed(Counts())
    """Number of winning endgames and of those won, of losing endgames and of those held, by class."""
    players = keyed(Counts(), by="player")
    """Counts as in `sides`, number of moves and sum of accuracies, by player."""
    examples = keyed(TopK(5))
    """The move of a game that lost most Win%, by side and class, `ours|all`; the endgames that scored least
    against their entry, by class, `over|all`, and those that began winning, those not won first, or losing,
    `decided|all`."""
    player_examples = keyed(TopK(5), by="player")
    slip_examples = keyed(TopK(5))
    """Moves that let a result slip, by side and class."""
    slips = TopK()
    """Moves that let a result slip, by the half points that they lost."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.slips = TopK(self.options.rows)
        self._tables: Tablebases | None = None

    def prepare(self) -> None:
        """Open the tablebases. Raises `ConfigError`."""
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
        for name, spans in {ALL: [(start, end)], **_spans(kinds, start, self.options.ply_minimum)}.items():
            self._class(game, name, spans)
        for color in game.view:
            self.players[game.player(color)].add("games")
        self._moves(game, start)
        if self.options.syzygy:
            self._perfect(game, start, boards, kinds)

    def _class(self, game: AnalysedGame, name: str, spans: Sequence[tuple[int, int]]) -> None:
        """Count one class of endgame in one game for both players; `spans` are its plies, first and end."""
        colors: tuple[Color, ...] = ("white", "black")
        for color in colors:
            side = OURS if color in game.view else THEIRS
            counts, accuracies = self.sides[side][name], self.accuracies[side][name]
            counts.add("games")
            worst: tuple[int, int] | None = None
            for k in (k for first, end in spans for k in range(first, end) if game.turn(k) == color):
                ply = game.plies[k]
                if ply.accuracy is not None:
                    accuracies.add(milli(ply.accuracy))
                    counts.add("blunders", ply.judgement == "blunder")
                    worst = max(worst or (0, -k), (lost(ply) or 0, -k))
            cost, first = worst or (-1, -spans[0][0])
            self.examples[f"{side}|{name}"].add(cost, game.origin.game, -first)
            if name == ALL and side == OURS:
                self.player_examples[game.player(color)].add(cost, game.origin.game, -first)
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
        number = game.origin.game
        self.examples[f"over|{name}"].add(win - score, number, entry)
        if win >= self.options.winning * 1000:
            decided.add("winning")
            decided.add("won", score == _FULL)
            self.examples[f"decided|{name}"].add(win - score, number, entry)
        elif win <= _FULL - self.options.winning * 1000:
            decided.add("losing")
            decided.add("held", score > 0)
            self.examples[f"decided|{name}"].add(-_FULL - score, number, entry)

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
            if boards[k].occupied.bit_count() > self._tables.men or game.plies[start + k].uci == NULL_MOVE:
                continue
            color = game.turn(start + k)
            before, opponent_after = results[k], results[k + 1]
            if before is None or opponent_after is None:
                self.totals.add("unknown", color in game.view)
                continue
            after = -opponent_after
            slip = f"{_RESULTS[before]}-{_RESULTS[after]}" if before > after else None
            side = OURS if color in game.view else THEIRS
            groups = [self.sides[side][ALL], self.sides[side][name]]
            if side == OURS:
                groups.append(self.players[game.player(color)])
            for counts in groups:
                counts.add("perfect")
                if slip is not None:
                    counts.add(slip)
            if slip is not None:
                for group in {ALL, name}:
                    self.slip_examples[f"{side}|{group}"].add(before - after, game.origin.game, start + k)
            if slip is not None and side == OURS:
                self._slip(game, start + k, boards[k], (before, after))

    def _slip(self, game: AnalysedGame, k: int, board: chess.Board, results: tuple[int, int]) -> None:
        before, after = results
        number = game.origin.game
        assert self._tables is not None
        if self.slips.admits(before - after, number, k):
            right = self._tables.right(board, before)
            player, names = game.player(game.turn(k)), (_RESULTS[before], _RESULTS[after])
            cells = (number, numbered(game, k), player, *names, right, board.fen())
            self.slips.add(before - after, number, k, *cells)
        else:
            self.slips.add(before - after, number, k)  # is only counted

    def report(self) -> Report:
        ours = self.sides.get(OURS).get(ALL)
        decided = self.decided.get(ALL)
        accuracies = self.accuracies.get(OURS).get(ALL)
        perfect = ours["perfect"]
        listed, number = leading(self.players.each(), self.options.players, lambda item: item[1]["games"])
        metrics = {
            "games": Metric(self.totals["games"], "Games"),
            "endgames": Metric(self.totals["endgames"], "Games with an endgame"),
            "accuracy": Metric(mean(accuracies.sum, accuracies.n, 1000), "Move accuracy in it", "percent"),
            "blunders": Metric(mean(100 * ours["blunders"], accuracies.n), "Blunders", "float", "per 100 moves"),
            "conversion": Metric(share(decided["won"], decided["winning"]), "Winning ones won", "percent"),
            "held": Metric(share(decided["held"], decided["losing"]), "Losing ones held", "percent"),
            "tablebase_moves": Metric(perfect, "Moves in tablebases"),
            "slips": Metric(slipped(ours) if perfect else None, "Results let slip"),
        }
        tables = (
            class_table(self.sides, self.accuracies, self.examples),
            result_table(self.sides, self.scores, self.examples),
            conversion_table(self.sides, self.decided, self.examples),
            tablebase_table(self.sides, self.slip_examples),
            slip_table(self.slips),
            player_table(listed, self.player_examples),
        )
        return Report(
            title="Endgames",
            metrics=metrics,
            tables=tables,
            notes=tuple(self._notes(perfect, number)),
            findings=tuple(findings(self.scores, self.decided, self.examples)) if not self.totals["both"] else (),
        )

    def _notes(self, perfect: int, players: int) -> Iterator[str]:
        yield "An endgame has at most six pieces besides kings and pawns; classes go by the pieces of both sides."
        yield "Win% on entry is the score that is expected; a game can pass through several classes."
        if not self.totals["endgames"]:
            yield "No data: no game reached an endgame."
        if self.totals["both"]:
            yield (
                f"{both_sides(self.totals['both'])}, so that scores even out; "
                "--player NAME compares a player with the opponents."
            )
        if not self.options.syzygy:
            yield "Without tablebases; --syzygy FOLDER finds the moves that changed the result."
        elif perfect:
            yield "A win that the 50-move rule spoils is a draw; moves already made towards the 50 are ignored."
        else:
            yield "No move was played in a position that the tablebases hold."
        if self.totals["unknown"]:
            moves = count(self.totals["unknown"], "move")
            yield f"Left out, because a table is missing or a king may castle: {moves}."
        yield from left_out("slips", self.slips.left_out, "endgames.rows")
        yield from left_out("players", players - self.options.players, "endgames.players")


def _spans(kinds: Sequence[str], start: int, minimum: int) -> dict[str, list[tuple[int, int]]]:
    """Return by class the plies, first and end, of each time that the class lasted long enough."""
    spans: dict[str, list[tuple[int, int]]] = {}
    first = 0
    for k in range(1, len(kinds) + 1):
        if k == len(kinds) or kinds[k] != kinds[first]:
            if k - first >= minimum:
                spans.setdefault(kinds[first], []).append((start + first, start + k))
            first = k
    return spans
