"""The FEN of a position, as `chess.Board.fen()` gives it and several times as fast: a table has one a row."""

from __future__ import annotations

import chess

_RUNS = tuple(("1" * length, str(length)) for length in range(8, 1, -1))


def fen(board: chess.Board) -> str:
    castling = board.castling_xfen() if board.castling_rights else "-"
    square = board.ep_square
    en_passant = chess.SQUARE_NAMES[square] if square is not None and board.has_legal_en_passant() else "-"
    turn = "w" if board.turn else "b"
    return f"{_placement(board)} {turn} {castling} {en_passant} {board.halfmove_clock} {board.fullmove_number}"


def _placement(board: chess.Board) -> str:
    squares = ["1"] * 64
    white = board.occupied_co[chess.WHITE]
    for symbol, mask in (
        ("p", board.pawns),
        ("n", board.knights),
        ("b", board.bishops),
        ("r", board.rooks),
        ("q", board.queens),
        ("k", board.kings),
    ):
        for square in chess.scan_forward(mask & white):
            squares[square] = symbol.upper()
        for square in chess.scan_forward(mask & ~white):
            squares[square] = symbol
    text = "/".join("".join(squares[rank : rank + 8]) for rank in range(56, -1, -8))
    for run, length in _RUNS:
        text = text.replace(run, length)
    return text
