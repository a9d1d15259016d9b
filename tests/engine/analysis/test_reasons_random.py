"""Random games with random lines and scores: whatever an evaluator says, the sentences are true of the board."""

from __future__ import annotations

import random
from collections.abc import Iterator

import chess
import pytest

from engine.analysis.judge import analyse
from engine.analysis.reasons import PATTERN, explanations
from engine.model import AnalysedGame, AnalysedPosition, Evaluation, Origin, Score, SourceGame
from tests.explain_checker import problems


def random_move(board: chess.Board, rng: random.Random) -> chess.Move:
    """Return a legal move, more often than not a capture, a promotion or a check."""
    moves = list(board.legal_moves)
    forcing = [move for move in moves if board.is_capture(move) or move.promotion or board.gives_check(move)]
    return rng.choice(forcing) if forcing and rng.random() < 0.6 else rng.choice(moves)


def random_board(rng: random.Random) -> chess.Board:
    """Return the initial position, one of Chess960, or a few men anywhere."""
    kind = rng.random()
    if kind < 0.4:
        return chess.Board()
    if kind < 0.5:
        return chess.Board.from_chess960_pos(rng.randrange(960))
    while True:
        board = chess.Board(None)
        squares = rng.sample(chess.SQUARES, rng.randint(4, 16))
        for k, square in enumerate(squares):
            piece = chess.KING if k < 2 else rng.choice([1, 1, 1, 2, 3, 4, 5])
            if piece == chess.PAWN and chess.BB_SQUARES[square] & chess.BB_BACKRANKS:
                piece = chess.KNIGHT
            board.set_piece_at(square, chess.Piece(piece, bool(k % 2)))
        board.turn = rng.random() < 0.5
        if board.is_valid() and any(board.legal_moves):
            return board


def random_position(board: chess.Board, rng: random.Random) -> AnalysedPosition:
    if not any(board.legal_moves):
        return AnalysedPosition(terminal="checkmate" if board.is_check() else "stalemate")
    line: list[str] = []
    end = board.copy(stack=False)
    for _ in range(rng.randint(0, 9)):
        if any(end.legal_moves):
            move = random_move(end, rng)
            line.append(end.uci(move))
            end.push(move)
    mates = end.is_checkmate() and len(line) % 2 == 1
    mate = (len(line) + 1) // 2 if mates else rng.choice([1, 2, -2, 5]) if rng.random() < 0.05 else None
    score = Score(cp=rng.choice([-700, -300, -100, 0, 0, 100, 300, 700])) if mate is None else Score(mate=mate)
    return AnalysedPosition(evaluation=Evaluation(score, tuple(line), 5, 5))


def random_game(rng: random.Random, number: int) -> AnalysedGame:
    board = random_board(rng)
    fen, variant = board.fen(), "chess960" if board.chess960 else "standard"
    positions, moves, sans = [random_position(board, rng)], [], []
    for _ in range(rng.randint(3, 14)):
        if any(board.legal_moves):
            move = random_move(board, rng)
            moves.append(board.uci(move))
            sans.append(board.san_and_push(move))
            positions.append(random_position(board, rng))
    clocks = tuple(rng.choice([3.0, 100.0]) for _ in moves)
    source = SourceGame(
        headers={"TimeControl": "180+0"},
        fen=fen,
        variant=variant,  # type: ignore[arg-type]
        moves=tuple(moves),
        sans=tuple(sans),
        clocks=clocks,
    )
    return analyse(Origin(number, "random", number), source, positions)


def explained(seed: int, games: int) -> Iterator[str]:
    rng = random.Random(seed)
    for number in range(1, games + 1):
        game = random_game(rng, number)
        for found in explanations(game):
            assert problems(game, found) == [], (seed, number, found)
            assert PATTERN.fullmatch(found.sentence), found.sentence
            yield found.kind


def test_random_lines_make_no_false_sentence() -> None:
    kinds = set(explained(1, 40))
    assert {"allowed tactic", "missed tactic", "allowed mate", "missed mate", "hung piece"} <= kinds


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 5))
def test_many_random_lines_make_no_false_sentence(seed: int) -> None:
    assert len(list(explained(seed, 500))) > 500
