"""A whole aggregator in one file: `engine analyze games.pgn --plugin castling.py -a castling`."""

from engine.model import AnalysedGame, Metric, Report
from engine.plugin import Aggregator, Histogram


class Castling(Aggregator):
    """When do players castle?"""

    by_ply = Histogram()

    def add(self, game: AnalysedGame) -> None:
        for k, ply in enumerate(game.plies):
            if ply.san.startswith("O-O") and game.turn(k) in game.view:
                self.by_ply.add(k)

    def report(self) -> Report:
        median = Metric(self.by_ply.median(), "Median ply")
        return Report("Castling", {"castled": Metric(self.by_ply.total, "Times castled"), "median": median})
