"""A line for a log every few seconds."""

from __future__ import annotations

from rich.console import Console

from engine.run.progress import Snapshot
from engine.text.format import count, duration, short

SECONDS = 5.0


class Plain:
    """Prints a line every five seconds of the run, by the run's own clock."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next = SECONDS

    def start(self) -> None:
        pass

    def show(self, snapshot: Snapshot) -> None:
        if snapshot.seconds >= self._next:
            self._next = snapshot.seconds + SECONDS
            self._console.print(plain_line(snapshot), markup=False, soft_wrap=True)

    def stop(self) -> None:
        pass


def plain_line(s: Snapshot) -> str:
    """A run at one moment in one line."""
    share = f" of {s.total:,}" if s.total else ""
    left = seconds_left(s)
    return (
        f"{duration(s.seconds)}  {s.positions:,}{share} positions, {count(s.games, 'game')}, "
        f"{short(s.nodes / max(s.seconds, 0.001))} nodes/s, {count(s.wins, 'winning move')}"
        + (f", about {duration(left)} left" if left is not None else "")
    )


def seconds_left(s: Snapshot) -> float | None:
    """How long it may still take, at the speed so far; None while nothing can be said."""
    searched = s.positions - s.cached
    if not s.total or searched <= 0 or s.seconds < 1:
        return None
    return max(0.0, (s.total - s.positions) * s.seconds / searched)
