"""Reports of what is filtered: aggregators computed again over the games that a filter selects."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct, structs

from engine.errors import AnalysisError, ConfigError
from engine.loading.registry import Registry
from engine.model import Report
from engine.run.aggregators import Aggregators
from engine.run.plugin_options import AGGREGATORS, add_shared_settings
from engine.settings import Settings
from engine.settings.types import DEFAULT_AGGREGATORS, EPD_AGGREGATORS, PLAYER_AGGREGATORS
from engine.web.store import Filter, Store

_KEPT = 200
"""Reports that are kept."""
_VIEWS: Mapping[str, tuple[Any, ...]] = {"white": ("white",), "black": ("black",), "both": ("white", "black")}


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
        """Make reports of a store.

        * **plugins** - *(optional)* paths of single files with aggregators.
        * **options** - *(optional)* options of aggregators, by name.
        * **workers** - *(optional)* number of processes; by default one for each core.
        * **settings** - *(optional)* the scoreboard and other names of players.
        """
        base = settings or Settings()
        self._store = store
        self._workers = workers
        self._settings = structs.replace(base, plugins=(*base.plugins, *plugins))
        self._registry = Registry(self._settings.all_plugins)
        self._options = {name: dict(values) for name, values in (options or base.aggregator_options).items()}
        self._kept: OrderedDict[tuple[str, Filter, int], Report] = OrderedDict()
        self._lock = threading.Lock()

    def names(self) -> list[ReportName]:
        """Return the reports that can be made, those that answer a question first."""
        loaded = self._registry.load_all(AGGREGATORS)
        ordered = sorted(loaded.items(), key=lambda item: (item[1].order, item[0]))
        return [ReportName(name, (cls.__doc__ or "").strip().partition("\n")[0]) for name, cls in ordered]

    def default_names(self, where: Filter) -> list[str]:
        """Return the names of the reports that a run makes unless others are chosen, which depend on the player."""
        names = [*DEFAULT_AGGREGATORS, *(PLAYER_AGGREGATORS if where.player else ())]
        return [*names, *EPD_AGGREGATORS] if self._store.has_epd() else names

    def report(self, name: str, where: Filter) -> Report:
        """Return a report on the games that a filter selects. Raises as `stream`."""
        for partial in self.stream(name, where):
            if partial.done and partial.report is not None:
                return partial.report
        raise AssertionError("a stream ends with its report")

    def stream(self, name: str, where: Filter) -> Iterator[Partial]:
        """Yield a report on the games that a filter selects, as it grows; the last one is `done`.

        * **name** - one of `names`.

        Raises ConfigError for another name, PluginError.
        """
        key = name, where, self._store.version()
        with self._lock:
            known = self._kept.get(key)
        numbers = self._store.numbers(where)
        if known is not None:
            yield Partial(len(numbers), len(numbers), known, done=True)
            return
        aggregators = self._load(name, where)
        scales: set[float] = set()
        for k, (number, view) in enumerate(numbers):
            for game in self._store.records([number]):
                aggregators.add(structs.replace(game, view=_VIEWS[view]))
                if any(position.found is not None for position in game.positions):
                    scales.add(game.scale)
            if (k + 1) % 512 == 0:
                yield Partial(k + 1, len(numbers), aggregators.reports(scales)[name])
        report = aggregators.reports(scales)[name]
        with self._lock:
            self._kept[key] = report
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        yield Partial(len(numbers), len(numbers), report, done=True)

    def close(self) -> None:
        """End the processes."""

    def _load(self, name: str, where: Filter) -> Aggregators:
        if name not in self._registry.names(AGGREGATORS):
            raise ConfigError(f"there is no report {name[:40]!r}")
        values = add_shared_settings(self._options, self._settings, self._registry, [name])
        try:
            return Aggregators.load(self._registry, [name], values, self._store.people().wanted(where.player))
        except AnalysisError:
            raise
