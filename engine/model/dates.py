"""The date of a game from its tags."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

_TAGS = ("UTCDate", "Date")
_DATE = re.compile(r"(\d{4})(?!\d)(?:[.\-/](\d\d)(?:[.\-/](\d\d))?)?", re.ASCII)


def date_of(headers: Mapping[str, str]) -> str:
    """Return the date of a game as far as it is known: `2026.11.02`, `2026.11`, `2026`, or nothing.

    Where the tags `UTCDate` and `Date` say as much, it is `UTCDate`: the same day for both players, and for games
    of several places in the right order. A day or a month that the calendar does not have counts as unknown.

    * **headers** - the tags.
    """
    return max((_known(headers.get(tag, "")) for tag in _TAGS), key=len)


def _known(text: str) -> str:
    found = _DATE.match(text)
    known = "" if found is None else ".".join(part for part in found.groups() if part)
    while known and not _exists(known):
        known = known.rpartition(".")[0]
    return known


def _exists(date: str) -> bool:
    year, month, day = (*map(int, date.split(".")), 1, 1)[:3]
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True
