"""Pausing a run: the switch, and the time in which the run has rested because of it."""

from __future__ import annotations

import threading
import time

from engine.system.turns import waiting


class Pause:
    """Pauses a run and lets it go on. Any thread may do so, before the run begins, too.

    What is searched at that moment ends. The run rests from then on, and time in which it rests is none of its
    own: neither its seconds, nor its speed, nor what it still has of `--stop-after`.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._rested = 0.0
        self._resting_since: float | None = None

    def pause(self) -> None:
        """Have nothing more handed out. Return at once."""
        with self._changed:
            self._paused = True

    def resume(self) -> None:
        """Let the run go on where it is. Return at once."""
        with self._changed:
            self._paused = False
            self._changed.notify_all()

    @property
    def paused(self) -> bool:
        """Whether the run is to rest."""
        return self._paused

    def rested(self) -> float:
        """Return the seconds in which the run has rested so far."""
        with self._changed:
            since = self._resting_since
            return self._rested + (time.monotonic() - since if since is not None else 0.0)

    def rest(self, seconds: float) -> None:
        """Rest until the run may go on, in its thread.

        * **seconds** - the longest wait, after which the run looks around.
        """
        with waiting(), self._changed:
            since = self._resting_since = time.monotonic()
            try:
                self._changed.wait_for(lambda: not self._paused, seconds)
            finally:
                self._rested += time.monotonic() - since
                self._resting_since = None
