"""Facts of a whole line: how long it is, what it is worth, and which special moves it has."""

from __future__ import annotations

from engine.model import Score
from engine.themes.line import Line, Motif

__all__ = ["length", "mate", "mate_in", "worth"]

_CRUSHING_CP, _ADVANTAGE_CP = 600, 200
"""Above so many centipawns the solver's position is crushing, or an advantage."""
_LENGTHS = {1: "oneMove", 2: "short", 3: "long"}
_LONGEST_MATE = 5


def length(line: Line) -> Motif:
    """Return the theme of the number of the solver's moves."""
    return Motif(_LENGTHS.get(len(line.solver_plies), "veryLong"))


def mate(line: Line) -> Motif | None:
    """Return the theme of a line that ends in mate."""
    return Motif("mate", len(line.moves) - 1, line.moves[-1].to_square) if line.is_mate else None


def mate_in(line: Line) -> Motif | None:
    """Return the theme of the number of moves to mate; five stands for five or more."""
    return Motif(f"mateIn{min(len(line.solver_plies), _LONGEST_MATE)}") if line.is_mate else None


def worth(line: Line, score: Score | None) -> str | None:
    """Return the tag of what the solver's position is worth; None for a mate, and where it is not known.

    * **line** - the line.
    * **score** - score of the first position in the solver's view; None where it is not known.
    """
    if line.is_mate or score is None or score.mate is not None:
        return None
    centipawns = score.cp or 0
    return "crushing" if centipawns > _CRUSHING_CP else "advantage" if centipawns > _ADVANTAGE_CP else "equality"
