"""Days, weeks, months and years in which games were played."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Literal

from engine.model import AnalysedGame, Point

Period = Literal["day", "week", "month", "year"]

LABELS: Mapping[Period, str] = {"day": "Day", "week": "Week of", "month": "Month", "year": "Year"}

_BY_DAY, _BY_WEEK, _BY_MONTH = 21, 92, 1827
"""Days from the first game to the last up to which periods are days (three weeks), weeks (three months) and months
(five years)."""
_MONTH = 7
"""Number of characters in `2026-11`."""
_FEW = 400
"""Periods without games that a chart shows; with more, it leaves them out."""


def day_of(game: AnalysedGame) -> str | None:
    """Return the day of a game, `2026-11-02`, or its month where the day is not known; None without a month."""
    date = game.date
    return date.replace(".", "-") if len(date) >= _MONTH else None


def ordinal(date: str) -> int | None:
    """Return the number of a day; None for a month, or for a day that the calendar does not have."""
    try:
        return dt.date.fromisoformat(date).toordinal() if len(date) > _MONTH else None
    except ValueError:
        return None


def unit_of(dates: Sequence[str]) -> Period:
    """Return the length of the periods into which these days and months are divided."""
    days = [ordinal(date) or ordinal(f"{date}-15") or 0 for date in dates] or [0]
    span = max(days) - min(days) + 1
    if span > _BY_WEEK or any(len(date) == _MONTH for date in dates):
        return "month" if span <= _BY_MONTH else "year"
    return "day" if span <= _BY_DAY else "week"


def period_of(date: str, unit: Period) -> str | None:
    """Return the name of the period that a day or month belongs to; None for a month where periods are shorter."""
    if unit == "year":
        return date[:4]
    if unit == "month":
        return date[:_MONTH]
    number = ordinal(date)
    if number is None:
        return None
    return dt.date.fromordinal(number - (number - 1) % 7).isoformat() if unit == "week" else date


def gaps(points: Sequence[Point], unit: Period) -> tuple[Point, ...]:
    """Return the points with one without a value for each period between them that has no games."""
    known = {str(point.x): point for point in points}
    names = _between(min(known), max(known), unit) if known else []
    if len(names) > len(known) + _FEW:
        return tuple(points)
    return tuple(known.get(name) or Point(name, None) for name in names)


def _between(first: str, last: str, unit: Period) -> list[str]:
    """Return the names of the periods from one to another."""
    if unit == "year":
        return [f"{year:04}" for year in range(int(first), int(last) + 1)]
    if unit == "month":
        months = (int(name[:4]) * 12 + int(name[5:7]) - 1 for name in (first, last))
        return [f"{month // 12:04}-{month % 12 + 1:02}" for month in _inclusive(*months)]
    days = (dt.date.fromisoformat(name).toordinal() for name in (first, last))
    step = 7 if unit == "week" else 1
    return [dt.date.fromordinal(day).isoformat() for day in _inclusive(*days)[::step]]


def _inclusive(first: int, last: int) -> range:
    return range(first, last + 1)
