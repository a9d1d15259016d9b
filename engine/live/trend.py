"""How fast it goes, second by second, and lines of little bars."""

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
"""How far back the trend goes."""


class Trend:
    """Positions evaluated in each of the last 60 seconds, from snapshots; it reads no clock of its own."""

    def __init__(self) -> None:
        self._whole: deque[float] = deque(maxlen=SECONDS)
        self._filling = 0.0
        self._second = 0
        """The one that is being filled."""
        self._seen = (0.0, 0)
        """When the last snapshot was made, and how far it was."""

    def add(self, snapshot: Snapshot) -> None:
        """Take in a snapshot later than the last; what was done in between is spread over the time between."""
        then, before = self._seen
        now, done = snapshot.seconds, max(_done(snapshot), before)
        self._seen = (now, done)
        if now <= then:
            return
        each = (done - before) / (now - then)
        # A pause longer than is shown at all leaves nothing but itself.
        self._second = max(self._second, int(now) - SECONDS)
        at = max(then, self._second)
        while int(now) > self._second:
            self._whole.append(self._filling + each * (self._second + 1 - at))
            self._filling = 0.0
            self._second += 1
            at = float(self._second)
        self._filling += each * (now - at)

    def rates(self) -> list[float]:
        """Positions in each whole second, the latest last; at most 60."""
        return list(self._whole)


def _done(snapshot: Snapshot) -> int:
    """Positions known, those of units still in hand included: whole units alone come in jumps."""
    return max(snapshot.positions, snapshot.cached + sum(worker.positions for worker in snapshot.workers))


class Sparkline:
    """Values as bars of eight heights in one line, the greatest of them the highest."""

    def __init__(self, values: Sequence[float], style: str = "") -> None:
        self._values = values
        self._style = style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        bars = ASCII_BARS if options.ascii_only else BARS
        yield Segment(spark(self._values, bars), console.get_style(self._style) if self._style else Style.null())

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(len(self._values), len(self._values))


def spark(values: Sequence[float], bars: str = BARS) -> str:
    """One bar for each value, scaled from 0 to the greatest."""
    most = max(values, default=0) or 1
    return "".join(bars[min(len(bars) - 1, int(value / most * len(bars)))] for value in values)
