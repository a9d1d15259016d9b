"""FENs: those of python-chess."""

from __future__ import annotations

import random

import chess
import pytest

from engine.positions.fen import fen_of


@pytest.mark.parametrize("start", [None, *range(0, 960, 97)])
def test_a_fen_is_python_chess_s(start: int | None) -> None:
    """Along random games from several starts that castle and take en passant when they can."""
    rng = random.Random(start or 7)
    board = chess.Board() if start is None else chess.Board.from_chess960_pos(start)
    while not board.is_game_over() and board.ply() < 120:
        assert fen_of(board) == board.fen()
        assert fen_of(board, shredder=True) == board.fen(shredder=True)
        moves = list(board.legal_moves)
        special = [move for move in moves if board.is_castling(move) or board.is_en_passant(move)]
        board.push(rng.choice(special or moves))


def test_a_right_to_castle_that_needs_a_file() -> None:
    board = chess.Board("4k3/8/8/8/8/8/8/RR2K3 w B - 0 1", chess960=True)
    assert fen_of(board) == board.fen() == "4k3/8/8/8/8/8/8/RR2K3 w B - 0 1"
