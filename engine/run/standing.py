"""The figures of `--player` so far, for whoever watches a run."""

from __future__ import annotations

from msgspec import Struct

from engine.model import AnalysedGame


class Standing(Struct, frozen=True):
    """How a player has done in the games that are finished."""

    player: str
    games: int
    accuracy: float | None
    """Mean of the games' accuracies in percent; None while no game has one."""
    mistakes: int
    """Moves judged a mistake."""
    blunders: int
    """Moves judged a blunder."""


class Tally:
    """Adds up the games of one player."""

    def __init__(self, player: str) -> None:
        self._player = player
        self._games = self._mistakes = self._blunders = 0
        self._accuracies = (0, 0.0)
        """Number and sum."""

    def add(self, game: AnalysedGame) -> None:
        """Add a game, in whose view the player is."""
        self._games += 1
        for color in game.view:
            side = game.white if color == "white" else game.black
            self._mistakes += side.mistakes or 0
            self._blunders += side.blunders or 0
            if side.accuracy is not None:
                number, total = self._accuracies
                self._accuracies = number + 1, total + side.accuracy

    def standing(self) -> Standing | None:
        """Return the figures; None before the first game."""
        number, total = self._accuracies
        if not self._games:
            return None
        accuracy = total / number if number else None
        return Standing(self._player, self._games, accuracy, self._mistakes, self._blunders)
