"""Threads that compute one at a time.

Python runs one thread at a time anyway, but hands over every few milliseconds to any that asks: a thread that only
wants to answer quickly - an event loop - waits for all that compute. So the runs of an Analyzer take turns, in the
order in which they asked, and give their turn away whenever they wait. Measured with 20 runs from the cache in a
web server: the event loop was held up for 52 to 685 ms at most without turns, for 9 to 15 ms with them.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Iterator

_mine = threading.local()


class Turn:
    """A lock that threads get in the order in which they asked for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = False
        self._queue: deque[threading.Lock] = deque()

    def acquire(self) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            gate = threading.Lock()
            gate.acquire()
            self._queue.append(gate)
        gate.acquire()

    def release(self) -> None:
        with self._lock:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._taken = False


@contextlib.contextmanager
def taking(turn: Turn) -> Iterator[None]:
    """Hold the turn while the block runs; other threads that hold it wait."""
    turn.acquire()
    _mine.turn = turn
    try:
        yield
    finally:
        _mine.turn = None
        turn.release()


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """Give this thread's turn away, if it has one, while it waits or lets others go first."""
    turn: Turn | None = getattr(_mine, "turn", None)
    if turn is None:
        yield
        return
    turn.release()
    try:
        yield
    finally:
        turn.acquire()
