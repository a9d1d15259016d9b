"""Pieces that are tied to a line: pins to the king, and moves along the line of an attack."""

from __future__ import annotations

import chess

from engine.positions.themes.attacks import LINE_PIECES, is_hanging, value_at
from engine.positions.themes.line import Line, Motif

__all__ = ["collinear_move", "pin"]


def pin(line: Line) -> Motif | None:
    """Find a man pinned to its king that therefore cannot take something, or is lost where it stands."""
    for ply, _, _, after in line.steps():
        king = after.king(not line.solver)
        for square in chess.SquareSet(after.occupied_co[not line.solver] & ~after.kings):
            ray = after.pin(not line.solver, square)
            if ray == chess.BB_ALL:
                continue
            if _would_take(after, square, ray) or _is_stuck(after, square, ray):
                pinner = next(
                    other
                    for other in chess.SquareSet(ray & after.occupied_co[line.solver])
                    if king is not None and chess.BB_SQUARES[square] & chess.between(other, king)
                )
                return Motif("pin", ply, pinner, (square,))
    return None


def _would_take(board: chess.Board, square: chess.Square, ray: chess.SquareSet) -> bool:
    """Return whether a pinned man could take something hanging or more valuable off the line if it were free."""
    value, side = value_at(board, square), board.color_at(square)
    return any(
        board.color_at(target) == (not side) and (value_at(board, target) > value or is_hanging(board, target))
        for target in board.attacks(square) - ray
    )


def _is_stuck(board: chess.Board, square: chess.Square, ray: chess.SquareSet) -> bool:
    """Return whether a pinned piece is attacked by something cheaper, or hangs and cannot take what pins it."""
    side = board.color_at(square)
    if side is None or board.piece_type_at(square) == chess.PAWN:
        return False
    attackers = board.attackers(not side, square)
    if any(value_at(board, attacker) < value_at(board, square) for attacker in attackers):
        return True
    takes_pinner = board.attacks(square) & ray & board.occupied_co[not side]
    return bool(attackers) and is_hanging(board, square) and not takes_pinner


def collinear_move(line: Line) -> Motif | None:
    """Find a piece that moves along the line on which an enemy piece attacks it, and takes nothing."""
    for ply, board, move, _ in line.steps():
        if line.moved(ply) not in LINE_PIECES or line.captured(ply) is not None:
            continue
        for attacker in board.attackers(not line.solver, move.from_square):
            if board.piece_type_at(attacker) not in LINE_PIECES:
                continue
            if chess.ray(attacker, move.from_square) & chess.BB_SQUARES[move.to_square]:
                return Motif("collinearMove", ply, move.to_square, (attacker,))
    return None
