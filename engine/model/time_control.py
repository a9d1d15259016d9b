"""Time controls: periods, shares of the clock, and the speeds of Lichess."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

Speed = Literal["ultrabullet", "bullet", "blitz", "rapid", "classical", "correspondence"]

SPEEDS: tuple[tuple[float, Speed], ...] = (
    (30, "ultrabullet"),
    (180, "bullet"),
    (480, "blitz"),
    (1_500, "rapid"),
    (21_600, "classical"),
)
"""Lichess's speeds by the estimate in seconds that a game stays below; beyond the last it is correspondence."""
SPEED_NAMES: tuple[Speed, ...] = (*(speed for _, speed in SPEEDS), "correspondence")
"""All speeds, the fastest first."""

_MOVES = 40
"""Length of the game that Lichess estimates."""


class Period(Struct, frozen=True):
    """A period of a time control after the first one."""

    seconds: float
    """Seconds added to the clock when the period begins."""
    increment: float = 0.0
    """Seconds added for each move."""
    moves: int | None = None
    """Number of moves of the period; None for the rest of the game. A last period with a number repeats."""


class TimeControl(Struct, frozen=True):
    """Time that each side has, from the `TimeControl` tag."""

    base: float
    """Seconds on each clock at the start; for `kind` `move`, seconds for each move."""
    increment: float
    """Seconds added for each move."""
    moves: int | None = None
    """Number of moves in the first period; None for all, or where it is not known when later periods begin."""
    later: tuple[Period, ...] = ()
    """Periods after the first one."""
    delay: float = 0.0
    """Seconds of each move that do not run down the clock."""
    kind: Literal["clock", "move", "hourglass"] = "clock"
    """Way of counting. `move`: the clock starts again at each move (daily games). `hourglass`: the time that one
    player uses goes to the other."""

    @property
    def estimate(self) -> float:
        """Seconds that each side has for a game of 40 moves, by which Lichess tells bullet from blitz."""
        if self.kind == "move":
            return _MOVES * self.base
        return self.base + _MOVES * (self.increment + self.delay)

    @property
    def whole(self) -> float:
        """Seconds that count as the whole clock where a share of it is wanted, as in Lichess's Insights."""
        return self.base if self.kind == "move" else self.estimate

    @property
    def speed(self) -> Speed:
        """Speed of the game by Lichess's rule."""
        return next((speed for end, speed in SPEEDS if self.estimate < end), "correspondence")

    def beginnings(self) -> Iterator[tuple[int | None, Period]]:
        """Yield the later periods, each with the number of moves after which it begins; None where not known."""
        begin, moves = self.moves, self.moves
        for period in self.later:
            yield begin, period
            moves = period.moves
            begin = None if begin is None or moves is None else begin + moves
        last = self.later[-1] if self.later else Period(self.base, self.increment, self.moves)
        while begin is not None and last.moves is not None:
            yield begin, last
            begin += last.moves

    def added(self, number: int) -> float:
        """Return the seconds that later periods have added after so many moves of a side.

        * **number** - moves that the side has made.
        """
        total = 0.0
        for begin, period in self.beginnings():
            if begin is None or begin > number:
                break
            total += period.seconds
        return total
