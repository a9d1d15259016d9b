"""A graph of White's Win% through a game, in four rows of characters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style

from engine.model import Color, Judgement

ROWS = 4
EIGHTHS = " ▁▂▃▄▅▆▇█"
ASCII = "  ..::##%"
AXIS = 7
"""Columns before the graph."""
WIDEST = 3
"""Columns of a position, at most, in a short game."""
SEVERITY: Sequence[Judgement | None] = (None, "inaccuracy", "mistake", "blunder")
MARK = {
    "inaccuracy": ("?!", "·", ".", "yellow"),
    "mistake": ("?", "?", "?", "magenta"),
    "blunder": ("??", "⁇", "#", "red"),
}
"""The mark of a judgement in the line below the graph: where there is room, in one column, in one column of ASCII;
and its colour."""


class Graph:
    """White's Win% as the height of a column, from the first position to the last; judged moves are marked below.

    * **wins** - White's Win%, 0 to 100, in the positions 0 to N; None where it is not known.
    * **judgements** - the judgements of the N moves.
    * **first** - the side to move in position 0.
    * **number** - the move number of position 0.
    * **width** - columns of the terminal.

    Where there are more positions than columns, each column shows the mean of several positions.
    """

    def __init__(
        self,
        wins: Sequence[float | None],
        judgements: Sequence[Judgement | None],
        first: Color,
        number: int,
        width: int,
    ) -> None:
        room = max(1, width - AXIS)
        self._position_width = max(1, min(WIDEST, room // max(1, len(wins))))
        self._columns = min(len(wins), room // self._position_width)
        self._wins = wins
        self._judgements = judgements
        self._first = first
        self._number = number

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        bars = ASCII if options.ascii_only else EIGHTHS
        axis = {0: "White", ROWS - 1: "Black"}
        means = [self._mean(column) for column in range(self._columns)]
        dim = console.get_style("dim")
        for row in range(ROWS):
            yield Segment(f"{axis.get(row, ''):<{AXIS}}", dim)
            yield Segment("".join(_bar(mean, ROWS - 1 - row, bars) * self._position_width for mean in means))
            yield Segment.line()
        if any(self._judgements):
            yield Segment(" " * AXIS)
            for column in range(self._columns):
                yield self._mark(console, column, ascii_only=options.ascii_only)
            yield Segment.line()
        yield Segment(f"{'move':<{AXIS}}{self._numbers()}", dim)
        yield Segment.line()

    def _span(self, column: int) -> range:
        """Return the positions that a column stands for."""
        count = len(self._wins)
        return range(column * count // self._columns, (column + 1) * count // self._columns)

    def _mean(self, column: int) -> float | None:
        """Return the mean Win% of a column; None when no position of it has one."""
        known = [win for win in (self._wins[k] for k in self._span(column)) if win is not None]
        return sum(known) / len(known) if known else None

    def _mark(self, console: Console, column: int, *, ascii_only: bool) -> Segment:
        """Return the mark of the worst judgement among the moves that led to the positions of a column."""
        judged = [self._judgements[k - 1] for k in self._span(column) if k]
        worst = max(judged, key=SEVERITY.index, default=None)
        if worst is None:
            return Segment(" " * self._position_width, Style.null())
        mark, narrow, plain, style = MARK[worst]
        if self._position_width < len(mark):
            mark = plain if ascii_only else narrow
        return Segment(f"{mark:<{self._position_width}}", console.get_style(style))

    def _numbers(self) -> str:
        """Return move numbers below the columns in which the moves begin, as many as there is room for."""
        line = ""
        for column in range(self._columns):
            ply = self._span(column).start - 1
            number = self._number + (ply + (self._first == "black")) // 2
            starts = ply >= 0 and (self._first == "white") == (ply % 2 == 0)
            is_labelled = not line or number % 5 == 0
            at = column * self._position_width
            if starts and is_labelled and at >= len(line) + (2 if line else 0):
                line = f"{line:<{at}}{number}"
        return line


def _bar(mean: float | None, row: int, bars: str) -> str:
    """Return the character of a column in a row; row 0 is the lowest."""
    if mean is None:
        return " "
    # Something of each side is always seen, so that a won game is not mistaken for a missing one.
    eighths = max(1, min(8 * ROWS - 1, round(mean / 100 * 8 * ROWS)))
    return bars[max(0, min(8, eighths - 8 * row))]
