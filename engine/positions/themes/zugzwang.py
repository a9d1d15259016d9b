"""Zugzwang that shows at once: every move loses something, and to pass would not."""

from __future__ import annotations

import chess

from engine.positions.themes.attacks import VALUES, value_at
from engine.positions.themes.line import Line, Motif

__all__ = ["zugzwang"]

_FEW_PIECES = 6
"""With more pieces than this, kings and pawns not counted, it is no endgame."""
_FEW_MOVES = 15
"""A side with more legal moves than this is hardly ever in zugzwang."""


def zugzwang(line: Line) -> Motif | None:
    """Find a position of an endgame where each of the opponent's moves loses a man at once, and passing would not.

    Most cases take a search to see; those are not found.
    """
    first = line.boards[0]
    pieces = first.occupied & ~(first.pawns | first.kings)
    if line.is_mate or pieces.bit_count() > _FEW_PIECES:
        return None
    for ply in line.solver_plies[:-1]:
        board = line.boards[ply + 1]
        moves = [] if board.is_check() else list(board.legal_moves)
        if not 0 < len(moves) <= _FEW_MOVES or _wins(_after(board, chess.Move.null())):
            continue
        if all(_wins(_after(board, move)) for move in moves):
            return Motif("zugzwang", ply, line.moves[ply].to_square)
    return None


def _wins(board: chess.Board) -> bool:
    """Return whether the side to move can take something unprotected or more valuable, or promote safely."""
    for move in board.legal_moves:
        if not (board.is_capture(move) or move.promotion):
            continue
        taken = value_at(board, move.to_square) or VALUES[chess.PAWN]
        takes_more = not move.promotion and taken > value_at(board, move.from_square)
        if takes_more or not _after(board, move).is_attacked_by(not board.turn, move.to_square):
            return True
    return False


def _after(board: chess.Board, move: chess.Move) -> chess.Board:
    after = board.copy(stack=False)
    after.push(move)
    return after
