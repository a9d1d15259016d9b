"""The players of a run: which of the names in its games are one person, by the rule of `engine.model.names`.

A name may be short for one that comes later, so nothing is joined before a report is made. Aggregators count by
the names in the games; their states are renamed when the reports are made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from msgspec import Struct, structs

from engine.contracts.aggregator import Aggregator
from engine.contracts.group_states import Counts
from engine.model import AnalysedGame, Cell, Report
from engine.model.names import UNKNOWN, Declared, Person, family_key, join_family, plain_name
from engine.settings import Settings

MAX_SPELLINGS = 100_000
"""Spellings that are joined with others at most; the names after them stay as they are."""
_LISTED = 3
"""Players that a notice names."""


class Joined(Struct, frozen=True):
    """Which names are one player."""

    names: Mapping[str, str] = {}
    """The name to show, by each spelling that is not shown."""
    apart: Mapping[str, list[str]] = {}
    """The names that could be meant, by each name with initials that could mean several."""
    left_out: bool = False
    """Whether there were too many spellings."""
    problem: str = ""
    """Why nobody was joined; empty when nothing went wrong."""

    def rename(self, aggregator: Aggregator) -> Aggregator:
        """Return the aggregator with the states of one player put together."""
        return aggregator._renamed(self._shown) if self.names else aggregator  # noqa: SLF001 - not for plugins

    def _shown(self, name: str) -> str:
        return self.names.get(name, name)

    def show(self, report: Report) -> Report:
        """Return the report with the name to show wherever a cell is a player."""
        if not self.names:
            return report
        metrics = {
            key: structs.replace(metric, value=self._cell(metric.value)) if metric.kind == "player" else metric
            for key, metric in report.metrics.items()
        }
        tables = []
        for table in report.tables:
            at = {k for k, column in enumerate(table.columns) if column.kind == "player"}
            rows = tuple(tuple(self._cell(v) if k in at else v for k, v in enumerate(row)) for row in table.rows)
            tables.append(structs.replace(table, rows=rows) if at else table)
        return structs.replace(report, metrics=metrics, tables=tuple(tables))

    def _cell(self, value: Cell) -> Cell:
        return self.names.get(value, value) if isinstance(value, str) else value

    def among(self, games: Iterable[tuple[str, int]]) -> Joined:
        """Return what of it is about the names in some of the games."""
        here = [name for name, _ in games if name in self.names or name in self.apart]
        return structs.replace(
            self,
            names={name: self.names[name] for name in here if name in self.names},
            apart={name: self.apart[name] for name in here if name in self.apart},
        )

    def sentences(self) -> Iterator[str]:
        """Yield what people should know of it."""
        if self.problem:
            yield f"players were not looked at for other spellings of their names: {self.problem}"
        if self.names:
            spellings: dict[str, list[str]] = {}
            for name, shown in sorted(self.names.items()):
                spellings.setdefault(shown, []).append(f"`{name.strip()}`")
            named = [f"`{shown}` is also {_listed(names)}" for shown, names in spellings.items()]
            yield f"players with several names: {_listed(named, '; ')}"
        if self.left_out:
            yield f"only {MAX_SPELLINGS:,} spellings of players were joined with others; there are more"
        if self.apart:
            named = [f"`{short}` may be {either(names)}" for short, names in self.apart.items()]
            yield f"players that stay apart: {_listed(named, '; ')}; --same 'NAME=OTHER NAME' says who is one"


class Wanted(Struct, frozen=True):
    """Everything said about names before the run."""

    declared: Declared = Declared()
    """`--same` and `[players]`."""
    aliases: tuple[tuple[str, ...], ...] = ()
    """Names of `--player NAME,ALIAS`, each player's in the order in which they are to be shown."""

    known: Joined | None = None
    """Which names in the whole input are one player; None where that is not known before the run."""

    @classmethod
    def of(cls, settings: Settings) -> Wanted:
        """Return what the settings say. Raises ConfigError for names that cannot be one player's."""
        aliases = [(text, *aliases_in(text)) for text in settings.players if len(aliases_in(text)) > 1]
        return cls(Declared.of(settings.same), tuple(aliases))


def aliases_in(text: str) -> list[str]:
    """Return the names in `NAME,ALIAS`; `Carlsen, Magnus` is one."""
    return [text] if ", " in text or "," not in text else [part.strip() for part in text.split(",")]


def either(names: Sequence[str]) -> str:
    """Return some of the names as alternatives."""
    return " or ".join(f"`{name}`" for name in names[:_LISTED]) + (" or others" if len(names) > _LISTED else "")


def _listed(names: Sequence[str], between: str = ", ") -> str:
    more = len(names) - _LISTED
    return between.join(names[:_LISTED]) + (f" and {more:,} more" if more > 0 else "")


