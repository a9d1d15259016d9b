"""Memory that the C library keeps for later, which others could use meanwhile."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Any

# Parameters of glibc's `mallopt`.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGE = 1 << 19
"""Bytes from which on a block has pages of its own, which go back when it is freed."""
_ARENAS = 2


def keep_heap_small() -> None:
    """Have large blocks go back to the system when they are freed, and threads share their heaps; with glibc.

    By itself it takes larger and larger blocks from its heaps, where others behind them keep their pages, and has
    eight heaps for each core. To be called before there are many threads.
    """
    for parameter, value in ((_M_ARENA_MAX, _ARENAS), (_M_MMAP_THRESHOLD, _LARGE), (_M_TRIM_THRESHOLD, _LARGE)):
        _call("mallopt", parameter, value)


def give_back() -> None:
    """Give pages that the C library keeps and nobody uses back to the system; with glibc. Takes milliseconds."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    """Call a function of the C library, where it has one of that name."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # Windows has no library of that name
        function: Any = getattr(ctypes.CDLL(None), name)
        function(*arguments)
