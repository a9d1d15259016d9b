"""Attacks on the opponent's king: where it stands, what is around it, and what is thrown at it."""

from __future__ import annotations

import chess

from engine.positions.themes.forks import fork
from engine.positions.themes.line import Line, Motif
from engine.positions.themes.mate_net import Net
from engine.positions.themes.mates import back_rank

__all__ = ["attacking_f2_f7", "exposed_king", "kingside_attack", "queenside_attack"]

_HOME_RANKS = 2
"""The opponent's king has left home beyond this rank of its side, counted from 0."""
_MEN, _MEN_QUEENSIDE = 20, 18
"""With fewer men on the board it is no longer an attack on a castled king, but an endgame of a kind."""
_NEAR, _FAR = 2, 4
"""King's moves from the king: up to here a capture is part of the attack, beyond there no move is."""
_ENOUGH = 2
"""Checks and captures near the king, less moves far away, that make an attack."""


def exposed_king(line: Line) -> Motif | None:
    """Find a king near home, without own pawns before or beside it, that is checked in the middle of the line."""
    king = _king(line)
    board = line.boards[0]
    if _rank(king, line) > _HOME_RANKS:
        return None
    ahead = 1 if line.solver == chess.BLACK else -1
    shield = chess.BB_KING_ATTACKS[king] & board.pieces_mask(chess.PAWN, not line.solver)
    rank = chess.square_rank(king)
    if any((chess.square_rank(square) - rank) * ahead >= 0 for square in chess.scan_forward(shield)):
        return None
    for ply in line.solver_plies[1:-1]:
        if line.is_check(ply):
            checked = line.boards[ply + 1].king(not line.solver)
            return Motif("exposedKing", ply, line.moves[ply].to_square, (king if checked is None else checked,))
    return None


def kingside_attack(line: Line) -> Motif | None:
    """Find an attack on a king on the g- or h-file of its first rank."""
    return _attack(line, "kingsideAttack", (6, 7), _MEN)


def queenside_attack(line: Line) -> Motif | None:
    """Find an attack on a king on the b- or c-file of its first rank."""
    return _attack(line, "queensideAttack", (1, 2), _MEN_QUEENSIDE)


def attacking_f2_f7(line: Line) -> Motif | None:
    """Find a capture on f2 or f7 while the king is still on the square where it stands at first."""
    target, home = (chess.F2, chess.E1) if line.solver == chess.BLACK else (chess.F7, chess.E8)
    for ply, board, move, _ in line.steps():
        if move.to_square == target and line.captured(ply) is not None:
            return Motif("attackingF2F7", ply, target, (home,)) if board.king(not line.solver) == home else None
    return None


def _attack(line: Line, theme: str, files: tuple[int, ...], men: int) -> Motif | None:
    """Find checks and captures around a king; a fork, or a mate on the back rank, is something else."""
    king = _king(line)
    if _rank(king, line) != 0 or chess.square_file(king) not in files or line.boards[0].occupied.bit_count() < men:
        return None
    force = 0
    for ply, _, move, _ in line.steps():
        distance = chess.square_distance(king, move.to_square)
        force += line.is_check(ply)
        if line.captured(ply) is not None and distance <= _NEAR:
            force += 1
        elif distance > _FAR:
            force -= 1
    checks = [ply for ply in line.solver_plies if line.is_check(ply)]
    if force < _ENOUGH or not checks or fork(line) is not None:
        return None
    if line.is_mate and back_rank(Net(line.last)):
        return None
    checked = line.boards[checks[0] + 1].king(not line.solver)
    return Motif(theme, checks[0], line.moves[checks[0]].to_square, (king if checked is None else checked,))


def _king(line: Line) -> chess.Square:
    king = line.boards[0].king(not line.solver)
    assert king is not None
    return king


def _rank(square: chess.Square, line: Line) -> int:
    """Return a rank as the opponent counts: 0 is the opponent's first."""
    rank = chess.square_rank(square)
    return rank if line.solver == chess.BLACK else 7 - rank
