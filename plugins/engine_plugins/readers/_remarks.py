"""Clocks, move times and evaluations that programs write into the comments of the main line.

| comment              | meaning                                                             | view    |
| -------------------- | ------------------------------------------------------------------- | ------- |
| `[%clk 0:03:00]`     | time left after the move (`_clocks.py` has all spellings)           |         |
| `[%emt 0:00:07]`     | time spent on the move                                              |         |
| `[%eval 0.17,22]`    | the position after the move: pawns or `#-3`, with or without depth  | White's |
| `+0.71/22 1.2s`      | the position before the move: pawns or `+M5` (plies), depth, time   | mover's |

Some programs write `[%eval]` in centipawns, and some of these from the mover's point of view. A game is read as
centipawns if its evaluations are whole numbers without a decimal point and one of them is 15 or more. Then it is
read from the mover's point of view if more pairs of neighbours have opposite signs than the same sign.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct

from engine.model import AnalysedPosition, Evaluation, Recording, Score
from engine.positions.movetext import NULL_MOVE
from engine_plugins.readers._clocks import ClockRemarks, Timing, seconds_of

_COMMAND = re.compile(r"\[%(clk|emt|eval|timestamp|mct|egt)\s+([^\s\]]{1,24})\s*\]")
_EVAL = re.compile(r"(?:#(?P<mate>[+-]?\d{1,3})|(?P<number>[+-]?\d{1,6}(?:\.\d{0,4})?))(?:,(?P<depth>\d{1,3}))?")
_CUTECHESS = re.compile(
    r"\s*(?P<sign>[+-]?)(?:M(?P<mate>\d{1,3})|(?P<number>\d{1,4}\.\d{1,3}))/(?P<depth>\d{1,3})"
    r"(?:\s+(?P<time>\d{1,6}(?:\.\d{1,6})?)s)?"
)
_SURELY_CENTIPAWNS = 15
_CACHE_SIZE = 1 << 14
"""Number of evaluations that are cached, since games repeat the same ones."""


class _EvalCommand(Struct, frozen=True):
    """An `[%eval]` before its unit and point of view are known."""

    mate: int | None
    number: str
    depth: int


class Remarks:
    """The content of a game's comments, collected by the number of plies before each comment."""

    def __init__(self) -> None:
        self._time = ClockRemarks()
        self._clocks, self._times = self._time.clocks, self._time.times
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
                elif plies and (seconds := seconds_of(value)) is not None and command in ("clk", "emt"):
                    (self._clocks if command == "clk" else self._times).setdefault(plies - 1, seconds)
                elif plies:
                    self._time.keep(command, value, plies - 1)
        elif plies and (match := _CUTECHESS.match(comment)):
            self._cutechess.setdefault(plies - 1, _cutechess_evaluation(match))
            if match["time"]:
                self._times.setdefault(plies - 1, float(match["time"]))

    def timing(self, plies: int, headers: Mapping[str, str], fen: str) -> Timing:
        """Return the clocks and times of the game's plies; the tags and the first position help to read them."""
        return self._time.timing(plies, headers, fen)

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
