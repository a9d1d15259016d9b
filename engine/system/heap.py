"""Memory that the C library keeps for later, which others could use meanwhile."""

from __future__ import annotations

import contextlib
import ctypes
import math
import time
from typing import Any

# Parameters of glibc's `mallopt`.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGE = 1 << 19
"""Bytes from which on a block has pages of its own, which go back when it is freed."""
_ARENAS = 2
_SECONDS = 1.0


class _Last:
    """When memory was given back for the last time in this process."""

    at = -math.inf


def keep_heap_small() -> None:
    """Have large blocks go back to the system when they are freed, and threads share their heaps; with glibc.

    By itself it takes larger and larger blocks from its heaps, where others behind them keep their pages, and has
    eight heaps for each core. To be called before there are many threads.
    """
    for parameter, value in ((_M_ARENA_MAX, _ARENAS), (_M_MMAP_THRESHOLD, _LARGE), (_M_TRIM_THRESHOLD, _LARGE)):
        _call("mallopt", parameter, value)


def give_back() -> None:
    """Give pages that the C library keeps and nobody uses back to the system; with glibc. Any thread, at any time.

    Within a second of the last time nothing is done: to get pages again costs more than to give them back.
    """
    now = time.monotonic()
    if now - _Last.at >= _SECONDS:
        _Last.at = now
        _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    """Call a function of the C library, where it has one of that name."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # Windows has no library of that name
        function: Any = getattr(ctypes.CDLL(None), name)
        function(*arguments)
