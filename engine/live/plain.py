"""Progress for a log: a line every few seconds."""

from __future__ import annotations

from rich.console import Console

from engine.run.progress import Snapshot
from engine.text.format import count, duration, short

SECONDS = 5.0
"""Seconds of the run between two lines."""


class Plain:
    """Prints a line every five seconds of the run. It reads no clock: time is what the snapshots say."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = SECONDS

    def start(self) -> None:
        """Do nothing."""

    def show(self, snapshot: Snapshot) -> None:
        """Print a line when the last one is five seconds old."""
        if snapshot.seconds >= self._next:
            self._next = snapshot.seconds + SECONDS
            self._console.print(plain_line(snapshot), markup=False, soft_wrap=True)

    def stop(self) -> None:
        """Do nothing."""


def plain_line(snapshot: Snapshot) -> str:
    """Return a run at one moment in one line."""
    share = f" of {snapshot.total:,}" if snapshot.total else ""
    left = seconds_left(snapshot)
    return (
        f"{duration(snapshot.seconds)}  {snapshot.positions:,}{share} positions, {count(snapshot.games, 'game')}, "
        f"{short(snapshot.nodes / max(snapshot.seconds, 0.001))} nodes/s, {count(snapshot.wins, 'winning move')}"
        + (f", about {duration(left)} left" if left is not None else "")
    )


def seconds_left(snapshot: Snapshot) -> float | None:
    """Return the seconds that the run still needs at the speed so far; None while they cannot be estimated."""
    searched = snapshot.positions - snapshot.cached
    if not snapshot.total or searched <= 0 or snapshot.seconds < 1:
        return None
    return max(0.0, (snapshot.total - snapshot.positions) * snapshot.seconds / searched)
