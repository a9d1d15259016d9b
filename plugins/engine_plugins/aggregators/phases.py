"""Accuracy, losses and errors in the opening, the middlegame and the endgame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from engine.model import AnalysedGame, Cell, Color, Column, Metric, Phase, Report, ReportTable
from engine.plugin import Aggregator, Counts, Histogram, Moments, Needs, Options, Sum, keyed
from engine_plugins.aggregators._common import (
    NO_EVALUATIONS,
    PLAYER,
    PLAYERS,
    Players,
    by_player,
    leading,
    left_out,
    mean,
    milli,
    other,
    reach,
)

_PHASES: tuple[Phase, ...] = ("opening", "middlegame", "endgame")
_KINDS = ("inaccuracy", "mistake", "blunder")
_Side = Literal["ours", "theirs"]


class PhasesOptions(Options, frozen=True):
    """Options of `phases`; the phases are those of Lichess."""

    players: Players = PLAYERS


class Phases(Aggregator):
    """Opening, middlegame and endgame: how well each was played, and how the player stood after it.

    The phases are those of Lichess (scalachess `Divider.scala`). The middlegame begins with the first position in
    which at most ten pieces besides kings and pawns are left, or a side has fewer than four pieces on its back
    rank, or the armies are mixed. The endgame begins with the first position in which at most six such pieces are
    left. A move belongs to the phase of the position in which it is played; a phase that a game never reaches has
    no moves.

    Accuracy is the plain mean of Lichess's accuracy over the moves. It is higher than Lichess's accuracy of whole
    games, in which sharp moments weigh more. ACPL is the mean centipawn loss; errors are per 100 moves. *Win% at
    end* is the player's Win% in the first position of the next phase, or in the last position of the game, with
    half of its 95% interval: above 50 after the opening, the player has come out of it better. *Gained* is the
    mean change of the player's Win% from the beginning to the end of the phase.

    With `--player`, the opponents in the same games have a table of their own; without it, all players are counted
    together.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a phases --player 'Stockfish 1700'

        By phase
        Phase       Moves  Accuracy   ACPL  Inacc.  Mist.  Blund.  Win% at end      ±  Gained
        opening       143     91.6%  23.87   11.89   3.50    1.40        52.7%  12.83    2.70
        middlegame    203     90.0%  48.17   11.33   3.94    4.43        51.8%  23.92   -0.93
        endgame       190     97.2%  27.20    6.84   0.53    1.05         4.3%   0.12  -25.62
        The opponents
        Phase       Moves  Accuracy   ACPL  Inacc.  Mist.  Blund.  Win% at end      ±  Gained
        opening       145     91.0%  26.99   17.24   2.76    1.38        47.3%  12.83   -2.70
        middlegame    199     90.9%  54.03    7.54   2.51    5.03        48.2%  23.92    0.93
        endgame       193     98.4%  16.80    4.66   0.52    0.00        95.7%   0.12   25.62
    """

    Options = PhasesOptions
    options: PhasesOptions
    order = 320

    # The keys of these states are side and phase: `ours|endgame`.
    accuracies = keyed(Moments())
    """Accuracy of each move in thousandths of a percent."""
    losses = keyed(Histogram())
    """Loss of each move in centipawns."""
    judgements = keyed(Counts())
    leaving = keyed(Moments())
    """Win% at the end of the phase in each game, in thousandths."""
    gained = keyed(Moments())
    """Change of Win% during the phase in each game, in thousandths."""
    # The keys of this state are phase and player: `endgame|name`.
    players = keyed(Moments(), by="group|player")
    """Accuracy of each move in thousandths of a percent."""
    games = Sum()

    @classmethod
    def needs(cls, options: PhasesOptions) -> Needs:
        return Needs(evaluations=True)

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None or not game.plies:
            return
        self.games.add()
        for k, ply in enumerate(game.plies):
            if ply.accuracy is None or ply.loss is None:
                continue
            color, phase = game.turn(k), game.phase(k)
            key = f"{_side(game, color)}|{phase}"
            self.accuracies[key].add(milli(ply.accuracy))
            self.losses[key].add(ply.loss)
            self.judgements[key].add(ply.judgement or "good")
            if color in game.view:
                self.players[f"{phase}|{game.player(color)}"].add(milli(ply.accuracy))
        for phase, start, end in _spans(game):
            self._span(game, phase, start, end)

    def _span(self, game: AnalysedGame, phase: Phase, first: int, end: int) -> None:
        """Count how a phase, from position `first` to position `end`, changed the Win% of both players."""
        before, after = _white_win(game, first), _white_win(game, end)
        for color in ("white", "black"):
            key = f"{_side(game, color)}|{phase}"
            if after is not None:
                self.leaving[key].add(after if color == "white" else 100_000 - after)
            if after is not None and before is not None:
                self.gained[key].add(after - before if color == "white" else before - after)

    def report(self) -> Report:
        moves = sum(moments.n for moments in self.accuracies.values())
        listed, number = leading(
            by_player(self.players, _PHASES),
            self.options.players,
            lambda item: sum(moments.n for moments in item[1].values()),
        )
        compared = any(key.startswith("theirs|") for key, _ in self.accuracies.items())
        notes = [
            "Accuracy is the mean over moves; ± is half of a 95% interval over games; errors are per 100 moves.",
            *left_out("players", number - len(listed), "phases.players"),
        ]
        if not moves:
            notes.append(NO_EVALUATIONS)
        tables = [ReportTable("ours", "By phase", _COLUMNS, tuple(self._rows("ours")))]
        if compared:
            tables.append(ReportTable("theirs", "The opponents", _COLUMNS, tuple(self._rows("theirs"))))
        return Report(
            title="Phases",
            metrics={"games": Metric(self.games.value, "Games")}
            | {
                phase: Metric(self._accuracy("ours", phase), f"Accuracy in the {phase}", "percent")
                for phase in _PHASES
            },
            tables=(*tables, _players(listed)),
            notes=tuple(notes),
        )

    def _accuracy(self, side: _Side, phase: Phase) -> float | None:
        moments = self.accuracies.get(f"{side}|{phase}")
        return mean(moments.sum, moments.n, 1000)

    def _rows(self, side: _Side) -> Iterator[tuple[Cell, ...]]:
        for phase in _PHASES:
            key = f"{side}|{phase}"
            losses, leaving, gained = self.losses.get(key), self.leaving.get(key), self.gained.get(key)
            moves = losses.total
            if not moves:
                continue
            errors = (mean(100 * self.judgements.get(key)[kind], moves) for kind in _KINDS)
            acpl = losses.mean()
            yield (
                phase,
                moves,
                self._accuracy(side, phase),
                None if acpl is None else round(acpl, 3),
                *errors,
                mean(leaving.sum, leaving.n, 1000),
                reach(leaving, 1000),
                mean(gained.sum, gained.n, 1000),
            )


def _players(listed: list[tuple[str, dict[str, Moments]]]) -> ReportTable:
    columns = [PLAYER]
    for phase in _PHASES:
        columns += [Column(f"{phase}_moves", "Moves", "int"), Column(phase, phase.title(), "percent")]
    rows = []
    for name, phases in listed:
        cells: list[Cell] = [name]
        for phase in _PHASES:
            moments = phases.get(phase, Moments())
            cells += [moments.n, mean(moments.sum, moments.n, 1000)]
        rows.append(tuple(cells))
    return ReportTable("players", "Accuracy by player", tuple(columns), tuple(rows))


_COLUMNS = (
    Column("phase", "Phase"),
    Column("moves", "Moves", "int"),
    Column("accuracy", "Accuracy", "percent"),
    Column("acpl", "ACPL", "float"),
    Column("inaccuracies", "Inacc.", "float"),
    Column("mistakes", "Mist.", "float"),
    Column("blunders", "Blund.", "float"),
    Column("win_at_end", "Win% at end", "percent"),
    Column("interval", "±", "float"),
    Column("gained", "Gained", "float"),
)


def _side(game: AnalysedGame, color: Color) -> _Side:
    return "ours" if color in game.view else "theirs"


def _spans(game: AnalysedGame) -> Iterator[tuple[Phase, int, int]]:
    """Yield the phases of a game that have moves, with their first position and the first position after them."""
    first = 0
    for k in range(1, len(game.plies) + 1):
        if k == len(game.plies) or game.phase(k) != game.phase(first):
            yield game.phase(first), first, k
            first = k


def _white_win(game: AnalysedGame, k: int) -> int | None:
    """Return the thousandths of White's Win% in position `k`; None if no move beside it has an evaluation."""
    if k < len(game.plies) and (win := game.plies[k].win_before) is not None:
        mover = game.turn(k)
    elif k > 0 and (win := game.plies[k - 1].win_after) is not None:
        mover = other(game.turn(k))
    else:
        return None
    return milli(win) if mover == "white" else 100_000 - milli(win)
