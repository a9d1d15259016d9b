"""Games for storms: random, legal, all different."""

from __future__ import annotations

import random
from pathlib import Path

import chess


def write_games(path: Path, games: int, plies: int, seed: int = 1) -> Path:
    """Write a number of games, each of at most a number of plies."""
    rng = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for number in range(1, games + 1):
            board = chess.Board()
            words = []
            for ply in range(plies):
                moves = list(board.legal_moves)
                if not moves:
                    break
                number_of_move = f"{ply // 2 + 1}. " if ply % 2 == 0 else ""
                words.append(number_of_move + board.san_and_push(rng.choice(moves)))
            file.write(f'[Event "Storm {number}"]\n[Result "*"]\n\n{" ".join(words)} *\n\n')
    return path
