"""What programs write into the comments of a main line: clocks, move times and evaluations.

| comment              | what it says                                                        | view    |
| -------------------- | ------------------------------------------------------------------- | ------- |
| `[%clk 0:03:00]`     | time left after the move                                            |         |
| `[%emt 0:00:07]`     | time spent on the move                                              |         |
| `[%eval 0.17,22]`    | the position after the move: pawns or `#-3`, with or without depth  | White's |
| `+0.71/22 1.2s`      | the position before the move: pawns or `+M5` (plies), depth, time   | mover's |

Some programs write `[%eval]` in centipawns, and some of these from the mover's view. A game is taken to be in
centipawns when its evaluations are whole numbers without a point and one of them is 15 or more; then it is taken
to be in the mover's view when neighbours contradict each other more than they agree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from msgspec import Struct

from engine.model import AnalysedPosition, Evaluation, Recording, Score

_TIME = r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{0,6})?)"
_CLOCK = re.compile(rf"\[%clk\s+{_TIME}\s*\]")
_SPENT = re.compile(rf"\[%emt\s+{_TIME}\s*\]")
_EVAL = re.compile(
    r"\[%eval\s+(?:#(?P<mate>[+-]?\d{1,3})|(?P<number>[+-]?\d{1,6}(?:\.\d{0,4})?))(?:,(?P<depth>\d{1,3}))?\s*\]"
)
_OF_ENGINE = re.compile(
    r"\s*(?P<sign>[+-]?)(?:M(?P<mate>\d{1,3})|(?P<number>\d{1,4}\.\d{1,3}))/(?P<depth>\d{1,3})"
    r"(?:\s+(?P<time>\d{1,6}(?:\.\d{1,6})?)s)?"
)
_PLAINLY_CENTIPAWNS = 15


class _Said(Struct, frozen=True):
    """An `[%eval]` as it stands."""

    mate: int | None
    number: str
    depth: int


class Remarks:
    """What the comments of a game have said so far, by the number of plies played before the comment."""

    def __init__(self) -> None:
        self._clocks: dict[int, float] = {}
        self._spent: dict[int, float] = {}
        self._said: dict[int, _Said] = {}
        self._by_engine: dict[int, Evaluation] = {}
        """By position; the best move is added at the end."""

    def read(self, comment: str, plies: int) -> None:
        """Take in a comment that stands after so many plies; of two that say the same the first counts."""
        if "[%" in comment:
            if plies and "[%clk" in comment and (found := _CLOCK.search(comment)):
                self._clocks.setdefault(plies - 1, _seconds(found))
            if plies and "[%emt" in comment and (found := _SPENT.search(comment)):
                self._spent.setdefault(plies - 1, _seconds(found))
            if "[%eval" in comment and (found := _EVAL.search(comment)):
                mate, number, depth = found.groups()
                if mate not in ("0", "+0", "-0"):
                    said = _Said(int(mate) if mate else None, number or "", int(depth or 0))
                    self._said.setdefault(plies, said)
        elif plies and (found := _OF_ENGINE.match(comment)):
            self._by_engine.setdefault(plies - 1, _of_engine(found))
            if found["time"]:
                self._spent.setdefault(plies - 1, float(found["time"]))

    def clocks(self, plies: int) -> tuple[float | None, ...]:
        """Seconds left after each of the game's plies; empty when nothing was said."""
        return tuple(self._clocks.get(k) for k in range(plies)) if self._clocks else ()

    def times(self, plies: int) -> tuple[float | None, ...]:
        """Seconds spent on each of the game's plies; empty when nothing was said."""
        return tuple(self._spent.get(k) for k in range(plies)) if self._spent else ()

    def recording(self, moves: Sequence[str], *, white_first: bool) -> Recording | None:
        """The evaluations beside these moves (UCI); None when there is none."""
        found: dict[int, Evaluation] = {}
        for k, evaluation in self._by_engine.items():
            if k < len(moves):
                found[k] = Evaluation(evaluation.score, (moves[k],), evaluation.depth, 0)
        unit, movers = self._conventions()
        for k, said in self._said.items():
            score = Score(mate=said.mate) if said.mate is not None else Score(cp=round(float(said.number) * unit))
            # The mover of the comment has moved: position k is the opponent's.
            white_to_move = white_first == (k % 2 == 0)
            found[k] = Evaluation(-score if movers or not white_to_move else score, (), said.depth, 0)
        if not found:
            return None
        positions = (found.get(k) for k in range(len(moves) + 1))
        return Recording(
            tuple(None if one is None else AnalysedPosition(evaluation=one, recorded=True) for one in positions)
        )

    def _conventions(self) -> tuple[int, bool]:
        """How many centipawns 1 is, and whether the numbers are the mover's."""
        numbers = [said.number for _, said in sorted(self._said.items()) if said.number]
        if any("." in number for number in numbers):
            return 100, False
        values = [int(number) for number in numbers]
        if max(map(abs, values), default=0) < _PLAINLY_CENTIPAWNS:
            return 100, False
        return 1, sum((a * b > 0) - (a * b < 0) for a, b in pairwise(values)) < 0


def _seconds(found: re.Match[str]) -> float:
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _of_engine(found: re.Match[str]) -> Evaluation:
    sign = -1 if found["sign"] == "-" else 1
    if found["mate"]:
        plies = max(1, int(found["mate"]))
        score = Score(mate=sign * ((plies + 1) // 2))
    else:
        score = Score(cp=sign * round(float(found["number"]) * 100))
    return Evaluation(score, (), int(found["depth"]), 0)
