"""What a person, a log or another program sees of a run while it goes on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Literal, Protocol, Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from engine.cli.live.board import render_board
from engine.cli.live.closing import closing_lines
from engine.cli.live.consoles import error_console, print_all
from engine.cli.live.events import Events
from engine.cli.live.plain import Plain
from engine.cli.live.trend import Trend
from engine.model import RunResult
from engine.run.progress import Snapshot

Style = Literal["auto", "rich", "plain", "json", "none"]


class Display(Protocol):
    """One way to show a run."""

    def start(self) -> None:
        """Begin, before the run does."""

    def show(self, snapshot: Snapshot) -> None:
        """Show the run as it is now."""

    def stop(self) -> None:
        """End, after the run has ended."""


class Screen:
    """A context manager whose `show` is a run's progress callback.

    * **style** - *(optional)* `rich` is a board that is redrawn in place, `plain` a line every few seconds, `json`
      an event a line for other programs, `none` nothing. `auto`, the default, is `rich` on a terminal, and `plain`
      elsewhere and in CI.
    * **console** - *(optional)* where everything is printed; standard error.

    It reads no clock: time is what the snapshots say.
    """

    def __init__(self, style: Style = "auto", console: Console | None = None) -> None:
        self.console = console or error_console()
        if style == "auto":
            can_redraw = self.console.is_terminal and not self.console.is_dumb_terminal
            style = "rich" if can_redraw and "CI" not in os.environ else "plain"
        self.events = Events(self.console) if style == "json" else None
        """Writes the events for another program; None when none listens."""
        self.draws_in_place = style == "rich"
        """Whether lines that others write to standard error would damage what is drawn."""
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

    @property
    def progress(self) -> Callable[[Snapshot], None] | None:
        """What is called with each snapshot; None where nothing is shown, so that none need be made."""
        return None if self._display is None else self.show

    def show(self, snapshot: Snapshot) -> None:
        """Show the run as it is now."""
        if self._display is not None:
            self._display.show(snapshot)

    def say(self, text: str) -> None:
        """Print something about the run that no snapshot says."""
        if self.events is not None:
            self.events.say(text)
        else:
            print_all(self.console, [Text(text)])

    def log(self, text: str) -> None:
        """Print a log record; above the board where there is one."""
        self.console.print(Text(text), soft_wrap=True)

    def finish(self, result: RunResult, save_command: str | None, *, by_default: bool = False) -> None:
        """Print what was done, at the end of the run.

        * **result** - the result of the run.
        * **save_command** - the command that keeps everything; None when there is nothing to keep.
        * **by_default** - *(optional)* whether nobody has said if its searches are adaptive.
        """
        if self.events is not None:
            self.events.finish(result)
        else:
            print_all(self.console, closing_lines(result, save_command, by_default=by_default))


class LiveBoard:
    """Draws the board over the last one, and leaves the terminal as it found it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._trend = Trend()
        self._line_lengths: list[int] = []
        """Columns of the lines that stand on the terminal."""
        self._width = 0
        """Columns of the terminal when they were drawn."""

    def start(self) -> None:
        """Begin to draw."""
        self._live = Live(console=self._console, auto_refresh=False, transient=True, vertical_overflow="crop")
        self._live.start()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the run as it is now."""
        self._trend.add(snapshot)
        if self._live is None:
            return
        width, height = self._console.size
        board = render_board(snapshot, width, height, self._trend.rates())
        rendered = self._console.render_lines(board, self._console.options, pad=False)[: height - 1]
        lines = [_without_blanks(line) for line in rendered]
        self._erase_wrapped_rows(width)
        self._line_lengths = [Segment.get_line_length(line) for line in lines]
        self._width = width
        self._live.update(_RenderedLines(lines), refresh=True)

    def stop(self) -> None:
        """Erase the board."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _erase_wrapped_rows(self, width: int) -> None:
        """Erase the rows that long lines have taken since the terminal became narrower.

        rich goes up by the number of lines that it wrote; we go up before by the rows that they are more.
        """
        if width >= self._width:
            return
        rows = sum(max(1, -(-length // width)) for length in self._line_lengths)
        more = rows - len(self._line_lengths)
        if more > 0:
            self._console.file.write(f"\r\x1b[{more}A\x1b[J")
            self._console.file.flush()


def _without_blanks(line: list[Segment]) -> list[Segment]:
    """Return a line without spaces at its end: in a terminal that becomes narrower they would take a row."""
    kept = list(line)
    while kept and not kept[-1].text.strip(" "):
        kept.pop()
    if kept:
        last = kept[-1]
        kept[-1] = Segment(last.text.rstrip(" "), last.style)
    return kept


class _RenderedLines:
    """Lines that are rendered already."""

    def __init__(self, lines: Iterable[list[Segment]]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines:
            yield from line
            yield Segment.line()
