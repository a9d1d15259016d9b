"""A position from what people write: a FEN or "startpos", and moves."""

from __future__ import annotations

from collections.abc import Sequence

import chess

from engine.errors import ConfigError, PositionRefused
from engine.model import Position
from engine.positions.refusal import refusal


def read_position(fen: str, moves: Sequence[str] = ()) -> Position:
    """Check a position and the moves from it, and return the position after them.

    * **fen** - the position as FEN, or `"startpos"`.
    * **moves** - *(optional)* moves from there, in UCI or SAN.

    Raises `ConfigError` for a broken FEN or an illegal move, `PositionRefused` for a position without a legal move
    or one that cannot be searched.
    """
    try:
        board = chess.Board() if fen == "startpos" else chess.Board(fen, chess960=_needs_chess960(fen))
    except ValueError as error:
        raise ConfigError(f"not a FEN: {error}") from None
    root = board.fen(shredder=board.chess960)
    played: list[str] = []
    for text in moves:
        try:
            move = _read_move(board, text)
        except ValueError:
            raise ConfigError(f"{text!r} is not a legal move after {' '.join(played) or 'the start'}") from None
        played.append(board.uci(move))
        board.push(move)
    reason = refusal(board)
    if reason is not None:
        raise PositionRefused(f"this position cannot be searched: {reason}")
    if not any(board.legal_moves):
        raise PositionRefused(f"nothing to search: {'checkmate' if board.is_check() else 'stalemate'}")
    return Position(root, tuple(played), board.chess960)


def _read_move(board: chess.Board, text: str) -> chess.Move:
    try:
        return board.parse_uci(text)
    except ValueError:
        return board.parse_san(text)


def _needs_chess960(fen: str) -> bool:
    """Whether the position has castling rights that only Chess960 can express."""
    return bool(chess.Board(fen).status() & chess.STATUS_BAD_CASTLING_RIGHTS) and not (
        chess.Board(fen, chess960=True).status() & chess.STATUS_BAD_CASTLING_RIGHTS
    )
