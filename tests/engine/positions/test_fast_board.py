"""`FastBoard` beside python-chess: every kind of move, and what is no move, in random games."""

import copy
import itertools
import random
from collections import Counter

import chess
import pytest

from engine.positions import openings
from engine.positions.fast_board import FastBoard


def kind(board: chess.Board, move: chess.Move, san: str) -> str:
    """Return what is special about a move; empty for nothing."""
    if board.is_castling(move):
        return san.rstrip("+#")
    if move.promotion:
        return f"promotion {chess.piece_symbol(move.promotion)}"
    if board.is_en_passant(move):
        return "en passant"
    if san[0] in "NBRQ":
        from_square = chess.square_name(move.from_square)
        stated = san.rstrip("+#")[1:-2].removesuffix("x")
        return {"": "", from_square[0]: "by file", from_square[1]: "by rank", from_square: "by square"}[stated]
    return ""


def assert_same(fast: FastBoard, board: chess.Board) -> None:
    """The two boards have the same position, and say the same of it."""
    other = fast.board()
    assert other.fen().split()[:4] == board.fen().split()[:4]
    assert (fast.pawns, fast.occupied) == (board.pawns, board.occupied)
    assert (fast.white, fast.black) == (board.occupied_co[chess.WHITE], board.occupied_co[chess.BLACK])
    assert fast.pieces == board.knights | board.bishops | board.rooks | board.queens
    assert fast.rights == board.clean_castling_rights()
    assert bool(fast.legal_passant()) == board.has_legal_en_passant()
    assert fast.is_check() == board.is_check()
    assert fast.has_move() == any(board.legal_moves)
    assert openings.key(fast) == openings.key(board)


THREE_QUEENS = (
    "d4 Nh6 a3 Na6 e4 Nb8 g4 Nf5 f3 Nh6 d5 Nc6 b3 Nb4 h3 Rb8 c4 Na6 g5 Nb4 e5 Na2 e6 Ra8 exf7+ Kxf7 c5 Kg8 g6 Nf7 "
    "gxh7+ Rxh7 h4 Nd6 h5 Ne4 c6 Nec3 d6 Kh8 dxc7 Ne2 cxd8=Q Nb4 h6 Nc3 cxd7 Ne2 dxc8=Q Na2 Qd8d7"
)
"""Moves up to one that needs the whole square that it comes from."""


def test_moves_are_those_of_python_chess() -> None:
    seen: Counter[str] = Counter()
    for seed in range(14):
        rng = random.Random(seed)
        fast, board = FastBoard(), chess.Board()
        line = THREE_QUEENS.split() if seed == 0 else []
        for ply in range(140):
            moves = [board.parse_san(line[ply])] if ply < len(line) else list(board.legal_moves)
            if not moves:
                break
            chosen = [
                *rng.sample(moves, min(4, len(moves))),
                *(board.generate_legal_ep() if ply >= len(line) else []),
            ]
            few = [(board.san(move), move) for move in chosen]
            special = [one for one in few if kind(board, one[1], one[0])]
            san, move = rng.choice(special or few)
            seen[kind(board, move, san)] += 1
            sign = rng.choice(["", "+", "#"])  # a wrong sign of check does no harm
            assert fast.push_san(san.rstrip("+#") + sign) == move.uci()
            assert fast.last_san == san.replace("#", "+")
            board.push(move)
            if rng.random() < 0.05 or board.is_check():
                assert_same(fast, board)
        assert_same(fast, board)
        seen["mate"] += board.is_checkmate()
    assert {name for name, number in seen.items() if number} == {
        *("", "O-O", "O-O-O", "en passant", "by file", "by rank", "by square", "mate"),
        *("promotion n", "promotion b", "promotion r", "promotion q"),
    }


def spellings(board: chess.Board) -> set[str]:
    """Return texts that are moves in many positions, and moves of this one with too much and too little."""
    texts = {"O-O", "O-O-O", "--", "", "e8", "e1", "exd8", "axh3", "e8=K", "Ke8=Q", "e4=Q", "xd5", "P", "nf3"}
    for square, takes in itertools.product(chess.SQUARE_NAMES, ["", "x"]):
        texts.update(f"{piece}{takes}{square}" for piece in "KQRBN")
    for square in chess.SQUARE_NAMES:
        texts.update({square, f"{square}=Q", *(f"{file}x{square}" for file in "abcdefgh")})
    for move in board.pseudo_legal_moves:
        piece = board.piece_at(move.from_square)
        assert piece is not None
        if piece.piece_type != chess.PAWN:
            origin = chess.square_name(move.from_square)
            takes = "x" if board.is_capture(move) else ""
            letter, target = piece.symbol().upper(), chess.square_name(move.to_square)
            texts.update(f"{letter}{stated}{takes}{target}" for stated in (origin, *origin))
    return texts


@pytest.mark.parametrize("seed", range(3))
def test_only_the_san_of_a_legal_move_is_played(seed: int) -> None:
    rng = random.Random(seed)
    fast, board = FastBoard(), chess.Board()
    for ply in range(90):
        legal = {board.san(move).rstrip("+#"): move for move in board.legal_moves}
        if not legal:
            break
        if ply % 9 == 3 * seed:
            for text in spellings(board) - legal.keys():
                assert fast.push_san(text) is None, text
            assert_same(fast, board)
            for san, move in legal.items():
                assert copy.deepcopy(fast).push_san(san) == move.uci()
        san = rng.choice(list(legal))
        fast.push_san(san)
        board.push(legal[san])
