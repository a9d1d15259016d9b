"""The screen on a terminal: a recorded run, frame by frame, by a clock of the test's own."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pyte
import pytest
from msgspec import structs
from rich.cells import cell_len
from rich.console import Console

from engine.cli import live
from engine.cli.live.trend import ASCII_BARS, Trend, spark
from engine.model import Best, Notice
from engine.plugin import WorkerState
from engine.run.progress import Snapshot
from tests.pictures import snapshots

GROUNDS = ["standard", "256", "truecolor", None]
"""Color systems of terminals; None is no colour at all."""


class Clock:
    """Shows what the test says."""

    def __init__(self, step: float) -> None:
        self._now = 0.0
        self._step = step

    def __call__(self) -> float:
        self._now += self._step
        return self._now


def recorded(step: float = 2.5) -> Iterator[Snapshot]:
    """The recorded run, by a clock that goes on by `step` seconds each time."""
    clock = Clock(step)
    for snapshot in snapshots():
        yield structs.replace(snapshot, seconds=clock())


class Terminal:
    """A terminal that shows what a console writes."""

    def __init__(self, width: int, height: int = 24, colors: str | None = "standard") -> None:
        self.screen = pyte.HistoryScreen(width, height, history=1000)
        self._stream = pyte.Stream(self.screen)
        self.file = io.StringIO()
        self._read = 0
        self.console = Console(
            file=self.file,
            width=width,
            height=height,
            force_terminal=True,
            color_system=colors,  # type: ignore[arg-type]
            no_color=colors is None,
            highlight=False,
            _environ={},
        )

    def written(self) -> str:
        """Return what was written since the last call, and show it."""
        text = self.file.getvalue()[self._read :]
        self._read += len(text)
        self._stream.feed(text.replace("\n", "\r\n"))
        return text

    def lines(self) -> list[str]:
        lines = [line.rstrip() for line in self.screen.display]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def resize(self, width: int) -> None:
        """Change the width as terminals do: lines that are now too long go on in the next row."""
        rows = [line.rstrip() for line in self.screen.display[: self.screen.cursor.y + 1]]
        self.screen = pyte.HistoryScreen(width, self.screen.lines, history=1000)
        self._stream = pyte.Stream(self.screen)
        self._stream.feed("\r\n".join(rows))
        self.console.width = width

    @property
    def scrolled(self) -> int:
        return len(self.screen.history.top)


def alone(snapshot: Snapshot, trend: Trend, width: int, height: int = 24) -> list[str]:
    """The frame on an empty terminal."""
    file = io.StringIO()
    console = Console(file=file, width=width, height=height, color_system=None, highlight=False)
    console.print(live.render_board(snapshot, width, height, trend.rates()))
    lines = [line.rstrip() for line in file.getvalue().splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


@pytest.mark.parametrize(
    ("width", "colors"),
    [*((width, "standard") for width in (60, 80, 149, 150, 200)), *((100, colors) for colors in GROUNDS)],
)
def test_every_frame_of_a_run_stands_alone(width: int, colors: str | None) -> None:
    terminal, trend = Terminal(width, colors=colors), Trend()
    with live.Screen("rich", terminal.console) as screen:
        for snapshot in list(recorded())[::2]:
            trend.add(snapshot)
            screen.show(snapshot)
            terminal.written()
            seen = terminal.lines()
            # The bar has other characters with colours than without.
            assert seen[1:] == alone(snapshot, trend, width)[1:]
            assert seen[0].split()[-2 if "left" not in seen[0] else -4].endswith("%") or snapshot.total is None
            text = "\n".join(seen)
            assert f"winning moves {snapshot.wins:,}" in text
            assert f"positions {snapshot.positions:,}" in text
            for entry, _, move in snapshot.best:
                assert re.search(
                    rf"{re.escape(live.board_score(entry.score))} +{re.escape(move)} +{entry.game}\b", text
                )
    terminal.written()
    assert terminal.lines() == []
    assert terminal.scrolled == 0


@pytest.mark.slow
def test_only_the_colours_of_the_terminals_own_theme_are_used() -> None:
    for colors in GROUNDS:
        terminal = Terminal(100, colors=colors)
        with live.Screen("rich", terminal.console) as screen:
            for snapshot in recorded():
                screen.show(snapshot)
        codes = {
            code for sequence in re.findall(r"\x1b\[([\d;]*)m", terminal.written()) for code in sequence.split(";")
        }
        named = {str(code) for code in (*range(30, 38), *range(90, 98))}
        assert codes - named <= {"", "0", "1", "2", "3", "39"}
        assert bool(codes & named) == (colors is not None)


def test_a_frame_as_it_is() -> None:
    trend = Trend()
    for snapshot in list(recorded())[:16]:
        trend.add(snapshot)
    assert alone(snapshot, trend, 100) == FRAME.strip("\n").splitlines()


FRAME = """
━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╸                 69%  0:40, 0:18 left
winning moves 71   positions 381 of 550   games 10
positions/s 9.5   nodes/s 335.3k   cached 25   ▁▁▃▆▆▇▇███▆▆▆▆▆▅▅▅▅▅▅▅▅▄▄▇▇▇▇▇▇▇▆▆▆▆▆▆▅▅

  best  move        game  players
    #1  7. Nd5#        2  Légal, Sire de – Saint Brie
    #1  23. Be7#       3  Anderssen, Adolf – Kieseritzky, Lionel
    #1  24. Bxe7#      4  Anderssen, Adolf – Dufresne, Jean
    #1  17. Rd8#       5  Morphy, Paul – Duke of Brunswick and Count Isouard
    #1  11. Bd8#       8  Réti, Richard – Tartakower, Savielly
    #1  18. Kd2#       9  Lasker, Edward – Thomas, George Alan
    #1  41... Ba3#    10  Byrne, Donald – Fischer, Robert James
    #4  25... Rh3      7  Rotlewi, Georg – Rubinstein, Akiba
 +8.63  17. Kxb7       6  Hamppe, Carl – Meitner, Philipp
 +1.68  16. h4        11  Short, Nigel D – Timman, Jan H

