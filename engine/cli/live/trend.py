"""The speed of a run, second by second, and values as a line of little bars."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

from engine.run.progress import Snapshot

BARS = "▁▂▃▄▅▆▇█"
ASCII_BARS = "_.-~=+*#"
SECONDS = 60
"""Seconds that the trend goes back."""


class Trend:
    """Positions evaluated in each of the last 60 seconds. It reads no clock: time is what the snapshots say."""

    def __init__(self) -> None:
        self._rates: deque[float] = deque(maxlen=SECONDS)
        self._partial = 0.0
        self._second = 0
        """The second of the run that `_partial` is counted for."""
        self._last = (0.0, 0)
        """Seconds and positions of the last snapshot."""

    def add(self, snapshot: Snapshot) -> None:
        """Count a snapshot later than the last; positions are spread evenly over the time between the two."""
        last_seconds, last_positions = self._last
        now, positions = snapshot.seconds, max(_evaluated(snapshot), last_positions)
        self._last = (now, positions)
        if now <= last_seconds:
            return
        rate = (positions - last_positions) / (now - last_seconds)
        # After a pause longer than the trend, nothing older than the pause is left.
        self._second = max(self._second, int(now) - SECONDS)
        at = max(last_seconds, self._second)
        while int(now) > self._second:
            self._rates.append(self._partial + rate * (self._second + 1 - at))
            self._partial = 0.0
            self._second += 1
            at = float(self._second)
        self._partial += rate * (now - at)

    def rates(self) -> list[float]:
        """Return the positions of each whole second, the latest last; at most 60."""
        return list(self._rates)


def _evaluated(snapshot: Snapshot) -> int:
    """Return the evaluated positions, with those of units still being searched: whole units come in jumps."""
    return max(
        snapshot.positions + snapshot.follow_ups,
        snapshot.cached + sum(worker.positions for worker in snapshot.workers),
    )


class Sparkline:
    """Values as bars of eight heights in one line; the greatest value is the highest bar."""

    def __init__(self, values: Sequence[float], style: str = "") -> None:
        self._values = values
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        bars = ASCII_BARS if options.ascii_only else BARS
        yield Segment(spark(self._values, bars), console.get_style(self._style) if self._style else Style.null())

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(len(self._values), len(self._values))


def spark(values: Sequence[float], bars: str = BARS) -> str:
    """Return one bar for each value, scaled from 0 to the greatest."""
    greatest = max(values, default=0) or 1
    return "".join(bars[min(len(bars) - 1, int(value / greatest * len(bars)))] for value in values)
