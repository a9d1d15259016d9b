"""The screen: what a person sees while a run goes on, and the summary at its end.

Progress goes to standard error, reports to standard output. A terminal gets a live board that is redrawn 4 to 8
times a second; a pipe or a CI log gets a plain line every few seconds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Literal, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from engine.errors import OutputError
from engine.model import EvaluatorInfo, Notice, Report, ReportTable, RunResult
from engine.plugin import WorkerState
from engine.progress import Snapshot
from engine.words import board_score, cell, clean, duration, short

__all__ = [
    "Screen",
    "Style",
    "board_score",
    "cell",
    "clean",
    "closing",
    "duration",
    "output_console",
    "print_all",
    "short",
    "summary",
]

Style = Literal["auto", "rich", "plain", "none"]
PLAIN_SECONDS = 5.0
SHOWN_NOTICES = 20
FEN_WIDTH = 150
"""Positions are shown in tables from this width on; they are in the JSON report anyway."""
WORKERS_WIDTH = 80
"""Below it a worker's line says only where it is."""
PIPE_WIDTH = 160
NARROWEST = 8
"""Characters of a name that are shown in any case."""


# -- while it runs ------------------------------------------------------------------------------------------


class Screen:
    """A context manager whose `show` is a run's progress callback."""

    def __init__(self, style: Style = "auto", stream: Console | None = None) -> None:
        self.console = stream or _Output(stderr=True, highlight=False)
        if style == "auto":
            lively = self.console.is_terminal and not self.console.is_dumb_terminal and "CI" not in os.environ
            style = "rich" if lively else "plain"
        self._style = style
        self._live: Live | None = None
        self._plain_at = PLAIN_SECONDS

    def __enter__(self) -> Self:
        if self._style == "rich":
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def show(self, snapshot: Snapshot) -> None:
        if self._live is not None:
            self._live.update(picture(snapshot, self.console.width), refresh=True)
        elif self._style == "plain" and snapshot.seconds >= self._plain_at:
            self._plain_at = snapshot.seconds + PLAIN_SECONDS
            self.console.print(plain_line(snapshot), markup=False, soft_wrap=True)


def plain_line(s: Snapshot) -> str:
    """One line for a log."""
    share = f" of {s.total:,}" if s.total else ""
    left = _seconds_left(s)
    return (
        f"{duration(s.seconds)}  {s.positions:,}{share} positions, {s.games:,} games, "
        f"{short(s.nodes / max(s.seconds, 0.001))} nodes/s, {s.wins:,} winning moves"
        + (f", about {duration(left)} left" if left is not None else "")
    )


def picture(s: Snapshot, width: int) -> RenderableType:
    """The live board for a terminal of `width` columns."""
    parts: list[RenderableType] = [_progress(s), _figures(s), Text()]
    if s.best:
        parts += [_best(s), Text()]
    if s.workers:
        parts.append(_workers(s.workers, full=width >= WORKERS_WIDTH))
    if s.notices:
        parts.append(_line(s.notices[-1]))
    if s.stopping:
        parts.append(Text("finishing the units in hand; Ctrl-C again stops at once", style="bold yellow"))
    return Group(*parts)


def _progress(s: Snapshot) -> RenderableType:
    row = Table.grid(padding=(0, 2))
    total = s.total or 0
    bar = ProgressBar(total=max(total, 1), completed=min(s.positions, max(total, 1)), width=30)
    left = _seconds_left(s)
    row.add_row(
        bar,
        Text(f"{100 * s.positions / total:.0f}%" if total else "…", style="bold"),
        Text(f"{duration(s.seconds)}" + (f", {duration(left)} left" if left is not None else "")),
    )
    return row


def _figures(s: Snapshot) -> RenderableType:
    per_second = max(s.seconds, 0.001)
    of = f" of {s.total:,}" if s.total else ""
    row = Table.grid(padding=(0, 3))
    row.add_row(
        Text.assemble(("winning moves ", "dim"), (f"{s.wins:,}", "bold green")),
        Text.assemble(("positions ", "dim"), f"{s.positions:,}{of}"),
        Text.assemble(("games ", "dim"), f"{s.games:,}"),
    )
    row.add_row(
        Text.assemble(("positions/s ", "dim"), short(s.positions / per_second)),
        Text.assemble(("nodes/s ", "dim"), short(s.nodes / per_second)),
        Text.assemble(("cached ", "dim"), f"{s.cached:,}") if s.cached else Text(),
    )
    return row


def _best(s: Snapshot) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=True, header_style="dim")
    table.add_column("best", justify="right", no_wrap=True, min_width=6)
    table.add_column("move", no_wrap=True, min_width=10)
    table.add_column("game", justify="right", no_wrap=True, min_width=4)
    table.add_column("players", no_wrap=True, overflow="ellipsis")
    for entry, players, move in s.best:
        table.add_row(
            Text(board_score(entry.score), style="bold cyan"),
            Text(clean(move)),
            Text(str(entry.game)),
            Text(clean(players)),
        )
    return table


def _workers(workers: Sequence[WorkerState], *, full: bool) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for _ in range(5):
        table.add_column(no_wrap=True, overflow="ellipsis")
    for worker in workers:
        where = f"game {worker.game}" if worker.game else ""
        if worker.game and worker.ply is not None:
            where += f", ply {worker.ply}"
        done = (f"{worker.positions:,} positions", f"{short(worker.nodes)} nodes") if full else ()
        table.add_row(
            Text(f"worker {worker.name}", style="dim"),
            Text(worker.state, style="green" if worker.state == "searching" else "yellow"),
            Text(where),
            *(Text(text, style="dim") for text in done),
        )
    return table


