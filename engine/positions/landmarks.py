"""Phases and opening of a game, found on one walk through its positions. Pure."""

from __future__ import annotations

import chess

from engine.model import Landmarks, SourceGame
from engine.positions.fast_board import FastBoard
from engine.positions.openings import Namer
from engine.positions.phases import Divider

__all__ = ["Surveyor", "landmarks_of"]


class Surveyor:
    """Finds the landmarks of one game. Pass it the positions 0 to N in order.

    The boards may be one board that changes.
    """

    def __init__(self) -> None:
        self._divider, self._namer = Divider(), Namer()
        self._dividing = self._naming = True
        """Whether a later position can still change the phases, the opening."""

    def see(self, board: chess.Board | FastBoard) -> None:
        """Take the next position into account.

        * **board** - the position; it is not kept.
        """
        if self._dividing:
            self._dividing = self._divider.see(board)
        if self._naming:
            self._naming = self._namer.see(board)

    def landmarks(self, *, phases: bool = True) -> Landmarks:
        """Return the landmarks of the game that ends with the position seen last.

        * **phases** - *(optional)* False for an EPD line, which has no phases.
        """
        return Landmarks(self._divider.phases() if phases else None, self._namer.opening)


def landmarks_of(game: SourceGame) -> Landmarks:
    """Return phases and opening of a game, found on a walk through its positions.

    * **game** - the game, whose moves are legal.
    """
    board = chess.Board(game.fen, chess960=game.variant == "chess960")
    surveyor = Surveyor()
    surveyor.see(board)
    for uci in game.moves:
        board.push(chess.Move.from_uci(uci))
        surveyor.see(board)
    return surveyor.landmarks(phases=game.epd is None)
