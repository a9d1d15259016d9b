"""Who gets files of `-o 'reports/{player}.html'`, what they are called, and whether they can be written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, structs

from engine.errors import ConfigError
from engine.input.games import ParsedGame, Selection, UnparsedGame, parse_game, select_games
from engine.input.sources import Source
from engine.model import Color
from engine.model.names import UNKNOWN, plain_name
from engine.output.names import INDEX, PLAYER, safe, unused
from engine.output.target import real_path
from engine.plugin import Reader
from engine.run.players import Joined, aliases_in

MAX_PLAYERS = 200
"""Players who get files: each holds one open, and aggregators in memory."""

_BOTH: tuple[Color, Color] = ("white", "black")


class PlayerNames:
    """The players of a run, in the order of their first games, and the names of their files."""

    def __init__(self, players: Sequence[str], joined: Joined) -> None:
        """Begin without any.

        * **players** - those of `--player`, whose aliases mean one player.
        * **joined** - which names are one player.
        """
        self._joined = joined.names
        self._aliases = _aliases(players)
        self._file_names: dict[str, str] = {}
        self._used = {INDEX}

    def __contains__(self, name: str) -> bool:
        return player_key(name) in self._file_names

    @property
    def full(self) -> bool:
        """Whether nobody else gets a file."""
        return len(self._file_names) >= MAX_PLAYERS

    def player(self, name: str) -> str | None:
        """Return the player that a name in a game means; None for a name that is none."""
        shown = self._joined.get(name, name).strip()
        if shown in UNKNOWN:
            return None
        return self._aliases.get(plain_name(name)) or self._aliases.get(plain_name(shown), shown)

    def file_name(self, name: str) -> str:
        """Return what stands for `{player}` in the names of a player's files; the same at each call."""
        key = player_key(name)
        if key not in self._file_names:
            self._file_names[key] = unused(safe(name), self._used)
            self._used.add(self._file_names[key].casefold())
        return self._file_names[key]

    def forget(self, name: str) -> None:
        """Forget the player who was named last."""
        self._used.discard(self._file_names.pop(player_key(name)).casefold())


def player_key(name: str) -> str:
    """Return the form in which players are told apart."""
    return plain_name(name) or name


class PlayerInput(Struct, frozen=True):
    """What the players are found in."""

    sources: Sequence[Source]
    readers: Mapping[str, Reader]
    selection: Selection
    players: Sequence[str]
    """The names of `--player`."""
    joined: Joined = Joined()
    """Which names are one player."""

    def newcomers(self, names: PlayerNames) -> Generator[tuple[UnparsedGame, str], None, None]:
        """Yield each player who is not among `names`, with a game, until nobody else gets files.

        Input that can be read only once, such as a stream, is not read.
        """
        sources = [source.again() for source in self.sources]
        rereadable = [source for source in sources if source is not None]
        if len(rereadable) < len(sources):
            return
        wanted = self.selection.players
        try:
            for game in select_games(
                rereadable, self.readers, structs.replace(self.selection, keep_duplicates=True)
            ):
                if names.full:
                    return
                if not isinstance(game, UnparsedGame):
                    continue
                tags: Mapping[str, str] = {}
                with contextlib.suppress(Exception):  # a reader is a plugin; the run reports what its game is
                    tags = self.readers[game.reader].headers(game.raw)
                for color in _BOTH if wanted is None else wanted(tags):
                    player = names.player(tags.get(color.title()) or "?")
                    if player is not None and player not in names:
                        yield game, player
        finally:
            for source in rereadable:
                source.close()


def check_player_files(
    templates: Sequence[str],
    found_in: PlayerInput,
    check: Callable[[Sequence[str]], object],
    *,
    in_the_way: Callable[[str], Iterable[Path]],
) -> None:
    """Check the files of all players before the first search. Raises what `check` raises.

    The input is read for this, up to the last player who gets files, where a file is in the way of a template. The
    players of a stream are not known before; their files are checked at their first games.

    * **templates** - the names of the outputs, with `{player}` in them.
    * **check** - checks names of outputs.
    * **in_the_way** - returns files that no player's may be, those in the folder of a template among them.
    """
    if not any(_could_be(template, path) for template in templates for path in in_the_way(template)):
        return
    names = PlayerNames(found_in.players, found_in.joined)
    with contextlib.closing(found_in.newcomers(names)) as newcomers:
        for game, player in newcomers:
            try:
                check([template.replace(PLAYER, names.file_name(player)) for template in templates])
            except ConfigError:
                if isinstance(parse_game(game, found_in.readers), ParsedGame):
                    raise
                names.forget(player)  # nothing is written about a game that cannot be read


def _could_be(template: str, path: Path) -> bool:
    """Whether a template with some name in it could be `path`."""
    meant = real_path(template)
    head, *_, tail = meant.name.casefold().split(PLAYER)
    name = path.name.casefold()
    return path.parent == meant.parent and name.startswith(head) and name.endswith(tail)


def _aliases(players: Sequence[str]) -> dict[str, str]:
    """Return the first name of each player by all their names, from `NAME,ALIAS` and the like."""
    first_names: dict[str, str] = {}
    for text in players:
        names = aliases_in(text)
        first = next((name for name in names if plain_name(name)), text)
        for name in (text, *names):
            first_names.setdefault(plain_name(name), first)
    return first_names
