"""Special moves of the solver: promotions, castling, en passant, pawns that come far."""

from __future__ import annotations

import chess

from engine.positions.themes.line import Line, Motif

__all__ = ["advanced_pawn", "castling", "en_passant", "promotion", "under_promotion"]

_FAR = 6
"""A pawn has come far from this rank of its own side on, counted from 0 for the first rank."""


def promotion(line: Line) -> Motif | None:
    """Find a promotion."""
    return next(
        (Motif("promotion", ply, move.to_square) for ply, _, move, _ in line.steps() if move.promotion), None
    )


def under_promotion(line: Line) -> Motif | None:
    """Find a promotion to something else than a queen; one to a rook or bishop counts, too."""
    for ply, _, move, _ in line.steps():
        if move.promotion and move.promotion != chess.QUEEN:
            return Motif("underPromotion", ply, move.to_square)
    return None


def castling(line: Line) -> Motif | None:
    """Find a castling move."""
    for ply, board, move, after in line.steps():
        if board.is_castling(move):
            return Motif("castling", ply, after.king(line.solver))
    return None


def en_passant(line: Line) -> Motif | None:
    """Find a capture in passing."""
    for ply, board, move, _ in line.steps():
        if board.is_en_passant(move):
            taken = chess.square(chess.square_file(move.to_square), chess.square_rank(move.from_square))
            return Motif("enPassant", ply, move.to_square, (taken,))
    return None


def advanced_pawn(line: Line) -> Motif | None:
    """Find a move of a pawn to one of its last two ranks."""
    for ply, board, move, _ in line.steps():
        rank = chess.square_rank(move.to_square)
        far = rank if line.solver == chess.WHITE else 7 - rank
        if far >= _FAR and board.piece_type_at(move.from_square) == chess.PAWN:
            return Motif("advancedPawn", ply, move.to_square)
    return None
