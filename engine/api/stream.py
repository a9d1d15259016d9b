"""The events of a run, from its thread to one reader in another thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from engine.model import AnalysedGame, RunResult
from engine.run.accounts import RunEvent
from engine.run.progress import Snapshot

Event = RunEvent | Snapshot | RunResult
"""An analysed game, a notice, a failure or a snapshot; the result is the last event."""
UNREAD = 64
"""Games that may be unread before the run waits for its reader."""
NOTHING_YET: Final = object()
"""In place of an event: none has come yet."""
STREAM_END: Final = object()
"""In place of an event: no other will come."""


class Stream:
    """Events in order, each given once. A snapshot that nobody has read gives way to the next one.

    As long as somebody reads, the run is no more than `UNREAD` games ahead, so that memory stays bounded. When
    nobody does, the run goes on, and unread events are kept.
    """

    def __init__(self, *, games: bool) -> None:
        """`games` says whether analysed games are kept; otherwise `put` drops them."""
        self._games = games
        self._events: deque[Event] = deque()
        self._unread_games = 0
        self._changed = threading.Condition()
        self._readers = 0
        self._run_released = False
        self._ended = False
        self._listeners: list[Callable[[], None]] = []

    # -- the run's thread --

    def put(self, event: Event) -> None:
        """Add an event; wait before an analysed game as long as the reader is too far behind."""
        with self._changed:
            if isinstance(event, AnalysedGame):
                if not self._games:
                    return
                self._changed.wait_for(self._may_add_game)
                self._unread_games += 1
            if isinstance(event, Snapshot) and self._events and isinstance(self._events[-1], Snapshot):
                self._events.pop()
            self._events.append(event)
            self._notify()

    def end(self) -> None:
        """Say that no event will come any more."""
        with self._changed:
            self._ended = True
            self._notify()

    def _may_add_game(self) -> bool:
        return not self._readers or self._run_released or self._unread_games < UNREAD

    def _notify(self) -> None:
        self._changed.notify_all()
        for listener in self._listeners:
            listener()

    # -- readers --

    def take(self, *, wait: bool) -> Event | object:
        """Return the next event; `STREAM_END` after the last, `NOTHING_YET` without one when `wait` is false."""
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._events or self._ended)
            if not self._events:
                return STREAM_END if self._ended else NOTHING_YET
            event = self._events.popleft()
            if isinstance(event, AnalysedGame):
                self._unread_games -= 1
                self._changed.notify_all()
            return event

    def add_reader(self) -> None:
        """Say that somebody reads: the run waits for that reader from now on."""
        with self._changed:
            self._readers += 1

    def remove_reader(self) -> None:
        """Say that a reader reads no more."""
        with self._changed:
            self._readers -= 1
            self._changed.notify_all()

    def release_run(self) -> None:
        """Let the run go on without waiting for readers, for good."""
        with self._changed:
            self._run_released = True
            self._changed.notify_all()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener`, in the run's thread, when there is something new; return a function that ends this."""
        with self._changed:
            self._listeners.append(listener)
            if self._events or self._ended:
                listener()

        def leave() -> None:
            with self._changed:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return leave
