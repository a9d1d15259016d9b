"""Numbers as people write them: `100k` nodes, `500ms`."""

from __future__ import annotations

MAX_LIMIT = 10**15
"""Most nodes or milliseconds that a limit may have; anything above it is a typing error."""

_COUNT_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
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
    if not 1 <= count <= MAX_LIMIT or count != int(count):
        raise ValueError(text)
    return int(count)


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
