"""Reports of what is filtered: aggregators computed again over the games that a filter selects."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct, structs

from engine import system
from engine.errors import ConfigError
from engine.loading.registry import Registry
from engine.model import Report
from engine.run.aggregators import Aggregators
from engine.run.plugin_options import AGGREGATORS, add_shared_settings
from engine.settings import Settings
from engine.settings.types import DEFAULT_AGGREGATORS, EPD_AGGREGATORS, PLAYER_AGGREGATORS
from engine.web.store import Filter, Store
from engine.web.store.flat import Flat, NotFlat, cut, prototypes, unflatten
from engine.web.store.folding import VIEWS, Folded, Folder, FoldJob, Task, tasks
from engine.web.store.folding_pool import FoldingPool
from engine.web.store.results import Facts

_KEPT = 200
"""Reports that are kept."""
_HERE = 128
"""Games that are counted without other processes."""
_READY_HERE = 1_024
"""Games that are put together without other processes, where they are counted already."""
_TOGETHER = 20
"""Blocks of a task, where they are counted already."""
_AHEAD = 2
"""Tasks in flight for each process, so that several reports go on at once."""
_SHOWN_EVERY = 0.7
"""Seconds between two reports of a stream."""


class ReportName(NamedTuple):
    """A report that can be made."""

    name: str
    question: str
    """First line of the aggregator's page."""


class Partial(Struct, frozen=True):
    """How far a report is."""

    games: int
    """Games that it has."""
    of: int
    """Games that it will have."""
    report: Report | None
    """The report on these games; None while there is none."""
    done: bool = False