def _seconds_left(s: Snapshot) -> float | None:
    searched = s.positions - s.cached
    if not s.total or searched <= 0 or s.seconds < 1:
        return None
    return max(0.0, (s.total - s.positions) * s.seconds / searched)


# -- at the end ---------------------------------------------------------------------------------------------


def summary(result: RunResult, *, width: int, rows: int = 12) -> Iterator[RenderableType]:
    """A table per aggregator, for standard output of `width` columns. Long tables are cut at `rows`."""
    for name, report in result.reports.items():
        yield Text(f"{report.title}  ", style="bold").append(name, style="dim")
        yield from _report_parts(report, rows, positions=width >= FEN_WIDTH)
        yield Text()


def _report_parts(report: Report, rows: int, *, positions: bool) -> Iterator[RenderableType]:
    if report.metrics:
        grid = Table.grid(padding=(0, 2))
        for metric in report.metrics.values():
            grid.add_row(
                Text(clean(metric.label), style="dim"), Text(cell(metric.value, metric.kind), style="bold")
            )
        yield grid
    for table in report.tables:
        if table.rows:
            yield _report_table(table, rows, positions=positions)
    for note in report.notes:
        yield Text(clean(note), style="dim italic")


def _report_table(table: ReportTable, rows: int, *, positions: bool) -> RenderableType:
    shown_columns = [k for k, column in enumerate(table.columns) if positions or column.kind != "position"]
    shown = Table(
        title=clean(table.title), title_justify="left", title_style="italic", box=None, padding=(0, 2, 0, 0)
    )
    for k in shown_columns:
        column = table.columns[k]
        cells = [cell(row[k], column.kind) for row in table.rows[:rows]]
        number = column.kind in ("int", "float", "percent", "score", "duration")
        # Figures are never cut; names are, where the terminal is too narrow.
        shown.add_column(
            clean(column.label),
            justify="right" if number else "left",
            overflow="ellipsis",
            no_wrap=True,
            min_width=max(map(len, cells)) if number or column.kind == "move" else NARROWEST,
        )
    for row in table.rows[:rows]:
        shown.add_row(*(Text(cell(row[k], table.columns[k].kind)) for k in shown_columns))
    if len(table.rows) <= rows:
        return shown
    return Group(shown, Text(f"… {len(table.rows) - rows:,} more", style="dim"))


def closing(result: RunResult, save_command: str | None) -> Iterator[RenderableType]:
    """What was done, what was skipped, what failed, and where the outputs are; for standard error."""
    c = result.counts
    skipped = ", ".join(
        f"{number:,} {what}"
        for number, what in (
            (c.damaged, "unreadable"),
            (c.variant, "of other variants"),
            (c.filtered, "filtered out"),
        )
        if number
    )
    yield Text.assemble(
        (f"{c.analysed:,} games", "bold"),
        f" analysed, {c.positions:,} positions",
        f" ({c.cached:,} from the cache)" if c.cached else "",
        f" in {duration(c.seconds)}",
        f" by {clean(_who(result.evaluator))}",
        f" at {result.limit}" if c.nodes or c.cached else "",
        f"; {short(c.nodes / max(c.seconds, 0.001))} nodes/s" if c.nodes else "",
        f"; skipped: {skipped}" if skipped else "",
    )
    for notice in result.notices[:SHOWN_NOTICES]:
        yield _line(notice)
    if c.notices > SHOWN_NOTICES:
        yield Text(f"… and {c.notices - SHOWN_NOTICES:,} more notices", style="yellow")
    for failure in result.failures[:SHOWN_NOTICES]:
        where = place(failure.file, failure.line, failure.game)
        yield Text(f"failed: {where}{clean(failure.reason)}", style="red")
    if len(result.failures) > SHOWN_NOTICES:
        yield Text(f"… and {len(result.failures) - SHOWN_NOTICES:,} more failures", style="red")
    for output in result.outputs:
        yield Text.assemble(("written ", "dim"), clean(output))
    if save_command:
        yield Text.assemble(("to keep everything, in seconds from the cache: ", "dim"), clean(save_command))


def _who(info: EvaluatorInfo) -> str:
    """The name with its version, which some programs have in their name."""
    return info.name if info.version.partition(".")[0] in info.name else f"{info.name} {info.version}"


def place(file: str | None, line: int | None, game: int | None) -> str:
    """`games.pgn:203, game 17: `, whatever of it is known."""
    parts = [clean(file) + (f":{line}" if line else "")] if file else []
    parts += [f"game {game}"] if game else []
    return ", ".join(parts) + (": " if parts else "")


def _line(notice: Notice) -> RenderableType:
    return Text(
        f"{notice.kind}: {place(notice.file, notice.line, notice.game)}{clean(notice.reason)}", style="yellow"
    )


class _Output(Console):
    """A console whose closed pipe is the caller's to handle; rich itself would exit with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def output_console() -> Console:
    """Standard output for reports: coloured only on a terminal, wide enough for a table in a pipe."""
    if sys.stdout is None:
        raise OutputError("standard output is closed; save the results with -o FILE")
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    return _Output(highlight=False, width=width)


def print_all(console: Console, parts: Iterator[RenderableType]) -> None:
    for part in parts:
        # A log's lines are as long as they are; only a terminal has an edge to wrap at.
        console.print(part, soft_wrap=isinstance(part, Text) and not console.is_terminal)
