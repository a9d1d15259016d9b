"""Prepare answers for `instant.py`: the line that was played from each position of some games."""

from __future__ import annotations

from pathlib import Path

import chess
import msgspec

from engine.model import PV_PLIES
from tests.perf import games


def write(source: Path, target: Path) -> Path:
    """Write the answers as JSON and return their file.

    The key of an answer is what a worker is sent: the FEN after the last irreversible move, and the moves since.
    """
    lines: dict[str, str] = {}
    for moves, board in games.boards(source):
        words = [move.uci() for move in moves]
        root, since = board.fen(), list[str]()
        for ply in range(len(moves) + 1):
            pv = words[ply : ply + PV_PLIES] or _any(board)
            lines.setdefault(" ".join((root, *since)), " ".join(pv))
            if ply < len(moves):
                irreversible = board.is_irreversible(moves[ply])
                board.push(moves[ply])
                root, since = (board.fen(), []) if irreversible else (root, [*since, words[ply]])
    target.write_bytes(msgspec.json.encode(lines))
    return target


def _any(board: chess.Board) -> list[str]:
    return [move.uci() for move in list(board.legal_moves)[:1]]
