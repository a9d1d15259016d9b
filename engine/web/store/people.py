"""The names in a store, and which of them a player has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from engine.model.names import family_key, plain_name
from engine.run.players import Joined, Wanted, join


class People:
    """Everybody who plays in the games of a store."""

    def __init__(self, games: Iterable[tuple[str, int]], players: Sequence[str] = ()) -> None:
        """Take in names.

        * **games** - names, each with the number of its games.
        * **players** - *(optional)* the names of one player, as `--player` has them.
        """
        self._games = dict(games)
        self._own = tuple(players)
        self._joined: Joined | None = None

    def names(self, player: str) -> tuple[str, ...]:
        """Return the player's names, as `--player` takes them: those given together, and other spellings."""
        names: tuple[str, ...] = (player,)
        if plain_name(player) in map(plain_name, self._own):
            names = (player, *self._own)
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
        """Return what decides which names are one in reports about a player; empty for nobody."""
        known = self.joined if player and self._asks_joined(self.names(player)) else None
        return structs.replace(Wanted(), known=known)

    @property
    def joined(self) -> Joined:
        """Which names are one player's."""
        if self._joined is None:
            self._joined = join(self._games.items(), Wanted())
        return self._joined

    @staticmethod
    def _asks_joined(names: Iterable[str]) -> bool:
        return any(family_key(plain_name(name)) for name in names)
