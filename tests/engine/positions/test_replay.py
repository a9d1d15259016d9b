"""Games and variations in UCI notation are played as python-chess plays them."""

from __future__ import annotations

import random

import chess
import pytest

from engine.positions import bitboards
from engine.positions.replay import Replay

_CASTLING = "g1f3 g8f6 g2g3 g7g6 f1g2 f8g7 e1h1 e8h8"
"""Moves with castling as in Chess960, which is written as in standard chess."""


def a_game(seed: int, fen: str = chess.STARTING_FEN, plies: int = 120) -> list[chess.Move]:
    """Return random moves, castling, promotions and captures en passant first."""
    chance, board = random.Random(seed), chess.Board(fen)
    for _ in range(plies):
        moves = sorted(board.legal_moves, key=str)
        if not moves:
            break
        rare = [move for move in moves if board.is_castling(move) or board.is_en_passant(move) or move.promotion]
        board.push(chance.choice(rare or moves))
    return board.move_stack


@pytest.mark.parametrize(
    ("seed", "fen"),
    [
        (1, chess.STARTING_FEN),
        (2, "r3k2r/pppppppp/8/8/8/8/PPPPPPPP/R3K2R b Kq - 3 9"),
        (3, "4k3/PPPP4/8/3pP3/8/8/1pppp2p/4K3 w - d6 0 1"),
        (4, "q3k2q/8/4p3/8/3N1N2/4P3/Q3Q3/R3K2Q w Q - 0 1"),
    ],
)
def test_games_have_the_moves_and_the_san_of_python_chess(seed: int, fen: str) -> None:
    board, chance = chess.Board(fen), random.Random(seed)
    replay = Replay(board.copy())
    for move in a_game(seed, fen):
        legal = {legal.uci() for legal in board.legal_moves}
        others = {f"{chance.choice(chess.SQUARE_NAMES)}{chance.choice(chess.SQUARE_NAMES)}" for _ in range(60)}
        position = bitboards.board_of(board)
        for uci in legal | others:
            assert (bitboards.play(position, uci) is not None) == (uci in legal), (board.fen(), uci)
        assert replay.san(move.uci()) == board.san(move)
        replay.play(move.uci())
        board.push(move)
        assert bitboards.in_check(bitboards.board_of(board)) == board.is_check()
    outcome = board.outcome(claim_draw=False)
    ended = outcome is not None and outcome.termination.name.lower()
    assert replay.ending() == (ended if ended in ("checkmate", "stalemate") else "open")
    assert replay.moves == [move.uci() for move in board.move_stack]


@pytest.mark.parametrize(
    ("variation", "legal"),
    [
        (["e2e4", "e7e5", "g1f3"], ["e2e4", "e7e5", "g1f3"]),
        (["e2e4", "e7e5", "e4e5", "d7d5"], ["e2e4", "e7e5"]),
        (["e2e4", "0000", "d2d4"], ["e2e4"]),
        (["e2e4", "", "d2d4"], ["e2e4"]),
        (["<b>"], []),
        (_CASTLING.split(), [*_CASTLING.split()[:-2], "e1g1", "e8g8"]),
    ],
)
@pytest.mark.parametrize("unusual", [False, True])
def test_variations_keep_their_legal_beginning(variation: list[str], legal: list[str], unusual: bool) -> None:
    replay = Replay(chess.Board())
    if unusual:  # python-chess goes on after a null move
        for uci in ("0000", "0000"):
            replay.play(uci)
    for _ in range(2):  # the second time from what is kept
        assert replay.legal_beginning(tuple(variation)) == tuple(legal)
    replay.play("e2e4")
    assert replay.legal_beginning(("e2e4",)) == ()


def test_illegal_moves_of_a_game_are_refused_as_by_python_chess() -> None:
    replay = Replay(chess.Board())
    for uci in ("e2e4", "f7f6", "d1h5"):
        replay.play(uci)
    with pytest.raises(ValueError, match="null move in check"):
        replay.play("0000")
    with pytest.raises(ValueError, match=r"illegal uci: 'a7a6' in .* b KQkq - 1 2"):
        replay.play("a7a6")
    assert replay.san("g7g6") == "g6"


def test_positions_that_cannot_arise_and_chess960_are_left_to_python_chess() -> None:
    replay = Replay(chess.Board("8/8/8/8/8/8/PPPPPPPP/4K3 w - - 0 1"))
    assert replay.san("e2e4") == "e4"
    fischer = Replay(chess.Board("1rk4r/8/8/8/8/8/8/1RK4R w KQkq - 0 1", chess960=True))
    assert fischer.san("c1h1") == "O-O"
    from_the_usual_start = Replay(chess.Board(chess960=True))
    assert from_the_usual_start.legal_beginning(tuple(_CASTLING.split())) == tuple(_CASTLING.split())
    assert fischer.legal_beginning(("c1h1", "c8b8")) == ("c1h1", "c8b8")
