"""The aggregators of a run: chosen, fed, each isolated from the others' faults."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from engine import options
from engine.aggregation import kebab
from engine.errors import ConfigError, PluginCrashed, PluginLoadError
from engine.model import AnalysedGame, Report
from engine.plugin import Aggregator
from engine.registry import OURS, Registry
from engine.settings import DEFAULT_AGGREGATORS, EPD_AGGREGATORS

NAMESPACE = "engine.aggregators"

Named = str | type[Aggregator] | Aggregator


def selection(registry: Registry, asked: Sequence[Named] | None, *, epd: bool) -> list[Named]:
    """Which aggregators are meant, in order: `+x` adds to the default ones, `all` is every one that loads.

    None is the default ones. They are named with their distribution, so that nobody else's plugin of the same
    name changes a plain run.
    """
    default: list[Named] = [f"{OURS}:{name}" for name in (*DEFAULT_AGGREGATORS, *(EPD_AGGREGATORS if epd else ()))]
    if asked is None:
        return default
    adding = bool(asked) and isinstance(asked[0], str) and asked[0].startswith("+")
    chosen: dict[object, Named] = {_short(name): name for name in default} if adding else {}
    for name in asked:
        for one in registry.load_all(NAMESPACE) if name == "all" else [name]:
            meant = one.lstrip("+") if isinstance(one, str) else one
            chosen.setdefault(_short(meant) if isinstance(meant, str) else id(meant), meant)
    return list(chosen.values())


def _short(name: Named) -> str:
    """The name without its distribution: what a report is called, and what options are given to."""
    if isinstance(name, str):
        return name.rpartition(":")[2]
    return kebab((name if isinstance(name, type) else type(name)).__name__)


class Strategies:
    """Aggregators by name. One that raises is disabled and reported; the others and the run go on."""

    def __init__(
        self,
        registry: Registry,
        chosen: Iterable[Named],
        values: Mapping[str, Mapping[str, Any]],
        on_crash: Callable[[PluginCrashed, AnalysedGame | None], None],
    ) -> None:
        """Load and build them. Raises PluginError for one that is unknown or broken, ConfigError for options."""
        self._on_crash = on_crash
        self._alive: dict[str, Aggregator] = {}
        for one in chosen:
            name = _short(one)
            if name in self._alive:
                raise ConfigError(f"two aggregators are called {name!r}; their reports could not be told apart")
            self._alive[name] = _build(registry, one, values)
        self._names = list(self._alive)
        for name in values:
            if name not in self._alive and name not in registry.names(NAMESPACE):
                near = difflib.get_close_matches(name, registry.names(NAMESPACE), n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ConfigError(f"options for {name!r}: no aggregator is called that{hint}")

    def multipv(self) -> tuple[int, str | None]:
        """How many lines they need, and who needs the most."""
        most, who = 1, None
        for name, one in self._alive.items():
            try:
                needed = one.needs(one.options).multipv
            except Exception as error:
                raise PluginLoadError(f"aggregator {name}: needs() {type(error).__name__}: {error}") from error
            if needed > most:
                most, who = needed, name
        return most, who

    def add(self, game: AnalysedGame) -> None:
        for name, one in list(self._alive.items()):
            try:
                one.add(game)
            except (Exception, SystemExit) as error:
                self._disable(name, error, game)

    def reports(self) -> dict[str, Report]:
        """By name, in the order chosen; a disabled aggregator's says only that it failed."""
        found: dict[str, Report] = {}
        for name in self._names:
            one = self._alive.get(name)
            if one is not None:
                try:
                    found[name] = _checked(one.report())
                    continue
                except (Exception, SystemExit) as error:
                    self._disable(name, error, None)
            found[name] = Report(name, notes=("This aggregator failed; see the failures of the run.",))
        return found

    def _disable(self, name: str, error: BaseException, game: AnalysedGame | None) -> None:
        del self._alive[name]
        where = f" in game {game.origin.game}" if game else ""
        crash = PluginCrashed(f"aggregator {name} failed{where} and is disabled: {type(error).__name__}: {error}")
        crash.__cause__ = error
        self._on_crash(crash, game)


def _build(registry: Registry, one: Named, values: Mapping[str, Mapping[str, Any]]) -> Aggregator:
    if isinstance(one, Aggregator):
        return one
    cls: type[Aggregator] = registry.load(NAMESPACE, one) if isinstance(one, str) else one
    name = _short(one)
    of_one = {**values.get(name, {}), **(values.get(one, {}) if isinstance(one, str) else {})}
    given = options.build(cls.Options, of_one, f"aggregator {name}")
    try:
        return cls(given)
    except Exception as error:
        raise PluginLoadError(f"aggregator {name} cannot be made: {type(error).__name__}: {error}") from error


def _checked(report: Report) -> Report:
    """The report, if writers can rely on it: the right types, finite numbers, as many cells as columns."""
    if not isinstance(report, Report):
        raise TypeError(f"report() returned {type(report).__name__}, not engine.model.Report")
    checked = msgspec.convert(msgspec.to_builtins(report), Report)
    cells = [metric.value for metric in checked.metrics.values()]
    for table in checked.tables:
        if any(len(row) != len(table.columns) for row in table.rows):
            raise ValueError(f"table {table.key!r}: a row has not one cell for each column")
        cells += [value for row in table.rows for value in row]
    if any(isinstance(value, float) and not math.isfinite(value) for value in cells):
        raise ValueError("a figure is not a finite number")
    return checked
