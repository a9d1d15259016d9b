"""The hub of a run: what has happened so far, for any number of pages that watch it.

    the run's thread --snapshot, games, end--> Hub --each event encoded once--> viewers in the server's event loop

Events have numbers. Games and notices are kept in a bounded log; of the run's progress only the latest is. A
viewer asks for what has come since the last number that it has, so that a slow one skips progress and nothing
waits for it. One that asks for what the log has lost gets `reset`, which holds everything that a page shows.

| event             | keys                                                                                     |
| ----------------- | ---------------------------------------------------------------------------------------- |
| `reset`           | `progress` (null: nothing yet), `games` and `notices` (the newest, oldest first),        |
|                   | `noticed` (all notices so far), `last` (number of the latest game that can be opened, or |
|                   | 0), `end` and `error` (null until then)                                                  |
| `progress`, `end` | as in `engine.web.standing`                                                              |
| `game`            | as in `engine.web.glimpse`                                                               |
| `notice`, `error` | as in `engine.run.events`                                                                |
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from asyncio import AbstractEventLoop, Event
from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

from msgspec import structs

from engine.model import AnalysedGame, Notice, RunResult
from engine.run import events
from engine.run.progress import Snapshot
from engine.web.glimpse import glimpse
from engine.web.standing import ending, standing

SECONDS = 1.0
"""Seconds between two events of progress, at least."""
LOGGED = 1 << 20
"""Bytes of the log, at most."""
NEWEST = 12
"""Games and notices that a page shows."""


class Controls(Protocol):
    """Whoever can pause and end the run. Any thread may call it."""

    def pause(self) -> None:
        """Have nothing more searched for now."""

    def resume(self) -> None:
        """Go on."""

    def cancel(self) -> None:
        """End the run in good order."""


class Hub:
    """What pages show of one run. `snapshot`, `games`, `end` and `error` belong to its thread, the rest to any."""

    def __init__(self, controls: Controls | None = None) -> None:
        """Begin with nothing.

        * **controls** - *(optional)* what the buttons of the page do; without it there are none.
        """
        self.controls = controls
        self._boot = secrets.token_hex(4)
        """Tells the numbers of this hub from those of one before."""
        self._lock = threading.Lock()
        self._number = 0
        """Number of the latest event."""
        self._log: deque[tuple[int, bytes]] = deque()
        self._logged = 0
        """Bytes in the log."""
        self._lost = 0
        """Number of the latest event that has left the log."""
        self._snapshot: Snapshot | None = None
        self._latest: Snapshot | None = None
        """The latest one, which may not have been shown."""
        self._shown_at = 0.0
        self._progress = (0, b"")
        """Number of the latest progress, and its event once somebody has asked for it."""
        self._whole = (-1, b"")
        """Number of the latest event when a `reset` was encoded last, and it."""
        self._games: deque[dict[str, Any]] = deque(maxlen=NEWEST)
        self._notices: deque[events.Event] = deque(maxlen=NEWEST)
        self._noticed = 0
        self._last = 0
        self._end: events.Event | None = None
        self._error: events.Event | None = None
        self._viewers: set[Viewer] = set()

    # -- the run's thread --

    def snapshot(self, snapshot: Snapshot) -> None:
        """Show how far the run is, every second; at once when it is paused, goes on or is about to stop."""
        self._notice(snapshot.notices)
        self._latest = snapshot
        before, now = self._snapshot, time.monotonic()
        turned = before is None or (before.paused, before.stopping) != (snapshot.paused, snapshot.stopping)
        if turned or now - self._shown_at >= SECONDS:
            self._shown_at = now
            self._show(snapshot)

    def games(self, games: Sequence[AnalysedGame]) -> None:
        """Show finished games, which can be opened from now on."""
        found = [glimpse(game) for game in games]
        with self._lock:
            for each in found:
                self._games.append(each)
                self._last = max(self._last, each["number"])
                self._add("game", each)
        self._wake()

    def end(self, result: RunResult) -> None:
        """Say that the run has ended, and how."""
        self._notice(result.notices)
        if self._latest is not None:
            # The last snapshot is a moment older than the result, whose time is told in words.
            self._show(structs.replace(self._latest, seconds=result.counts.seconds))
        with self._lock:
            self._end = ending(result)
            self._add("end", self._end)
        self._wake()

    def error(self, code: int, message: str) -> None:
        """Say that the run has failed.

        * **code** - the exit code of the command.
        """
        with self._lock:
            self._error = events.error(code, message)
            self._add("error", self._error)
        self._wake()

    def _notice(self, notices: Sequence[Notice]) -> None:
        """Show the notices that are new; they are all there are."""
        if len(notices) <= self._noticed:
            return
        with self._lock:
            for notice in notices[self._noticed :]:
                found = events.notice(notice)
                self._notices.append(found)
                self._add("notice", found)
            self._noticed = len(notices)
        self._wake()

    def _show(self, snapshot: Snapshot) -> None:
        with self._lock:
            self._snapshot = snapshot
            self._number += 1
            self._progress = self._number, b""
        self._wake()

    def _add(self, name: str, values: dict[str, Any]) -> None:
        """Add an event to the log. The lock is held."""
        self._number += 1
        event = self._encoded(self._number, name, values)
        self._log.append((self._number, event))
        self._logged += len(event)
        while self._logged > LOGGED:
            self._lost, gone = self._log.popleft()
            self._logged -= len(gone)

    def _wake(self) -> None:
        for viewer in tuple(self._viewers):
            viewer.wake()

    # -- any thread --

    @property
    def over(self) -> bool:
        """Whether the run has ended or failed."""
        return self._end is not None or self._error is not None

    @property
    def last(self) -> int:
        """Number of the latest game that can be opened; 0 before the first."""
        return self._last

    def state(self) -> dict[str, Any]:
        """Return everything that a page shows."""
        with self._lock:
            return self._state()

    def view(self, last_id: str, loop: AbstractEventLoop) -> Viewer:
        """Return a new viewer, to be closed.

        * **last_id** - the id of the last event that it has; empty, or anything unknown, for none.
        * **loop** - its event loop.
        """
        boot, _, number = last_id.partition(".")
        seen = int(number) if boot == self._boot and number.isdecimal() and len(number) < len(str(1 << 63)) else -1
        viewer = Viewer(self, seen, loop)
        self._viewers.add(viewer)
        return viewer

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer."""
        self._viewers.discard(viewer)

    def since(self, seen: int) -> tuple[int, bytes]:
        """Return the events since the one with number `seen` (-1: all), and the number of the latest."""
        with self._lock:
            if seen < 0 or seen < self._lost or seen > self._number:
                if self._whole[0] != self._number:
                    self._whole = self._number, self._encoded(self._number, "reset", self._state())
                return self._whole
            found = [entry for entry in self._log if entry[0] > seen]
            number, event = self._progress
            if number > seen:
                if not event:
                    event = self._encoded(number, "progress", self._progress_values())
                    self._progress = number, event
                found.append((number, event))
                found.sort()  # a page that comes back asks from the id of the last one on
            return self._number, b"".join(event for _, event in found)

    def _state(self) -> dict[str, Any]:
        return {
            "progress": self._progress_values() if self._snapshot is not None else None,
            "games": list(self._games),
            "notices": list(self._notices),
            "noticed": self._noticed,
            "last": self._last,
            "end": self._end,
            "error": self._error,
        }

    def _progress_values(self) -> dict[str, Any]:
        assert self._snapshot is not None
        return standing(self._snapshot)

    def _encoded(self, number: int, name: str, values: dict[str, Any]) -> bytes:
        return f"id: {self._boot}.{number}\nevent: {name}\ndata: {events.to_json(values)}\n\n".encode()


class Viewer:
    """One page that watches. It belongs to its event loop, but for `wake`."""

    def __init__(self, hub: Hub, seen: int, loop: AbstractEventLoop) -> None:
        self._hub = hub
        self._loop = loop
        self._seen = seen
        self._woken = False
        self.changed = Event()
        """Set when there may be something new."""

    @property
    def has_all(self) -> bool:
        """Whether nothing will come any more."""
        return self._hub.over and not self._hub.since(self._seen)[1]

    def take(self) -> bytes:
        """Return what is new; nothing may be."""
        self._woken = False
        self.changed.clear()
        self._seen, new = self._hub.since(self._seen)
        return new

    def wake(self) -> None:
        """Say that there is something new. Any thread."""
        if not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # its event loop is closed
                self._loop.call_soon_threadsafe(self.changed.set)

    def close(self) -> None:
        """Watch no longer."""
        self._hub.leave(self)
