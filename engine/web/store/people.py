"""The names in a store, and which of them a player has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import structs

from engine.model.names import UNKNOWN, family_key, plain_name
from engine.run.players import Joined, Wanted, join
from engine.settings import Settings

_NAMES_EACH = 5
"""Names that are looked at for each player who is offered."""


class People:
    """Everybody who plays in the games of a store."""

    def __init__(
        self,
        games: Iterable[tuple[str, int]],
        players: Sequence[str] = (),
        same: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Take in names. What was said about them holds whatever is asked for, as in a run.

        * **games** - names, each with the number of its games.
        * **players** - *(optional)* the names of one player, as `--player` has them.
        * **same** - *(optional)* other names of players, as `Settings.same` has them.

        Raises ConfigError for what is no name, or that of two players.
        """
        self._games = dict(games)
        self._own = tuple(players)
        self._said = Wanted.of(
            Settings(players=self._own, same={name: tuple(others) for name, others in (same or {}).items()})
        )
        self._joined: Joined | None = None

    def names(self, player: str) -> tuple[str, ...]:
        """Return the player's names, as `--player` takes them: those given together, and other spellings."""
        declared = self._said.declared
        names = declared.with_others((player,))
        if {*map(plain_name, names)}.intersection(map(plain_name, self._own)):
            names = declared.with_others((*names, *self._own))
        found = dict.fromkeys(names)
        if self._asks_joined(names):
            plain, joined = {plain_name(name) for name in names}, self.joined
            shown = {joined.names.get(name, name) for name in self._games if plain_name(name) in plain}
            for spelling, name in joined.names.items():
                if name in shown:
                    found |= {name: None, spelling: None}
        return tuple(found)

    def keys(self, player: str) -> tuple[str, ...]:
        """Return the player's names in the form in which they are compared."""
        return tuple(sorted({plain_name(name) for name in self.names(player)}))

    def wanted(self, player: str) -> Wanted:
        """Return what decides which names are one in reports about a player, or about all games for none."""
        known = self.joined if player and self._asks_joined(self.names(player)) else None
        return structs.replace(self._said, known=known)

    @property
    def joined(self) -> Joined:
        """Which names are one player's."""
        if self._joined is None:
            self._joined = join(self._games.items(), self._said)
        return self._joined

    def most_frequent(self, limit: int) -> list[str]:
        """Return the players with the most games, each by the name that stands for all of the player's names.

        Only names that are frequent, and those that may be theirs, are looked at: there may be many thousands.
        """
        known = {name: plain_name(name) for name in self._games if name not in UNKNOWN}
        first = sorted(known, key=lambda name: -self._games[name])[: _NAMES_EACH * limit]
        plain = {known[name] for name in first} | {*self._said.declared.names}
        plain |= {plain_name(name) for names in self._said.aliases for name in names}
        families = {family_key(name) for name in plain} - {""}
        near = [name for name, each in known.items() if each in plain or family_key(each) in families]
        shown = join([(name, self._games[name]) for name in near], self._said).names
        games: Counter[str] = Counter()
        for name in near:
            games[shown.get(name, name)] += self._games[name]
        return sorted(games, key=lambda name: (-games[name], name))[:limit]

    @staticmethod
    def _asks_joined(names: Iterable[str]) -> bool:
        return any(family_key(plain_name(name)) for name in names)
