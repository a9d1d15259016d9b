"""Which positions must not be sent to an evaluator. Pure."""

from __future__ import annotations

import chess

MAX_HALFMOVE_CLOCK = 32_767
MAX_FULLMOVE = 100_000
"""Stockfish's own bounds (2026-03)."""

_STATUS = {
    chess.STATUS_NO_WHITE_KING: "White has no king",
    chess.STATUS_NO_BLACK_KING: "Black has no king",
    chess.STATUS_TOO_MANY_KINGS: "too many kings",
    chess.STATUS_TOO_MANY_WHITE_PAWNS: "more than 8 white pawns",
    chess.STATUS_TOO_MANY_BLACK_PAWNS: "more than 8 black pawns",
    chess.STATUS_PAWNS_ON_BACKRANK: "a pawn on the first or last rank",
    chess.STATUS_TOO_MANY_WHITE_PIECES: "more than 16 white pieces",
    chess.STATUS_TOO_MANY_BLACK_PIECES: "more than 16 black pieces",
    chess.STATUS_BAD_CASTLING_RIGHTS: "castling rights without king and rook in place",
    chess.STATUS_INVALID_EP_SQUARE: "an impossible en passant square",
    chess.STATUS_OPPOSITE_CHECK: "the side that is not to move is in check",
    chess.STATUS_EMPTY: "an empty board",
    chess.STATUS_RACE_CHECK: "check in a race",
    chess.STATUS_RACE_OVER: "a race that is over",
    chess.STATUS_RACE_MATERIAL: "race material",
    chess.STATUS_TOO_MANY_CHECKERS: "more checking pieces than can be",
    chess.STATUS_IMPOSSIBLE_CHECK: "a check that cannot have come about",
}


def refusal(board: chess.Board) -> str | None:
    """Why this position must not be sent to an evaluator, or None.

    python-chess's validity, and Stockfish's own rules on top: it crashes on some such positions and answers
    others with a normal-looking score.
    """
    status = board.status()
    if status != chess.STATUS_VALID:
        return ", ".join(text for flag, text in _STATUS.items() if status & flag) or "not a legal position"
    for color, name in ((chess.WHITE, "White"), (chess.BLACK, "Black")):
        extra = sum(
            max(0, len(board.pieces(piece, color)) - usual)
            for piece, usual in ((chess.QUEEN, 1), (chess.ROOK, 2), (chess.BISHOP, 2), (chess.KNIGHT, 2))
        )
        if extra > 8 - len(board.pieces(chess.PAWN, color)):
            return f"{name} has more pieces than promotions allow"
    if board.halfmove_clock > MAX_HALFMOVE_CLOCK or board.fullmove_number > MAX_FULLMOVE:
        return "move counters out of range"
    return None
