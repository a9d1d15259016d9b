"""Reading in a thread, so that a source that keeps it waiting does not hold up the run."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

from engine.system.turns import waiting

T = TypeVar("T")

ITEMS_AHEAD = 256
"""Items that are read before they are needed, at most."""
BYTES_AHEAD = 4 << 20
"""The same in bytes."""
_CLOSE_SECONDS = 1.0
"""How long `close` waits for a thread that should be about to end."""


class Feed(Generic[T]):
    """Takes items from an iterator in a thread; they are handed over all at once, as many as there are.

    An item that takes long to come is not waited for for longer than the caller wants.
    """

    def __init__(self, items: Generator[T, None, None], size: Callable[[T], int]) -> None:
        """Begin to take items.

        * **items** - used and closed by the thread alone.
        * **size** - the bytes of an item.
        """
        self._items = items
        self._size = size
        self._lot: deque[T] = deque()
        """Items for the caller alone."""
        self._changed = threading.Condition()
        self._ready: deque[T] = deque()
        self._bytes = 0
        self._ended = self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._fill, name="engine-input", daemon=True)
        self._thread.start()

    def take(self, timeout: float) -> T | None:
        """Return the next item; None when none came in time, or after the last: `ended` tells.

        * **timeout** - the longest wait in seconds.

        Raises what the iterator raised.
        """
        if not self._lot:
            with waiting(), self._changed:
                self._changed.wait_for(lambda: self._ready or self._ended, timeout)
                self._lot, self._ready, self._bytes = self._ready, deque(), 0
                self._changed.notify_all()
        if self._lot:
            return self._lot.popleft()
        if self._error is not None:
            raise self._error
        return None

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to take, neither an item nor an error."""
        return self._ended and not self._ready and not self._lot and self._error is None

    def close(self) -> bool:
        """Have the thread end at its next item, and return whether it has."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(_CLOSE_SECONDS)
        return not self._thread.is_alive()

    def _fill(self) -> None:
        try:
            for item in self._items:
                with self._changed:
                    self._changed.wait_for(self._has_room)
                    if self._closed:
                        return
                    self._ready.append(item)
                    self._bytes += self._size(item)
                    self._changed.notify_all()
        except BaseException as error:
            self._error = error
        finally:
            self._items.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _has_room(self) -> bool:
        return self._closed or (len(self._ready) < ITEMS_AHEAD and self._bytes < BYTES_AHEAD)
