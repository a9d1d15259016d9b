"""Men that are lured or taken away from their duty: attraction, deflection, interference, captured protectors."""

from __future__ import annotations

import chess

from engine.themes.attacks import LINE_PIECES, VALUES, is_hanging, value_at
from engine.themes.line import Line, Motif

__all__ = ["attraction", "capturing_defender", "deflection", "interference", "intermezzo"]


def attraction(line: Line) -> Motif | None:
    """Find a king, queen or rook that takes on a square to which the solver drew it, and is attacked there next."""
    for ply in line.solver_plies[:-1]:
        lure, reply, blow = line.moves[ply], line.moves[ply + 1], line.moves[ply + 2]
        if reply.to_square != lure.to_square or line.moved(ply + 1) not in (chess.KING, chess.QUEEN, chess.ROOK):
            continue
        after = line.boards[ply + 3]
        if not after.is_attacked_by(line.solver, lure.to_square) or blow.to_square == lure.to_square:
            continue
        if lure.to_square not in after.attacks(blow.to_square):
            continue
        taken_later = ply + 4 < len(line.moves) and line.moves[ply + 4].to_square == lure.to_square
        if line.moved(ply + 1) == chess.KING or taken_later:
            return Motif("attraction", ply, lure.to_square, (lure.to_square,))
    return None


def deflection(line: Line) -> Motif | None:
    """Find a capture, mate or promotion on a square that the man which moved last protected until then."""
    for ply, board, move, after in line.steps():
        if ply < 2:
            continue
        reply = line.moves[ply - 1]
        before_reply = line.boards[ply - 1]
        if not (line.captured(ply) or move.promotion):
            continue
        if reply.to_square == move.to_square:
            continue
        guarded = before_reply.attacks(reply.from_square)
        if move.to_square not in guarded:
            continue
        if move.to_square in board.attacks(reply.to_square):
            continue
        previous = line.moves[ply - 2]
        if reply.to_square == previous.to_square or line.is_check(ply - 2):
            return Motif("deflection", ply - 2, previous.to_square, (reply.to_square,))
    return None


def interference(line: Line) -> Motif | None:
    """Find a capture of a man whose protector was cut off by a man that came between them."""
    for ply, board, move, _ in line.steps():
        if ply < 2 or line.captured(ply) is None or not is_hanging(board, move.to_square):
            continue
        if line.moves[ply - 1].to_square == move.to_square:
            continue
        earlier = line.boards[ply - 2]
        for protector in earlier.attackers(not line.solver, move.to_square):
            if earlier.piece_type_at(protector) not in LINE_PIECES or board.piece_at(protector) != earlier.piece_at(protector):
                continue
            blocks = chess.between(protector, move.to_square)
            for blocker in (line.moves[ply - 2].to_square, line.moves[ply - 1].to_square):
                if blocks & chess.BB_SQUARES[blocker]:
                    return Motif("interference", ply - 2, blocker, (protector, move.to_square))
    return None


def intermezzo(line: Line) -> Motif | None:
    """Find a capture that was possible a move earlier, before which the solver put another move."""
    for ply, board, move, _ in line.steps():
        if ply < 2 or line.captured(ply) is None:
            continue
        if line.moves[ply - 1].to_square == move.to_square or line.moves[ply - 2].to_square == move.to_square:
            continue
        last = line.flaw if ply == 2 else line.moves[ply - 3]
        if last is None or last.to_square != move.to_square:
            continue
        taken_there = (line.before if ply == 2 else line.boards[ply - 3]).piece_type_at(move.to_square)  # type: ignore[union-attr]
        if taken_there is None:
            continue
        if line.boards[ply - 2].is_legal(move):
            return Motif("intermezzo", ply - 2, line.moves[ply - 2].to_square, (move.to_square,))
    return None


def capturing_defender(line: Line) -> Motif | None:
    """Find a capture of a man whose only protector the solver took with the move before."""
    for ply, board, move, _ in line.steps():
        if ply < 2 or line.captured(ply) is None or line.captured(ply - 2) is None:
            continue
        previous = line.moves[ply - 2]
        if previous.to_square == move.to_square or not is_hanging(board, move.to_square):
            continue
        earlier = line.boards[ply - 2]
        if line.moves[ply - 1].to_square == move.to_square:
            continue
        if earlier.color_at(move.to_square) == (not line.solver) and previous.to_square in earlier.attackers(not line.solver, move.to_square):
            return Motif("capturingDefender", ply - 2, previous.to_square, (previous.to_square, move.to_square))
    return None
