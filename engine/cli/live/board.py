"""The live board: a run at one moment as a picture for a terminal of any width and height.

Colours are the sixteen that every terminal's own theme defines, so that they can be read on a light ground as on
a dark one. Colours only repeat what words say.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from engine.cli.live.columns import TableColumn, fit_table
from engine.cli.live.plain import follow_ups
from engine.cli.live.trend import Sparkline
from engine.model import Notice
from engine.plugin import WorkerState
from engine.run.progress import Snapshot, seconds_left
from engine.text.format import board_score, clean, count, duration, location, rate, short

HEIGHT = 24
"""Rows of a terminal from which on the board is shown in full."""
SIDE_BY_SIDE = 150
"""Columns of a terminal from which on the workers stand beside the best scores."""
WORKERS_WIDTH = 80
"""Columns of a terminal below which a worker's line has no figures."""
BETWEEN = 4
"""Columns between the best scores and the workers."""
BAR = 60
"""Columns of the progress bar, at most."""
STATE_STYLES = {"searching": "green", "restarting": "yellow"}
SPARK_LEAST = 12
"""Bars of the trend, at least, beside the figures."""
LATEST = 3
"""Notices shown at once."""
FEWEST = 3
"""Lines of a table that are always shown."""


def render_board(
    snapshot: Snapshot, width: int, height: int = HEIGHT, rates: Sequence[float] = ()
) -> RenderableType:
    """Return the board for a terminal.

    * **snapshot** - the run as it is now.
    * **width** - columns of the terminal.
    * **height** - *(optional)* rows of the terminal; 24.
    * **rates** - *(optional)* positions evaluated in each of the last seconds, the latest last.
    """
    head: list[RenderableType] = [
        _progress(snapshot, width),
        *_figures(snapshot, width, rates),
        *_standing(snapshot, width),
        Text(),
    ]
    latest = LATEST if height >= HEIGHT else 1
    foot = [*_notices(snapshot.notices[-latest:], len(snapshot.notices), width), *_stopping(snapshot)]
    room = max(2 * FEWEST, height - 1 - len(head) - len(foot))
    return Group(*head, *_tables(snapshot, width, room), *foot)


