"""What makes a puzzle hard, in numbers: features of a line for the estimate of its rating."""

from __future__ import annotations

import math
from collections.abc import Collection

import chess

from engine.positions.material import balance
from engine.positions.themes.attacks import VALUES, is_lost, value_at
from engine.positions.themes.line import Line

__all__ = ["features"]

_WORTH = {"crushing", "advantage", "equality"}
"""Tags that depend on whether a score is known."""
_FEW = 5
"""Largest number of legal moves that is called few."""
_QUEEN = VALUES[chess.QUEEN]


def features(line: Line, themes: Collection[str]) -> dict[str, float]:
    """Return the features of a line that are not 0, by name.

    * **line** - the line.
    * **themes** - its tags.
    """
    found = {"constant": 1.0, **{f"theme {theme}": 1.0 for theme in themes if theme not in _WORTH}}
    found |= _position(line) | _first_move(line) | _course(line)
    return {name: value for name, value in found.items() if value}


def _position(line: Line) -> dict[str, float]:
    """Return features of the first position: how much there is to choose from."""
    board = line.boards[0]
    legal = list(board.legal_moves)
    checks = sum(board.gives_check(move) for move in legal)
    captures = sum(board.is_capture(move) for move in legal)
    return {
        "legal moves": math.log(len(legal)),
        "few legal moves": float(len(legal) <= _FEW),
        "checks": math.log1p(checks),
        "captures": math.log1p(captures),
        "no checks": float(not checks),
        "in check": float(board.is_check()),
        "men": board.occupied.bit_count() / 10,
        "balance": max(-9, min(9, balance(board, line.solver))) / 5,
        "queens": float(bool(board.queens)),
        "attacked men": len(_attacked(board, line.solver)) / 5,
        "attackable men": len(_attacked(board, not line.solver)) / 5,
    }


def _attacked(board: chess.Board, side: chess.Color) -> list[chess.Square]:
    """Return the squares of a side's men that are lost where they stand."""
    men = board.occupied_co[side] & ~board.kings
    return [square for square in chess.scan_forward(men) if is_lost(board, square)]


def _first_move(line: Line) -> dict[str, float]:
    """Return features of the first move: how much it springs to the eye."""
    move, board, after = line.moves[0], line.boards[0], line.boards[1]
    taken, piece = line.captured(0), line.moved(0)
    check = line.is_check(0)
    flaw = line.flaw
    ahead = 1 if line.solver == chess.WHITE else -1
    advance = (chess.square_rank(move.to_square) - chess.square_rank(move.from_square)) * ahead
    kind = ("capture" if taken else "") + ("check" if check else "") or "quiet"
    gain = VALUES[taken] if taken else 0
    better = sum(value_at(board, other.to_square) > gain for other in board.generate_legal_captures())
    lost = is_lost(after, move.to_square)
    return {
        f"first {kind}": 1.0,
        f"first {chess.piece_name(piece)}": 1.0,
        f"first takes {chess.piece_name(taken)}" if taken else "first takes nothing": 1.0,
        "first takes the man that moved": float(
            flaw is not None and bool(taken) and flaw.to_square == move.to_square
        ),
        "first up": (gain - min(VALUES[piece], _QUEEN)) / 5 if taken else 0.0,
        "first distance": chess.square_distance(move.from_square, move.to_square) / 3,
        "first backward": float(advance < 0),
        "first sideways": float(advance == 0),
        "first lost": float(lost),
        "first lost value": min(VALUES[piece], _QUEEN) / 5 * lost,
        "first answers": math.log1p(after.legal_moves.count()),
        "first near king": chess.square_distance(move.to_square, after.king(not line.solver) or 0) / 3,
        "better captures": math.log1p(better),
        "first promotes": float(move.promotion is not None),
        "first saves": float(move.from_square in _attacked(board, line.solver)),
    }


def _course(line: Line) -> dict[str, float]:
    """Return features of the whole line: choices and answers on the way, forcing moves, material."""
    plies = line.solver_plies
    later = plies[1:]
    start = balance(line.boards[0], line.solver)
    lowest = min(balance(line.boards[ply + 1], line.solver) for ply in plies) - start
    starts, ends = ({getattr(line.moves[ply], end) for ply in plies} for end in ("from_square", "to_square"))
    quiet = [ply for ply in plies if not line.is_check(ply) and line.captured(ply) is None]
    return {
        "solver moves": math.log(len(plies)),
        "legal moves later": sum(math.log(line.boards[ply].legal_moves.count()) for ply in later) / 5,
        "answers": sum(math.log1p(line.boards[ply].legal_moves.count()) for ply in range(1, len(line.moves), 2))
        / 5,
        "quiet moves": len(quiet) / 3,
        "all checks": float(all(line.is_check(ply) for ply in plies)),
        "all captures": float(all(line.captured(ply) is not None for ply in plies)),
        "recaptures": sum(line.moves[ply].to_square == line.moves[ply - 1].to_square for ply in later) / 3,
        "answers that take": sum(line.captured(ply) is not None for ply in range(1, len(line.moves), 2)) / 3,
        "answers that check": sum(line.is_check(ply) for ply in range(1, len(line.moves), 2)) / 3,
        "lowest": max(-12, lowest) / 5,
        "gain": max(-9, min(12, balance(line.last, line.solver) - start)) / 5,
        "pieces used": len(starts - ends) / 3,
        "last quiet": float(bool(quiet) and quiet[-1] == plies[-1]),
    }
