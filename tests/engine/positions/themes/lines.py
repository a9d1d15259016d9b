"""Lines for tests: a position and its moves as text."""

from __future__ import annotations

import chess

from engine.positions.themes import Line


def line(fen: str, moves: str) -> Line:
    """Return a line from the position in which the solver is to move."""
    return Line.of(chess.Board(fen), [chess.Move.from_uci(move) for move in moves.split()])


def puzzle(fen: str, moves: str) -> Line:
    """Return a line from the position before the opponent's last move, which is the first of the moves."""
    board = chess.Board(fen)
    flaw, *solution = (chess.Move.from_uci(move) for move in moves.split())
    board.push(flaw)
    return Line.of(board, solution)
