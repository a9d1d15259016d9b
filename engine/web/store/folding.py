"""Aggregators over some games of a store: what is not kept yet is counted, and all of it is put together."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec import Struct, structs

from engine.errors import AnalysisError
from engine.loading.registry import Registry
from engine.model import AnalysedGame, Color
from engine.model.parts import AggregatorCrash
from engine.plugin import Aggregator
from engine.run.aggregators import Aggregators
from engine.web.store.blocks import Block, block_of
from engine.web.store.flat import Flat, NotFlat, cut, flatten, prototypes
from engine.web.store.states import States
from engine.web.store.store import Store

VIEWS: Mapping[str, tuple[Color, ...]] = {"white": ("white",), "black": ("black",), "both": ("white", "black")}
"""Sides that a game is seen from."""
_BLOCKS = 3
"""Blocks whose games stay in memory for the next aggregator."""


class FoldJob(Struct, frozen=True):
    """What processes that count for a store have in common."""

    store: str
    plugins: tuple[str, ...]
    """Paths of single files."""
    options: dict[str, dict[str, Any]]
    """Options by aggregator, with the settings that aggregators share."""


class Task(Struct, frozen=True):
    """Games of some blocks for one aggregator."""

    name: str
    parts: list[tuple[str, list[int]]]
    """Games of one block each, and the side that they are seen from."""
    epoch: int
    """What the states were counted from: games that are replaced make another number."""
    also: tuple[str, ...] = ()
    """Other aggregators for which games are counted while they are at hand."""

    @property
    def games(self) -> int:
        """Number of games."""
        return sum(len(numbers) for _, numbers in self.parts)


class Folded(Struct):
    """What an aggregator has counted in the games of a task."""

    flat: Flat
    crash: AggregatorCrash | None = None
    """The game at which it failed; then the rest is worth nothing."""


class Folder:
    """Counts in whatever process it is."""

    def __init__(self, job: FoldJob) -> None:
        """Open the store. Raises InputError."""
        self._job = job
        self._store = Store.open(job.store)
        self._states = States(self._store.path)
        self._registry = Registry(job.plugins)
        self._loaded: dict[str, Aggregators] = {}
        self._games: OrderedDict[int, dict[int, AnalysedGame]] = OrderedDict()

    def fold(self, task: Task) -> Folded:
        """Count and merge. Raises PluginError, ConfigError, InputError, NotFlat."""
        aggregators = self.aggregators(task.name)
        declared = prototypes(aggregators.only())
        kind = kind_of(task.name, aggregators.only(), task.epoch)
        flat = Flat()
        for view, numbers in task.parts:
            block = self._counted(task.name, kind, view, numbers)
            if isinstance(block, AggregatorCrash):
                return Folded(Flat(), block)
            merged = block.merged(set(numbers), declared)
            flat.merge(merged.sums.items(), merged.rows)
        for name in task.also:
            with contextlib.suppress(AnalysisError, NotFlat):
                kind = kind_of(name, self.aggregators(name).only(), task.epoch)
                for view, numbers in task.parts:
                    self._counted(name, kind, view, numbers)
        return Folded(cut(flat, declared))

    def _counted(self, name: str, kind: str, view: str, numbers: Sequence[int]) -> Block | AggregatorCrash:
        """Return a block with these games; those that are not kept are counted, and kept."""
        aggregators, place = self.aggregators(name), block_of(numbers[0])
        block = self._states.load(kind, view, place)
        missing = sorted(set(numbers) - block.games)
        if not missing:
            return block
        declared = prototypes(aggregators.only())
        for number in missing:
            part = aggregators.part(None)
            part.add(structs.replace(self._game(number), view=VIEWS[view]))
            if part.crashes:
                return part.crashes[0]
            for _, state in part.states():
                block.add(number, flatten(state, declared))
        self._states.keep(kind, view, place, block, declared)
        return block

    def sizes(self, name: str, epoch: int) -> dict[tuple[str, int], int]:
        """Return how many games are counted already, by side and block. Raises as `aggregators`."""
        return self._states.sizes(kind_of(name, self.aggregators(name).only(), epoch))

    def aggregators(self, name: str) -> Aggregators:
        """Return an aggregator that has not seen a game. Raises PluginError, ConfigError."""
        if name not in self._loaded:
            self._loaded[name] = Aggregators.load(self._registry, [name], self._job.options)
        return self._loaded[name]

    def _game(self, number: int) -> AnalysedGame:
        block = block_of(number)
        known = self._games.setdefault(block, {})
        self._games.move_to_end(block)
        while len(self._games) > _BLOCKS:
            self._games.popitem(last=False)
        if number not in known:
            [known[number]] = self._store.records([number])
        return known[number]

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


def tasks(
    task: Task, selected: Sequence[tuple[int, str]], known: Mapping[tuple[str, int], int], together: int
) -> list[Task]:
    """Divide the work: blocks that are counted already by the dozen, the others one at a time.

    * **task** - one without games.
    * **selected** - games with the sides that they are seen from, in the order of their numbers.
    * **known** - how many games are counted, by side and block.
    * **together** - number of counted blocks in one task.
    """
    parts: dict[tuple[str, int], list[int]] = {}
    for number, view in selected:
        parts.setdefault((view, block_of(number)), []).append(number)
    ready = [
        (view, numbers) for (view, block), numbers in parts.items() if known.get((view, block), 0) >= len(numbers)
    ]
    rest = [
        (view, numbers) for (view, block), numbers in parts.items() if known.get((view, block), 0) < len(numbers)
    ]
    grouped = [ready[k : k + together] for k in range(0, len(ready), together)]
    counted = [structs.replace(task, parts=group, also=()) for group in grouped]
    return [*counted, *(structs.replace(task, parts=[part]) for part in rest)]