def _progress(snapshot: Snapshot, width: int) -> RenderableType:
    done, remaining = snapshot.work()
    total = max(round(done + remaining), 1) if remaining is not None else max(snapshot.total or 0, 1)
    known = bool(snapshot.total) and remaining is not None
    left = seconds_left(snapshot)
    row = Table.grid(padding=(0, 2))
    row.add_row(
        ProgressBar(
            total=total,
            completed=min(done, total),
            width=min(BAR, width // 2),
            style="bright_black",
            complete_style="green",
            finished_style="green",
        ),
        Text(f"{100 * min(done, total) // total}%" if known else "…", style="bold"),
        Text(f"{duration(snapshot.seconds)}" + (f", {duration(left)} left" if left is not None else "")),
    )
    return row


def _figures(snapshot: Snapshot, width: int, rates: Sequence[float]) -> list[RenderableType]:
    """Return two rows of figures and the trend; more rows where they would be cut."""
    seconds = max(snapshot.seconds, 0.001)
    of = f" of {snapshot.total:,}" if snapshot.total else ""
    progress = [
        ("winning moves", f"{snapshot.wins:,}", "bold green"),
        ("positions", f"{snapshot.positions:,}{of}", ""),
        ("games", f"{snapshot.games:,}", ""),
    ]
    progress += [("follow-ups", extra, "")] if (extra := follow_ups(snapshot)) else []
    speed = [
        ("positions/s", rate(snapshot.positions / seconds), ""),
        ("nodes/s", short(snapshot.nodes / seconds), ""),
    ]
    speed += [("cached", f"{snapshot.cached:,}", "")] if snapshot.cached else []
    speed += [("skipped", f"{snapshot.skipped:,}", "")] if snapshot.skipped else []
    lines = [*_fill_lines(progress, width), *_fill_lines(speed, width)]
    rows: list[RenderableType] = [*lines]
    room = width - cell_len(lines[-1].plain) - 3
    if len(rates) >= 2:  # noqa: PLR2004
        bars = Sparkline(rates[-max(room, SPARK_LEAST) :], "cyan")
        row = Table.grid(padding=(0, 3))
        row.add_row(*([lines[-1], bars] if room >= SPARK_LEAST else [bars]))
        rows[-1:] = [row] if room >= SPARK_LEAST else [lines[-1], row]
    return rows


def _standing(snapshot: Snapshot, width: int) -> list[Text]:
    """Return how the player has done so far."""
    found = snapshot.standing
    if found is None:
        return []
    items = [("so far", f"{clean(found.player)}, {count(found.games, 'game')}", "bold")]
    if found.accuracy is not None:
        items.append(("accuracy", f"{found.accuracy:.1f}%", ""))
    items += [("mistakes", f"{found.mistakes:,}", ""), ("blunders", f"{found.blunders:,}", "")]
    return _fill_lines(items, width)


def _fill_lines(items: Sequence[tuple[str, str, str]], width: int) -> list[Text]:
    """Return names and figures side by side, as many as fit in a line. Each item has a style, too."""
    lines: list[Text] = []
    for name, figure, style in items:
        item = Text.assemble((f"{name} ", "dim"), (figure, style))
        if lines and lines[-1].cell_len + 3 + item.cell_len <= width:
            lines[-1].append("   ").append_text(item)
        else:
            lines.append(item)
    return lines


def _tables(snapshot: Snapshot, width: int, room: int) -> list[RenderableType]:
    """Return the best scores and the workers in at most `room` rows, of which both get some."""
    if width >= SIDE_BY_SIDE and snapshot.best and snapshot.workers:
        workers = _workers(snapshot.workers, room, full=True)
        columns = max(line.cell_len for line in workers)
        row = Table.grid(padding=(0, BETWEEN))
        row.add_row(_best(snapshot, width - columns - BETWEEN, room - 1), Group(Text(), *workers))
        return [row]
    worker_rows = min(len(snapshot.workers), max(FEWEST, room - 2 - len(snapshot.best)))
    parts: list[RenderableType] = []
    if snapshot.best:
        parts += [_best(snapshot, width, room - 2 - worker_rows), Text()]
    return [*parts, *_workers(snapshot.workers, worker_rows, full=width >= WORKERS_WIDTH)]


def _best(snapshot: Snapshot, width: int, rows: int) -> RenderableType:
    best = snapshot.best[: max(FEWEST, rows)]
    columns = [
        TableColumn(
            "best", [board_score(entry.score).rjust(6) for entry, _, _ in best], figures=True, style="bold cyan"
        ),
        TableColumn("move", [clean(move).ljust(10) for _, _, move in best], whole=True),
        TableColumn("game", [str(entry.game) for entry, _, _ in best], figures=True),
        TableColumn("players", [clean(players) for _, players, _ in best]),
    ]
    return Group(*fit_table(columns, width, heading_style="dim"))


def _workers(workers: Sequence[WorkerState], rows: int, *, full: bool) -> list[Text]:
    """Return a line for each worker in at most `rows` rows.

    Where there are too many, those that are not searching come first, and the last line has the number of the
    rest.
    """
    shown = list(workers)
    if len(workers) > rows:
        idle = [worker for worker in workers if worker.state != "searching"]
        shown = [*idle, *(worker for worker in workers if worker.state == "searching")][: rows - 1]
    lines = [_worker_line(worker, full=full) for worker in shown]
    if len(shown) < len(workers):
        lines.append(Text(f"… and {len(workers) - len(shown)} more", style="dim"))
    return lines


def _worker_line(worker: WorkerState, *, full: bool) -> Text:
    where = f"game {worker.game:,}" if worker.game else ""
    if worker.game and worker.ply is not None:
        where += f", ply {worker.ply}"
    line = Text.assemble(
        (f"worker {clean(worker.name):<3}", "dim"),
        (f"{worker.state:<12}", STATE_STYLES.get(worker.state, "dim")),
        f"{where:<20}",
    )
    if full:
        line.append(f"{worker.positions:>9,} positions{short(worker.nodes):>9} nodes", style="dim")
    return line


def _notices(latest: Sequence[Notice], number: int, width: int) -> list[Text]:
    """Return the latest notices, a line each, and how many there are. They change in place, nothing scrolls."""
    if not latest:
        return []
    lines = [notice_line(notice) for notice in latest]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    head = [Text(f"{count(number, 'notice')}, the latest:", style="dim")] if number > len(lines) else []
    return [Text(), *head, *lines]


def notice_line(notice: Notice) -> Text:
    """Return a notice as `cut: games.pgn:203, game 17: illegal move Ke3`."""
    where = location(notice.file, notice.line, notice.game)
    return Text(
        f"{notice.kind}: {where}{clean(notice.reason)}", style="dim" if notice.kind == "note" else "yellow"
    )


def _stopping(snapshot: Snapshot) -> list[Text]:
    if snapshot.paused:
        return [Text("paused; what was being searched ends", style="bold yellow")]
    words = "finishing the units in hand; Ctrl-C again stops at once"
    return [Text(words, style="bold yellow")] if snapshot.stopping else []
