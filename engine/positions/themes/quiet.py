"""Moves without force: quiet moves and defensive moves."""

from __future__ import annotations

import chess

from engine.positions.themes.line import Line, Motif

__all__ = ["defensive_move", "quiet_move"]

_HOME_RANKS = 4
"""A pawn's move up to this rank of its own side, counted from 0, threatens no promotion yet."""
_CHOICE = 3
"""A move is a choice where there are so many legal ones."""


def quiet_move(line: Line) -> Motif | None:
    """Find a move, not the last, that neither takes, checks, attacks anything nor evades a check.

    A king's move does not count, and neither does that of a pawn which comes near its promotion.
    """
    for ply in line.solver_plies[:-1]:
        if line.moved(ply) != chess.KING and not line.boards[ply].is_check() and _is_calm(line, ply):
            return Motif("quietMove", ply, line.moves[ply].to_square)
    return None


def defensive_move(line: Line) -> Motif | None:
    """Find a calm last move, or a first move that evades a check without taking; in each case one of several."""
    last = line.solver_plies[-1]
    if line.boards[last].legal_moves.count() >= _CHOICE and _is_calm(line, last):
        return Motif("defensiveMove", last, line.moves[last].to_square)
    board = line.boards[0]
    evades = board.is_check() and line.captured(0) is None and not line.is_check(0)
    if evades and board.legal_moves.count() >= _CHOICE:
        return Motif("defensiveMove", 0, line.moves[0].to_square)
    return None


def _is_calm(line: Line, ply: int) -> bool:
    """Return whether a move of the solver takes, checks and attacks nothing, and is no pawn's far advance."""
    move, after = line.moves[ply], line.boards[ply + 1]
    if line.captured(ply) is not None or move.promotion or line.is_check(ply):
        return False
    rank = chess.square_rank(move.to_square)
    if line.moved(ply) == chess.PAWN and (rank if line.solver == chess.WHITE else 7 - rank) > _HOME_RANKS:
        return False
    return not after.attacks_mask(move.to_square) & after.occupied_co[not line.solver]
