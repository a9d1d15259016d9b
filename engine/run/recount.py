"""The recount of winning moves and best scores from analysed games, against which the scoreboard is checked. Pure.

There is one for a run, one for the games of each player (`{player}`), and one for each batch of games that another
process analyses.
"""

from __future__ import annotations

from msgspec import Struct

from engine.model import AnalysedGame, Best, RunCounts
from engine.scoring import board_value, is_winning
from engine.workers.scoreboard import insert_best


class Recount(Struct):
    """Winning moves, best scores and scales of the games added so far."""

    winning_cp: int
    """The score from which on a position counts as a winning move, in centipawns of the side to move."""
    size: int
    """Lines of the board."""
    wins: int = 0
    best: list[Best] = []
    """Best first, at most one a game."""
    scales: set[float] = set()
    """Factors that centipawns were multiplied by, in games with evaluations."""

    def add(self, game: AnalysedGame, counts: RunCounts) -> Best | None:
        """Count a game, in `counts` too, and return its entry if it came on the board."""
        best: Best | None = None
        positions = 0
        for ply, position in enumerate(game.positions):
            found = position.found
            if found is None:
                continue
            positions += 1
            self.wins += is_winning(found.score, self.winning_cp)
            value = board_value(found.score)
            if best is None or value > best.score:
                best = Best(value, game.origin.game, ply, found.best or "")
        counts.analysed += 1
        counts.positions += positions
        if positions:
            self.scales.add(game.scale)
        else:
            counts.unevaluated += 1
        return best if best is not None and insert_best(self.best, best, self.size) else None

    def merge(self, other: Recount) -> None:
        """Add the recount of later games."""
        self.wins += other.wins
        for entry in other.best:
            insert_best(self.best, entry, self.size)
        self.scales |= other.scales