class Reports:
    """The reports of a store, by filter; any thread."""

    def __init__(
        self,
        store: Store,
        *,
        plugins: Sequence[str] = (),
        options: Mapping[str, Mapping[str, Any]] | None = None,
        workers: int | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Make reports of a store. Processes are started by `warm`, or by the first report that needs them.

        * **plugins** - *(optional)* paths of single files with aggregators.
        * **options** - *(optional)* options of aggregators, by name.
        * **workers** - *(optional)* number of processes, 0 for none; by default one for each core.
        * **settings** - *(optional)* other plugins and options, and the scoreboard.
        """
        base = settings or Settings()
        self._store = store
        self._settings = structs.replace(base, plugins=(*base.plugins, *plugins))
        self._registry = Registry(self._settings.all_plugins)
        given = base.aggregator_options if options is None else options
        self._options = {name: dict(values) for name, values in given.items()}
        self._size = system.cores() if workers is None else workers
        self._lock = threading.Lock()
        self._here = threading.Lock()
        self._folder: Folder | None = None
        """Counts in this process, for whoever holds `_here`."""
        self._pool: FoldingPool | None = None
        self._kept: OrderedDict[tuple[str, Filter, int], Report] = OrderedDict()
        self._closed = False

    def warm(self) -> None:
        """Start the processes, so that the first report need not wait for them."""
        if self._size and not self._registry.given:
            with self._lock:
                if self._pool is None and not self._closed:
                    self._pool = FoldingPool(self._job(), self._size)

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            self._closed, pool, self._pool = True, self._pool, None
        if pool is not None:
            pool.close()
        with self._here:
            folder, self._folder = self._folder, None
            if folder is not None:
                folder.close()

    def names(self) -> list[ReportName]:
        """Return the reports that can be made, those that answer a question first."""
        loaded = self._registry.load_all(AGGREGATORS)
        ordered = sorted(loaded.items(), key=lambda item: (item[1].order, item[0]))
        return [ReportName(name, (cls.__doc__ or "").strip().partition("\n")[0]) for name, cls in ordered]

    def default_names(self, where: Filter) -> list[str]:
        """Return the names of the reports that a run makes unless others are chosen; more with a player."""
        names = [*DEFAULT_AGGREGATORS, *(PLAYER_AGGREGATORS if where.player else ())]
        return [*names, *EPD_AGGREGATORS] if self._store.has_epd() else names

    def report(self, name: str, where: Filter) -> Report:
        """Return a report on the games that a filter selects. Raises as `stream`."""
        *_, last = self.stream(name, where)
        assert last.report is not None
        return last.report

    def stream(self, name: str, where: Filter) -> Iterator[Partial]:
        """Yield a report on the games that a filter selects, as it grows; the last one is `done`.

        * **name** - one of `names`.

        Raises ConfigError for another name, PluginError, InputError for a damaged store.
        """
        key = name, where, self._store.version()
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
        if known is not None:
            games = self._store.count(where)
            yield Partial(games, games, known, done=True)
            return
        selected = self._store.numbers(where)
        shown_at = time.monotonic()
        yield Partial(0, len(selected), None)
        making: _Making | _Adding
        try:
            making, counted = _Making(self, name, where), self._folded(name, where, selected)
        except NotFlat:
            making = _Adding(self, name, where)
            counted = making.add(self._store, selected)
        for folded, games in counted:
            making.take(folded, games)
            if time.monotonic() - shown_at >= _SHOWN_EVERY and making.games < len(selected):
                yield Partial(making.games, len(selected), making.report())
                shown_at = time.monotonic()
        report = making.report()
        with self._lock:
            self._kept[key] = report
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        yield Partial(len(selected), len(selected), report, done=True)

    # -- counting --

    def load(self, name: str, where: Filter) -> Aggregators:
        """Return an aggregator for a filter that has not seen a game. Raises ConfigError, PluginError."""
        if name not in self._registry.names(AGGREGATORS):
            raise ConfigError(f"there is no report {name[:40]!r}")
        wanted = self._store.people().wanted(where.player)
        return Aggregators.load(self._registry, [name], self._values([name]), wanted)

    def facts(self, where: Filter) -> Facts:
        """Return what a report says of games beside what its aggregator counts."""
        return self._store.facts(where)

    def _values(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        return add_shared_settings(self._options, self._settings, self._registry, names)

    def _job(self) -> FoldJob:
        return FoldJob(
            str(self._store.path), self._registry.files, self._values(self._registry.names(AGGREGATORS))
        )

    def _folded(
        self, name: str, where: Filter, selected: Sequence[tuple[int, str]]
    ) -> Iterator[tuple[Folded | None, int]]:
        """Yield what was counted in some of the games, and how many they are, until all are counted."""
        if not selected:
            return
        also = [other for other in self.default_names(where) if other != name]
        epoch = self._store.epoch()
        with self._here:
            folder = self._folder = self._folder or Folder(self._job())
            known = folder.sizes(name, epoch)
        default = name in self.default_names(Filter(player="anybody"))
        empty = Task(name, [], epoch, tuple(also) if default else ())
        work = tasks(empty, selected, known, _TOGETHER)
        counted = sum(known.values())
        few = len(selected) <= _HERE or (len(selected) <= _READY_HERE and counted >= len(selected))
        if few or not self._size:
            for task in work:
                with self._here:
                    folded = folder.fold(task)
                yield folded, task.games
            return
        self.warm()
        pool = self._pool
        if pool is None:
            return
        yield from _in_pool(pool, work, _AHEAD * self._size)


class _Making:
    """A report that is being made."""

    def __init__(self, reports: Reports, name: str, where: Filter) -> None:
        self._name = name
        self._load = partial(reports.load, name, where)
        self._facts = reports.facts(where)
        self._declared = prototypes(self._load().only())
        self._flat = Flat()
        self._crash: Folded | None = None
        self.games = 0
        """Games that it has."""

    def take(self, folded: Folded | None, games: int) -> None:
        """Add what was counted in so many games."""
        assert folded is not None
        self._flat.merge(folded.flat.sums.items(), folded.flat.rows)
        self._crash = self._crash or (folded if folded.crash is not None else None)
        self.games += games

    def report(self) -> Report:
        """Return the report on the games so far."""
        aggregators = self._load()
        state = unflatten(cut(self._flat, self._declared), self._declared)
        aggregators.restore(state, self._facts.unevaluated, self._facts.players)
        if self._crash is not None and self._crash.crash is not None:
            aggregators.take({}, [self._crash.crash], 0)
        return aggregators.reports(self._facts.scales)[self._name]


class _Adding:
    """A report of an aggregator that keeps other states than aggregators declare: games are added one by one."""

    def __init__(self, reports: Reports, name: str, where: Filter) -> None:
        self._name = name
        self._aggregators = reports.load(name, where)
        self._facts = reports.facts(where)
        self.games = 0
        """Games that it has."""

    def add(self, store: Store, selected: Sequence[tuple[int, str]]) -> Iterator[tuple[None, int]]:
        """Add each game, and yield then."""
        for number, view in selected:
            for game in store.records([number]):
                self._aggregators.add(structs.replace(game, view=VIEWS[view]))
            yield None, 1

    def take(self, _: object, games: int) -> None:
        """Count games that were added."""
        self.games += games

    def report(self) -> Report:
        """Return the report on the games so far."""
        return self._aggregators.reports(self._facts.scales)[self._name]


def _in_pool(pool: FoldingPool, work: Sequence[Task], ahead: int) -> Iterator[tuple[Folded, int]]:
    """Have tasks done, a few at a time, and yield what comes of them in their order."""
    line: deque[tuple[Task, Future[Folded]]] = deque()
    rest = iter(work)
    try:
        while True:
            while len(line) < ahead and (task := next(rest, None)) is not None:
                line.append((task, pool.submit(task)))
            if not line:
                return
            task, future = line.popleft()
            yield future.result(), task.games
    finally:
        for _, future in line:
            future.cancel()
