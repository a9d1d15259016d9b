"""Numbers as people write them: `100k` nodes, `500ms`."""

from __future__ import annotations

MOST = 10**15
"""More nodes or milliseconds than anybody waits for; beyond it is a typing error."""

_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}
_TIMES = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000}


def parse_count(text: str) -> int:
    """`100k`, `1M`, `1_000_000`. Raises ValueError."""
    text = text.strip().lower().replace("_", "").replace(",", "")
    unit = text[-1:] if text[-1:].isalpha() else ""
    if unit not in _UNITS:
        raise ValueError(text)
    count = float(text.removesuffix(unit)) * _UNITS[unit]
    if not 1 <= count <= MOST or count != int(count):
        raise ValueError(text)
    return int(count)


def parse_time(text: str) -> int:
    """`500ms`, `2s`, `1h` in milliseconds; a bare number is milliseconds. Raises ValueError."""
    text = text.strip().lower()
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :] or "ms"
    if unit not in _TIMES or not 1 <= float(number) * _TIMES[unit] <= MOST:
        raise ValueError(text)
    return int(float(number) * _TIMES[unit])
