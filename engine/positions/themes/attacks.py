"""What attacks and protects what on a board: values of pieces, protection through a line, pieces that are lost."""

from __future__ import annotations

import chess

from engine.positions import material

__all__ = ["VALUES", "is_hanging", "is_lost", "is_protected", "is_trapped", "value_at"]

VALUES = {**material.VALUES, chess.KING: 99}
"""Values of the pieces in pawns; a king is worth more than all else."""
LINE_PIECES = (chess.BISHOP, chess.ROOK, chess.QUEEN)
"""Pieces that move along lines."""


def value_at(board: chess.Board, square: chess.Square) -> int:
    """Return the value of the man on a square in pawns; 0 for an empty one."""
    piece = board.piece_type_at(square)
    return 0 if piece is None else VALUES[piece]


def is_protected(board: chess.Board, square: chess.Square) -> bool:
    """Return whether the man on a square is protected, directly or by a piece on the line behind an attacker.

    On an empty square, as after a capture in passing, that of the side which is not to move is meant.
    """
    side = board.color_at(square)
    if side is None:
        side = not board.turn
    if board.attackers_mask(side, square):
        return True
    # Behind an attacking line piece there may be a protector that the exchange uncovers.
    attackers = board.attackers_mask(not side, square) & (board.bishops | board.rooks | board.queens)
    for attacker in chess.scan_forward(attackers):
        without = board.occupied & ~chess.BB_SQUARES[attacker]
        if chess.Board.attackers_mask(board, side, square, without) & ~chess.BB_SQUARES[attacker]:
            return True
    return False


def is_hanging(board: chess.Board, square: chess.Square) -> bool:
    """Return whether the man on a square is not protected; it need not be attacked."""
    return not is_protected(board, square)


def is_lost(board: chess.Board, square: chess.Square) -> bool:
    """Return whether the man on a square would be lost there: it is attacked, and hangs or is worth more."""
    side = board.color_at(square)
    assert side is not None
    attackers = board.attackers_mask(not side, square)
    if not attackers:
        return False
    if is_hanging(board, square):
        return True
    value = value_at(board, square)
    return any(value_at(board, attacker) < value for attacker in chess.scan_forward(attackers))


def is_trapped(board: chess.Board, square: chess.Square) -> bool:
    """Return whether the man on a square of the side to move is lost wherever it goes.

    A pawn or a king is not said to be trapped, and neither is anything while its side is in check, nor what is
    pinned to its king.
    """
    piece = board.piece_type_at(square)
    if (
        piece is None
        or piece in (chess.PAWN, chess.KING)
        or board.is_check()
        or board.is_pinned(board.turn, square)
    ):
        return False
    if not is_lost(board, square):
        return False
    value = VALUES[piece]
    for move in board.generate_legal_moves(from_mask=chess.BB_SQUARES[square]):
        taken = value_at(board, move.to_square)
        if taken >= value:
            return False
        after = board.copy(stack=False)
        after.push(move)
        if not is_lost(after, move.to_square):
            return False
    return True
