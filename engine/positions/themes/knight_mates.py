"""Mates that need a knight, by the names they have in chess books."""

from __future__ import annotations

import chess

from engine.positions.themes.mate_net import Net, is_two_diagonally

__all__ = ["anastasia", "arabian", "corner", "hook", "smothered", "vukovic"]


def smothered(net: Net) -> bool:
    """A knight mates a king, and men of its own stand on all squares beside it."""
    return net.checks_with(chess.KNIGHT) is not None and not net.open


def anastasia(net: Net) -> bool:
    """A rook or queen mates along the a- or h-file; a man of the king's own and, two squares behind it, a knight
    shut the king in."""
    checker = net.checks_with(chess.ROOK, chess.QUEEN)
    if checker is None or net.file not in (0, 7) or net.in_corner or chess.square_file(checker) != net.file:
        return False
    inward = (1 if net.file == 0 else -1, 0)
    return net.step(inward, 1) in net.blocked and net.step(inward, 3) in net.of(chess.KNIGHT)


def arabian(net: Net) -> bool:
    """A rook mates from beside a king in the corner, and a knight diagonally two squares away protects it."""
    checker = net.checks_with(chess.ROOK)
    if checker is None or not net.in_corner or not net.touches(checker):
        return False
    guards = net.guards(checker)
    return any(is_two_diagonally(knight, net.king) and knight in guards for knight in net.of(chess.KNIGHT))


def hook(net: Net) -> bool:
    """A rook mates from beside the king, protected by a knight beside the king, which a pawn protects."""
    checker = net.checks_with(chess.ROOK)
    if checker is None or not net.touches(checker):
        return False
    pawns = net.board.pieces(chess.PAWN, net.winner)
    return any(
        net.touches(knight) and knight in net.guards(checker) and net.board.attackers(net.winner, knight) & pawns
        for knight in net.of(chess.KNIGHT)
    )


def vukovic(net: Net) -> bool:
    """A rook mates from beside a king at the edge, something protects it, and a knight stands behind it."""
    checker = net.checks_with(chess.ROOK)
    if checker is None or not net.touches(checker):
        return False
    behind = net.behind(checker)
    return behind is not None and behind in net.of(chess.KNIGHT) and bool(net.guards(checker))


def corner(net: Net) -> bool:
    """A knight mates, and a rook or queen keeps the king on one side of the board."""
    kept = [square for square in net.open if net.guards(square) & net.board.rooks]
    return net.checks_with(chess.KNIGHT) is not None and len(kept) >= _KEPT


_KEPT = 4
"""Squares beside the king that a rook has to guard at least."""
