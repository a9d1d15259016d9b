"""Attacks on several men at once, and men that cannot get away: forks, hanging and trapped pieces."""

from __future__ import annotations

import chess

from engine.positions.material import balance
from engine.positions.themes.attacks import VALUES, is_hanging, is_lost, is_trapped, value_at
from engine.positions.themes.line import Line, Motif

__all__ = ["double_check", "fork", "hanging_piece", "trapped_piece"]

_KEPT = 3
"""What was taken is kept if it is still there after so many plies."""
_MINOR = VALUES[chess.KNIGHT]
"""What a minor piece is worth."""


def fork(line: Line) -> Motif | None:
    """Find a move, not the last one, of a piece that then attacks two men or more which are worth taking."""
    for ply, _, move, after in line.steps():
        if ply == len(line.moves) - 1 or line.moved(ply) == chess.KING or is_lost(after, move.to_square):
            continue
        targets = _forked(after, move.to_square)
        if len(targets) > 1:
            return Motif("fork", ply, move.to_square, targets)
    return None


def _forked(board: chess.Board, square: chess.Square) -> tuple[chess.Square, ...]:
    """Return the men attacked from a square that are worth more than the attacker, or hang and cannot take it."""
    side = board.color_at(square)
    value = value_at(board, square)
    found = []
    for target in board.attacks(square):
        if board.color_at(target) != (not side) or board.piece_type_at(target) == chess.PAWN:
            continue
        hangs = is_hanging(board, target) and square not in board.attacks(target)
        if value_at(board, target) > value or hangs:
            found.append(target)
    return tuple(found)


def hanging_piece(line: Line) -> Motif | None:
    """Find a first move that takes an unprotected piece and wins at least what a minor piece is worth.

    Where the piece has just taken something of the same value or more itself, it is only taken back.
    """
    board, move, taken = line.boards[0], line.moves[0], line.captured(0)
    if taken is None or taken == chess.PAWN or not is_hanging(board, move.to_square):
        return None
    flaw = line.opponent_move(0)
    took = value_at(flaw[0], move.to_square) if flaw is not None and flaw[1].to_square == move.to_square else 0
    if took >= VALUES[taken]:
        return None
    if len(line.moves) > _KEPT and balance(line.boards[_KEPT], line.solver) < balance(board, line.solver) + _MINOR:
        return None
    return Motif("hangingPiece", 0, move.to_square, (move.to_square,))


def trapped_piece(line: Line) -> Motif | None:
    """Find a piece that is taken after it could go nowhere without being lost."""
    for ply, _, move, _ in line.steps():
        if ply == 0 or line.captured(ply) in (None, chess.PAWN):
            continue
        # It may have gone to where it is taken, or stayed there.
        reply = line.moves[ply - 1]
        was = reply.from_square if reply.to_square == move.to_square else move.to_square
        if is_trapped(line.boards[ply - 1], was):
            return Motif("trappedPiece", ply - 2, line.moves[ply - 2].to_square, (was,))
    return None


def double_check(line: Line) -> Motif | None:
    """Find a move after which two men give check."""
    for ply, _, _, after in line.steps():
        checkers = after.checkers()
        if len(checkers) > 1:
            king = after.king(after.turn)
            assert king is not None
            return Motif("doubleCheck", ply, min(checkers), (king,))
    return None
