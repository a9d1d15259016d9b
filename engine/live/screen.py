"""What a person, a log or another program sees of a run while it goes on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Literal, Protocol, Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from engine.live.board import picture
from engine.live.closing import closing
from engine.live.consoles import error_console, print_all
from engine.live.events import Events
from engine.live.plain import Plain
from engine.live.trend import Trend
from engine.model import RunResult
from engine.run.progress import Snapshot

Style = Literal["auto", "rich", "plain", "json", "none"]


class Display(Protocol):
    """One way to show a run."""

    def start(self) -> None: ...

    def show(self, snapshot: Snapshot) -> None: ...

    def stop(self) -> None: ...


class Screen:
    """A context manager whose `show` is a run's progress callback.

    `rich` is a board that is redrawn in place, `plain` a line every few seconds, `json` an event a line for other
    programs, `none` nothing; `auto` is `rich` on a terminal and `plain` elsewhere, in CI too. All of it goes to
    `console`, standard error unless another is given. It reads no clock: time is what the snapshots say.
    """

    def __init__(self, style: Style = "auto", console: Console | None = None) -> None:
        self.console = console or error_console()
        if style == "auto":
            lively = self.console.is_terminal and not self.console.is_dumb_terminal and "CI" not in os.environ
            style = "rich" if lively else "plain"
        self.events = Events(self.console) if style == "json" else None
        """Set when another program listens."""
        self._display: Display | None = self.events
        if style == "rich":
            self._display = LiveBoard(self.console)
        elif style == "plain":
            self._display = Plain(self.console)

    def __enter__(self) -> Self:
        if self._display is not None:
            self._display.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._display is not None:
            self._display.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Show the run as it is now."""
        if self._display is not None:
            self._display.show(snapshot)

    def say(self, text: str) -> None:
        """Something about the run that no snapshot says."""
        if self.events is not None:
            self.events.say(text)
        else:
            print_all(self.console, [Text(text)])

    def finish(self, result: RunResult, save_command: str | None) -> None:
        """What was done, once it is done."""
        if self.events is not None:
            self.events.finish(result)
        else:
            print_all(self.console, closing(result, save_command))


class LiveBoard:
    """The board, drawn over the last one; it leaves the terminal as it found it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._trend = Trend()
        self._lengths: list[int] = []
        """Of the lines that stand on the terminal."""
        self._width = 0
        """Of the terminal when they were drawn."""

    def start(self) -> None:
        self._live = Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop")
        self._live.start()

    def show(self, snapshot: Snapshot) -> None:
        self._trend.add(snapshot)
        if self._live is None:
            return
        width, height = self._console.size
        board = picture(snapshot, width, height, self._trend.rates())
        rendered = self._console.render_lines(board, self._console.options, pad=False)[: height - 1]
        lines = [_without_blanks(line) for line in rendered]
        self._mend(width)
        self._lengths = [Segment.get_line_length(line) for line in lines]
        self._width = width
        self._live.update(_Lines(lines), refresh=True)

    def stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _mend(self, width: int) -> None:
        """After the terminal became narrower, its long lines take several rows each: take those rows back.

        rich goes up by the lines it wrote; by as many as they are more now, we go up before it does.
        """
        if width >= self._width:
            return
        rows = sum(max(1, -(-length // width)) for length in self._lengths)
        more = rows - len(self._lengths)
        if more > 0:
            self._console.file.write(f"\r\x1b[{more}A\x1b[J")
            self._console.file.flush()


def _without_blanks(line: list[Segment]) -> list[Segment]:
    """A line without spaces at its end: in a terminal that becomes narrower they would take a row."""
    kept = list(line)
    while kept and not kept[-1].text.strip(" "):
        kept.pop()
    if kept:
        last = kept[-1]
        kept[-1] = Segment(last.text.rstrip(" "), last.style)
    return kept


class _Lines:
    """Lines that are rendered already."""

    def __init__(self, lines: Iterable[list[Segment]]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines:
            yield from line
            yield Segment.line()
