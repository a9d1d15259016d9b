"""Phases and opening of a game, for somebody who walks through its positions anyway. Pure."""

from __future__ import annotations

import chess

from engine.model import Landmarks
from engine.positions.openings import Namer
from engine.positions.phases import Divider

__all__ = ["Surveyor"]


class Surveyor:
    """Sees the positions 0 to N of a game in order; the boards may be one board that changes."""

    def __init__(self) -> None:
        self._divider, self._namer = Divider(), Namer()
        self._looking = True
        """Whether a later position can still make a difference."""

    def see(self, board: chess.Board) -> None:
        """The next position."""
        if self._looking:
            self._looking = self._divider.see(board) | self._namer.see(board)

    def landmarks(self, *, phases: bool = True) -> Landmarks:
        """Of the game that ends with the position seen last; without `phases` for an EPD line, which has none."""
        return Landmarks(self._divider.phases() if phases else None, self._namer.opening)
