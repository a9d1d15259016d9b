"""The aggregators of a run: chosen, fed, each isolated from the others' faults."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from engine.contracts import options
from engine.contracts.aggregator import kebab
from engine.errors import AnalysisError, ConfigError, PluginCrashed, PluginLoadError
from engine.loading.registry import OURS, Registry
from engine.model import AnalysedGame, Origin, Report
from engine.plugin import Aggregator, Needs, Request
from engine.search.planner import FollowUp
from engine.settings import DEFAULT_AGGREGATORS, EPD_AGGREGATORS, PLAYER_AGGREGATORS

NAMESPACE = "engine.aggregators"

Named = str | type[Aggregator] | Aggregator


def selection(
    registry: Registry,
    asked: Sequence[Named] | None,
    *,
    epd: bool,
    player: bool = False,
    also: Sequence[str] = (),
) -> list[Named]:
    """Which aggregators are meant, in order: `+x` adds to the default ones, `all` is every one that loads.

    None is the default ones, which are more for EPD and for a named player. They are named with their
    distribution, so that nobody else's plugin of the same name changes a plain run. Those of `also` that are not
    among them come last.
    """
    names = [*DEFAULT_AGGREGATORS, *(PLAYER_AGGREGATORS if player else ()), *(EPD_AGGREGATORS if epd else ())]
    default: list[Named] = [f"{OURS}:{name}" for name in names]
    adding = asked is None or (bool(asked) and isinstance(asked[0], str) and asked[0].startswith("+"))
    chosen: dict[object, Named] = {_short(name): name for name in default} if adding else {}
    for name in asked or ():
        for one in registry.load_all(NAMESPACE) if name == "all" else [name]:
            meant = one.lstrip("+") if isinstance(one, str) else one
            chosen.setdefault(_short(meant) if isinstance(meant, str) else id(meant), meant)
    there = {_short(one) for one in chosen.values()}
    return [*chosen.values(), *(name for name in dict.fromkeys(also) if name not in there)]


def _short(name: Named) -> str:
    """The name without its distribution: what a report is called, and what options are given to."""
    if isinstance(name, str):
        return name.rpartition(":")[2]
    return kebab((name if isinstance(name, type) else type(name)).__name__)


class Crash(Struct, frozen=True):
    """An aggregator that raised, and is disabled."""

    name: str
    message: str
    origin: Origin | None
    """Of the game it was at."""


class Strategies:
    """Aggregators by name. One that raises is disabled and reported; the others and the run go on."""

    def __init__(
        self,
        alive: Mapping[str, Aggregator],
        needs: Mapping[str, Needs],
        on_crash: Callable[[PluginCrashed, Origin | None], None] | None = None,
    ) -> None:
        """Those of `alive`, whose `needs` are known. `on_crash` is told of one that is disabled."""
        self._on_crash = on_crash
        self._alive = dict(alive)
        for name, one in self._alive.items():
            one.name = name
        self._names = list(self._alive)
        self._needs = needs
        self.unevaluated = 0
        """Games without an evaluation."""
        self.crashes: list[Crash] = []

    @classmethod
    def build(
        cls,
        registry: Registry,
        chosen: Iterable[Named],
        values: Mapping[str, Mapping[str, Any]],
        on_crash: Callable[[PluginCrashed, Origin | None], None] | None = None,
    ) -> Strategies:
        """Load and make them. Raises PluginError for one that is unknown or broken, ConfigError for options."""
        alive: dict[str, Aggregator] = {}
        for one in chosen:
            name = _short(one)
            if name in alive:
                raise ConfigError(f"two aggregators are called {name!r}; their reports could not be told apart")
            alive[name] = _build(registry, one, values)
            alive[name].name = name
            _prepare(name, alive[name])
        for name in values:
            if name not in alive and name not in registry.names(NAMESPACE):
                near = difflib.get_close_matches(name, registry.names(NAMESPACE), n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise ConfigError(f"options for {name!r}: no aggregator is called that{hint}")
        return cls(alive, {name: _needs(name, one) for name, one in alive.items()}, on_crash)

    # -- shared out between processes --

    def part(self, earlier: Strategies | None) -> Strategies:
        """The same aggregators before their first game, for a part of the games; `earlier` had another one."""
        new = Strategies({name: type(one)(one.options) for name, one in self._alive.items()}, self._needs)
        for name, one in earlier._alive.items() if earlier is not None else ():  # noqa: SLF001 - of its class
            new._alive[name]._follow(one)  # noqa: SLF001 - a plugin author need not know
        return new

    def states(self) -> Iterator[tuple[str, Any]]:
        """What those that did not crash have seen."""
        for name, one in list(self._alive.items()):
            try:
                yield name, one.state()
            except (Exception, SystemExit) as error:
                self._disable(name, error, None)

    def take(self, states: Mapping[str, bytes], crashes: Iterable[Crash], unevaluated: int) -> None:
        """Merge what others like these have seen of a part of the games, and disable those that crashed there."""
        self.unevaluated += unevaluated
        for crash in crashes:
            if self._alive.pop(crash.name, None) is not None:
                self._crashed(crash, PluginCrashed(crash.message))
        for name, state in states.items():
            one = self._alive.get(name)
            if one is None:
                continue
            try:
                part = type(one)(one.options)
                part.load(msgspec.json.decode(state))
                one.merge(part)
            except (Exception, SystemExit) as error:
                self._disable(name, error, None)

    def multipv(self) -> tuple[int, str | None]:
        """How many lines they need, and who needs the most."""
        most, who = 1, None
        for name, needs in self._needs.items():
            if needs.multipv > most:
                most, who = needs.multipv, name
        return most, who

    def wanting_clocks(self) -> list[str]:
        """Names of those that have little to say without clocks."""
        return [name for name, needs in self._needs.items() if needs.clocks]

    def following_up(self) -> list[str]:
        """Names of those that ask for follow-up searches."""
        return [name for name, one in self._alive.items() if type(one).requests is not Aggregator.requests]

    def follow_ups(
        self, game: AnalysedGame, planned: Callable[[Request], FollowUp | None]
    ) -> dict[str, list[FollowUp | None]]:
        """What they want to be searched on top, by name."""
        found: dict[str, list[FollowUp | None]] = {}
        for name in self.following_up():
            if not self._takes(name, game):
                continue
            try:
                wanted = [planned(request) for request in self._alive[name].requests(game)]
            except (Exception, SystemExit) as error:
                self._disable(name, error, game)
                continue
            if wanted:
                found[name] = wanted
        return found

    def _takes(self, name: str, game: AnalysedGame) -> bool:
        return not self._needs[name].evaluations or _evaluated(game)

    def add(self, game: AnalysedGame) -> None:
        self.unevaluated += not _evaluated(game)
        for name, one in list(self._alive.items()):
            if not self._takes(name, game):
                continue
            try:
                one.add(game)
            except (Exception, SystemExit) as error:
                self._disable(name, error, game)

    def reports(self, scales: Collection[float] = ()) -> dict[str, Report]:
        """By name, in the order chosen; a disabled aggregator's says only that it failed.

        Those that rest on evaluations say what the centipawns were multiplied by (`scales`), and how many games
        without an evaluation were left out.
        """
        found: dict[str, Report] = {}
        for name in self._names:
            one = self._alive.get(name)
            if one is not None:
                try:
                    report = _checked(one.report())
                    notes = (*report.notes, *self._common_notes(name, scales))
                    found[name] = structs.replace(report, notes=notes)
                    continue
                except (Exception, SystemExit) as error:
                    self._disable(name, error, None)
            found[name] = Report(name, notes=("This aggregator failed; see the failures of the run.",))
        return found

    def _common_notes(self, name: str, scales: Collection[float]) -> Iterator[str]:
        if not self._needs[name].evaluations:
            return
        if scales:
            factors = " and ".join(f"{scale:g}" for scale in sorted(scales))
            yield f"Win%, accuracy and judgements take centipawns × {factors}."
        if self.unevaluated:
            yield f"Left out, without an evaluation: {self.unevaluated:,} games."

    def _disable(self, name: str, error: BaseException, game: AnalysedGame | None) -> None:
        del self._alive[name]
        where = f" in game {game.origin.game}" if game else ""
        crash = PluginCrashed(f"aggregator {name} failed{where} and is disabled: {type(error).__name__}: {error}")
        crash.__cause__ = error
        self._crashed(Crash(name, crash.message, game.origin if game else None), crash)

    def _crashed(self, crash: Crash, error: PluginCrashed) -> None:
        self.crashes.append(crash)
        if self._on_crash is not None:
            self._on_crash(error, crash.origin)


def _evaluated(game: AnalysedGame) -> bool:
    return any(position.evaluation is not None for position in game.positions)


def _prepare(name: str, one: Aggregator) -> None:
    try:
        one.prepare()
    except AnalysisError:
        raise
    except Exception as error:
        raise PluginLoadError(f"aggregator {name}: prepare() {type(error).__name__}: {error}") from error


def _needs(name: str, one: Aggregator) -> Needs:
    try:
        return one.needs(one.options)
    except Exception as error:
        raise PluginLoadError(f"aggregator {name}: needs() {type(error).__name__}: {error}") from error


def _build(registry: Registry, one: Named, values: Mapping[str, Mapping[str, Any]]) -> Aggregator:
    if isinstance(one, Aggregator):
        return one
    cls: type[Aggregator] = registry.load(NAMESPACE, one) if isinstance(one, str) else one
    name = _short(one)
    of_one = {**values.get(name, {}), **(values.get(one, {}) if isinstance(one, str) else {})}
    given = options.parse_options(cls.Options, of_one, f"aggregator {name}")
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
