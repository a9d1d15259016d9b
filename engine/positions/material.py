"""Material: the values of the pieces in pawns, and how much more of it one side has."""

from __future__ import annotations

from collections.abc import Mapping

import chess

__all__ = ["VALUES", "balance", "captured"]

VALUES: Mapping[chess.PieceType, int] = {
    chess.PAWN: 1,
    chess.KNIGHT: 3,
    chess.BISHOP: 3,
    chess.ROOK: 5,
    chess.QUEEN: 9,
    chess.KING: 0,
}
"""Values of the pieces in pawns; a king is not counted."""


def balance(board: chess.Board, color: chess.Color) -> int:
    """Return the material of a colour minus that of the other one, in pawns.

    * **board** - the position.
    * **color** - the colour whose view it is.
    """
    own, other = board.occupied_co[color], board.occupied_co[not color]
    return sum(
        VALUES[piece] * ((squares & own).bit_count() - (squares & other).bit_count())
        for piece, squares in (
            (chess.PAWN, board.pawns),
            (chess.KNIGHT, board.knights),
            (chess.BISHOP, board.bishops),
            (chess.ROOK, board.rooks),
            (chess.QUEEN, board.queens),
        )
    )


def captured(board: chess.Board, move: chess.Move) -> chess.PieceType | None:
    """Return the piece that a move takes, also in passing; None where it takes none.

    * **board** - the position before the move.
    * **move** - a legal move.
    """
    if board.is_castling(move):
        return None
    return chess.PAWN if board.is_en_passant(move) else board.piece_type_at(move.to_square)
