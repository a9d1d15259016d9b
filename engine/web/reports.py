"""Reports of what is filtered: aggregators computed again over the games that a filter selects."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

import msgspec
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
from engine.web.store.flat import NotFlat, prototypes
from engine.web.store.folding import VIEWS, Counted, Counting, Folder, FoldJob, Making, Part, parts_of
from engine.web.store.folding_pool import FoldingPool

_KEPT_BYTES = 8_000_000
"""Size of the reports that are kept, packed."""
_HERE = 128
"""Games up to which a report is made without other processes, unless these are there."""
_AHEAD = 2
"""Blocks in work for each process, so that several reports go on at once."""
_SHOWN_EVERY = 0.7
"""Seconds between two reports of a stream."""


_Key = tuple[str, Filter, int]
"""What a report depends on: its name, the filter, the version of the store."""


class ReportName(NamedTuple):
    """A report that can be made."""

    name: str
    question: str
    """First line of the aggregator's page, without the backticks of its code."""


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
        self._kept = _Kept()
        self._in_work: dict[_Key, Future[Report]] = {}
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
        first_lines = ((name, (cls.__doc__ or "").strip().partition("\n")[0]) for name, cls in ordered)
        return [ReportName(name, line.replace("`", "")) for name, line in first_lines]

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
        known = self._kept.get(key)
        if known is not None:
            games = self._store.count(where)
            yield Partial(games, games, known, done=True)
            return
        selected = self._store.numbers(where)
        yield Partial(0, len(selected), None)
        try:
            prototypes(self.load(name, where).only())
            growing = self._counting(key, selected)
        except NotFlat:
            growing = self._adding(name, where, selected)
        report: Report | None = None
        for games, report in growing:
            if games < len(selected):
                yield Partial(games, len(selected), report)
        assert report is not None
        self._kept.put(key, report)
        yield Partial(len(selected), len(selected), report, done=True)

    # -- counting --

    def load(self, name: str, where: Filter) -> Aggregators:
        """Return an aggregator for a filter that has not seen a game. Raises ConfigError, PluginError."""
        if name not in self._registry.names(AGGREGATORS):
            raise ConfigError(f"there is no report {name[:40]!r}")
        wanted = self._store.people().wanted(where.player)
        return Aggregators.load(self._registry, [name], self._values([name]), wanted)

    def _values(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        return add_shared_settings(self._options, self._settings, self._registry, names)

    def _job(self) -> FoldJob:
        return FoldJob(
            str(self._store.path),
            self._registry.files,
            self._values(self._registry.names(AGGREGATORS)),
            self._counted_together(),
        )

    def _counting(self, key: _Key, selected: Sequence[tuple[int, str]]) -> Iterator[tuple[int, Report]]:
        """Yield numbers of games and reports on them, the last one on all; what is not kept is counted."""
        name, where, _ = key
        epoch = self._store.epoch()
        with self._here:
            ready, missing = parts_of(selected, self._open_folder().kept(name, epoch))
        together = self._counted_together()
        names = together if name in together else (name,)
        tasks = [Counting(names, part, epoch) for part in missing]
        pool = self._pool_for(len(selected))
        making = Making(name, where.player, ready, epoch, Counted())
        shown_at = time.monotonic()
        for task, counted in _in_pool(pool, tasks, _AHEAD * self._size) if pool else self._each(tasks):
            making.parts.append(task.part)
            own = counted.get(name, Counted())
            making.counted.unkept.update(own.unkept)
            making.counted.crash = making.counted.crash or own.crash
            if time.monotonic() - shown_at >= _SHOWN_EVERY and task is not tasks[-1]:
                yield sum(len(part.games) for part in making.parts), self._made(making, pool)
                shown_at = time.monotonic()
        yield len(selected), self._made(making, pool) if pool is None else self._made_once(making, pool, key)

    def _made_once(self, making: Making, pool: FoldingPool, key: _Key) -> Report:
        """Return a report on all games of a filter; who asks for it while it is made gets the same one."""
        with self._lock:
            future = self._in_work.get(key)
            if future is None:
                future = self._in_work[key] = pool.make(making)
                future.add_done_callback(lambda _: self._in_work.pop(key, None))
        return future.result()

    def missing(self, where: Filter) -> int:
        """Return how many games of a filter are not counted yet for all default reports."""
        return sum(len(task.part.games) for task in self._ahead(where))

    def ahead(self, where: Filter) -> Iterator[Future[Any]]:
        """Have what default reports on a filter need counted, block by block, when nobody waits for anything.

        The next block is begun when the next future is asked for; processes are started, unless there are none at
        all. Raises as `stream`.
        """
        for task in self._ahead(where):
            self.warm()
            if self._pool is None:
                return
            yield self._pool.count(task, ahead=True)

    def _ahead(self, where: Filter) -> list[Counting]:
        names, epoch = self._counted_together(), self._store.epoch()
        selected = self._store.numbers(where)
        missing: set[Part] = set()
        with self._here:
            for name in names:
                missing.update(parts_of(selected, self._open_folder().kept(name, epoch))[1])
        return [Counting(names, part, epoch) for part in sorted(missing)]

    def _counted_together(self) -> tuple[str, ...]:
        """Return the reports that pages show of any filter; games are counted for all of them at once."""
        return tuple(self.default_names(Filter(player="anybody")))

    def _pool_for(self, games: int) -> FoldingPool | None:
        """Return the processes that work on so many games; None where that is done here."""
        if games > _HERE:
            self.warm()
        return self._pool

    def _each(self, tasks: Sequence[Counting]) -> Iterator[tuple[Counting, dict[str, Counted]]]:
        for task in tasks:
            with self._here:
                counted = self._open_folder().count(task)
            yield task, counted

    def _made(self, making: Making, pool: FoldingPool | None) -> Report:
        if pool is not None:
            return pool.make(making).result()
        with self._here:
            return self._open_folder().make(making)

    def _open_folder(self) -> Folder:
        """Return what counts here, for whoever holds `_here`."""
        self._folder = self._folder or Folder(self._job())
        return self._folder

    def _adding(
        self, name: str, where: Filter, selected: Sequence[tuple[int, str]]
    ) -> Iterator[tuple[int, Report]]:
        """Yield what `_counting` does, of an aggregator that keeps other states: games are added one by one."""
        aggregators = self.load(name, where)
        facts = self._store.facts([number for number, _ in selected])
        shown_at = time.monotonic()
        for games, (number, view) in enumerate(selected):
            if time.monotonic() - shown_at >= _SHOWN_EVERY:
                yield games, aggregators.reports(facts.scales)[name]
                shown_at = time.monotonic()
            for game in self._store.records([number]):
                aggregators.add(structs.replace(game, view=VIEWS[view]))
        yield len(selected), aggregators.reports(facts.scales)[name]


class _Kept:
    """The reports that were asked for last, packed: one on thousands of players has a fifth of its size then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._packed: OrderedDict[_Key, bytes] = OrderedDict()
        self._bytes = 0

    def get(self, key: _Key) -> Report | None:
        """Return a report; None when it is not kept."""
        with self._lock:
            packed = self._packed.get(key)
            if packed is None:
                return None
            self._packed.move_to_end(key)
        return _decode(packed)

    def put(self, key: _Key, report: Report) -> None:
        """Keep a report, and of the others those that were asked for last."""
        packed = _encode(report)
        with self._lock:
            self._bytes += len(packed) - len(self._packed.pop(key, b""))
            self._packed[key] = packed
            while self._bytes > _KEPT_BYTES and len(self._packed) > 1:
                self._bytes -= len(self._packed.popitem(last=False)[1])


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Report).decode


def _in_pool(
    pool: FoldingPool, tasks: Sequence[Counting], ahead: int
) -> Iterator[tuple[Counting, dict[str, Counted]]]:
    """Have games counted, a few blocks at a time, and yield what comes of them in their order."""
    line: deque[tuple[Counting, Future[dict[str, Counted]]]] = deque()
    rest = iter(tasks)
    while True:
        while len(line) < ahead and (task := next(rest, None)) is not None:
            line.append((task, pool.count(task)))
        if not line:
            return
        task, future = line.popleft()
        yield task, future.result()
