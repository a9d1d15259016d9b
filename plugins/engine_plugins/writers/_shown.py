"""A cell of a report as people read it."""

from __future__ import annotations

from engine.model import Cell, Kind

NOTHING = "–"
_MATE = 32_000
"""Board values beyond this less 1,000 are mates."""


def shown(value: Cell, kind: Kind) -> str:
    """`93.1%`, `+3.21`, `#4`, `1:03:05`, `1,234`; text as it is, a dash for null."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return value
    if kind == "score":
        return _score(int(value))
    if kind == "percent":
        return f"{value:.1f}%"
    if kind == "duration":
        return _duration(value)
    return f"{value:.2f}" if kind == "float" else f"{value:,}"


def _score(value: int) -> str:
    if abs(value) > _MATE - 1_000:
        return f"#{_MATE - value}" if value > 0 else f"#-{_MATE + value}"
    return f"{value / 100:+.2f}"


def _duration(seconds: float) -> str:
    minute = 60
    if seconds < minute:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), minute)
    hours, minutes = divmod(minutes, minute)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
