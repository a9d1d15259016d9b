"""`_plain_moves.find` beside python-chess: every move that can be written, in many positions."""

import itertools
import random
from collections.abc import Iterator

import chess
import pytest

from engine_plugins.readers._plain_moves import find
from tests.perf.games import random_moves

STARTS = {
    "initial": chess.STARTING_FEN,
    "pins on all lines": "4r2k/1b4b1/8/4R3/2NPP1P1/8/r1BKN2r/3Q4 w - - 0 1",
    "en passant": "rnbqkbnr/ppp1p1pp/8/3pPp2/8/8/PPPP1PPP/RNBQKBNR w KQkq f6 0 3",
    "en passant along a pinned rank": "8/8/8/KPp4r/8/8/8/7k w - c6 0 1",
    "about to promote": "1n5k/P1P5/8/8/8/8/5p1p/K5N1 b - - 0 1",
    "three knights": "7k/8/8/1N3N2/8/8/1N6/K7 w - - 0 1",
    "a king between sliders": "7k/8/8/q2K3r/8/8/8/8 w - - 0 1",
    "check by a slider": "4r2k/8/8/8/1b6/8/PPPP1PPP/RNBQKBNR w KQ - 0 1",
    "check by a pawn that can be taken en passant": "7k/8/8/3PpP2/3K4/8/8/8 w - e6 0 1",
    "check by a slider through a king": "7k/8/8/8/r2K4/8/8/2R4B w - - 0 1",
    "check by a knight": "7k/8/8/8/8/5n2/8/Q2RKR1B w - - 0 1",
    "double check": "4r2k/8/8/8/8/3n4/2P5/Q3KR1B w - - 0 1",
    "kings side by side": "8/8/8/3kK3/8/8/8/R7 w - - 0 1",
    "castling": "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1",
    "two kings of a side": "7k/8/8/8/8/8/P7/K6K w - - 0 1",
    "no king": "7k/8/8/8/8/8/P7/1N6 w - - 0 1",
}


def written() -> Iterator[str]:
    """Yield every text that `find` may get."""
    for square in chess.SQUARE_NAMES:
        for piece, takes in itertools.product(["", *"KQRBN"], ["", "x"]):
            if piece or not takes:  # `xe4` is not plain
                yield piece + takes + square
        yield from (f"{file}x{square}" for file in chess.FILE_NAMES)
    yield from ("O-O", "O-O-O")


def expected_move(board: chess.Board, san: str) -> chess.Move | None:
    """Return the move that python-chess reads; None for a text that it refuses, or with a wrong capture mark."""
    try:
        move = board.parse_san(san)
    except ValueError:
        return None
    return move if board.is_capture(move) == ("x" in san) else None


def check(board: chess.Board) -> tuple[int, int]:
    """How many of the moves that there are were found, and how many there are."""
    parsed = legal = 0
    for san in written():
        move, right = find(board, san, board.checkers_mask()), expected_move(board, san)
        assert move in (None, right), f"{san} in {board.fen()}: {move} instead of {right}"
        parsed += move is not None
        legal += right is not None
    return parsed, legal


@pytest.mark.parametrize("fen", [pytest.param(fen, id=name) for name, fen in STARTS.items()])
def test_what_is_found_is_the_move(fen: str) -> None:
    rng = random.Random(fen)
    board = chess.Board(fen)
    for _ in range(6):
        check(board)
        if board.king(chess.WHITE) is None or not random_moves(board, 1, rng):
            break


def test_most_moves_are_found() -> None:
    board = chess.Board()
    rng = random.Random(1)
    parsed = legal = 0
    for _ in range(16):
        some, all_of_them = check(board)
        parsed, legal = parsed + some, legal + all_of_them
        random_moves(board, 1, rng)
    assert parsed > 0.7 * legal


def test_chess960() -> None:
    board = chess.Board.from_chess960_pos(518 // 2)
    rng = random.Random(2)
    for _ in range(8):
        check(board)
        random_moves(board, 1, rng)
