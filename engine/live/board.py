"""The live board: a run at one moment as a picture for a terminal of any width and height.

Colours are the sixteen that every terminal's own theme defines, so that they can be read on a light ground as on
a dark one, and none of them says what no word or place says too.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from engine.live.columns import Shown, tables
from engine.live.plain import seconds_left
from engine.live.trend import Sparkline
from engine.model import Notice
from engine.plugin import WorkerState
from engine.run.progress import Snapshot
from engine.text.format import board_score, clean, count, duration, location, rate, short

HEIGHT = 24
SIDE_BY_SIDE = 150
"""From this width on the workers stand beside the best scores."""
WORKERS_WIDTH = 80
"""Below it a worker's line says only where it is."""
BETWEEN = 4
"""Columns between the best scores and the workers."""
BAR = 60
"""Columns of the progress bar, at most."""
STATES = {"searching": "green", "restarting": "yellow"}
SPARK_LEAST = 12
"""Bars that make a trend."""
LATEST = 3
"""Notices shown at once."""
FEWEST = 3
"""Lines of a table that are shown in any case."""


def picture(s: Snapshot, width: int, height: int = HEIGHT, rates: Sequence[float] = ()) -> RenderableType:
    """The board for a terminal of `width` columns and `height` rows; `rates` are positions in each second."""
    head: list[RenderableType] = [_progress(s, width), *_figures(s, width, rates), Text()]
    latest = LATEST if height >= HEIGHT else 1
    foot = [*_notices(s.notices[-latest:], len(s.notices), width), *_stopping(s)]
    room = max(2 * FEWEST, height - 1 - len(head) - len(foot))
    return Group(*head, *_tables(s, width, room), *foot)


def _progress(s: Snapshot, width: int) -> RenderableType:
    total = max(s.total or 0, 1)
    left = seconds_left(s)
    row = Table.grid(padding=(0, 2))
    row.add_row(
        ProgressBar(
            total=total,
            completed=min(s.positions, total),
            width=min(BAR, width // 2),
            style="bright_black",
            complete_style="green",
            finished_style="green",
        ),
        Text(f"{100 * min(s.positions, total) // total}%" if s.total else "…", style="bold"),
        Text(f"{duration(s.seconds)}" + (f", {duration(left)} left" if left is not None else "")),
    )
    return row


def _figures(s: Snapshot, width: int, rates: Sequence[float]) -> list[RenderableType]:
    """Two rows of figures and the trend; more rows where they would be cut."""
    seconds = max(s.seconds, 0.001)
    of = f" of {s.total:,}" if s.total else ""
    found = [
        ("winning moves", f"{s.wins:,}", "bold green"),
        ("positions", f"{s.positions:,}{of}", ""),
        ("games", f"{s.games:,}", ""),
    ]
    speed = [
        ("positions/s", rate(s.positions / seconds), ""),
        ("nodes/s", short(s.nodes / seconds), ""),
    ]
    speed += [("cached", f"{s.cached:,}", "")] if s.cached else []
    speed += [("skipped", f"{s.skipped:,}", "")] if s.skipped else []
    lines = [*_flow(found, width), *_flow(speed, width)]
    rows: list[RenderableType] = [*lines]
    room = width - cell_len(lines[-1].plain) - 3
    if len(rates) >= 2:  # noqa: PLR2004
        bars = Sparkline(rates[-max(room, SPARK_LEAST) :], "cyan")
        row = Table.grid(padding=(0, 3))
        row.add_row(*([lines[-1], bars] if room >= SPARK_LEAST else [bars]))
        rows[-1:] = [row] if room >= SPARK_LEAST else [lines[-1], row]
    return rows


def _flow(items: Sequence[tuple[str, str, str]], width: int) -> list[Text]:
    """Names and figures side by side, as many as fit in a line."""
    lines: list[Text] = []
    for name, figure, style in items:
        item = Text.assemble((f"{name} ", "dim"), (figure, style))
        if lines and lines[-1].cell_len + 3 + item.cell_len <= width:
            lines[-1].append("   ").append_text(item)
        else:
            lines.append(item)
    return lines


def _tables(s: Snapshot, width: int, room: int) -> list[RenderableType]:
    """Best scores and workers in at most `room` rows, of which both get some."""
    if width >= SIDE_BY_SIDE and s.best and s.workers:
        workers = _workers(s.workers, room, full=True)
        columns = max(line.cell_len for line in workers)
        row = Table.grid(padding=(0, BETWEEN))
        row.add_row(_best(s, width - columns - BETWEEN, room - 1), Group(Text(), *workers))
        return [row]
    of_workers = min(len(s.workers), max(FEWEST, room - 2 - len(s.best)))
    parts: list[RenderableType] = []
    if s.best:
        parts += [_best(s, width, room - 2 - of_workers), Text()]
    return [*parts, *_workers(s.workers, of_workers, full=width >= WORKERS_WIDTH)]


def _best(s: Snapshot, width: int, rows: int) -> RenderableType:
    shown = s.best[: max(FEWEST, rows)]
    columns = [
        Shown(
            "best", [board_score(entry.score).rjust(6) for entry, _, _ in shown], figures=True, style="bold cyan"
        ),
        Shown("move", [clean(move).ljust(10) for _, _, move in shown], whole=True),
        Shown("game", [str(entry.game) for entry, _, _ in shown], figures=True),
        Shown("players", [clean(players) for _, players, _ in shown]),
    ]
    return Group(*tables(columns, width, heading="dim"))


def _workers(workers: Sequence[WorkerState], rows: int, *, full: bool) -> list[Text]:
    """A line a worker; where they are too many, those that are not searching first, and the number of the rest."""
    shown = list(workers)
    if len(workers) > rows:
        idle = [worker for worker in workers if worker.state != "searching"]
        shown = [*idle, *(worker for worker in workers if worker.state == "searching")][: rows - 1]
    lines = [_worker(worker, full=full) for worker in shown]
    if len(shown) < len(workers):
        lines.append(Text(f"… and {len(workers) - len(shown)} more", style="dim"))
    return lines


def _worker(worker: WorkerState, *, full: bool) -> Text:
    where = f"game {worker.game:,}" if worker.game else ""
    if worker.game and worker.ply is not None:
        where += f", ply {worker.ply}"
    line = Text.assemble(
        (f"worker {clean(worker.name):<3}", "dim"),
        (f"{worker.state:<12}", STATES.get(worker.state, "dim")),
        f"{where:<20}",
    )
    if full:
        line.append(f"{worker.positions:>9,} positions{short(worker.nodes):>9} nodes", style="dim")
    return line


def _notices(latest: Sequence[Notice], number: int, width: int) -> list[Text]:
    """The latest, a line each, and how many there are: they come and go in place, nothing scrolls."""
    if not latest:
        return []
    lines = [notice_line(notice) for notice in latest]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    head = [Text(f"{count(number, 'notice')}, the latest:", style="dim")] if number > len(lines) else []
    return [Text(), *head, *lines]


def notice_line(notice: Notice) -> Text:
    """`cut: games.pgn:203, game 17: illegal move Ke3`."""
    where = location(notice.file, notice.line, notice.game)
    return Text(f"{notice.kind}: {where}{clean(notice.reason)}", style="yellow")


def _stopping(s: Snapshot) -> list[Text]:
    words = "finishing the units in hand; Ctrl-C again stops at once"
    return [Text(words, style="bold yellow")] if s.stopping else []
