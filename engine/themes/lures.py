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
    """Find a capture or promotion on a square from which the solver's move before drew the protector away.

    The protector took the man that drew it, or had to answer its check. To take something of the same value or more is
    an exchange and draws nobody away.
    """
    for ply, board, move, _ in line.steps():
        if ply < 2 or not (line.captured(ply) or move.promotion):  # noqa: PLR2004 - there is a move before
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
            return Motif("deflection", ply - 2, lure.to_square, (reply.to_square,))
    return None


def interference(line: Line) -> Motif | None:
    """Find a capture of a man whose protector was cut off by a man that came between them.

    The man between may be the solver's, or one that the opponent put there.
    """
    for ply, board, move, _ in line.steps():
        if ply < 2 or line.captured(ply) is None or not is_hanging(board, move.to_square):  # noqa: PLR2004
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
        earlier = line.boards[ply - 2]
        # Where the answer takes a protector away, it is a deflection.
        deflected = line.moves[ply - 1].from_square in earlier.attackers(not line.solver, move.to_square)
        if earlier.is_legal(move) and not deflected:
            return Motif("intermezzo", ply - 2, line.moves[ply - 2].to_square, (move.to_square,))
    return None


def capturing_defender(line: Line) -> Motif | None:
    """Find a capture of a man whose only protector the solver took with the move before."""
    for ply, board, move, _ in line.steps():
        if ply < 2 or line.captured(ply) is None or line.captured(ply - 2) is None:
            continue
        previous = line.moves[ply - 2]
        if previous.to_square in (move.from_square, move.to_square) or line.is_check(ply - 2):
            continue
        earlier = line.boards[ply - 2]
        if line.moves[ply - 1].to_square == move.to_square or not is_hanging(board, move.to_square):
            continue
        if earlier.color_at(move.to_square) == (not line.solver) and previous.to_square in earlier.attackers(
            not line.solver, move.to_square
        ):
            return Motif("capturingDefender", ply - 2, previous.to_square, (previous.to_square, move.to_square))
    return None
