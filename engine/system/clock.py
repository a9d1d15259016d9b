"""A clock that stands still while this process does."""

from __future__ import annotations

import time


class AwakeClock:
    """Seconds like `time.monotonic()`, but without the time in which this process was stopped.

    No system call tells that time, so a gap of more than `longest` seconds between two calls is taken for sleep
    (SIGSTOP, a closed lid). Whoever waits by this clock must look at it more often than that.
    """

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._seen = time.monotonic()
        self._slept = 0.0

    def __call__(self) -> float:
        now = time.monotonic()
        if now - self._seen > self._longest:
            self._slept += now - self._seen
        self._seen = now
        return now - self._slept
