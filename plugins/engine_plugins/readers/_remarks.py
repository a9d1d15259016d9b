"""Clocks, move times and evaluations that programs write into the comments of the main line.

`_clocks.py` says which clocks and times are read, `_evaluations.py` which evaluations, and the times beside them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from engine_plugins.readers._clocks import ClockRemarks, Timing, seconds_of
from engine_plugins.readers._evaluations import Evaluations, eval_command

_COMMAND = re.compile(r"\[%(clk|emt|eval|timestamp|mct|egt)\s+([^\s\]][^\]]{0,79})\]")
_ANY_COMMAND = re.compile(r"\[%[^\[\]]*\]")


class Remarks:
    """The content of a game's comments, collected by the number of plies before each comment."""

    def __init__(self) -> None:
        self._time = ClockRemarks()
        self._clocks, self._times = self._time.clocks, self._time.times
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
                elif plies:
                    self._read_time(command, value, plies - 1)
            if not plies:
                if "[%evp" in comment:
                    self.evaluations.profile(comment)
            elif ("/" in comment or "=" in comment) and "[%eval" not in comment:
                self._read_engine(_ANY_COMMAND.sub("", comment), plies)
        elif plies:
            self._read_engine(comment, plies)

    def read_known(self, evaluation: str, clock: str, plies: int) -> None:
        """Read the first comment after so many plies, which has nothing but `[%eval]`, `[%clk]` or both.

        * **evaluation** - what `[%eval]` says; empty if it is not there.
        * **clock** - the same for `[%clk]`: hours, minutes and seconds.
        """
        if evaluation:
            if command := eval_command(evaluation):
                self.evaluations.commands[plies] = command
            else:
                self.evaluations.command(evaluation, plies)
        if clock and (seconds := seconds_of(clock)) is not None:
            self._clocks[plies - 1] = seconds

    def _read_time(self, command: str, value: str, ply: int) -> None:
        if command in ("clk", "emt") and (seconds := seconds_of(value)) is not None:
            (self._clocks if command == "clk" else self._times).setdefault(ply, seconds)
        else:
            self._time.keep(command, value.rstrip(), ply)

    def _read_engine(self, comment: str, plies: int) -> None:
        """Read what a program that has engines play each other says of a move."""
        searched = self.evaluations.comment(comment, plies)
        if searched is not None:
            for times, seconds in ((self._times, searched.time), (self._clocks, searched.clock)):
                if seconds is not None:
                    times.setdefault(plies - 1, seconds)

    def timing(self, plies: int, headers: Mapping[str, str], fen: str) -> Timing:
        """Return the clocks and times of the game's plies; the tags and the first position help to read them."""
        return self._time.timing(plies, headers, fen)
