"""Counts for the charts of the overview; their size does not grow with the number of games."""

from __future__ import annotations

from msgspec import Struct

from engine.model import AnalysedGame

MOVES = 60
"""Number of columns for move numbers; the last one also counts all later moves."""
STEP = 5
"""Width of a column of accuracies in percent."""
_JUDGED = ("inaccuracy", "mistake", "blunder")


class Bar(Struct, frozen=True):
    """One column of a chart, in units of the drawing."""

    x: float
    label: str
    """Description with numbers, for people."""
    parts: list[tuple[str, float, float]]
    """Class, upper edge and height of each part, from below."""


class Chart(Struct, frozen=True):
    """A column chart in a drawing of `WIDTH` by `HEIGHT`."""

    title: str
    words: str
    """Description in a sentence."""
    bars: list[Bar]
    width: float
    """Width of a column."""
    ticks: list[tuple[float, str]]
    """Position and text of each label below the chart."""
    top: str
    """Value at the upper edge."""
    legend: list[tuple[str, str]]
    """Class and name of each part."""


WIDTH, HEIGHT = 600.0, 160.0


class ChartCounts:
    """Accuracies and judged moves, counted for the colours in view."""

    def __init__(self) -> None:
        self.accuracies = [0] * (100 // STEP)
        self.judged = [[0, 0, 0] for _ in range(MOVES)]

    def add(self, game: AnalysedGame) -> None:
        for color in game.view:
            accuracy = game.side(color).accuracy
            if accuracy is not None:
                self.accuracies[min(int(accuracy // STEP), len(self.accuracies) - 1)] += 1
        first = int(game.fen.split()[5])
        black_starts = game.turn(0) == "black"
        for k, ply in enumerate(game.plies):
            if ply.judgement is not None and game.turn(k) in game.view:
                number = first + (k + black_starts) // 2
                self.judged[min(max(number, 1), MOVES) - 1][_JUDGED.index(ply.judgement)] += 1

    def charts(self) -> list[Chart]:
        """Return the charts that have something to show."""
        return [chart for chart in (self._by_move(), self._by_accuracy()) if chart is not None]

    def _by_move(self) -> Chart | None:
        last = max((k for k, counts in enumerate(self.judged) if any(counts)), default=-1) + 1
        if last == 0:
            return None
        columns = [Column(f"move {k + 1}", counts) for k, counts in enumerate(self.judged[: max(last, 10)])]
        if len(columns) == MOVES:
            columns[-1] = Column(f"move {MOVES} and later", columns[-1].counts)
        ticks = {k: str(k + 1) for k in range(len(columns)) if k == 0 or (k + 1) % 10 == 0}
        kinds = {"inaccuracy": "inaccuracies", "mistake": "mistakes", "blunder": "blunders"}
        return _chart("When errors happen", "Judged moves by move number.", columns, kinds, ticks)

    def _by_accuracy(self) -> Chart | None:
        if sum(self.accuracies) < 3:  # noqa: PLR2004 - one game has nothing to compare
            return None
        first = next(k for k, number in enumerate(self.accuracies) if number)
        first = min(first, len(self.accuracies) - 8)
        edges = [k * STEP for k in range(first, len(self.accuracies))]
        columns = [Column(f"{edge} to {edge + STEP}%", [self.accuracies[edge // STEP]]) for edge in edges]
        ticks = {k: f"{edge}%" for k, edge in enumerate(edges) if edge % 10 == 0}
        words = "How many games had which accuracy, each player's by itself."
        return _chart("Accuracies", words, columns, {"plain": "games"}, ticks)


class Column(Struct, frozen=True):
    """The counts in one column of a chart."""

    label: str
    counts: list[int]
    """Count of each part."""


def _chart(title: str, words: str, columns: list[Column], kinds: dict[str, str], ticks: dict[int, str]) -> Chart:
    """Draw a chart. `kinds` are the names of the parts by their classes, from below."""
    highest = max(sum(column.counts) for column in columns)
    step = WIDTH / len(columns)
    bars = []
    for k, column in enumerate(columns):
        y, parts = HEIGHT, []
        for kind, number in zip(kinds, column.counts, strict=True):
            height = round(HEIGHT * number / highest, 1)
            y = round(y - height, 1)
            if number:
                parts.append((kind, y, height))
        numbers = ", ".join(f"{number} {name}" for name, number in zip(kinds.values(), column.counts, strict=True))
        bars.append(Bar(round(k * step + step * 0.1, 1), f"{column.label}: {numbers}", parts))
    return Chart(
        title=title,
        words=words,
        bars=bars,
        width=round(step * 0.8, 1),
        ticks=[(round((k + 0.5) * step, 1), name) for k, name in ticks.items()],
        top=f"{highest:,}",
        legend=list(kinds.items()) if len(kinds) > 1 else [],
    )
