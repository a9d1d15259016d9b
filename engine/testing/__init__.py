"""For people who test their own plugins: builders, example games, the conformance check, a fake UCI program."""

from engine.testing.builders import analysed_game
from engine.testing.conformance import BrokenLaw, check_aggregator
from engine.testing.examples import example_games

__all__ = ["BrokenLaw", "analysed_game", "check_aggregator", "example_games"]
