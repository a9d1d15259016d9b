"""Accuracy, losses and errors in the opening, the middlegame and the endgame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from engine.model import AnalysedGame, Cell, Color, Column, Finding, Metric, Phase, Report, ReportTable
from engine.plugin import (
    Aggregator,
    Counts,
    Histogram,
    JointMoments,
    Moments,
    Needs,
    Options,
    Sum,
    TopK,
    certainties,
    keyed,
)
from engine_plugins.aggregators._common import (
    NO_EVALUATIONS,
    PLAYER,
    PLAYERS,
    Players,
    by_player,
    leading,
    left_out,
    lost,
    mean,
    milli,
    other,
    reach,
    together,
)
from engine_plugins.aggregators._estimates import FEWEST, difference
from engine_plugins.aggregators._references import SHOWN, keep, possessive, to_moves

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

    Move accuracy is the plain mean of Lichess's accuracy over the moves, in a phase and in whole games. It is
    higher than the accuracy of a game that Lichess shows, in which sharp moments and bad moves weigh more; the
    report `accuracy` has both. ACPL is the mean centipawn loss; errors are per 100 moves. *Win% at
    end* is the player's Win% in the first position of the next phase, or in the last position of the game, with
    half of its 95% interval: above 50 after the opening, the player has come out of it better. *Gained* is the
    mean change of the player's Win% from the beginning to the end of the phase.

    With `--player`, the opponents in the same games have a table of their own, and a sentence compares the player
    with them in each phase. How sure it is takes whole games as independent and is corrected for three phases
    (Holm for *sure*, Benjamini and Hochberg for *likely*); with fewer than 20 games nothing is said. Without
    `--player`, all players are counted together.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a phases --player 'Stockfish 1700'

        By phase
        Phase       Moves  Move accuracy   ACPL  Inacc.  Mist.  Blund.  Win% at end      ±  Gained
        opening       143          91.6%  23.87   11.89   3.50    1.40        52.7%  12.83    2.70
        middlegame    203          90.0%  48.17   11.33   3.94    4.43        51.8%  23.92   -0.93
        endgame       190          97.2%  27.20    6.84   0.53    1.05         4.3%   0.12  -25.62
        Units: ACPL: centipawns; Inacc., Mist., Blund.: per 100 moves; ±, Gained: Win%.
        Errors are per 100 moves. Win% at end: the player's when the phase ends, ± half of its 95%
        interval over games; gained: since the phase began. --show phases:ours=ROW prints the moves that
        lost most Win%.
        The opponents
        Phase       Moves  Move accuracy   ACPL  Inacc.  Mist.  Blund.  Win% at end      ±  Gained
        opening       145          91.0%  26.99   17.24   2.76    1.38        47.3%  12.83   -2.70
        middlegame    199          90.9%  54.03    7.54   2.51    5.03        48.2%  23.92    0.93
        endgame       193          98.4%  16.80    4.66   0.52    0.00        95.7%   0.12   25.62
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
    versus = keyed(JointMoments(4))
    """Sums by phase over the games with both: accuracy and number of our moves, and of theirs."""
    worst = keyed(TopK(SHOWN))
    """Moves by the Win% that they lost, by side and phase."""
    player_worst = keyed(TopK(SHOWN), by="player")

    @classmethod
    def needs(cls, options: PhasesOptions) -> Needs:
        return Needs(evaluations=True)

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None or not game.plies:
            return
        self.games.add()
        sums: dict[Phase, list[int]] = {}
        costs: dict[str, list[tuple[int, int]]] = {}
        for k, ply in enumerate(game.plies):
            if ply.accuracy is None or ply.loss is None:
                continue
            color, phase = game.turn(k), game.phase(k)
            key = f"{_side(game, color)}|{phase}"
            accuracy = milli(ply.accuracy)
            self.accuracies[key].add(accuracy)
            both = sums.setdefault(phase, [0, 0, 0, 0])
            place = 0 if color in game.view else 2
            both[place] += accuracy
            both[place + 1] += 1
            self.losses[key].add(ply.loss)
            self.judgements[key].add(ply.judgement or "good")
            if color in game.view:
                self.players[f"{phase}|{game.player(color)}"].add(accuracy)
            cost = -(lost(ply) or 0), k
            costs.setdefault(key, []).append(cost)
        self._keep(game, costs)
        for phase, both in sums.items():
            if both[1] and both[3]:
                self.versus[phase].add(*both)
        for phase, start, end in _spans(game):
            self._span(game, phase, start, end)

    def _keep(self, game: AnalysedGame, costs: dict[str, list[tuple[int, int]]]) -> None:
        """Keep the costliest moves by side and phase, and by player."""
        for key, moves in costs.items():
            keep(self.worst[key], game.origin.game, moves)
        for color in game.view:
            ours = [move for key, moves in costs.items() if key.startswith("ours|") for move in moves]
            own = [(cost, k) for cost, k in ours if game.turn(k) == color]
            if own:
                keep(self.player_worst[game.player(color)], game.origin.game, own)

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
            "Move accuracy is the mean over moves; the accuracy of games by Lichess's definition is lower.",
            *left_out("players", number - len(listed), "phases.players"),
        ]
        if not moves:
            notes.append(NO_EVALUATIONS)
        tables = [self._table("ours", "By phase")]
        if compared:
            tables.append(self._table("theirs", "The opponents"))
        return Report(
            title="Phases",
            metrics={"games": Metric(self.games.value, "Games")}
            | {
                phase: Metric(self._accuracy("ours", phase), f"Move accuracy in the {phase}", "percent")
                for phase in _PHASES
            }
            | {"whole": Metric(self._accuracy("ours", *_PHASES), "Move accuracy in whole games", "percent")},
            tables=(*tables, self._players(listed)),
            notes=tuple(notes),
            findings=tuple(self._findings(listed[0][0] if number == 1 and listed else None)),
        )

    def _findings(self, only: str | None) -> Iterator[Finding]:
        """Yield in which phase moves are least accurate, and where a player does worst beside the opponents."""
        played = [phase for phase in _PHASES if self._accuracy("ours", phase) is not None]
        if len(played) > 1:
            by_accuracy = sorted(played, key=lambda phase: self._accuracy("ours", phase) or 0)
            least, *others = ((phase, f"{self._accuracy('ours', phase):.1f}%") for phase in by_accuracy)
            whose = f"{possessive(only)} moves" if only else "Moves"
            text = f"{whose} are least accurate in the {least[0]}: {least[1]}, against "
            text += " and ".join(f"{accuracy} in the {phase}" for phase, accuracy in others)
            yield Finding(f"{text}.", None, to_moves(self.worst.get(f"ours|{least[0]}")), "ours")
        if only is not None:
            yield from self._beside_opponents(only)

    def _beside_opponents(self, only: str) -> Iterator[Finding]:
        compared = [(phase, difference(self.versus.get(phase))) for phase in _PHASES]
        known = [(phase, found) for phase, found in compared if found is not None and found.games >= FEWEST]
        if not known:
            return
        sure = dict(zip((phase for phase, _ in known), certainties([found.p for _, found in known]), strict=True))
        phase, found = min(known, key=lambda item: item[1].value)
        points = f"{abs(found.value) / 1000:.1f} points {'less' if found.value < 0 else 'more'}"
        yield Finding(
            f"Beside the opponents in the same games, {only} does worst in the {phase}: moves are {points}"
            f" accurate than theirs (±{found.reach / 1000:.1f}, {found.games:,} games).",
            sure[phase],
            to_moves(self.worst.get(f"ours|{phase}")),
            "theirs",
        )

    def _accuracy(self, side: _Side, *phases: str) -> float | None:
        parts = [self.accuracies.get(f"{side}|{phase}") for phase in phases]
        return mean(sum(part.sum for part in parts), sum(part.n for part in parts), 1000)

    def _table(self, side: _Side, title: str) -> ReportTable:
        rows = tuple(self._rows(side))
        references = tuple(to_moves(self.worst.get(f"{side}|{row[0]}")) for row in rows)
        return ReportTable(side, title, _COLUMNS, rows, references, _READING)

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

    def _players(self, listed: list[tuple[str, dict[str, Moments]]]) -> ReportTable:
        columns = [PLAYER]
        for phase in _PHASES:
            columns += [Column(f"{phase}_moves", "Moves", "int"), Column(phase, phase.title(), "percent")]
        columns.append(Column("whole", "Whole games", "percent"))
        rows = []
        for name, phases in listed:
            cells: list[Cell] = [name]
            for phase in _PHASES:
                moments = phases.get(phase, Moments())
                cells += [moments.n, mean(moments.sum, moments.n, 1000)]
            whole = together(phases.values())
            rows.append((*cells, mean(whole.sum, whole.n, 1000)))
        references = tuple(to_moves(self.player_worst.get(name)) for name, _ in listed)
        reading = "Mean accuracy of the moves, by phase. A row leads to the moves that lost most Win%."
        return ReportTable("players", "Move accuracy by player", tuple(columns), tuple(rows), references, reading)


_READING = (
    "Errors are per 100 moves. Win% at end: the player's when the phase ends, ± half of its 95% interval over"
    " games; gained: since the phase began. A row leads to the moves that lost most Win%."
)
_COLUMNS = (
    Column("phase", "Phase"),
    Column("moves", "Moves", "int"),
    Column("accuracy", "Move accuracy", "percent"),
    Column("acpl", "ACPL", "float", "centipawns"),
    Column("inaccuracies", "Inacc.", "float", "per 100 moves"),
    Column("mistakes", "Mist.", "float", "per 100 moves"),
    Column("blunders", "Blund.", "float", "per 100 moves"),
    Column("win_at_end", "Win% at end", "percent"),
    Column("interval", "±", "float", "Win%"),
    Column("gained", "Gained", "float", "Win%"),
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
