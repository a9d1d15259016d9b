"""The moves of the trainer are those of python-chess: legal moves, SAN, what a typed move means, what it does."""

from __future__ import annotations

import random
from typing import Any

import chess

from engine.web.pages.trainer.cards import packed
from tests.plugins.writers.node import run_scripts

SPECIAL = (
    "r3k2r/8/8/8/8/8/1p4P1/R3K2R w KQkq - 0 1",
    "r3k2r/8/8/8/8/8/1p4P1/R3K2R b KQkq - 0 1",
    "6k1/5ppp/8/3pP3/8/8/8/QR4K1 w - d6 0 50",
)
DRIVER = """
const answer = data.map(([epd, moves, sans]) => {
  const [position, legal] = [readFen(epd), readMoves(moves)];
  const of = (uci) => [
    sanOf(position, legal, uci),
    movesMeant(position, legal, sans[uci]),
    fenFrom(play(position, uci), "-", "-").split(" ")[0],
  ];
  return Object.fromEntries(ucisOf(position, legal).map((uci) => [uci, of(uci)]));
});
"""


def after(board: chess.Board, move: chess.Move) -> str:
    copy = board.copy(stack=False)
    copy.push(move)
    return copy.board_fen()


def positions() -> list[chess.Board]:
    """Positions with castling, promotions and mates, and those of random games, some of them of Chess960."""
    chance = random.Random(3)
    found = [chess.Board(fen) for fen in SPECIAL]
    for number in range(12):
        board = chess.Board.from_chess960_pos(chance.randrange(960)) if number % 3 == 0 else chess.Board()
        for _ in range(120):
            moves = list(board.legal_moves)
            if not moves:
                break
            if chance.random() < 0.06:
                found.append(board.copy(stack=False))
            board.push(chance.choice(moves))
    return found


def test_the_moves_are_those_of_python_chess() -> None:
    boards = positions()
    cases: list[Any] = [
        (board.epd(), packed(board.legal_moves), {move.uci(): board.san(move) for move in board.legal_moves})
        for board in boards
    ]
    got = run_scripts(["script/position.js", "trainer/script/moves.js"], DRIVER, cases)
    played = 0
    for board, (_, _, sans), moves in zip(boards, cases, got, strict=True):
        assert set(moves) == set(sans)
        for uci, (san, meant, placement) in moves.items():
            assert san == sans[uci].rstrip("+#")
            assert meant == [uci], (board.fen(), sans[uci])
            assert placement == after(board, chess.Move.from_uci(uci)), (board.fen(), uci)
            played += 1
    assert played > 1_500
    kinds = " ".join(san for _, _, sans in cases for san in sans.values())
    assert all(sign in kinds for sign in ("O-O", "O-O-O", "=N", "#"))
