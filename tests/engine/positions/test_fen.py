"""FENs: those of python-chess."""

from __future__ import annotations

import random

import chess
import pytest

from engine.positions.fen import fen_of, fens_of


@pytest.mark.parametrize("start", [None, *range(0, 960, 97)])
def test_a_fen_is_python_chess_s(start: int | None) -> None:
    """Along random games from several starts that castle and take en passant when they can."""
    rng = random.Random(start or 7)
    board = chess.Board() if start is None else chess.Board.from_chess960_pos(start)
    fens = []
    while not board.is_game_over() and board.ply() < 120:
        fens.append(board.fen())
        assert fen_of(board) == fens[-1]
        assert fen_of(board, shredder=True) == board.fen(shredder=True)
        moves = list(board.legal_moves)
        special = [move for move in moves if board.is_castling(move) or board.is_en_passant(move)]
        board.push(rng.choice(special or moves))
    moves_made = [board.uci(move) for move in board.move_stack]
    assert list(fens_of(board.root(), moves_made)) == [*fens, board.fen()]


@pytest.mark.parametrize(
    ("fen", "moves", "last"),
    [
        ("4k3/8/8/8/5p2/8/4P3/4K3 w - - 0 1", ["e2e4", "f4e3"], "4k3/8/8/8/8/4p3/8/4K3 w - - 0 2"),
        # The pawn beside it is pinned, so that nothing may be taken en passant.
        ("8/8/8/8/R4p1k/8/4P3/4K3 w - - 7 9", ["e2e4"], "8/8/8/8/R3Pp1k/8/8/4K3 b - - 0 9"),
        ("4k3/8/8/8/r4P1p/8/6P1/4K3 w - - 0 1", ["g2g4"], "4k3/8/8/8/r4PPp/8/8/4K3 b - g3 0 1"),
        ("r3k2r/1P6/8/8/8/8/8/R3K2R w KQkq - 4 30", ["b7a8n", "e8g8"], "N4rk1/8/8/8/8/8/8/R3K2R w KQ - 1 31"),
        ("r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 4 30", ["0000", "h1h8"], "r3k2R/8/8/8/8/8/8/R3K3 b Qq - 0 31"),
    ],
)
def test_the_fens_of_a_game_know_the_rules(fen: str, moves: list[str], last: str) -> None:
    assert list(fens_of(chess.Board(fen), moves))[-1] == last


def test_a_right_to_castle_that_needs_a_file() -> None:
    board = chess.Board("4k3/8/8/8/8/8/8/RR2K3 w B - 0 1", chess960=True)
    assert fen_of(board) == board.fen() == "4k3/8/8/8/8/8/8/RR2K3 w B - 0 1"
