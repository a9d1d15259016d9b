"""Mates by rooks, queens and bishops, by the names they have in chess books."""

from __future__ import annotations

import chess

from engine.positions.themes.mate_net import Net, is_two_diagonally

__all__ = [
    "back_rank",
    "balestra",
    "blind_swine",
    "boden",
    "double_bishop",
    "dovetail",
    "epaulette",
    "kill_box",
    "morphy",
    "opera",
    "pillsbury",
    "swallowtail",
    "triangle",
]


def back_rank(net: Net) -> bool:
    """A rook or queen mates along the first rank a king that men of its own keep there."""
    checkers = [square for square in net.checkers if net.board.piece_type_at(square) in (chess.ROOK, chess.QUEEN)]
    if net.rank != 0 or not any(chess.square_rank(square) == chess.square_rank(net.king) for square in checkers):
        return False
    [inward] = [direction for direction in net.inward() if direction[1]]
    ahead = [
        square for square in net.beside if chess.square_rank(square) == chess.square_rank(net.king) + inward[1]
    ]
    return all(square in net.blocked and not net.guards(square) for square in ahead)


def boden(net: Net) -> bool:
    """Two bishops mate on diagonals that cross; men of the king's own stand in its way."""
    return _bishops(net, same_side=False)


def double_bishop(net: Net) -> bool:
    """Two bishops mate on diagonals beside each other."""
    return _bishops(net, same_side=True)


def _bishops(net: Net, *, same_side: bool) -> bool:
    """Return whether bishops alone mate, both from one side of the king's file or from both sides."""
    bishops = net.of(chess.BISHOP)
    if len(bishops) < 2 or net.checks_with(chess.BISHOP) is None:  # noqa: PLR2004 - two bishops
        return False
    if not all(
        net.board.piece_type_at(guard) == chess.BISHOP for square in net.open for guard in net.guards(square)
    ):
        return False
    sides = {chess.square_file(bishop) < net.file for bishop in bishops}
    return (len(sides) == 1) == same_side


def dovetail(net: Net) -> bool:
    """A queen mates diagonally beside a king, and alone guards all squares beside it that are free."""
    queen = _queen_beside(net)
    if queen is None or net.straight(queen):
        return False
    return all(
        set(net.guards(square)) == {queen}
        if square in net.open
        else not net.board.is_attacked_by(net.winner, square)
        for square in net.beside
        if square != queen
    )


def swallowtail(net: Net) -> bool:
    """A queen mates straight beside a king, whose own men stand on the two squares beside it farthest from her."""
    queen = _queen_beside(net)
    if queen is None or not net.straight(queen):
        return False
    return {square for square in net.beside if chess.square_knight_distance(square, queen) == 1} <= net.blocked


def _queen_beside(net: Net) -> chess.Square | None:
    """Return the square of a queen that alone mates from beside a king which is not at the edge."""
    queen = net.checks_with(chess.QUEEN)
    return queen if queen is not None and not net.at_edge and net.touches(queen) else None


def epaulette(net: Net) -> bool:
    """A king between two men, at least one of them its own, is mated along the line between them."""
    checked = {chess.square_file(checker) == net.file for checker in net.checkers if net.straight(checker)}
    return any(_shoulders(net, along_file) for along_file in checked)


def _shoulders(net: Net, along_file: bool) -> bool:
    shoulders = [net.step((way, 0) if along_file else (0, way), 1) for way in (1, -1)]
    return any(x in net.blocked for x in shoulders) and all(
        x is not None and net.board.piece_type_at(x) for x in shoulders
    )


def opera(net: Net) -> bool:
    """A rook mates from beside a king, protected by a bishop."""
    rook = net.checks_with(chess.ROOK)
    if rook is None or not net.touches(rook):
        return False
    return bool(net.guards(rook) & net.board.bishops)


def pillsbury(net: Net) -> bool:
    """A rook mates, and a bishop that does not protect it guards the king's way out."""
    rooks = [square for square in net.checkers if net.board.piece_type_at(square) == chess.ROOK]
    bishops = net.board.pieces(chess.BISHOP, net.winner)
    if not rooks or any(
        net.touches(rook) and (len(net.checkers) > 1 or net.guards(rook) & bishops) for rook in rooks
    ):
        return False
    return any(net.guards(square) and not net.guards(square) - bishops for square in net.open - set(rooks))


def morphy(net: Net) -> bool:
    """A bishop mates a king on its first rank that its own men hinder, and a rook guards its ways out."""
    if net.checks_with(chess.BISHOP) is None or net.rank != 0 or not net.blocked:
        return False
    return sum(bool(net.guards(square) & net.board.rooks) for square in net.open) > 1


def blind_swine(net: Net) -> bool:
    """Two rooks beside the king and beside each other mate."""
    rook = net.checks_with(chess.ROOK)
    return rook is not None and any(
        net.touches(other)
        and net.touches(rook)
        and chess.square_distance(rook, other) == 1
        and other in net.guards(rook)
        for other in net.of(chess.ROOK)
    )


def kill_box(net: Net) -> bool:
    """A rook mates beside the king, and a queen two squares diagonally from the rook closes the box."""
    rook = net.checks_with(chess.ROOK)
    if rook is None or not net.touches(rook):
        return False
    return any(
        is_two_diagonally(queen, rook)
        and chess.square_distance(queen, net.king) == _BOX - 1
        and queen in net.guards(rook)
        for queen in net.of(chess.QUEEN)
    )


_BOX = 3
"""The side of the box in squares."""


def triangle(net: Net) -> bool:
    """A queen mates diagonally beside a king, and a rook protects her from the other side of its file or rank."""
    queen = net.checks_with(chess.QUEEN)
    if queen is None or not net.touches(queen) or net.straight(queen):
        return False
    return any(
        net.touches(rook) and not net.straight(rook) and rook in net.guards(queen) for rook in net.of(chess.ROOK)
    )


def balestra(net: Net) -> bool:
    """A bishop mates, and a queen guards the squares beside the king that the bishop does not reach."""
    bishop = net.checks_with(chess.BISHOP)
    return (
        bishop is not None
        and chess.square_distance(bishop, net.king) == 2  # noqa: PLR2004
        and net.guarded_by(net.open, chess.QUEEN, chess.BISHOP)
        and any(net.guards(square) & net.board.queens for square in net.open)
    )
