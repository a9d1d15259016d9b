"""The names in the games that were not a player's: when nobody of that name is found, the nearest are named."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from engine.model.names import UNKNOWN, plain_name

MOST = 5_000
"""Names that are kept, and as many more that have a word in common with the player's."""
_NAMED = 3
_ALIKE = 0.6
"""Smallest likeness of a name that is named, 0 to 1."""


class SeenNames:
    """The names in the games so far, while no game of the player is found."""

    def __init__(self, players: Sequence[str]) -> None:
        """Begin without any. `players` are the names that are looked for."""
        self._players = players
        self._words = {word for name in players for word in plain_name(name).split() if len(word) > 1}
        self._names: dict[str, None] = {}
        self.found = False
        """Whether there is a game of the player."""

    def see(self, headers: Mapping[str, str]) -> None:
        """Look at the names in the tags of a game that is not the player's."""
        for side in ("White", "Black"):
            name = headers.get(side, "").strip()
            if self.found or name in UNKNOWN or name in self._names:
                continue
            if len(self._names) < MOST or (
                len(self._names) < 2 * MOST and self._words.intersection(plain_name(name).split())
            ):
                self._names[name] = None

    def nearest(self) -> list[str]:
        """Return the names that are most like the player's, the nearest first; empty when there is a game."""
        if self.found:
            return []
        wanted = [plain_name(player) for player in self._players]
        likeness = {name: max(_likeness(plain_name(name), player) for player in wanted) for name in self._names}
        near = [name for name in likeness if likeness[name] >= _ALIKE]
        return sorted(near, key=lambda name: (-likeness[name], name))[:_NAMED]


def _likeness(name: str, wanted: str) -> float:
    """Return how much alike two plain names are, 0 to 1; the order of the words does not count."""
    words, others = name.split(), wanted.split()
    matcher = difflib.SequenceMatcher(None, " ".join(sorted(words)), " ".join(sorted(others)), autojunk=False)
    shared = any(len(word) > 2 and word in others for word in words)  # noqa: PLR2004 - no initials or particles
    if not shared and matcher.real_quick_ratio() < _ALIKE:
        return 0.0
    return max(matcher.ratio(), _ALIKE * shared)
