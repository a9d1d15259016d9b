"""Exchanges on one square, and positions in which none of them wins anything.

An exchange is what happens if both sides take on one square, by legal moves, for as long as it pays. It is the
static exchange evaluation of chess programs, but with legal moves only, so that pinned pieces do not take.
"""

from __future__ import annotations

import chess

from engine.positions.material import VALUES, captured

__all__ = ["exchange", "is_quiet", "passed", "wins_by_taking"]

_LAST_RANKS = chess.BB_BACKRANKS


def exchange(board: chess.Board, square: chess.Square) -> int:
    """Return what the side to move wins if both sides take on a square for as long as it pays; 0 for nothing.

    * **board** - the position; it is afterwards what it was.
    * **square** - the square that is taken on.
    """
    best = 0
    for move in _captures(board, square):
        gain = capture_value(board, move)
        if gain > best:
            best = max(best, gain_of(board, move))
    return best


def gain_of(board: chess.Board, move: chess.Move) -> int:
    """Return what a move wins at once, less what the answers on its square win back; it may be negative.

    * **board** - the position; it is afterwards what it was.
    * **move** - a legal move.
    """
    gain = capture_value(board, move)
    board.push(move)
    gain -= exchange(board, move.to_square)
    board.pop()
    return gain


def capture_value(board: chess.Board, move: chess.Move) -> int:
    """Return the value of what a move takes, with what a pawn gains that promotes."""
    taken = captured(board, move)
    value = VALUES[taken] if taken is not None else 0
    return value + VALUES[move.promotion] - 1 if move.promotion else value


def passed(board: chess.Board) -> chess.Board:
    """Return the position after the side to move has passed, which it cannot do in check."""
    after = board.copy(stack=False)
    after.push(chess.Move.null())
    return after


def wins_by_taking(board: chess.Board) -> bool:
    """Return whether a capture or a promotion of the side to move wins anything.

    * **board** - the position; it is afterwards what it was.
    """
    own, other = board.occupied_co[board.turn], board.occupied_co[not board.turn]
    if any(
        board.attackers_mask(board.turn, square) and exchange(board, square) > 0
        for square in chess.scan_forward(other & ~board.kings)
    ):
        return True
    if board.ep_square is not None and board.has_legal_en_passant() and exchange(board, board.ep_square) > 0:
        return True
    if not own & board.pawns & (chess.BB_RANK_7 if board.turn else chess.BB_RANK_2):
        return False
    pushes = board.generate_legal_moves(own & board.pawns, _LAST_RANKS & ~board.occupied)
    return any(move.promotion == chess.QUEEN and gain_of(board, move) > 0 for move in pushes)


def is_quiet(board: chess.Board, winner: chess.Color) -> bool:
    """Return whether nothing of a side hangs, so that what it has won is its own.

    No capture and no promotion of the other side wins anything, and both can move. If the side itself is to move,
    it is asked whether the other wins anything if the side passes, which it cannot do in check.

    * **board** - the position; it is afterwards what it was.
    * **winner** - the colour of the side.
    """
    if board.turn != winner:
        return any(board.generate_legal_moves()) and not wins_by_taking(board)
    if board.is_check() or not any(board.generate_legal_moves()):
        return False
    board.push(chess.Move.null())
    wins = wins_by_taking(board)
    board.pop()
    return not wins


def _captures(board: chess.Board, square: chess.Square) -> list[chess.Move]:
    """Return the legal moves that take on a square, those of the least pieces first."""
    moves = [
        move
        for move in board.generate_legal_captures(board.occupied_co[board.turn], chess.BB_SQUARES[square])
        if move.promotion in (None, chess.QUEEN)
    ]
    if len(moves) > 1:
        moves.sort(key=lambda move: (board.piece_type_at(move.from_square), move.from_square))
    return moves
