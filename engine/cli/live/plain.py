"""Progress for a log: a line every few seconds."""

from __future__ import annotations

from rich.console import Console

from engine.run.progress import Snapshot, seconds_left
from engine.text.format import count, duration, short

SECONDS = 5.0
"""Seconds of the run between two lines."""


class Plain:
    """Prints a line every five seconds of the run. It reads no clock: time is what the snapshots say."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = SECONDS
        self._paused = False

    def start(self) -> None:
        """Do nothing."""

    def show(self, snapshot: Snapshot) -> None:
        """Print a line when the last one is five seconds old, and when the run is paused or goes on."""
        if snapshot.seconds >= self._next or snapshot.paused != self._paused:
            self._paused = snapshot.paused
            self._next = snapshot.seconds + SECONDS
            self._console.print(plain_line(snapshot), markup=False, soft_wrap=True)

    def stop(self) -> None:
        """Do nothing."""


def plain_line(snapshot: Snapshot) -> str:
    """Return a run at one moment in one line."""
    share = f" of {snapshot.total:,}" if snapshot.total else ""
    left = seconds_left(snapshot)
    extra = follow_ups(snapshot)
    return (
        f"{duration(snapshot.seconds)}  {snapshot.positions:,}{share} positions, "
        + (f"{extra} follow-up searches, " if extra else "")
        + f"{count(snapshot.games, 'game')}, "
        + (f"{short(snapshot.nodes / max(snapshot.seconds, 0.001))} nodes/s, " if snapshot.nodes else "")
        + count(snapshot.wins, "winning move")
        + (f", about {duration(left)} left" if left is not None else "")
        + (", paused" if snapshot.paused else "")
    )


def follow_ups(snapshot: Snapshot) -> str:
    """Return how many of the follow-up searches are done, as `12 of about 300`; empty where there are none."""
    if not snapshot.follow_ups and not snapshot.follow_ups_total:
        return ""
    return f"{snapshot.follow_ups:,}" + (
        f" of about {snapshot.follow_ups_total:,}" if snapshot.follow_ups_total else ""
    )
