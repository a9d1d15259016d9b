"""What analysed games add up to beside the reports: positions, winning moves, best scores. Pure.

The recount of a run, against which the scoreboard is checked at the end; the same for the games of one player, and
for a part of the games in another process.
"""

from __future__ import annotations

from msgspec import Struct

from engine.model import AnalysedGame, Best, RunCounts
from engine.scoring import board_value, is_winning
from engine.workers.scoreboard import insert_best


class Tally(Struct):
    """Grows with `add`."""

    winning_cp: int
    """From this score on a position counts as a winning move."""
    size: int
    """Of the board."""
    wins: int = 0
    best: list[Best] = []
    """Best first, at most one a game."""
    scales: set[float] = set()
    """What centipawns were multiplied by, in games with evaluations."""

    def add(self, game: AnalysedGame, counts: RunCounts) -> Best | None:
        """Take in a game, and count it; its entry if it came on the board."""
        best: Best | None = None
        positions = 0
        for ply, position in enumerate(game.positions):
            if position.found is None:
                continue
            positions += 1
            score = position.found.score
            self.wins += is_winning(score, self.winning_cp)
            value = board_value(score)
            if best is None or value > best.score:
                best = Best(value, game.origin.game, ply, position.found.best or "")
        counts.analysed += 1
        counts.positions += positions
        if positions:
            self.scales.add(game.scale)
        else:
            counts.unevaluated += 1
        return best if best is not None and insert_best(self.best, best, self.size) else None

    def merge(self, other: Tally) -> None:
        """Take in what another one has seen, of later games."""
        self.wins += other.wins
        for entry in other.best:
            insert_best(self.best, entry, self.size)
        self.scales |= other.scales
