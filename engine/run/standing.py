"""The figures of `--player` so far, for whoever watches a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from engine.model import AnalysedGame
from engine.run.players import Joined, Wanted, join


class Standing(Struct, frozen=True):
    """How a player has done in the games that are finished."""

    player: str
    """The name, as the tables show it."""
    games: int
    accuracy: float | None
    """Mean of the games' accuracies in percent; None while no game has one."""
    mistakes: int
    """Moves judged a mistake."""
    blunders: int
    """Moves judged a blunder."""


class Tally:
    """Adds up the games of one player."""

    def __init__(self, wanted: Wanted) -> None:
        """Begin without any; `wanted` is what was said about names."""
        self._wanted = wanted
        self._names: Counter[str] = Counter()
        """Games by name, as the tags have it."""
        self._games = self._mistakes = self._blunders = 0
        self._accuracies = (0, 0.0)
        """Number and sum."""

    def add(self, game: AnalysedGame) -> None:
        """Add a game, in whose view the player is."""
        self._games += 1
        for color in game.view:
            self._names[game.player(color)] += 1
            side = game.white if color == "white" else game.black
            self._mistakes += side.mistakes or 0
            self._blunders += side.blunders or 0
            if side.accuracy is not None:
                number, total = self._accuracies
                self._accuracies = number + 1, total + side.accuracy

    def standing(self) -> Standing | None:
        """Return the figures; None before the first game, and where the games are those of several players."""
        known = self._wanted.known
        shown = _shown(self._names, join(self._names.items(), self._wanted) if known is None else known)
        if len(shown) != 1:
            return None
        number, total = self._accuracies
        accuracy = total / number if number else None
        return Standing(shown.pop(), self._games, accuracy, self._mistakes, self._blunders)


def are_one(players: Sequence[str], wanted: Wanted) -> bool:
    """Return whether all names of `--player` are those of one player."""
    return len(_shown(players, join([(name, 1) for name in players], wanted))) == 1


def _shown(names: Iterable[str], joined: Joined) -> set[str]:
    """Return the names to show for some names."""
    return {joined.names.get(name, name).strip() for name in names}
