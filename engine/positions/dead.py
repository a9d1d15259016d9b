"""Dead positions: neither side has the men to mate, so the game is drawn whatever is played. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import chess

__all__ = ["dead_positions"]


def dead_positions(fen: str, variant: str, moves: Sequence[str]) -> frozenset[int]:
    """Return the dead positions of a game, 0-based: bare kings, a single knight, or bishops on one colour.

    * **fen** - FEN of the first position.
    * **variant** - `standard` or `chess960`.
    * **moves** - the moves in UCI notation.
    """
    board = chess.Board(fen, chess960=variant == "chess960")
    dead = [0] if _is_dead(board) else []
    for ply, move in enumerate(moves, 1):
        board.push(chess.Move.from_uci(move))
        if _is_dead(board):
            dead.append(ply)
    return frozenset(dead)


def _is_dead(board: chess.Board) -> bool:
    return not (board.pawns | board.rooks | board.queens) and board.is_insufficient_material()
