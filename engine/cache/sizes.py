"""Sizes of a cache: its limit, and its figures for people."""

from __future__ import annotations

import re

from msgspec import Struct

LIMIT_VARIABLE = "ENGINE_CACHE_LIMIT"
"""Environment variable that sets the size of the cache."""
DEFAULT_LIMIT = 2 << 30
"""Size of the cache in bytes unless the environment sets it."""
MIN_LIMIT = 1 << 20
"""Smallest limit in bytes."""
_SHIFTS = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


class CacheInfo(Struct, frozen=True):
    """Figures of a cache, which `engine cache info` prints."""

    path: str
    """Path of the file, or `temporary`."""
    units: int
    """Number of units in the cache."""
    bytes: int
    """Size of the file, without its journal."""
    used: int
    """Bytes of the file in use; the rest are free pages, which are used again."""
    limit: int
    """Size in bytes above which the oldest units are deleted."""
    oldest: int | None
    """Unix time in seconds at which the oldest unit was stored; None when there is no unit."""


def parse_size(text: str) -> int:
    """Parse a size and return it in bytes.

    * **text** - such as `500M`, `2G`, `1.5 GiB`; the units are powers of 1024.

    Raises `ValueError` for anything else, and for less than 1 MiB.
    """
    match = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([kmgt]?)(?:i?b)?\s*", text.lower(), re.ASCII)
    size = int(float(match[1]) * (1 << _SHIFTS[match[2]])) if match else 0
    if not MIN_LIMIT <= size < 1 << 60:
        raise ValueError(text)
    return size
