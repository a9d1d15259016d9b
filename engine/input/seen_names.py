"""The names in games that are not a player's: whose are near if nobody is found, and who may be the player too."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from engine.model.names import UNKNOWN, Person, family_key, plain_name

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
        plain = [plain_name(name) for name in players]
        self._words = {word for name in plain for word in name.split() if len(word) > 1}
        self._families = {family_key(name) for name in plain} - {""}
        self._names: dict[str, None] = {}
        self._relatives: dict[str, int] = {}
        """Games by name, of those with the player's family name."""
        self.found = False
        """Whether there is a game of the player."""

    def see(self, headers: Mapping[str, str]) -> None:
        """Look at the names in the tags of a game that is not the player's."""
        if self.found and not self._families:
            return
        for side in ("White", "Black"):
            name = headers.get(side, "").strip()
            if name in UNKNOWN:
                continue
            plain = plain_name(name)
            if family_key(plain) in self._families and (name in self._relatives or len(self._relatives) < MOST):
                self._relatives[name] = self._relatives.get(name, 0) + 1
            if not self.found and name not in self._names:
                is_like = len(self._names) < 2 * MOST and self._words.intersection(plain.split())
                if len(self._names) < MOST or is_like:
                    self._names[name] = None

    def maybe(self) -> list[tuple[str, int, str]]:
        """Return names that may be the player's too, each with its games and the name of the player."""
        players = [Person(plain_name(name), {name: 1}) for name in self._players]
        found: list[tuple[str, int, str]] = []
        for name, games in self._relatives.items():
            person = Person(plain_name(name), {name: games})
            for player in players:
                same_family = family_key(person.plain) == family_key(player.plain)
                if same_family and (person.has_initials or player.has_initials) and person.may_be(player):
                    found.append((name, games, player.display))
                    break
        return sorted(found)

    def nearest(self) -> list[str]:
        """Return the names that are most like the player's, the nearest first; empty when there is a game."""
        if self.found:
            return []
        wanted = [plain_name(player) for player in self._players]
        names = {plain_name(name): name for name in sorted(self._names, reverse=True)}.values()
        likeness = {name: max(_likeness(plain_name(name), player) for player in wanted) for name in names}
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
