"""Clocks and move times in the comments of a PGN game, in every spelling that programs write.

| comment                             | meaning                                                                |
| ----------------------------------- | ---------------------------------------------------------------------- |
| `[%clk 0:02:59.9]`, `[%clk 2m59s]`  | time left after the move                                               |
| `[%clk 1:30]`                       | hours and minutes, or minutes and seconds: the game decides            |
| `[%clk 179.9]`, `[%clk 17990]`      | seconds, or the unit that suits the time control                       |
| `[%emt 0:00:07]`, `[%emt 0:01.25]`  | time spent on the move; two numbers are minutes and seconds            |
| `[%emt 1.25]`, `[%emt 125]`         | seconds, unless a side would have used more than it had                |
| `[%timestamp 15]`                   | tenths of a second spent (chess.com), where no clock tells the time    |
| `[%mct 17:10:42]`, `[%egt 0:05:10]` | a dial that goes forward while its owner thinks                        |

Nearly all clocks have three numbers and two colons, and are read at once. Everything else waits until the game is
complete.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from msgspec import Struct

from engine.model import Note, Period, Settled, TimeControl, settle

_TIME = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{0,6})?)")
_FOUR = re.compile(r"(\d{1,4}):(\d{1,2}):(\d{1,2}):(\d{1,3})")
_TWO = re.compile(r"(\d{1,4}):(\d{1,2}(?:[.,]\d{0,6})?)")
_PLAIN = re.compile(r"\d{1,9}(?:\.\d{0,6})?")
_UNITS = re.compile(r"(?=\d)(?:(\d{1,4})h)?(?:(\d{1,4})(?:m|min|'))?(?:(\d{1,9}(?:\.\d{0,6})?)(?:s|sec|''|\")?)?")
_DIGIT = re.compile(r"\d")
_CACHE_SIZE = 1 << 14
"""Number of clocks that are cached, since games repeat the same ones."""
_MOST_HOURS = 9
"""Largest first number of a clock that can be hours when there are two numbers."""
_LONG_INCREMENT = 10
"""Seconds; players with such an increment often gain more than a second with a move."""
_LONG_FALL = 5
"""Mean fall of a clock for each move; more is not minutes."""
_UNSUITED = 2
_HALF_DAY = 43_200.0
_UNITS_OF_WHOLE_NUMBERS = (
    (1, "seconds"),
    (100, "centiseconds"),
    (1000, "milliseconds"),
    (10, "tenths of a second"),
)
_LEAST_SHARE = 1 / 20
"""Part of the time control that all moves of a game take at least, for a unit that only the time control tells."""


class Timing(Struct, frozen=True):
    """What the comments of a game say about time."""

    clocks: tuple[float | None, ...] = ()
    """Seconds left after each ply; empty when no comment has a clock."""
    times: tuple[float | None, ...] = ()
    """Seconds spent on each ply; empty when no comment has a time."""
    notes: tuple[Note, ...] = ()
    """How it was read where that is not plain, and what was not understood."""


class ClockRemarks:
    """The clocks and move times of a game, collected by ply; of two on the same ply the first one counts."""

    def __init__(self) -> None:
        self.clocks: dict[int, float] = {}
        """Seconds left."""
        self.times: dict[int, float] = {}
        """Seconds spent."""
        self._unsettled: dict[str, dict[int, str]] = {}
        """Texts of commands that must be read together, by command and ply."""

    def keep(self, command: str, text: str, ply: int) -> None:
        """Keep a command in the comment after a ply until the game is complete."""
        known = self.clocks if command == "clk" else self.times if command == "emt" else ()
        if ply not in known:
            self._unsettled.setdefault(command, {}).setdefault(ply, text)

    def timing(self, plies: int, headers: Mapping[str, str], fen: str) -> Timing:
        """Return what is known of the time of a game's plies.

        * **plies** - the number of plies.
        * **headers** - the tags of the game.
        * **fen** - the first position of the game.
        """
        notes: list[Note] = []
        if self._unsettled:
            notes += _Spelling(self, plies, headers, fen).settle(self._unsettled)
        clocks, times = _listed(self.clocks, plies), _listed(self.times, plies)
        return Timing(clocks, times, (*notes, *time_control_notes(headers, clocks, fen)))


def time_control_notes(headers: Mapping[str, str], clocks: Sequence[float | None], fen: str) -> list[Note]:
    """Return what people should know of how a game's time control was understood.

    * **headers** - the tags of the game.
    * **clocks** - the seconds left after each ply; empty when not known.
    * **fen** - the first position of the game.
    """
    settled = settle(headers, clocks, fen)
    if settled.verdict in ("fits", "none"):
        return []
    tag = " and ".join(
        f"`{headers[name].strip()[:60]}`"
        for name in ("TimeControl", "WhiteTimeControl", "BlackTimeControl")
        if headers.get(name)
    )
    first = next((clock for clock in clocks if clock is not None), 0.0)
    begin = f"the clocks, which begin at {_shown(first)}"
    if settled.verdict == "minutes":
        reason = f"TimeControl {tag} is read as {_in_words(settled.game)}, to suit {begin}"
        return [Note("TimeControl in minutes", reason, understood=True)]
    unknown = "move times, shares of the clock and the speed are left unknown; correct the tag, as in `5400+30`"
    if settled.verdict == "contradicted":
        return [Note("TimeControl against the clocks", f"TimeControl {tag} contradicts {begin}: {unknown}")]
    return [Note("TimeControl", f"TimeControl {tag} is not understood: {unknown}")]


def _in_words(control: TimeControl | None) -> str:
    if control is None:
        return "unknown"
    periods = [Period(control.base, control.increment, control.moves), *control.later]
    return ", then ".join(
        (f"{period.moves} moves in " if period.moves else "")
        + f"{period.seconds / 60:g} min"
        + (f" + {period.increment:g} s a move" if period.increment else "")
        for period in periods
    )


class _Spelling:
    """Reads the commands of a game that are understood only together."""

    def __init__(self, remarks: ClockRemarks, plies: int, headers: Mapping[str, str], fen: str) -> None:
        self._remarks = remarks
        self._plies = plies
        self._headers = headers
        self._fen = fen
        self._notes: list[Note] = []

    def settle(self, unsettled: Mapping[str, Mapping[int, str]]) -> list[Note]:
        """Add what these commands say to the remarks, and return what people should know of it."""
        self._clocks(unsettled.get("clk", {}))
        self._times(unsettled.get("emt", {}))
        self._dials(unsettled.get("mct", {}), _HALF_DAY)
        self._dials(unsettled.get("egt", {}), None)
        stamps = {ply: text for ply, text in unsettled.get("timestamp", {}).items() if ply < self._plies}
        if stamps and not (self._remarks.clocks and self._settled(self._remarks.clocks).game):
            for ply, text in stamps.items():
                if text.isdecimal():
                    self._remarks.times.setdefault(ply, int(text) / 10)
                else:
                    self._refuse("timestamp", text)
        return self._notes

    def _clocks(self, texts: Mapping[int, str]) -> None:
        clocks = self._remarks.clocks
        pairs: dict[int, str] = {}
        numbers: dict[int, float] = {}
        for ply, text in texts.items():
            if _TWO.fullmatch(text):
                pairs[ply] = text
            elif _PLAIN.fullmatch(text):
                numbers[ply] = float(text)
            elif (seconds := _spelled(text)) is not None:
                clocks[ply] = seconds
            else:
                self._refuse("clk", text)
        if pairs:
            self._pairs(pairs, lone=not clocks)
        if numbers:
            self._numbers(numbers)

    def _pairs(self, texts: Mapping[int, str], *, lone: bool) -> None:
        """Read clocks of two numbers: hours and minutes, or minutes and seconds."""
        short = {ply: _minutes(text) for ply, text in texts.items()}
        long = {ply: 60 * seconds for ply, seconds in short.items()}
        text = next(iter(texts.values()))
        sure = any("." in text or "," in text or int(text.split(":")[0]) > _MOST_HOURS for text in texts.values())
        if sure or not lone:  # `59:59` after `1:00:00`
            self._remarks.clocks.update(short)
            return
        hours = self._are_hours(short, long)
        self._remarks.clocks.update(long if hours else short)
        reading = "hours and minutes" if hours else "minutes and seconds"
        self._notes.append(
            Note("clock spelling", f"clocks such as `{text}` are read as {reading}", understood=True)
        )

    def _are_hours(self, short: Mapping[int, float], long: Mapping[int, float]) -> bool:
        as_minutes, as_hours = self._rank(short), self._rank(long)
        steps = [after - before for side in (0, 1) for before, after in pairwise(self._own(short, side))]
        if as_minutes == as_hours == _UNSUITED:  # nothing but the clocks themselves
            return not steps or -sum(steps) / len(steps) <= _LONG_FALL
        if as_hours == 1 and as_minutes == 0:  # `90+30` and `1:30`: an increment of 30 s would be seen
            control = self._settled(short).game
            return bool(control and control.increment >= _LONG_INCREMENT and all(step <= 1 for step in steps))
        return as_hours <= as_minutes

    def _rank(self, clocks: Mapping[int, float]) -> int:
        """Return 0 for clocks that begin near the base time, 1 if that must be in minutes, else `_UNSUITED`."""
        settled = self._settled(clocks)
        if settled.game is None or max(clocks.values()) < settled.game.base / 3:
            return _UNSUITED
        return 0 if settled.verdict == "fits" else 1

    def _numbers(self, numbers: Mapping[int, float]) -> None:
        """Read clocks that are plain numbers: seconds, or the unit that suits the time control."""
        units = _UNITS_OF_WHOLE_NUMBERS if all(number.is_integer() for number in numbers.values()) else ((1, ""),)
        suited = [unit for unit in units if self._rank({k: n / unit[0] for k, n in numbers.items()}) < _UNSUITED]
        divisor, name = (suited or units)[0]
        for ply, number in numbers.items():
            self._remarks.clocks[ply] = number / divisor
        if divisor > 1:
            shown = f"{next(iter(numbers.values())):g}"
            self._notes.append(
                Note("clock spelling", f"clocks such as `{shown}` are read as {name}", understood=True)
            )

    def _times(self, texts: Mapping[int, str]) -> None:
        times = self._remarks.times
        whole: dict[int, int] = {}
        for ply, text in texts.items():
            if text.isdecimal():
                whole[ply] = int(text)
            elif _TWO.fullmatch(text):
                times[ply] = _minutes(text)
            elif (seconds := _spelled(text)) is not None:
                times[ply] = seconds
            else:
                self._refuse("emt", text)
        divisor, name = (1, "") if times else self._unit_of_times(whole)
        for ply, number in whole.items():
            times[ply] = number / divisor
        if divisor > 1:
            text = str(max(whole.values()))
            self._notes.append(
                Note("time spelling", f"move times such as `{text}` are read as {name}", understood=True)
            )

    def _unit_of_times(self, whole: Mapping[int, int]) -> tuple[int, str]:
        """Return the unit with which no side used more time than it had."""
        control = self._settled(self._remarks.clocks).game
        if not whole or control is None or control.kind != "clock":
            return 1, ""
        used = max(sum(number for ply, number in whole.items() if ply % 2 == side) for side in (0, 1))
        moves = (self._plies + 1) // 2
        had = control.base + moves * control.increment + control.added(moves)
        for divisor, name in _UNITS_OF_WHOLE_NUMBERS[:3]:
            if used / divisor <= 1.1 * had and (divisor == 1 or used / divisor >= _LEAST_SHARE * had):
                return divisor, name
        return 1, ""

    def _dials(self, texts: Mapping[int, str], turn: float | None) -> None:
        """Read dials that go forward while their owner thinks; `turn` is one turn of the dial in seconds.

        Some programs write the time left there, as in `[%clk]`.
        """
        dial: dict[int, float] = {}
        for ply, text in texts.items():
            if (seconds := _spelled(text.replace(",", "."))) is not None:
                dial[ply] = seconds
            else:
                self._refuse("egt" if turn is None else "mct", text)
        steps = {
            after: dial[after] - dial[after - 2] for after in dial if after - 2 in dial and after < self._plies
        }
        if sum(-(turn or math.inf) / 2 < step < 0 for step in steps.values()) > len(steps) / 2:
            for ply, seconds in dial.items():
                self._remarks.clocks.setdefault(ply, seconds)
            return
        if turn is None:
            steps |= {ply: seconds for ply, seconds in dial.items() if ply < 2}  # noqa: PLR2004 - a first move
        for ply, step in steps.items():
            spent = step + turn if turn is not None and step < 0 else step
            if spent >= 0:
                self._remarks.times.setdefault(ply, round(spent, 3))

    def _settled(self, clocks: Mapping[int, float]) -> Settled:
        return settle(self._headers, _listed(clocks, self._plies), self._fen)

    def _own(self, clocks: Mapping[int, float], side: int) -> list[float]:
        return [clocks[ply] for ply in sorted(clocks) if ply % 2 == side]

    def _refuse(self, command: str, text: str) -> None:
        if _DIGIT.search(text) and not any(note.topic == f"%{command}" for note in self._notes):
            shown = f"`[%{command} {text}]`"
            reason = f"{shown} is not understood and left out; write it like `[%{command} 0:02:59.9]`"
            self._notes.append(Note(f"%{command}", reason))


def _listed(values: Mapping[int, float], plies: int) -> tuple[float | None, ...]:
    return tuple(map(values.get, range(plies))) if values else ()


@lru_cache(_CACHE_SIZE)
def seconds_of(text: str) -> float | None:
    """Return the seconds of a clock with hours, minutes and seconds; None for any other text."""
    match = _TIME.fullmatch(text.rstrip())
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def _spelled(text: str) -> float | None:
    """Return the seconds of a text that means only one time; None if it is none."""
    text = text.replace(",", ".")
    if (seconds := seconds_of(text)) is not None:
        return seconds
    if match := _FOUR.fullmatch(text):
        hours, minutes, whole, part = match.groups()
        return int(hours) * 3600 + int(minutes) * 60 + float(f"{int(whole)}.{part}")
    if _TWO.fullmatch(text):
        return _minutes(text)
    if match := _UNITS.fullmatch(text):
        return int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + float(match[3] or 0)
    return None


def _minutes(text: str) -> float:
    """Return the seconds of minutes and seconds."""
    minutes, seconds = text.replace(",", ".").split(":")
    return int(minutes) * 60 + float(seconds or 0)


def _shown(seconds: float) -> str:
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
