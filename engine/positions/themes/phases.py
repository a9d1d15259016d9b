"""The phase of the game, and the kind of endgame, from the position alone."""

from __future__ import annotations

import chess

from engine.positions.phases import divide
from engine.positions.themes.line import Line, Motif

__all__ = ["endgame", "phase"]

_ENDGAMES = {
    frozenset[int](): "pawnEndgame",
    frozenset({chess.ROOK}): "rookEndgame",
    frozenset({chess.KNIGHT}): "knightEndgame",
    frozenset({chess.BISHOP}): "bishopEndgame",
    frozenset({chess.QUEEN}): "queenEndgame",
    frozenset({chess.QUEEN, chess.ROOK}): "queenRookEndgame",
}
"""By the pieces on the board beside kings and pawns."""


def phase(line: Line) -> Motif:
    """Return the phase of the first position, by the rules that divide whole games.

    A game is in the middlegame from the first position on that looks like one. From one position alone it can be
    said only whether that one does.
    """
    board = line.boards[0]
    phases = divide([board, board])
    if phases.endgame == 0:
        return Motif("endgame")
    return Motif("opening" if phases.middlegame is None else "middlegame")


def endgame(line: Line) -> Motif | None:
    """Return the kind of endgame: by the pieces in the first position and after the first move.

    Queens and rooks are an endgame of their own where there is only one queen.
    """
    first, second = (_pieces(board) for board in line.boards[:2])
    theme = _ENDGAMES.get(first)
    if theme is None or first != second:
        return None
    if theme == "queenRookEndgame" and any(board.queens.bit_count() != 1 for board in line.boards[:2]):
        return None
    return Motif(theme)


def _pieces(board: chess.Board) -> frozenset[int]:
    return frozenset(
        piece
        for piece, squares in enumerate(
            (board.knights, board.bishops, board.rooks, board.queens), start=chess.KNIGHT
        )
        if squares
    )
