"""Reading the tag `TimeControl`: the PGN standard, and what people and programs write instead.

| tag                                              | meaning                                               |
| ------------------------------------------------ | ----------------------------------------------------- |
| `300+3`, `600`, `40/7200:3600`, `40/5400+30:1800+30` | the standard: moves/seconds+increment, periods        |
| `1/259200`, `3 days per move`                    | a clock that starts again at each move                |
| `*60`                                            | hourglass                                             |
| `2700d5`                                         | delay                                                 |
| `90 min + 30 sec / move`, `90'+30''`             | minutes and seconds by their units                    |
| `G/60;d5`, `40/120, SD/60; +5`                   | US Chess: minutes, delay or increment in seconds      |
| `90'/40 + 30' + 30''/move from move 1`           | periods in words                                      |
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec import structs

from engine.model.time_control import Period, TimeControl

_LONGEST_TAG = 160
_N = r"\d{1,9}(?:\.\d{1,9})?"
_FIELD = re.compile(
    rf"(?:(?P<moves>\d{{1,9}})/)?(?P<seconds>{_N})(?:\+(?P<increment>{_N}))?(?:(?P<late>d)|d(?P<delay>{_N}))?"
)
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?(?:\+(\d{1,3}))?")
_NOTHING = {"", "?", "-", "--", "none", "unlimited", "untimed", "unknown", "n/a", "no time control", "*"}
_MANY_MOVES = 300
"""More moves than any period has: then moves and seconds were swapped."""
_DAY, _HOUR, _MINUTE = 86_400.0, 3_600.0, 60.0

_QUOTES = str.maketrans({"’": "'", "′": "'", "`": "'", "´": "'", "‘": "'", "”": '"', "″": '"', "“": '"', "–": "-"})
_UNITS = {"d": _DAY, "h": _HOUR, "m": _MINUTE, "'": _MINUTE, "s": 1.0, '"': 1.0}
_UNIT = r"days?|d(?![a-z0-9])|hours?|hrs?|h|minutes?|mins?|min|m(?![a-z])|'|seconds?|secs?|sec|s(?![a-z])|\""
_QUANTITY = re.compile(rf"(\d+(?:[.,]\d+)?)\s*({_UNIT})?\.?")
_SEPARATOR = re.compile(r"[+&;,|]|\band\b|\bplus\b|\bthen\b|\bfollowed by\b|\bwith\b")
_FROM = re.compile(
    r"(?:starting |beginning )?(?:from|after|as of|at|on|desde) (?:the )?(?:mov(?:e|\.)? )?"
    r"(?:(\d{1,3})|one|first)(?:st|th)?(?: move)?"
)
_INCREMENT = re.compile(
    r"(?:\bp?/|per|an?|each|every)\s*(?:1\s*)?(?:moves?\b|mov\b|mv\b|m\b)|\b(?:increment|incr?|bonus|fischer)(?![a-z])"
)
_DELAY = re.compile(r"\bdelay\b|\bbronstein\b|\bd(?=[\s/]*\d)")
_COUNT = re.compile(r"(?:first |next )?(\d{1,3})\s*(?:moves|movs?|mvs?)\b")
_COUNT_BEFORE = re.compile(r"(\d{1,3})\s*/\s*(?=\d)")
_COUNT_AFTER = re.compile(rf"\d\s*(?:{_UNIT})\.?\s*/\s*(\d{{1,3}})\s*$")
_REST = re.compile(r"\b(?:sd|game|g|rest|sudden death|end|all|ko)\b|\b(?:g|sd)(?=\d)")
_HOURGLASS = re.compile(r"\b(?:hourglass|sand ?clock)\b")
_NAMES = re.compile(r"\b(?:ultrabullet|bullet|blitz|rapid|classical|standard|fide|time control|tc)\b:?")
_FILLER = re.compile(
    r"\b(?:in|for|the|rest|of|game|time|moves?|per|player|side|each|to|a|main|p|seconds?|s)\b|[/().:\s]"
)


class Reading(NamedTuple):
    """One way to understand the tag."""

    control: TimeControl
    """What it means then."""
    standard: bool = True
    """Whether the PGN standard, or the words of the tag, say so; otherwise the clocks have to."""


def says_nothing(text: str) -> bool:
    """Return whether a tag says that there is no time control, or that it is not known.

    * **text** - the value of the tag.
    """
    return text.strip().lower() in _NOTHING


def read_time_control(text: str) -> list[Reading]:
    """Return what a tag can mean, the likeliest first; an empty list when it is not understood.

    * **text** - the value of the tag.
    """
    if len(text) > _LONGEST_TAG:
        return []
    readings = list(_standard(re.sub(r"\s*([+/:*])\s*", r"\1", text.strip())))
    if readings:
        return readings
    control = _words(text.lower().translate(_QUOTES).replace("''", '"').strip())
    return [] if control is None else [Reading(control)]


def _standard(text: str) -> Iterator[Reading]:
    """Yield the readings of a tag in the form of the PGN standard, first in seconds, then in minutes."""
    if text.startswith("*") and re.fullmatch(_N, text[1:]):
        seconds = float(text[1:])
        yield Reading(TimeControl(seconds, 0.0, kind="hourglass"))
        yield Reading(TimeControl(seconds * _MINUTE, 0.0, kind="hourglass"), standard=False)
    elif clock := _CLOCK.fullmatch(text):
        first, second, third, increment = (float(part or 0) for part in clock.groups())
        if clock[3]:
            yield Reading(TimeControl(first * _HOUR + second * _MINUTE + third, increment))
        else:
            yield Reading(TimeControl(first * _MINUTE + second, increment))
            yield Reading(TimeControl(first * _HOUR + second * _MINUTE, increment), standard=False)
    else:
        fields = [field for field in text.split(":") if field not in ("?", "-", "")]
        matches = [match for match in map(_FIELD.fullmatch, fields) if match]
        if matches and len(matches) == len(fields):
            yield from _in_fields(matches)


def _in_fields(matches: Sequence[re.Match[str]]) -> Iterator[Reading]:
    """Yield the readings of fields such as `40/5400+30`."""
    periods: list[Period] = []
    delay = 0.0
    for match in matches:
        moves, seconds = int(match["moves"] or 0), float(match["seconds"])
        if moves > _MANY_MOVES >= seconds:  # `5400/40`
            moves, seconds = int(seconds), float(moves)
        increment = float(match["increment"] or 0)
        if match["late"]:  # `180+2d`
            increment, delay = 0.0, increment
        delay = float(match["delay"] or delay)
        if seconds or increment or not periods:  # Arena ends with `:0+0`
            periods.append(Period(seconds, increment, moves or None))
    control = _control(periods, delay)
    yield Reading(control)
    if control.kind == "clock":
        longer = [structs.replace(period, seconds=period.seconds * _MINUTE) for period in periods]
        yield Reading(_control(longer, delay), standard=False)
        if any(period.moves for period in periods):
            yield Reading(_control([_swapped(period) for period in periods], delay), standard=False)


def _swapped(period: Period) -> Period:
    """Return a period of minutes for moves: `90/40` is 90 minutes for 40 moves."""
    if period.moves is None:
        return structs.replace(period, seconds=period.seconds * _MINUTE)
    return Period(period.moves * _MINUTE, period.increment, max(1, int(period.seconds)))


def _control(periods: Sequence[Period], delay: float) -> TimeControl:
    first = periods[0]
    if first.moves == 1 and len(periods) == 1 and not first.increment:
        return TimeControl(first.seconds, 0.0, kind="move")
    return TimeControl(first.seconds, first.increment, first.moves, tuple(periods[1:]), delay)


def _words(text: str) -> TimeControl | None:
    """Return the time control that is written in words and units; None when it is not understood."""
    text = _NAMES.sub(" ", text)
    hourglass = bool(_HOURGLASS.search(text))
    text = _HOURGLASS.sub(" ", text)
    text = re.sub(r"(?<=[\d'\"a-z])\s+(?=(?:d|delay|inc)[\s/]*\d)", ";", text)
    parts = [part for part in map(str.strip, _SEPARATOR.split(text)) if part]
    periods: list[Period] = []
    increment, since, delay = 0.0, 1, 0.0
    for k, part in enumerate(parts):
        piece = _piece(part, first=not periods, last=k == len(parts) - 1)
        if piece is None:
            return None
        kind, seconds, number = piece
        if kind == "period":
            periods.append(Period(seconds, 0.0, number))
        elif kind == "increment":
            increment, since = seconds, number or 1
        elif kind == "delay":
            delay = seconds
        else:
            since = number or 1
    if not periods:
        return TimeControl(increment, 0.0, kind="move") if increment else None
    if hourglass:
        return TimeControl(periods[0].seconds, 0.0, kind="hourglass")
    begin, complete = 1, []
    if len(periods) == 1 and periods[0].moves is None and not periods[0].seconds % _DAY and not increment:
        return TimeControl(periods[0].seconds, 0.0, kind="move")
    for period in periods:
        complete.append(structs.replace(period, increment=increment if begin >= since else 0.0))
        begin += period.moves or 0
    return _control(complete, delay)


def _piece(part: str, *, first: bool, last: bool) -> tuple[str, float, int | None] | None:
    """Return the kind, seconds and number of moves of a part between separators; None when it is not understood.

    The number of an increment is the move from which it counts.
    """
    since = _FROM.search(part)
    part = _FROM.sub(" ", part)
    delay, increment = bool(_DELAY.search(part)), bool(_INCREMENT.search(part))
    part = _DELAY.sub(" ", _INCREMENT.sub(" ", part))
    moves: int | None = None
    if count := _COUNT.search(part) or _COUNT_BEFORE.match(part):
        moves = int(count[1])
        part = part[: count.start()] + " " + part[count.end() :]
    elif count := _COUNT_AFTER.search(part):
        moves = int(count[1])
        part = part[: count.start(1)]
    rest = bool(_REST.search(part))
    part = _REST.sub(" ", part)
    quantities = list(_QUANTITY.finditer(part))
    if _FILLER.sub("", _QUANTITY.sub(" ", part)):
        return None
    if not quantities:
        return ("since", 0.0, int(since[1] or 1)) if since else None
    units = [match[2][0] if match[2] else "" for match in quantities]
    if len(units) > 1 and "h" not in units[:1]:  # `45 45`, `4 min 2 sec`: an increment or not, who knows
        return None
    short = not any(units) or all(unit in ("s", '"') for unit in units)
    period = moves is not None or rest or not short or (not any(units) and not last)
    if not increment and not delay and not first:
        increment = not period
    default = 1.0 if increment or delay else _MINUTE
    seconds = sum(
        float(match[1].replace(",", ".")) * _UNITS.get(unit, default)
        for match, unit in zip(quantities, units, strict=True)
    )
    if delay or increment:
        return "delay" if delay else "increment", seconds, int(since[1] or 1) if since else None
    return "period", seconds, moves or None
