"""What was left on a player's clock before a move."""

from __future__ import annotations

from typing import NamedTuple

from engine.model import AnalysedGame

BANDS = ((10, "under 10%"), (25, "10-25%"), (50, "25-50%"))
"""Upper bounds, exclusive, in percent of base time + 40 increments, as in Lichess's Insights."""
MOST = "50% and more"


class Left(NamedTuple):
    """A clock before a move."""

    seconds: float
    share: float
    """Percent of base time + 40 increments; of daily games, of the time for a move."""

    @property
    def band(self) -> str:
        return next((name for bound, name in BANDS if self.share < bound), MOST)


class Clocks:
    """The clocks of one game before each move."""

    def __init__(self, game: AnalysedGame) -> None:
        self._game = game
        timing = game.timing() if any(ply.clock is not None for ply in game.plies) else None
        sides = (None, None) if timing is None else (timing.white, timing.black)
        self._controls = sides if game.turn(0) == "white" else sides[::-1]
        """Time controls of the sides that move at even and at odd plies."""
        self._wholes = [0.0 if control is None else control.whole for control in self._controls]

    def before(self, k: int) -> Left | None:
        """Return what the mover's clock showed before ply `k`; None where it is not known."""
        control, whole = self._controls[k % 2], self._wholes[k % 2]
        if control is None or whole <= 0:
            return None
        game = self._game
        clock = game.plies[k].clock
        if clock is None:
            return None
        if control.kind == "move":
            before: float | None = control.base
        elif k >= 2:  # noqa: PLR2004 - each side's first move has none before it
            before = game.plies[k - 2].clock
        else:  # a game that begins with a later clock does not say what it was before
            before = control.base if clock >= control.base / 2 else None
        return None if before is None else Left(before, min(100.0, 100 * before / whole))
