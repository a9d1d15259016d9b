"""Facts of a whole line: how long it is, whether it mates, what it is worth."""

from __future__ import annotations

import chess

from engine.model import Score
from engine.positions.themes.attacks import VALUES
from engine.positions.themes.line import Line, Motif

__all__ = ["length", "mate", "mate_in", "worth"]

_CRUSHING_CP, _ADVANTAGE_CP = 600, 200
"""Above so many centipawns the solver's position is crushing, or an advantage."""
_FAR_MORE = 1.75
"""The men of one side are worth far more than those of the other from this ratio on."""
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
    """Return the tag of what the solver's position is worth; None for a mate, and where it is not clear.

    * **line** - the line.
    * **score** - score of the first position in the solver's view. None: it is crushing in a pawn endgame, and
      where the solver's men are worth far more than the opponent's in the end; material tells nothing else.
    """
    if line.is_mate or (score is not None and score.mate is not None):
        return None
    if score is None:
        return "crushing" if _is_clearly_won(line) else None
    centipawns = score.cp or 0
    return "crushing" if centipawns > _CRUSHING_CP else "advantage" if centipawns > _ADVANTAGE_CP else "equality"


def _is_clearly_won(line: Line) -> bool:
    """Return whether the material at the end, or the kind of endgame, leaves little doubt."""
    first, last = line.boards[0], line.last
    if not any((first.queens, first.rooks, first.bishops, first.knights)):
        return True
    own, other = (_men(last, side) for side in (line.solver, not line.solver))
    return own >= _FAR_MORE * max(other, 1)


def _men(board: chess.Board, side: chess.Color) -> int:
    """Return what the men of a side are worth in pawns, without the king."""
    return sum(
        VALUES[piece] * board.pieces_mask(piece, side).bit_count() for piece in range(chess.PAWN, chess.KING)
    )
