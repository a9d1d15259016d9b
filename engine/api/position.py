"""A position from what people write: a FEN or "startpos", and moves."""

from __future__ import annotations

from collections.abc import Sequence

import chess

from engine.errors import ArgumentError, ConfigError, PositionRefused
from engine.input.inputs import check_board
from engine.model import Position
from engine.positions.refusal import refusal


def read_position(fen: str | chess.Board, moves: Sequence[str | chess.Move] | str = ()) -> Position:
    """Check a position and the moves from it, and return the position after them.

    * **fen** - the position as FEN, `"startpos"`, or a board, with the moves on its stack.
    * **moves** - *(optional)* moves from there, in UCI, SAN or as `chess.Move`: a sequence, or a text with blanks
      between them.

    Raises `ConfigError` for a broken FEN or an illegal move, `PositionRefused` for a position without a legal move
    or one that cannot be searched.
    """
    start = _read_start(fen)
    board, played = _play(start, moves)
    reason = refusal(board)
    if reason is not None:
        raise PositionRefused(f"this position cannot be searched: {reason}")
    if not any(board.legal_moves):
        raise PositionRefused(f"nothing to search: {'checkmate' if board.is_check() else 'stalemate'}")
    return Position(start.fen, (*start.moves, *played), start.chess960)


def read_board(fen: str, moves: Sequence[str] | str = ()) -> chess.Board:
    """Return the board after moves from a position, whether or not it can be searched.

    * **fen** - the position as FEN, or `"startpos"`.
    * **moves** - *(optional)* moves from there, as in `read_position`; they are on the board's stack.

    Raises `ConfigError` for a broken FEN or an illegal move.
    """
    return _play(_read_start(fen), moves)[0]


def _play(start: Position, moves: object) -> tuple[chess.Board, list[str]]:
    """Return the board after moves from a position, and those moves in UCI. Raises ConfigError."""
    board = start.board()
    played: list[str] = []
    for move in _each(moves):
        try:
            legal = _read_move(board, move)
        except ValueError:
            text = move if isinstance(move, str) else move.uci()
            raise ConfigError(f"{text!r} is not a legal move after {' '.join(played) or 'the start'}") from None
        played.append(board.uci(legal))
        board.push(legal)
    return board, played


def _read_start(fen: object) -> Position:
    if isinstance(fen, chess.Board):
        check_board(fen)
        return Position.of(fen)
    if not isinstance(fen, str):
        raise ArgumentError(f"{fen!r} is no position: it is a FEN, 'startpos' or a chess.Board")
    try:
        board = chess.Board() if fen == "startpos" else chess.Board(fen, chess960=_needs_chess960(fen))
    except ValueError as error:
        raise ConfigError(f"not a FEN: {error}") from None
    return Position.of(board)


def _each(moves: object) -> Sequence[str | chess.Move]:
    each = moves.split() if isinstance(moves, str) else moves
    if not isinstance(each, Sequence):
        raise ArgumentError(f"moves: {moves!r} is neither a text nor a sequence of moves")
    for move in each:
        if not isinstance(move, str | chess.Move):
            raise ArgumentError(f"moves: {move!r} is no move: it is a text in UCI or SAN, or a chess.Move")
    return each


def _read_move(board: chess.Board, move: str | chess.Move) -> chess.Move:
    """Return a legal move; raise ValueError for others, and for the null move, which nobody can play."""
    if isinstance(move, chess.Move):
        legal = board.parse_uci(move.uci())
    else:
        try:
            legal = board.parse_uci(move)
        except ValueError:
            legal = board.parse_san(move)
    if not legal:
        raise ValueError
    return legal


def _needs_chess960(fen: str) -> bool:
    """Whether the position has castling rights that only Chess960 can express."""
    return bool(chess.Board(fen).status() & chess.STATUS_BAD_CASTLING_RIGHTS) and not (
        chess.Board(fen, chess960=True).status() & chess.STATUS_BAD_CASTLING_RIGHTS
    )
