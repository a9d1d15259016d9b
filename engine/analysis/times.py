"""The time that was spent on each move, from what the game states and from its clocks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, zip_longest

from engine.model import SourceGame, TimeControl, settle
from engine.model.time_settling import own_number

__all__ = ["move_times"]

_NO_TIME = -0.0005
"""Seconds; a time below it is not one, but a clock that rose."""
_SHORTEST_PERIOD = 20
"""Moves before which no second period begins whose first move is not known."""


def move_times(game: SourceGame) -> list[float | None]:
    """Return the seconds spent on each move, as `Ply.time` defines them; None where not known.

    * **game** - the game.
    """
    known: list[float | None] = []
    if any(clock is not None for clock in game.clocks):
        timing = settle(game.headers, game.clocks, game.fen)
        if timing.game is not None:
            sides = timing.white, timing.black
            known = _by_clock(game, sides if " w " in game.fen else sides[::-1])
    times = [from_clock if stated is None else stated for stated, from_clock in zip_longest(game.times, known)]
    return [*times, *(None,) * len(game.moves)][: len(game.moves)]


def _by_clock(game: SourceGame, controls: Sequence[TimeControl | None]) -> list[float | None]:
    """Return the times that the clocks tell; the first control is that of the side that begins."""
    first, second = controls
    if (
        first == second
        and first is not None
        and first.kind == "clock"
        and not (first.moves or first.later or first.delay)
    ):
        return [None, None, *_falls(game.clocks, game.clocks[2:], first.increment)]
    times: list[float | None] = [None] * len(game.clocks)
    for side, control in enumerate(controls):
        if control is None:
            continue
        own = game.clocks[side::2]
        if control.kind == "move":
            times[side::2] = [None if left is None else _time(control.base - left) for left in own]
        elif control.kind == "hourglass":
            times[side::2] = _by_hourglass(game.clocks, side, control)
        elif control.delay:
            times[side::2] = [None, *(_delayed(*clocks, control.delay) for clocks in pairwise(own))][: len(own)]
        elif control.moves is None and not control.later:
            times[side::2] = [None, *_falls(own, own[1:], control.increment)][: len(own)]
        else:
            times[side::2] = _in_periods(own, own_number(game.fen, side), control)
    return times


def _falls(befores: Sequence[float | None], afters: Sequence[float | None], gained: float) -> list[float | None]:
    """Return the falls of clocks that gain so many seconds with each move; None for one that rises by more."""
    return [
        None if before is None or after is None or (fall := round(before + gained - after, 3) + 0.0) < 0 else fall
        for before, after in zip(befores, afters, strict=False)
    ]


def _time(seconds: float) -> float | None:
    """Return a time with 3 decimals; None for one that is negative, since a clock has risen."""
    rounded = round(seconds, 3) + 0.0  # no -0.0
    return None if rounded < 0 else rounded


def _delayed(before: float | None, after: float | None, delay: float) -> float | None:
    """Return the time of a move whose first seconds are not counted: not known when only these were used."""
    return None if before is None or after is None or after >= before else _time(before + delay - after)


def _by_hourglass(clocks: Sequence[float | None], side: int, control: TimeControl) -> list[float | None]:
    """Return the times of a side. Both clocks have the same sum always, so the opponent's tells where ours was."""
    times: list[float | None] = []
    for k in range(side, len(clocks), 2):
        theirs, after = clocks[k - 1] if k else control.base, clocks[k]
        times.append(None if theirs is None or after is None else _time(2 * control.base - theirs - after))
    return times


def _in_periods(own: Sequence[float | None], number: int, control: TimeControl) -> list[float | None]:
    """Return the times of a side whose clock gains time when a period begins; `number` is its first move's."""
    ledger = _Ledger(control, number)
    times: list[float | None] = [None]
    for before, after in pairwise(own):
        ledger.next_move()
        if before is None or after is None:
            times.append(None)
            continue
        fall = before + ledger.increment - after
        if fall >= _NO_TIME:
            times.append(None if ledger.doubts(fall, after) else _time(fall))
            continue
        time = ledger.explain(fall, before)
        if time is not None and ledger.doubtful is not None:  # the clock gained the time one move later
            times[-1], ledger.doubtful = ledger.doubtful, None
        times.append(time)
    return times[: len(own)]


class _Ledger:
    """The periods of a side that have begun, and whether its clock has gained their time.

    Clocks gain it with the last move of a period, one move later, or when the time of the period has run out.
    """

    def __init__(self, control: TimeControl, number: int) -> None:
        self.increment = control.increment
        """Seconds that the clock gains with this move."""
        self.doubtful: float | None = None
        """Time of the last move of a period if the clock had gained nothing with it."""
        self._number = number
        self._next_increment = control.increment
        self._to_come = control.beginnings()
        self._next = next(self._to_come, None)
        self._waiting: list[tuple[int | None, float]] = []
        """Move with which a period began, and the seconds that it adds; until the clock has gained them."""
        while self._next is not None and self._next[0] is not None and self._next[0] < number:
            self.increment = self._next_increment = self._next[1].increment
            self._next = next(self._to_come, None)
        self._begin()

    def next_move(self) -> None:
        """Go on to the next move of the side."""
        self._number += 1
        self.increment = self._next_increment
        if self.doubtful is not None and self._number > (self._waiting[0][0] or 0) + 1:
            self._waiting.pop(0)
            self.doubtful = None
        self._begin()

    def _begin(self) -> None:
        while self._next is not None and (self._next[0] is None or self._next[0] <= self._number):
            begin, period = self._next
            self._waiting.append((begin, period.seconds))
            self._next_increment = period.increment
            self._next = next(self._to_come, None)

    def explain(self, fall: float, before: float) -> float | None:
        """Return the time of a move whose clock rose by `-fall` more than the increment; None if unknown."""
        rise = -fall
        for count, (begin, seconds) in enumerate(self._waiting, 1):
            fall += seconds
            if begin is None and (self._number < _SHORTEST_PERIOD or rise < seconds / 2 or fall > before):
                return None
            if fall >= _NO_TIME:
                del self._waiting[:count]
                return _time(fall)
        return None

    def doubts(self, fall: float, after: float) -> bool:
        """Return whether a clock that did not rise may have gained the time of a period all the same."""
        if not self._waiting or self._waiting[0][0] != self._number or after < self._waiting[0][1]:
            return False
        self.doubtful = _time(fall)
        return True
