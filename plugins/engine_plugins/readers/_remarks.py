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
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct

from engine.model import AnalysedPosition, Evaluation, Recording, Score

_COMMAND = re.compile(r"\[%(clk|emt|eval)\s+([^\s\]]{1,24})\s*\]")
_TIME = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{0,6})?)")
_EVAL = re.compile(r"(?:#(?P<mate>[+-]?\d{1,3})|(?P<number>[+-]?\d{1,6}(?:\.\d{0,4})?))(?:,(?P<depth>\d{1,3}))?")
_OF_ENGINE = re.compile(
    r"\s*(?P<sign>[+-]?)(?:M(?P<mate>\d{1,3})|(?P<number>\d{1,4}\.\d{1,3}))/(?P<depth>\d{1,3})"
    r"(?:\s+(?P<time>\d{1,6}(?:\.\d{1,6})?)s)?"
)
_PLAINLY_CENTIPAWNS = 15
_REMEMBERED = 1 << 14
"""Clocks and evaluations that are read once: games say the same ones again and again."""


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
            for command, value in _COMMAND.findall(comment):
                if command == "eval":
                    if said := _said(value):
                        self._said.setdefault(plies, said)
                elif plies and (seconds := _seconds(value)) is not None:
                    times = self._clocks if command == "clk" else self._spent
                    times.setdefault(plies - 1, seconds)
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
        found: dict[int, AnalysedPosition] = {}
        for k, evaluation in self._by_engine.items():
            if k < len(moves):
                found[k] = _recorded(evaluation.score, (moves[k],), evaluation.depth)
        unit, movers = self._conventions()
        for k, said in self._said.items():
            if said.mate == 0:  # it has been given, and there is nothing to evaluate
                continue
            # The mover of the comment has moved: position k is the opponent's.
            white_to_move = white_first == (k % 2 == 0)
            found[k] = _position(said, unit, movers or not white_to_move)
        return Recording(tuple(found.get(k) for k in range(len(moves) + 1))) if found else None

    def _conventions(self) -> tuple[int, bool]:
        """How many centipawns 1 is, and whether the numbers are the mover's."""
        if any("." in said.number for said in self._said.values()):
            return 100, False
        values = [int(said.number) for _, said in sorted(self._said.items()) if said.number]
        if max(map(abs, values), default=0) < _PLAINLY_CENTIPAWNS:
            return 100, False
        return 1, sum((a * b > 0) - (a * b < 0) for a, b in pairwise(values)) < 0


@lru_cache(_REMEMBERED)
def _seconds(text: str) -> float | None:
    """Of a clock; None for what is none."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@lru_cache(_REMEMBERED)
def _said(text: str) -> _Said | None:
    """Of an `[%eval]`; None for what is none."""
    found = _EVAL.fullmatch(text)
    if found is None:
        return None
    mate, number, depth = found.groups()
    return _Said(int(mate) if mate else None, number or "", int(depth or 0))


@lru_cache(_REMEMBERED)
def _position(said: _Said, unit: int, negated: bool) -> AnalysedPosition:
    """With that evaluation; `unit` is how many centipawns 1 is."""
    score = Score(mate=said.mate) if said.mate is not None else Score(cp=round(float(said.number) * unit))
    return _recorded(-score if negated else score, (), said.depth)


def _recorded(score: Score, pv: tuple[str, ...], depth: int) -> AnalysedPosition:
    return AnalysedPosition(evaluation=Evaluation(score, pv, depth, 0), recorded=True)


def _of_engine(found: re.Match[str]) -> Evaluation:
    sign = -1 if found["sign"] == "-" else 1
    if found["mate"]:
        plies = max(1, int(found["mate"]))
        score = Score(mate=sign * ((plies + 1) // 2))
    else:
        score = Score(cp=sign * round(float(found["number"]) * 100))
    return Evaluation(score, (), int(found["depth"]), 0)
