"""Clocks, move times and evaluations that programs write into the comments of the main line.

| comment              | meaning                                                             | view    |
| -------------------- | ------------------------------------------------------------------- | ------- |
| `[%clk 0:03:00]`     | time left after the move                                            |         |
| `[%emt 0:00:07]`     | time spent on the move                                              |         |
| `[%eval 0.17,22]`    | the position after the move: pawns or `#-3`, with or without depth  | White's |
| `+0.71/22 1.2s`      | the position before the move: pawns or `+M5` (plies), depth, time   | mover's |

Some programs write `[%eval]` in centipawns, and some of these from the mover's point of view. A game is read as
centipawns if its evaluations are whole numbers without a decimal point and one of them is 15 or more. Then it is
read from the mover's point of view if more pairs of neighbours have opposite signs than the same sign.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct

from engine.model import AnalysedPosition, Evaluation, Recording, Score
from engine.positions.movetext import NULL_MOVE

_COMMAND = re.compile(r"\[%(clk|emt|eval)\s+([^\s\]]{1,24})\s*\]")
_TIME = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{0,6})?)")
_EVAL = re.compile(r"(?:#(?P<mate>[+-]?\d{1,3})|(?P<number>[+-]?\d{1,6}(?:\.\d{0,4})?))(?:,(?P<depth>\d{1,3}))?")
_CUTECHESS = re.compile(
    r"\s*(?P<sign>[+-]?)(?:M(?P<mate>\d{1,3})|(?P<number>\d{1,4}\.\d{1,3}))/(?P<depth>\d{1,3})"
    r"(?:\s+(?P<time>\d{1,6}(?:\.\d{1,6})?)s)?"
)
_SURELY_CENTIPAWNS = 15
_CACHE_SIZE = 1 << 14
"""Number of clocks and evaluations that are cached, since games repeat the same ones."""


class _EvalCommand(Struct, frozen=True):
    """An `[%eval]` before its unit and point of view are known."""

    mate: int | None
    number: str
    depth: int


class Remarks:
    """The content of a game's comments, collected by the number of plies before each comment."""

    def __init__(self) -> None:
        self._clocks: dict[int, float] = {}
        self._times: dict[int, float] = {}
        self._evals: dict[int, _EvalCommand] = {}
        self._cutechess: dict[int, Evaluation] = {}
        """Evaluations by position; `recording` adds the best moves."""

    def read(self, comment: str, plies: int) -> None:
        """Read a comment that comes after so many plies; if two have the same command, the first one counts."""
        if "[%" in comment:
            for command, value in _COMMAND.findall(comment):
                if command == "eval":
                    if evaluation := _eval_command(value):
                        self._evals.setdefault(plies, evaluation)
                elif plies and (seconds := _seconds(value)) is not None:
                    times = self._clocks if command == "clk" else self._times
                    times.setdefault(plies - 1, seconds)
        elif plies and (match := _CUTECHESS.match(comment)):
            self._cutechess.setdefault(plies - 1, _cutechess_evaluation(match))
            if match["time"]:
                self._times.setdefault(plies - 1, float(match["time"]))

    def clocks(self, plies: int) -> tuple[float | None, ...]:
        """Return the seconds left after each of the game's plies; empty if no comment has a clock."""
        return tuple(self._clocks.get(k) for k in range(plies)) if self._clocks else ()

    def times(self, plies: int) -> tuple[float | None, ...]:
        """Return the seconds spent on each of the game's plies; empty if no comment has a time."""
        return tuple(self._times.get(k) for k in range(plies)) if self._times else ()

    def recording(self, moves: Sequence[str], *, white_first: bool) -> Recording | None:
        """Return the evaluations that belong to these moves (UCI); None if there are none."""
        positions: dict[int, AnalysedPosition] = {}
        for k, evaluation in self._cutechess.items():
            if k < len(moves):
                best = () if moves[k] == NULL_MOVE else (moves[k],)
                positions[k] = _recorded(evaluation.score, best, evaluation.depth)
        unit, movers_view = self._conventions()
        for k, command in self._evals.items():
            if command.mate == 0:  # checkmate is on the board, so there is nothing to evaluate
                continue
            # The comment comes after the move, so in position k the opponent is to move.
            white_to_move = white_first == (k % 2 == 0)
            positions[k] = _position(command, unit, movers_view or not white_to_move)
        return Recording(tuple(positions.get(k) for k in range(len(moves) + 1))) if positions else None

    def _conventions(self) -> tuple[int, bool]:
        """Return the unit of `[%eval]` in centipawns, and whether the numbers are from the mover's view."""
        if any("." in command.number for command in self._evals.values()):
            return 100, False
        values = [int(command.number) for _, command in sorted(self._evals.items()) if command.number]
        if max(map(abs, values), default=0) < _SURELY_CENTIPAWNS:
            return 100, False
        return 1, sum((a * b > 0) - (a * b < 0) for a, b in pairwise(values)) < 0


@lru_cache(_CACHE_SIZE)
def _seconds(text: str) -> float | None:
    """Return the seconds of a clock; None if the text is not a clock."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@lru_cache(_CACHE_SIZE)
def _eval_command(text: str) -> _EvalCommand | None:
    """Parse the value of an `[%eval]`; return None if it is not one."""
    match = _EVAL.fullmatch(text)
    if match is None:
        return None
    mate, number, depth = match.groups()
    return _EvalCommand(int(mate) if mate else None, number or "", int(depth or 0))


@lru_cache(_CACHE_SIZE)
def _position(command: _EvalCommand, unit: int, negated: bool) -> AnalysedPosition:
    """Return the position with this evaluation; `unit` is the unit of its number in centipawns."""
    score = Score(mate=command.mate) if command.mate is not None else Score(cp=round(float(command.number) * unit))
    return _recorded(-score if negated else score, (), command.depth)


def _recorded(score: Score, pv: tuple[str, ...], depth: int) -> AnalysedPosition:
    return AnalysedPosition(evaluation=Evaluation(score, pv, depth, 0), recorded=True)


def _cutechess_evaluation(match: re.Match[str]) -> Evaluation:
    sign = -1 if match["sign"] == "-" else 1
    if match["mate"]:
        plies = max(1, int(match["mate"]))
        score = Score(mate=sign * ((plies + 1) // 2))
    else:
        score = Score(cp=sign * round(float(match["number"]) * 100))
    return Evaluation(score, (), int(match["depth"]), 0)