class Players:
    """The names in the games of a run."""

    def __init__(self, wanted: Wanted | None = None) -> None:
        self.wanted = wanted or Wanted()
        self._games = Counts()
        """Games by name, as the tags have it."""
        self._problem = ""

    def add(self, game: AnalysedGame) -> None:
        """Add the players of a game."""
        if game.epd is None:
            self._games.add(game.player("white"))
            self._games.add(game.player("black"))

    def state(self) -> dict[str, int]:
        """Return games by name."""
        return self._games.state()

    def take(self, state: Mapping[str, int]) -> None:
        """Add the names of other games."""
        for name, games in state.items():
            self._games.add(name, games)
        self.spill()

    def spill(self) -> None:
        """Keep memory bounded. Called between games."""
        try:
            self._games.spill()
        except OSError as error:
            self._problem = self._problem or str(error)
        if self._problem:
            self._games = Counts()

    def joined(self) -> Joined:
        """Return which of the names so far are one player."""
        if self._problem:
            return Joined(problem=self._problem)
        try:
            if self.wanted.known is not None:
                return self.wanted.known.among(self._games.each())
            return join(self._games.each(), self.wanted)
        except OSError as error:
            return Joined(problem=str(error))


def join(games: Iterable[tuple[str, int]], wanted: Wanted) -> Joined:
    """Find which names are one player.

    * **games** - names, each with the number of its games.
    """
    joining = _Joining(wanted)
    for family, items in groupby(_by_family(games), key=itemgetter(0)):
        persons = (person for _, person in items)
        # Those without a family name may be a million accounts, and have nothing to do with each other.
        for group in [list(persons)] if family else ([person] for person in persons):
            joining.add(family, group)
        if len(joining.names) > MAX_SPELLINGS:
            break
    return joining.joined()


class _Joining:
    """Names joined so far, in the order of family names."""

    def __init__(self, wanted: Wanted) -> None:
        self.names: dict[str, str] = {}
        self._apart: dict[str, list[str]] = {}
        self._declared = wanted.declared.names
        self._aliases: dict[str, tuple[int, int]] = {}
        """Number of the player, and of the name among the player's, by name."""
        for k, names in enumerate(wanted.aliases):
            for n, name in enumerate(names):
                if plain_name(name):
                    self._aliases.setdefault(plain_name(name), (k, n))
        self._found: list[tuple[tuple[int, int], Person]] = []
        """Persons with these names."""

    def add(self, family: str, persons: list[Person]) -> None:
        """Add all names with one family name."""
        meant, apart = join_family(persons) if family else ({}, {})
        aliases = {
            person.plain: self._aliases[person.plain] for person in persons if person.plain in self._aliases
        }
        for short, fullest in meant.items():
            if short in aliases:
                aliases.setdefault(fullest.plain, aliases[short])
        for person in persons:
            is_said = person.plain in aliases or person.plain in self._declared
            fullest = person if is_said else meant.get(person.plain, person)
            if fullest.plain in self._declared:
                self._show(person, self._declared[fullest.plain])
            elif fullest.plain in aliases:
                self._found.append((aliases[fullest.plain], person))
            else:
                self._show(person, fullest.display)
            if not is_said and person.plain in apart:
                self._apart[person.display] = [other.display for other in apart[person.plain]]

    def joined(self) -> Joined:
        """Return everything that was found."""
        self._found.sort(key=lambda item: (item[0], -len(item[1].plain)))
        for _, found in groupby(self._found, key=lambda item: item[0][0]):
            persons = [person for _, person in found]
            for person in persons:
                self._show(person, persons[0].display)
        return Joined(self.names, self._apart, left_out=len(self.names) > MAX_SPELLINGS)

    def _show(self, person: Person, shown: str) -> None:
        if len(person.spellings) == 1 and shown == person.display:
            return  # a name with a space at its end stays as it is
        self.names |= {spelling: shown for spelling in person.spellings if spelling != shown}


def _by_family(games: Iterable[tuple[str, int]]) -> Iterator[tuple[str, Person]]:
    """Yield family names and names, in the order of family names, without holding them all."""
    rows = Counts()
    for number, (name, played) in enumerate(games):
        plain = "" if name in UNKNOWN or "\0" in name else plain_name(name)
        if plain:
            rows.add("\0".join((family_key(plain), plain, name)), played)
        if number % 1_000 == 0:
            rows.spill()
    for (family, plain), spellings in groupby(rows.each(), key=_family_and_plain):
        yield family, Person(plain, {key.split("\0", 2)[2]: played for key, played in spellings})


def _family_and_plain(row: tuple[str, Any]) -> tuple[str, str]:
    family, plain, _ = row[0].split("\0", 2)
    return family, plain