worker 1  searching   game 11, ply 28           179 positions     6.7M nodes
worker 2  searching   game 11, ply 14           191 positions     7.3M nodes

cut: club.pgn:5, game 1: illegal move `Ke3` after 6 plies (4.)
"""
"""Pictures that were looked at and approved."""


@pytest.mark.parametrize("height", [10, 12, 16, 24, 50])
def test_nothing_scrolls_whatever_the_height(height: int) -> None:
    terminal = Terminal(80, height)
    workers = tuple(WorkerState(str(k), "searching", k, 3, 10, 1000) for k in range(1, 65))
    notices = tuple(Notice("cut", "games.pgn", k, k, "illegal move") for k in range(1, 50))
    with live.Screen("rich", terminal.console) as screen:
        for snapshot in list(recorded())[::2]:
            screen.show(structs.replace(snapshot, workers=workers, notices=notices))
            terminal.written()
            text = "\n".join(terminal.lines())
            assert f"winning moves {snapshot.wins:,}" in text
            if height >= 16:
                assert "49 notices, the latest:" in text
                assert "cut: games.pgn:49, game 49: illegal move" in text
                assert "worker 1 " in text
                assert re.search(r"… and \d+ more", text)
    assert terminal.scrolled == 0


def test_a_worker_that_does_not_search_is_not_among_those_left_out() -> None:
    workers = [WorkerState(str(k), "searching", k, 3, 10, 1000) for k in range(1, 65)]
    workers[60] = WorkerState("61", "restarting")
    board = alone(structs.replace(snapshots()[5], workers=tuple(workers)), Trend(), 80)
    assert any(line.startswith("worker 61") and "restarting" in line for line in board)


@pytest.mark.parametrize("width", [60, 100, 200])
def test_figures_of_a_huge_run_are_whole_and_names_give_way(width: int) -> None:
    name = "國際象棋大師 " * 12 + "– " + "Mihail Tal " * 12
    huge = structs.replace(
        snapshots()[-1],
        games=1_234_567,
        positions=98_765_432,
        total=123_456_789,
        nodes=9_876_543_210_987,
        wins=12_345_678,
        cached=55_555_555,
        skipped=4_444_444,
        seconds=360_000.0,
        best=((Best(31_999, 1_234_567, 12, "c3d5"), name, "117... bxa1=Q#"),),
        workers=(WorkerState("64", "restarting", 1_234_567, 299, 9_999_999, 999_999_999_999),),
    )
    lines = alone(huge, Trend(), width)
    text = "\n".join(lines)
    assert max(map(cell_len, lines)) <= width
    for words in (
        *("98,765,432 of 123,456,789", "games 1,234,567", "winning moves 12,345,678", "cached 55,555,555"),
        *("skipped 4,444,444", "nodes/s 27.4M", "117... bxa1=Q#", "game 1,234,567, ply 299", "100:00:00", "…"),
    ):
        assert words in text


def test_a_terminal_that_becomes_narrower_and_wider_keeps_one_board() -> None:
    terminal, trend = Terminal(200, 40), Trend()
    terminal.console.print("before the run")
    widths = [200, 100, 99, 60, 61, 120, 70, 200]
    with live.Screen("rich", terminal.console) as screen:
        for number, snapshot in enumerate(recorded()):
            terminal.resize(widths[number % len(widths)])
            trend.add(snapshot)
            screen.show(snapshot)
            terminal.written()
            seen = terminal.lines()
            assert seen[0] == "before the run"
            assert seen[2:] == alone(snapshot, trend, terminal.screen.columns, 40)[1:]
    terminal.written()
    assert terminal.lines() == ["before the run"]


# -- how fast it goes ---------------------------------------------------------------------------------------


def moment(seconds: float, positions: int, **changes: object) -> Snapshot:
    values = {"seconds": seconds, "positions": positions, "workers": (), "cached": 0, **changes}
    return structs.replace(snapshots()[0], **values)


def test_the_trend_has_a_rate_for_each_whole_second() -> None:
    trend = Trend()
    for seconds, positions in ((0.5, 5), (1.0, 10), (2.0, 30), (4.0, 50), (4.5, 99)):
        trend.add(moment(seconds, positions))
    assert trend.rates() == pytest.approx([10, 20, 10, 10])


def test_the_trend_counts_positions_of_units_in_hand() -> None:
    trend = Trend()
    trend.add(moment(0, 0))
    worker = WorkerState("1", "searching", 1, 3, positions=7)
    trend.add(moment(1, 0, workers=(worker,), cached=2))
    trend.add(moment(2, 12, workers=(worker,)))
    assert trend.rates() == pytest.approx([9, 3])


def test_the_trend_keeps_a_minute_and_survives_a_pause() -> None:
    trend = Trend()
    for second in range(1, 100):
        trend.add(moment(second, second * second))
    assert len(trend.rates()) == 60
    assert trend.rates()[-1] == pytest.approx(99 * 99 - 98 * 98)
    trend.add(moment(10_000_000.0, 20_000))
    assert len(trend.rates()) == 60
    assert max(trend.rates()) < 1


def test_bars_are_as_high_as_their_values() -> None:
    assert spark([0, 1, 4, 8]) == "▁▂▅█"
    assert spark([0, 0]) == "▁▁"
    assert spark([]) == ""
    assert spark([0, 8], ASCII_BARS) == "_#"
