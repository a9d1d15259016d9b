"""Numbers as people write them: `100k` nodes, `500ms`."""

from __future__ import annotations

import math
import re

MAX_LIMIT = 10**15
"""Most nodes or milliseconds that a limit may have; anything above it is a typing error."""

_COUNT_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_LONGEST_TEXT = 40
_SPELLED_IN_SECONDS = 120
_NIGHT = 8 * 3_600.0
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)(?:m|min))?(?:(\d+(?:\.\d+)?)s)?", re.ASCII)
_TIME_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000}


def parse_count(text: str) -> int:
    """Parse a number of nodes, 1 to `MAX_LIMIT`.

    * **text** - such as `100k`, `1M`, `1_000_000`.

    Raises `ValueError` for anything else.
    """
    text = text.strip().lower().replace("_", "").replace(",", "")
    unit = text[-1:] if text[-1:].isalpha() else ""
    if unit not in _COUNT_UNITS:
        raise ValueError(text)
    count = float(text.removesuffix(unit)) * _COUNT_UNITS[unit]
    if not 1 <= count <= MAX_LIMIT or not math.isclose(count, round(count), rel_tol=1e-12):  # 4.1M
        raise ValueError(text)
    return round(count)


def parse_time(text: str) -> int:
    """Parse a time and return it in milliseconds, 1 to `MAX_LIMIT`.

    * **text** - such as `500ms`, `2s`, `1h`; a number without a unit is milliseconds.

    Raises `ValueError` for anything else.
    """
    text = text.strip().lower()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :] or "ms"
    if unit not in _TIME_UNITS or not 1 <= float(number) * _TIME_UNITS[unit] <= MAX_LIMIT:
        raise ValueError(text)
    return int(float(number) * _TIME_UNITS[unit])


def parse_duration(text: str) -> float:
    """Parse how long something may take and return it in seconds.

    * **text** - such as `90s`, `30m`, `2h`, `1h30m`; `night` is eight hours.

    Raises `ValueError` for anything else, and for nothing at all.
    """
    text = text.strip().lower()
    if text == "night":
        return _NIGHT
    match = _DURATION.fullmatch(text.replace(" ", ""))
    if match is None or len(text) > _LONGEST_TEXT:
        raise ValueError(text)
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    total = 3_600 * hours + 60 * minutes + seconds
    if not 0 < total <= MAX_LIMIT / 1_000:
        raise ValueError(text)
    return total


def spell_duration(seconds: float) -> str:
    """Return seconds as `parse_duration` takes them: `90s`, `30m`, `1h30m`."""
    if seconds < _SPELLED_IN_SECONDS or seconds % 60:
        return f"{seconds:.10g}s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes else "")
