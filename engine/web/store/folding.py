"""Aggregators over some games of a store: what is not kept yet is counted, and reports are made of all of it."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import sqlite3
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import Struct, structs

from engine.contracts.states import State
from engine.errors import AnalysisError, InputError
from engine.loading.registry import Registry
from engine.model import AnalysedGame, Color, Report
from engine.model.parts import AggregatorCrash
from engine.plugin import Aggregator
from engine.run.aggregators import Aggregators
from engine.run.players import Wanted, join
from engine.web.store.blocks import Gathered, bits_of, block_of
from engine.web.store.flat import Flat, NotFlat, StateTree, flatten, prototypes
from engine.web.store.results import Facts
from engine.web.store.states import States
from engine.web.store.store import Store

VIEWS: Mapping[str, tuple[Color, ...]] = {"white": ("white",), "black": ("black",), "both": ("white", "black")}
"""Sides that a game is seen from."""
_BLOCKS = 1
"""Blocks whose games stay in memory for the next aggregator, which asks for the same one or for one much later."""


class FoldJob(Struct, frozen=True):
    """What processes that count for a store have in common."""

    store: str
    plugins: tuple[str, ...]
    """Paths of single files."""
    options: dict[str, dict[str, Any]]
    """Options by aggregator, with the settings that aggregators share."""
    usual: tuple[str, ...]
    """Aggregators that are loaded before anybody asks for them."""


class Part(NamedTuple):
    """Games of one block, and the side that they are seen from."""

    view: str
    games: tuple[int, ...]


class Counted(Struct):
    """What came of counting."""

    unkept: dict[int, Flat] = {}
    """The states of games that could not be kept, by number."""
    crash: AggregatorCrash | None = None
    """The game at which the aggregator failed."""


class Counting(Struct, frozen=True, tag="counting"):
    """Games that aggregators are to see, so that their states are kept."""

    names: tuple[str, ...]
    """The aggregators: several, since games are at hand for all of them then."""
    part: Part
    epoch: int
    """What the states are counted from: games that are replaced make another number."""


class Making(Struct, frozen=True, tag="making"):
    """A report that is to be made of games whose states are kept."""

    name: str
    player: str
    """The player that the filter names; empty for nobody."""
    parts: list[Part]
    epoch: int
    counted: Counted
    """What came of counting those that were not kept."""


class Folder:
    """Counts games and makes reports of them, in whatever process it is."""

    def __init__(self, job: FoldJob) -> None:
        """Open the store. Raises InputError."""
        self._job = job
        self._store = Store.open(job.store)
        self._states = States(self._store.path)
        self._registry = Registry(job.plugins)
        self._loaded: dict[str, tuple[Aggregators, dict[str, State]]] = {}
        self._kinds: dict[tuple[str, int], str] = {}
        self._last_facts: tuple[Any, tuple[Facts, Wanted]] | None = None
        self._games: OrderedDict[int, dict[int, AnalysedGame]] = OrderedDict()

    def load_usual(self) -> None:
        """Load what is asked for first. What cannot be loaded is said to whoever asks for it."""
        self._store.people()
        for name in self._job.usual:
            with contextlib.suppress(AnalysisError, NotFlat):
                self._kind(name, self._store.epoch())

    def count(self, task: Counting) -> dict[str, Counted]:
        """Count games that are not kept yet, and return what came of it, by aggregator.

        One that cannot be loaded is left out. Raises InputError for a damaged store.
        """
        counted = {}
        for name in task.names:
            try:
                counted[name] = self._count_and_keep(name, task.part, task.epoch)
            except InputError:
                raise
            except (AnalysisError, NotFlat):
                continue
        return counted

    def _count_and_keep(self, name: str, part: Part, epoch: int) -> Counted:
        kind, place = self._kind(name, epoch), block_of(part.games[0])
        kept = self._states.load(kind, part.view, place).games
        states, crash = self._counted(name, Part(part.view, tuple(sorted({*part.games} - {*kept}))))
        if not states or self._states.keep(kind, part.view, place, states):
            states = {}
        return Counted(states, crash)

    def _counted(self, name: str, part: Part) -> tuple[dict[int, Flat], AggregatorCrash | None]:
        """Return the states of games by number, those before a crash where there is one."""
        aggregators, declared = self._aggregators(name)
        states: dict[int, Flat] = {}
        for number in part.games:
            one = aggregators.part(None)
            one.add(structs.replace(self._game(number), view=VIEWS[part.view]))
            if one.crashes:
                return states, one.crashes[0]
            for _, state in one.states():
                states[number] = flatten(state, declared)
        return states, None

    def make(self, task: Making) -> Report:
        """Make a report. Raises PluginError, ConfigError, NotFlat, InputError."""
        _, declared = self._aggregators(task.name)
        tree, crash = self._merged(task, declared)
        facts, wanted = self._facts(task)
        aggregators = Aggregators.load(self._registry, [task.name], self._job.options, wanted)
        aggregators.restore(tree.states(declared), facts.unevaluated, facts.players)
        if crash is not None:
            aggregators.take({}, [crash], 0)
        return aggregators.reports(facts.scales)[task.name]

    def _merged(self, task: Making, declared: Mapping[str, State]) -> tuple[StateTree, AggregatorCrash | None]:
        """Return the states of all games of a task, and the game at which the aggregator failed."""
        kind = self._kind(task.name, task.epoch)
        try:
            gathered, lost = self._gathered(kind, task.parts, declared)
        except (sqlite3.Error, ValueError, IndexError):  # they are damaged
            self._states.begin_anew()
            gathered, lost = Gathered([], declared), task.parts
        tree, (unkept, crash) = gathered.tree(), (task.counted.unkept, task.counted.crash)
        for flat in unkept.values():
            tree.add_flat(flat)
        for view, games in lost:
            missing = Part(view, tuple(game for game in games if game not in unkept))
            if crash is None and missing.games:
                states, crash = self._counted(task.name, missing)
                self._states.keep(kind, view, block_of(games[0]), states)
                for flat in states.values():
                    tree.add_flat(flat)
        return tree, crash

    def _gathered(
        self, kind: str, parts: Sequence[Part], declared: Mapping[str, State]
    ) -> tuple[Gathered, list[Part]]:
        """Return what is kept of games, and the games of which nothing is."""
        lost = []
        with self._states.snapshot():
            gathered = Gathered(self._states.chunks(kind), declared)
            for view, games in parts:
                block = self._states.load(kind, view, block_of(games[0]))
                gathered.add(block, frozenset(games))
                if missing := tuple(sorted({*games} - {*block.games})):
                    lost.append(Part(view, missing))
        return gathered, lost

    def _facts(self, task: Making) -> tuple[Facts, Wanted]:
        """Return the facts of the games, and which of their players are one; the next reports often ask it too."""
        key = task.player, tuple(task.parts), task.epoch
        if self._last_facts is None or self._last_facts[0] != key:
            facts = self._store.facts([number for part in task.parts for number in part.games])
            wanted = self._store.people().wanted(task.player)
            with contextlib.suppress(OSError):  # then the aggregator's own players say so
                if wanted.known is None:
                    wanted = structs.replace(wanted, known=join(facts.players.items(), wanted))
            self._last_facts = key, (facts, wanted)
        return self._last_facts[1]

    def kept(self, name: str, epoch: int) -> dict[tuple[str, int], int]:
        """Return which games are counted already, by side and block: as `bits_of` has them. Raises as `make`."""
        return self._states.kept(self._kind(name, epoch))

    def _aggregators(self, name: str) -> tuple[Aggregators, dict[str, State]]:
        """Return an aggregator that has not seen a game, and its states."""
        if name not in self._loaded:
            aggregators = Aggregators.load(self._registry, [name], self._job.options)
            self._loaded[name] = aggregators, prototypes(aggregators.only())
        return self._loaded[name]

    def _kind(self, name: str, epoch: int) -> str:
        if (name, epoch) not in self._kinds:
            self._kinds[name, epoch] = kind_of(name, self._aggregators(name)[0].only(), epoch)
        return self._kinds[name, epoch]

    def _game(self, number: int) -> AnalysedGame:
        block = block_of(number)
        known = self._games.setdefault(block, {})
        self._games.move_to_end(block)
        while len(self._games) > _BLOCKS:
            self._games.popitem(last=False)
        if number not in known:
            [known[number]] = self._store.records([number])
        return known[number]

    def rest(self) -> None:
        """Let go of what the next task can soon have again: games, numbers of paths, pages of the files."""
        self._games.clear()
        self._last_facts = None
        self._states.rest()
        self._store.rest()

    def close(self) -> None:
        """Close the files."""
        self._states.close()
        self._store.close()


def kind_of(name: str, aggregator: Aggregator, epoch: int) -> str:
    """Return what states depend on beside the game: the aggregator, its options, its code, and `epoch`."""
    options = msgspec.json.encode(msgspec.to_builtins(aggregator.options), order="sorted")
    digest = hashlib.blake2b(options, digest_size=12)
    digest.update(f"{epoch} {_code_of(type(aggregator))}".encode())
    return f"{name}-{digest.hexdigest()}"


def _code_of(cls: type) -> str:
    """Return what changes with the code of a class: its module, the files beside it, and its distribution."""
    try:
        file = Path(cast("str", inspect.getsourcefile(cls)))
        status = [
            (path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(file.parent.glob("*.py"))
        ]
        own = hashlib.blake2b(file.read_bytes(), digest_size=8).hexdigest()
    except (OSError, TypeError):
        return cls.__module__
    package = "." in cls.__module__
    return f"{cls.__module__} {own} {status if package else ''}"


def parts_of(
    selected: Sequence[tuple[int, str]], kept: Mapping[tuple[str, int], int]
) -> tuple[list[Part], list[Part]]:
    """Divide games into blocks: those whose games are all kept, and the others.

    * **selected** - games with the sides that they are seen from, in the order of their numbers.
    * **kept** - as `Folder.kept` returned it.
    """
    games: dict[tuple[str, int], list[int]] = {}
    for number, view in selected:
        games.setdefault((view, block_of(number)), []).append(number)
    parts: tuple[list[Part], list[Part]] = ([], [])
    for (view, block), numbers in games.items():
        is_missing = bits_of(numbers) & ~kept.get((view, block), 0) != 0
        parts[is_missing].append(Part(view, tuple(numbers)))
    return parts
