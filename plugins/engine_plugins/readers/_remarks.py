"""Clocks, move times and evaluations that programs write into the comments of the main line.

| comment              | meaning                                                             |
| -------------------- | ------------------------------------------------------------------- |
| `[%clk 0:03:00]`     | time left after the move                                            |
| `[%emt 0:00:07]`     | time spent on the move                                              |

`_evaluations.py` says which evaluations are read, and the times beside them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from engine_plugins.readers._evaluations import Evaluations, eval_command

_COMMAND = re.compile(r"\[%(clk|emt|eval)\s+([^\s\]][^\]]{0,79})\]")
_ANY_COMMAND = re.compile(r"\[%[^\[\]]*\]")
_TIME = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{0,6})?)")
_CACHE_SIZE = 1 << 14
"""Number of clocks that are cached, since games repeat the same ones."""


class Remarks:
    """The content of a game's comments, collected by the number of plies before each comment."""

    def __init__(self) -> None:
        self._clocks: dict[int, float] = {}
        self._times: dict[int, float] = {}
        self.evaluations = Evaluations()

    def read(self, comment: str, plies: int) -> None:
        """Read a comment that comes after so many plies; if two have the same command, the first one counts."""
        if "[%" in comment:
            for command, value in _COMMAND.findall(comment):
                if command == "eval":
                    if evaluation := eval_command(value):
                        self.evaluations.commands.setdefault(plies, evaluation)
                    else:
                        self.evaluations.command(value, plies)
                elif plies and (seconds := _seconds(value)) is not None:
                    times = self._clocks if command == "clk" else self._times
                    times.setdefault(plies - 1, seconds)
            if not plies:
                if "[%evp" in comment:
                    self.evaluations.profile(comment)
            elif ("/" in comment or "=" in comment) and "[%eval" not in comment:
                self._read_engine(_ANY_COMMAND.sub("", comment), plies)
        elif plies:
            self._read_engine(comment, plies)

    def _read_engine(self, comment: str, plies: int) -> None:
        """Read what a program that has engines play each other says of a move."""
        searched = self.evaluations.comment(comment, plies)
        if searched is not None:
            for times, seconds in ((self._times, searched.time), (self._clocks, searched.clock)):
                if seconds is not None:
                    times.setdefault(plies - 1, seconds)

    def clocks(self, plies: int) -> tuple[float | None, ...]:
        """Return the seconds left after each of the game's plies; empty if no comment has a clock."""
        return tuple(self._clocks.get(k) for k in range(plies)) if self._clocks else ()

    def times(self, plies: int) -> tuple[float | None, ...]:
        """Return the seconds spent on each of the game's plies; empty if no comment has a time."""
        return tuple(self._times.get(k) for k in range(plies)) if self._times else ()


@lru_cache(_CACHE_SIZE)
def _seconds(text: str) -> float | None:
    """Return the seconds of a clock; None if the text is not a clock."""
    match = _TIME.fullmatch(text.rstrip())
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
