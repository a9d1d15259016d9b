"""Material on the board, and what one side has won between two positions."""

from __future__ import annotations

from collections.abc import Mapping

import chess

from engine.positions.material import VALUES

__all__ = ["Balance", "as_mapping", "balance", "difference", "points"]

Balance = tuple[int, int, int, int, int]
"""Pawns, knights, bishops, rooks and queens that White has more than Black; negative for fewer."""
NOTHING: Balance = (0, 0, 0, 0, 0)
_LETTERS = "pnbrq"


def balance(board: chess.Board) -> Balance:
    """Return the balance of material of a position."""
    white, black = board.occupied_co[chess.WHITE], board.occupied_co[chess.BLACK]
    pawns, knights, bishops, rooks, queens = board.pawns, board.knights, board.bishops, board.rooks, board.queens
    return (
        (pawns & white).bit_count() - (pawns & black).bit_count(),
        (knights & white).bit_count() - (knights & black).bit_count(),
        (bishops & white).bit_count() - (bishops & black).bit_count(),
        (rooks & white).bit_count() - (rooks & black).bit_count(),
        (queens & white).bit_count() - (queens & black).bit_count(),
    )


def difference(later: Balance, earlier: Balance, color: chess.Color) -> Balance:
    """Return what a colour has won between two balances."""
    sign = 1 if color == chess.WHITE else -1
    p, n, b, r, q = (sign * (after - before) for after, before in zip(later, earlier, strict=True))
    return p, n, b, r, q


def points(won: Balance) -> int:
    """Return the value of material in pawns."""
    return sum(value * number for value, number in zip(VALUES.values(), won, strict=False))


def as_mapping(won: Balance) -> Mapping[str, int]:
    """Return the numbers that are not 0 by letter."""
    return {letter: number for letter, number in zip(_LETTERS, won, strict=True) if number}
