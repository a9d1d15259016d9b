"""What happens in a run, from its thread to one reader in another."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from engine.model import AnalysedGame, RunResult
from engine.run.accounts import RunEvent
from engine.run.progress import Snapshot

Event = RunEvent | Snapshot | RunResult
"""An analysed game, a notice, a failure, a snapshot; the result is the last one."""
UNREAD = 64
"""Games that wait for a reader who is reading, before the run waits for him."""
NOTHING: Final = object()
END: Final = object()


class Stream:
    """Events in order, each given once. A snapshot that nobody has read gives way to the next one.

    As long as somebody reads, the run is no more than `UNREAD` games ahead, so that memory stays bounded; when
    nobody does, it goes on, and what was not read waits here.
    """

    def __init__(self, *, games: bool) -> None:
        self._games = games
        self._events: deque[Event] = deque()
        self._unread_games = 0
        self._changed = threading.Condition()
        self._readers = 0
        self._lifted = False
        self._ended = False
        self._listeners: list[Callable[[], None]] = []

    # -- the run's thread --

    def put(self, event: Event) -> None:
        with self._changed:
            if isinstance(event, AnalysedGame):
                if not self._games:
                    return
                self._changed.wait_for(lambda: not self._readers or self._lifted or self._unread_games < UNREAD)
                self._unread_games += 1
            if isinstance(event, Snapshot) and self._events and isinstance(self._events[-1], Snapshot):
                self._events.pop()
            self._events.append(event)
            self._tell()

    def end(self) -> None:
        """Nothing comes any more."""
        with self._changed:
            self._ended = True
            self._tell()

    def _tell(self) -> None:
        self._changed.notify_all()
        for listener in self._listeners:
            listener()

    # -- readers --

    def take(self, *, wait: bool) -> Event | object:
        """The next event; `END` after the last, `NOTHING` when there is none yet and `wait` is false."""
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._events or self._ended)
            if not self._events:
                return END if self._ended else NOTHING
            event = self._events.popleft()
            if isinstance(event, AnalysedGame):
                self._unread_games -= 1
                self._changed.notify_all()
            return event

    def reading(self, change: int) -> None:
        """A reader begins (1) or ends (-1)."""
        with self._changed:
            self._readers += change
            self._changed.notify_all()

    def lift(self) -> None:
        """The run need not wait for readers any more."""
        with self._changed:
            self._lifted = True
            self._changed.notify_all()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have `listener` called, in the run's thread, when there is something new; returns how to end that."""
        with self._changed:
            self._listeners.append(listener)
            if self._events or self._ended:
                listener()

        def leave() -> None:
            with self._changed:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return leave
