"""Men that are lured or taken away from their duty: attraction, deflection, interference, captured protectors."""

from __future__ import annotations

import chess

from engine.positions.themes.attacks import LINE_PIECES, VALUES, is_hanging
from engine.positions.themes.line import Line, Motif

__all__ = ["attraction", "capturing_defender", "deflection", "interference", "intermezzo"]


def attraction(line: Line) -> Motif | None:
    """Find a king, queen or rook that takes where it was drawn to, and is checked or lost there."""
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
            return Motif("attraction", ply, lure.to_square, (reply.from_square,))
    return None


def deflection(line: Line) -> Motif | None:
    """Find a capture or promotion on a square from which the solver's move before drew the protector away.

    The protector took the man that drew it, or had to answer its check. To take something of the same value or
    more is an exchange and draws nobody away.
    """
    for ply, board, move, _ in line.steps():
        if ply == 0 or not (line.captured(ply) or move.promotion):
            continue
        lure, reply = line.moves[ply - 2], line.moves[ply - 1]
        if reply.to_square == move.to_square or not (reply.to_square == lure.to_square or line.is_check(ply - 2)):
            continue
        taken = line.captured(ply - 2)
        if taken is not None and VALUES[taken] >= VALUES[lure.promotion or line.moved(ply - 2)]:
            continue
        before = line.boards[ply - 1]
        if move.promotion:  # a rook behind the pawn protects the square, too
            before = before.copy(stack=False)
            before.remove_piece_at(move.from_square)
        protected = move.to_square in before.attacks(reply.from_square)
        if protected and move.to_square not in board.attacks(reply.to_square):
            return Motif("deflection", ply - 2, lure.to_square, (reply.from_square,))
    return None


def interference(line: Line) -> Motif | None:
    """Find a capture of a man whose protector was cut off by a man that came between them.

    The man between may be the solver's, or one that the opponent put there.
    """
    for ply, board, move, _ in line.steps():
        if ply == 0 or line.captured(ply) is None or not is_hanging(board, move.to_square):
            continue
        reply = line.moves[ply - 1]
        if reply.to_square == move.to_square:
            continue
        earlier = line.boards[ply - 2]
        for protector in earlier.attackers(not line.solver, move.to_square):
            if earlier.piece_type_at(protector) not in LINE_PIECES:
                continue
            between = chess.between(protector, move.to_square)
            blockers = [line.moves[ply - 2].to_square]
            if board.piece_at(protector) == earlier.piece_at(protector):
                blockers.append(reply.to_square)
            for blocker in blockers:
                if between & chess.BB_SQUARES[blocker]:
                    return Motif("interference", ply - 2, blocker, tuple(sorted((protector, move.to_square))))
    return None


def intermezzo(line: Line) -> Motif | None:
    """Find an expected recapture before which the solver put another move.

    Where the answer to that move took a protector away, it was a deflection.
    """
    for ply, _, move, _ in line.steps():
        if ply == 0 or line.captured(ply) is None:
            continue
        between, answer = line.moves[ply - 2], line.moves[ply - 1]
        expected = line.opponent_move(ply - 2)
        if move.to_square in (between.to_square, answer.to_square) or expected is None:
            continue
        before, capture = expected
        if capture.to_square != move.to_square or before.piece_type_at(capture.to_square) is None:
            continue
        earlier = line.boards[ply - 2]
        protected = earlier.attackers(not line.solver, move.to_square)
        if earlier.is_legal(move) and answer.from_square not in protected:
            return Motif("intermezzo", ply - 2, between.to_square, (move.to_square,))
    return None


def capturing_defender(line: Line) -> Motif | None:
    """Find a capture of a man whose protector the solver took with the move before, without check."""
    for ply, board, move, _ in line.steps():
        if ply == 0 or line.captured(ply) is None or line.captured(ply - 2) is None or line.is_check(ply - 2):
            continue
        capture, reply = line.moves[ply - 2], line.moves[ply - 1]
        if capture.to_square in (move.from_square, move.to_square) or reply.to_square == move.to_square:
            continue
        earlier = line.boards[ply - 2]
        target = move.to_square
        protected = earlier.color_at(target) == (not line.solver) and capture.to_square in earlier.attackers(
            not line.solver, target
        )
        if protected and is_hanging(board, target):
            targets = tuple(sorted((capture.to_square, target)))
            return Motif("capturingDefender", ply - 2, capture.to_square, targets)
    return None
