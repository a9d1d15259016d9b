"""A run for other programs: `--progress json` writes one JSON object a line to standard error.

`engine.run.events` says which events there are and what they hold. Wrong usage, found before the run, is told in
words. The text is ASCII, other characters are escaped.
"""

from __future__ import annotations

from rich.console import Console

from engine.model import RunResult
from engine.run import events
from engine.run.events import Event
from engine.run.progress import Snapshot

SECONDS = 1.0
"""Seconds of the run between two `progress` events."""


class Events:
    """Writes the events of one run. It reads no clock: time is what the snapshots say."""

    def __init__(self, console: Console) -> None:
        self._file = console.file
        self._next = 0.0
        self._paused = False
        self._notices_written = 0

    def start(self) -> None:
        """Write the `start` event."""
        self._write(events.start())

    def show(self, snapshot: Snapshot) -> None:
        """Write new notices, and a `progress` event when the last one is a second old, or before a pause."""
        for notice in snapshot.notices[self._notices_written :]:
            self._write(events.notice(notice))
        self._notices_written = max(self._notices_written, len(snapshot.notices))
        if snapshot.seconds >= self._next or snapshot.paused != self._paused:
            self._paused = snapshot.paused
            self._next = snapshot.seconds + SECONDS
            self._write(events.progress(snapshot))

    def stop(self) -> None:
        """Do nothing: the last event is written by `finish` or `error`."""

    def say(self, reason: str) -> None:
        """Write a notice about the run itself, which has no place in the input."""
        self._write(events.note(reason))

    def error(self, code: int, message: str) -> None:
        """Write the `error` event: the run failed."""
        self._write(events.error(code, message))

    def finish(self, result: RunResult) -> None:
        """Write the notices that are not written yet, the failures and the `end` event."""
        for notice in result.notices[self._notices_written :]:
            self._write(events.notice(notice))
        for failure in result.failures:
            self._write(events.failure(failure))
        self._write(events.end(result))

    def _write(self, event: Event) -> None:
        self._file.write(events.to_json(event) + "\n")
        self._file.flush()
