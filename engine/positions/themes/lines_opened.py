"""Lines that a move opens or a piece looks through: discoveries, clearances, x-rays, skewers."""

from __future__ import annotations

import chess

from engine.positions.themes.attacks import LINE_PIECES, VALUES, is_lost
from engine.positions.themes.line import Line, Motif

__all__ = ["clearance", "discovered_attack", "discovered_check", "skewer", "x_ray"]


def discovered_check(line: Line) -> Motif | None:
    """Find a move after which a piece that did not move gives check."""
    for ply, _, move, after in line.steps():
        for checker in after.checkers():
            if checker != move.to_square:
                king = after.king(after.turn)
                assert king is not None
                return Motif("discoveredCheck", ply, checker, (king,))
    return None


def discovered_attack(line: Line) -> Motif | None:
    """Find a capture along a line that the solver's move before opened; a discovered check is one too."""
    for ply, _, move, after in line.steps():
        checkers = after.checkers()
        if len(checkers) == 1 and move.to_square not in checkers:
            king = after.king(after.turn)
            assert king is not None
            return Motif("discoveredAttack", ply, min(checkers), (king,))
    for ply, _, move, _ in line.steps():
        if ply == 0 or line.captured(ply) is None or line.moved(ply) not in LINE_PIECES:
            continue
        opener = line.moves[ply - 2]
        if line.moves[ply - 1].to_square == move.to_square or opener.to_square == move.from_square:
            continue
        if chess.between(move.from_square, move.to_square) & chess.BB_SQUARES[opener.from_square]:
            return Motif("discoveredAttack", ply - 2, move.from_square, (move.to_square,))
    return None


def skewer(line: Line) -> Motif | None:
    """Find a line piece that takes what stood behind a more valuable man, which went out of its way."""
    for ply, board, move, _ in line.steps():
        taken = line.captured(ply)
        if ply == 0 or taken is None or line.moved(ply) not in LINE_PIECES:
            continue
        reply = line.moves[ply - 1]
        if not chess.between(move.from_square, move.to_square) & chess.BB_SQUARES[reply.from_square]:
            continue
        if reply.to_square == move.to_square:
            continue
        if VALUES[line.moved(ply - 1)] > VALUES[taken] and is_lost(board, move.to_square):
            return Motif("skewer", ply - 2, move.from_square, tuple(sorted((reply.from_square, move.to_square))))
    return None


def x_ray(line: Line) -> Motif | None:
    """Find a piece that takes again on a square that it reached through the man that took before."""
    for ply, _, move, _ in line.steps():
        if ply == 0 or line.captured(ply) is None or line.moved(ply) not in LINE_PIECES:
            continue
        reply = line.moves[ply - 1]
        if reply.to_square != move.to_square or line.captured(ply - 1) is None:
            continue
        if chess.between(move.from_square, move.to_square) & chess.BB_SQUARES[reply.from_square]:
            return Motif("xRayAttack", ply - 2, move.from_square, (reply.from_square,))
    return None


def clearance(line: Line) -> Motif | None:
    """Find a line piece that goes to or through a square that was just left, or a pawn that promotes there.

    It takes nothing, and no man has just gone from its square. A check does not count where the king had to
    move, because then the square did not prevent it, and neither does a move before that took something safely.
    """
    for ply, _, move, _ in line.steps():
        if ply == 0 or line.captured(ply) is not None or not (line.moved(ply) in LINE_PIECES or move.promotion):
            continue
        cleared, reply = line.moves[ply - 2], line.moves[ply - 1]
        path = chess.between(move.from_square, move.to_square) | chess.BB_SQUARES[move.to_square]
        if not path & chess.BB_SQUARES[cleared.from_square] or cleared.to_square == move.from_square:
            continue
        if reply.from_square == move.to_square or (line.moved(ply - 1) == chess.KING and line.is_check(ply)):
            continue
        if line.captured(ply - 2) is None or is_lost(line.boards[ply - 1], cleared.to_square):
            return Motif("clearance", ply - 2, cleared.to_square, (cleared.from_square,))
    return None
