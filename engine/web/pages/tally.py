"""A chart that the page adds to a report; what is counted for it does not grow with the number of games."""

from __future__ import annotations

from collections.abc import Mapping

from engine.model import AnalysedGame, Axis, Chart, Point, Report, Series

WIDE = 5
"""Percent of accuracy in a column."""


class ChartCounts:
    """Games by accuracy, counted for the colours in view."""

    def __init__(self) -> None:
        self.accuracies = [0] * (100 // WIDE)

    def add(self, game: AnalysedGame) -> None:
        """Count one game."""
        for color in game.view:
            accuracy = game.side(color).accuracy
            if accuracy is not None:
                self.accuracies[min(int(accuracy // WIDE), len(self.accuracies) - 1)] += 1

    def charts(self, reports: Mapping[str, Report]) -> dict[str, list[Chart]]:
        """Return the chart by the report to which it belongs, unless that has one by itself."""
        chart = self._by_accuracy()
        fits = chart is not None and "accuracy" in reports and not reports["accuracy"].charts
        return {"accuracy": [chart]} if fits and chart is not None else {}

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
