"""Variations that are played through, because whoever they come from may not have done so."""

from __future__ import annotations

from collections.abc import Iterable

import chess


def legal_variation(board: chess.Board, moves: Iterable[str]) -> tuple[str, ...]:
    """Return the moves as python-chess writes them; the board is afterwards what it was.

    * **board** - the position that they are played from.
    * **moves** - moves in UCI notation.

    Raises `ValueError` in words for a move that is not legal.
    """
    played: list[str] = []
    try:
        for uci in moves:
            try:
                move = board.parse_uci(uci)
            except (ValueError, TypeError, AttributeError):
                raise ValueError(f"{uci!r} is not a legal move in {board.fen()}") from None
            played.append(board.uci(move))
            board.push(move)
    finally:
        for _ in played:
            board.pop()
    return tuple(played)
