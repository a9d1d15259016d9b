"""Moves that were made with hardly any time on the clock."""

from __future__ import annotations

from functools import cached_property

from engine.model import AnalysedGame

__all__ = ["Haste"]

_SECONDS = 10
"""Seconds under which a player is short of time, whatever the time control."""
_SHARE = 0.1
"""Share of base time + 40 increments under which a player is short of time, as in Lichess's Insights."""


class Haste:
    """The clocks of a game, where they were nearly down."""

    def __init__(self, game: AnalysedGame) -> None:
        self._game = game

    def seconds(self, ply: int) -> int | None:
        """Return the whole seconds that the mover had before a move, if they were few; None otherwise.

        Few is under 10 seconds and under 10% of base time + 40 increments.

        * **ply** - the move, 0-based.
        """
        before = self._game.plies[ply - 2].clock if ply > 1 else None
        if before is None or before >= _SECONDS:
            return None
        whole = self._wholes[self._game.turn(ply) == "black"]
        return int(before) if whole is not None and before < whole * _SHARE else None

    @cached_property
    def _wholes(self) -> tuple[float | None, float | None]:
        """Base time + 40 increments of White and Black; None where it is not known, or is for each move."""
        timing = self._game.timing()
        white, black = (
            control.whole if control is not None and control.kind != "move" else None
            for control in (timing.white, timing.black)
        )
        return white, black
