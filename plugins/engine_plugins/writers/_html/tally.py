"""Charts that the page adds to reports; what is counted for them does not grow with the number of games."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model import AnalysedGame, Axis, Chart, Point, Report, Series

MOVES = 60
"""Last move number of the chart; its last column also counts all later moves."""
WIDE = 5
"""Moves, and percent of accuracy, in a column."""
_ERRORS = ("mistake", "blunder")
_FEW = 20
"""Moves below which a column has no rate."""


class ChartCounts:
    """Accuracies and errors by move number, counted for the colours in view."""

    def __init__(self) -> None:
        self.accuracies = [0] * (100 // WIDE)
        self.moves = [0] * (MOVES // WIDE)
        self.errors = [0] * (MOVES // WIDE)

    def add(self, game: AnalysedGame) -> None:
        """Count one game."""
        for color in game.view:
            accuracy = game.side(color).accuracy
            if accuracy is not None:
                self.accuracies[min(int(accuracy // WIDE), len(self.accuracies) - 1)] += 1
        first = int(game.fen.split()[5])
        black_starts = game.turn(0) == "black"
        for k, ply in enumerate(game.plies):
            if ply.win_before is None or ply.win_after is None or game.turn(k) not in game.view:
                continue
            number = max(1, first + (k + black_starts) // 2)
            column = min((number - 1) // WIDE, len(self.moves) - 1)
            self.moves[column] += 1
            self.errors[column] += ply.judgement in _ERRORS

    def charts(self, reports: Mapping[str, Report]) -> dict[str, list[Chart]]:
        """Return the charts by the report to which they belong, where it has none by itself."""
        ours = {"judgements": self._by_move(), "accuracy": self._by_accuracy()}
        return {
            name: [chart]
            for name, chart in ours.items()
            if chart is not None and name in reports and not reports[name].charts
        }

    def _by_move(self) -> Chart | None:
        last = max((k for k, moves in enumerate(self.moves) if moves >= _FEW), default=-1) + 1
        if last < 2 or not any(self.errors):  # noqa: PLR2004 - nothing to compare
            return None
        points = []
        for k in range(last):
            name = f"{k * WIDE + 1}-{(k + 1) * WIDE}" if k < len(self.moves) - 1 else f"{k * WIDE + 1} on"
            moves = self.moves[k]
            rate = round(100 * self.errors[k] / moves, 2) if moves >= _FEW else None
            points.append(Point(name, rate, n=moves))
        return Chart(
            "by-move",
            "When errors happen",
            "bars",
            Axis("Move number", "text"),
            Axis("Mistakes and blunders", "float", "per 100 moves"),
            (Series("Mistakes and blunders", tuple(points)),),
            "Of the moves made at these move numbers; columns of few moves are left out.",
        )

    def _by_accuracy(self) -> Chart | None:
        if sum(self.accuracies) < 3:  # noqa: PLR2004 - one game has nothing to compare
            return None
        first = next(k for k, number in enumerate(self.accuracies) if number)
        first = min(first, len(self.accuracies) - 8)
        points = tuple(
            Point(f"{k * WIDE}-{(k + 1) * WIDE}%", self.accuracies[k]) for k in range(first, len(self.accuracies))
        )
        return Chart(
            "distribution",
            "Accuracy of the games",
            "bars",
            Axis("Accuracy in a game", "text"),
            Axis("Games", "int"),
            (Series("Games", points),),
            "How many games had which accuracy, each player's by itself.",
        )
