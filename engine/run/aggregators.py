"""The aggregators of a run: chosen, fed, each isolated from the others' faults."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import structs

from engine.contracts import options
from engine.contracts.aggregator import ROUNDS
from engine.errors import AnalysisError, ConfigError, PluginCrashed, PluginLoadError
from engine.loading.registry import OURS, Registry
from engine.model import AnalysedGame, Origin, Remark, Report
from engine.model.parts import AggregatorCrash
from engine.plugin import Aggregator, Needs, Request
from engine.run.players import Joined, Players, Wanted
from engine.run.plugin_options import AGGREGATORS, AggregatorChoice, Values, check_names, short_name, values_of
from engine.run.remarks import asks_to_remark, checked_remarks
from engine.search.games import FollowUp
from engine.settings import DEFAULT_AGGREGATORS, EPD_AGGREGATORS, PLAYER_AGGREGATORS
from engine.text.format import count

_SPILL_GAMES = 64
"""Games after which states that have become too large go to temporary files."""


def choose_aggregators(
    registry: Registry,
    names: Sequence[AggregatorChoice] | None,
    *,
    epd: bool,
    player: bool = False,
    also: Sequence[str] = (),
) -> list[AggregatorChoice]:
    """Return which aggregators are meant, in order.

    * **names** - `+x` adds to the default ones, `all` is every one that loads, None is the default ones. Those are
      named with their distribution, so that nobody else's plugin of the same name changes a plain run.
    * **epd** - whether the input has EPD, for which there are more.
    * **player** - whether a player is named, for whom there are more.
    * **also** - names that come last, unless they are among the others.

    Raises ConfigError for two of the same name from two distributions, PluginError.
    """
    defaults = [*DEFAULT_AGGREGATORS, *(PLAYER_AGGREGATORS if player else ()), *(EPD_AGGREGATORS if epd else ())]
    default: list[AggregatorChoice] = [f"{OURS}:{name}" for name in defaults]
    adding = names is None or (bool(names) and isinstance(names[0], str) and names[0].startswith("+"))
    chosen: dict[object, AggregatorChoice] = {short_name(name): name for name in default} if adding else {}
    for name in names or ():
        for choice in registry.load_all(AGGREGATORS) if name == "all" else [name]:
            meant = choice.lstrip("+") if isinstance(choice, str) else choice
            earlier = chosen.setdefault(short_name(meant) if isinstance(meant, str) else id(meant), meant)
            _check_same(registry, earlier, meant)
    known = {short_name(choice) for choice in chosen.values()}
    return [*chosen.values(), *(name for name in dict.fromkeys(also) if name not in known)]


def _check_same(registry: Registry, earlier: AggregatorChoice, later: AggregatorChoice) -> None:
    """Raise ConfigError if two names that differ in their distribution mean two aggregators."""
    if not (isinstance(earlier, str) and isinstance(later, str)) or earlier == later or ":" not in later:
        return
    names = [registry.full_name(AGGREGATORS, name) for name in (earlier, later)]
    if names[0] != names[1]:
        raise ConfigError(
            f"two aggregators are called {short_name(later)!r}, {names[0]} and {names[1]}; their reports could "
            "not be told apart: choose one of them, and the other in a run of its own"
        )


class Aggregators:
    """Aggregators by name. One that raises is disabled and reported; the others and the run go on."""

    def __init__(self, enabled: Mapping[str, Aggregator], needs: Mapping[str, Needs]) -> None:
        """Take in aggregators whose `needs` are known."""
        self.on_crash: Callable[[PluginCrashed, Origin | None], None] = lambda _crash, _origin: None
        """Called when one is disabled."""
        self._enabled = dict(enabled)
        for name, aggregator in self._enabled.items():
            aggregator.name = name
        self._names = list(self._enabled)
        self._orders = {name: aggregator.order for name, aggregator in self._enabled.items()}
        self._needs = needs
        self.unevaluated = 0
        """Games without an evaluation."""
        self.players = Players()
        """Those of all games, whatever an aggregator takes."""
        self.joined = Joined()
        """Which of them are one, when the reports were last made."""
        self._added = 0
        self.crashes: list[AggregatorCrash] = []

    @classmethod
    def load(
        cls,
        registry: Registry,
        chosen: Sequence[AggregatorChoice],
        values: Values,
        wanted: Wanted | None = None,
    ) -> Aggregators:
        """Load and make the chosen ones, with option `values` by name. `wanted` says which players are one.

        Raises PluginError for one that is unknown or broken, ConfigError for options.
        """
        enabled: dict[str, Aggregator] = {}
        for choice in chosen:
            name = short_name(choice)
            if name in enabled:
                raise ConfigError(f"two aggregators are called {name!r}; their reports could not be told apart")
            enabled[name] = _make(registry, choice, values)
            enabled[name].name = name
            _prepare(name, enabled[name])
        check_names(values, registry, chosen)
        made = cls(enabled, {name: _needs(name, aggregator) for name, aggregator in enabled.items()})
        made.players = Players(wanted)
        return made

    # -- shared out between processes --

    def part(self, earlier: Aggregators | None) -> Aggregators:
        """Return the same aggregators before their first game, for the games after those of `earlier`."""
        new = Aggregators({name: type(old)(old.options) for name, old in self._enabled.items()}, self._needs)
        for name, old in earlier._enabled.items() if earlier is not None else ():  # noqa: SLF001 - of its class
            new._enabled[name]._follow(old)  # noqa: SLF001 - a plugin author need not know
        return new

    def states(self) -> Iterator[tuple[str, Any]]:
        """Yield the name and the state of each that did not crash."""
        for name, aggregator in list(self._enabled.items()):
            try:
                yield name, aggregator.state()
            except (Exception, SystemExit) as error:
                self._disable(name, error, None)

    def take(self, states: Mapping[str, bytes], crashes: Iterable[AggregatorCrash], unevaluated: int) -> None:
        """Merge the states of others like these, which have seen later games, and disable those that crashed."""
        self.unevaluated += unevaluated
        for crash in crashes:
            if self._enabled.pop(crash.name, None) is not None:
                self._crashed(crash, PluginCrashed(crash.message))
        for name, state in states.items():
            aggregator = self._enabled.get(name)
            if aggregator is None:
                continue
            try:
                part = type(aggregator)(aggregator.options)
                part.load(msgspec.json.decode(state))
                aggregator.merge(part)
                aggregator._spill()  # noqa: SLF001 - a plugin author need not know
            except (Exception, SystemExit) as error:
                self._disable(name, error, None)

    def only(self) -> Aggregator:
        """Return the aggregator, where there is one. Raises ValueError where it is disabled, or one of several."""
        [aggregator] = self._enabled.values()
        return aggregator

    def restore(self, state: Any, unevaluated: int, players: Mapping[str, int]) -> None:
        """Have the aggregator, where there is one, go on from a state.

        * **state** - what `Aggregator.load` takes.
        * **unevaluated** - number of games without an evaluation among those that it is of.
        * **players** - games by player's name.
        """
        self.unevaluated = unevaluated
        self.players.take(players)
        for name, aggregator in list(self._enabled.items()):
            try:
                aggregator.load(state)
            except (Exception, SystemExit) as error:
                self._disable(name, error, None)

    def options_of(self, name: str) -> dict[str, Any]:
        """Return the options of one of them, as JSON has them."""
        options_in_use: dict[str, Any] = msgspec.to_builtins(self._enabled[name].options)
        return options_in_use

    # -- what they need --

    def multipv(self) -> tuple[int, str | None]:
        """Return how many lines of each position they need, and which of them needs the most."""
        most, name_of_most = 1, None
        for name, needs in self._needs.items():
            if needs.multipv > most:
                most, name_of_most = needs.multipv, name
        return most, name_of_most

    def wanting_clocks(self) -> list[str]:
        """Return the names of those that have little to say without clocks."""
        return [name for name, needs in self._needs.items() if needs.clocks]

    def following_up(self) -> list[str]:
        """Return the names of those that ask for follow-up searches."""
        return [
            name
            for name, aggregator in self._enabled.items()
            if type(aggregator).requests is not Aggregator.requests
        ]

    def follow_ups(
        self, game: AnalysedGame, plan: Callable[[Request], FollowUp | None], rounds: int = 0
    ) -> dict[str, list[FollowUp | None]]:
        """Return what they want to be searched on top, by name.

        * **game** - the game, with the answers of earlier rounds.
        * **plan** - puts a request in the run's terms.
        * **rounds** - how many times they have been asked; after the first, only those with answers are.
        """
        follow_ups: dict[str, list[FollowUp | None]] = {}
        for name in game.answers if rounds else self.following_up():
            aggregator = self._enabled.get(name)
            if aggregator is None or not self._takes(name, game):
                continue
            try:
                asked = aggregator.further_requests(game) if rounds else aggregator.requests(game)
                if asked and rounds > ROUNDS:
                    raise RuntimeError(f"further_requests() still asks after {ROUNDS} rounds")  # noqa: TRY301
                searches = [plan(request) for request in asked]
            except (Exception, SystemExit) as error:
                self._disable(name, error, game)
                continue
            if searches:
                follow_ups[name] = searches
        return follow_ups

    def asking_further(self) -> bool:
        """Whether one of them may ask for searches that depend on the answers of others."""
        return any(
            type(aggregator).further_requests is not Aggregator.further_requests
            for aggregator in self._enabled.values()
        )

    # -- the games --

    def _takes(self, name: str, game: AnalysedGame) -> bool:
        needs = self._needs[name]
        return (not needs.evaluations or _is_evaluated(game)) and (needs.unplayed or not game.unplayed)

    def add(self, game: AnalysedGame) -> None:
        """Give a game to each of them."""
        self.unevaluated += not _is_evaluated(game)
        self._added += 1
        self.players.add(game)
        spill = self._added % _SPILL_GAMES == 0
        if spill:
            self.players.spill()
        for name, aggregator in list(self._enabled.items()):
            if not self._takes(name, game):
                continue
            try:
                aggregator.add(game)
                if spill:
                    aggregator._spill()  # noqa: SLF001 - a plugin author need not know
            except (Exception, SystemExit) as error:
                self._disable(name, error, game)

    def remarked(self, game: AnalysedGame) -> AnalysedGame:
        """Return the game with what they say of its moves."""
        remarks: list[Remark] = []
        for name, aggregator in list(self._enabled.items()):
            if not asks_to_remark(aggregator) or not self._takes(name, game):
                continue
            try:
                remarks += checked_remarks(name, aggregator.remarks(game), game)
            except (Exception, SystemExit) as error:
                self._disable(name, error, game)
        return structs.replace(game, remarks=tuple(sorted(remarks, key=_ply))) if remarks else game

    def reports(self, scales: Collection[float] = ()) -> dict[str, Report]:
        """Return the reports by name, in the order of `Aggregator.order`, and of equal ones as they were chosen.

        A disabled aggregator's report says only that it failed. Those that rest on evaluations say what the
        centipawns were multiplied by (`scales`), and how many games without an evaluation were left out. Players
        whose names are one person's have one row.
        """
        self.joined = self.players.joined()
        reports: dict[str, Report] = {}
        for name in sorted(self._names, key=self._orders.__getitem__):
            aggregator = self._enabled.get(name)
            if aggregator is not None:
                try:
                    report = self.joined.show(_checked(self.joined.rename(aggregator).report()))
                    notes = (*report.notes, *self._common_notes(name, scales))
                    reports[name] = structs.replace(report, notes=notes)
                    continue
                except (Exception, SystemExit) as error:
                    self._disable(name, error, None)
            reports[name] = Report(name, notes=("This aggregator failed; see the failures of the run.",))
        return reports

    def _common_notes(self, name: str, scales: Collection[float]) -> Iterator[str]:
        if not self._needs[name].evaluations:
            return
        if scales:
            factors = " and ".join(f"{scale:g}" for scale in sorted(scales))
            yield f"Win%, accuracy and judgements take centipawns × {factors}."
        if self.unevaluated:
            yield f"Left out, without an evaluation: {count(self.unevaluated, 'game')}."

    def _disable(self, name: str, error: BaseException, game: AnalysedGame | None) -> None:
        del self._enabled[name]
        where = f" in game {game.origin.game}" if game else ""
        crash = PluginCrashed(f"aggregator {name} failed{where} and is disabled: {type(error).__name__}: {error}")
        crash.__cause__ = error
        self._crashed(AggregatorCrash(name, crash.message, game.origin if game else None), crash)

    def _crashed(self, crash: AggregatorCrash, error: PluginCrashed) -> None:
        self.crashes.append(crash)
        self.on_crash(error, crash.origin)


def _ply(remark: Remark) -> int:
    return remark.ply


def _is_evaluated(game: AnalysedGame) -> bool:
    return any(position.evaluation is not None for position in game.positions)


def _prepare(name: str, aggregator: Aggregator) -> None:
    try:
        aggregator.prepare()
    except AnalysisError:
        raise
    except Exception as error:
        raise PluginLoadError(f"aggregator {name}: prepare() {type(error).__name__}: {error}") from error


def _needs(name: str, aggregator: Aggregator) -> Needs:
    try:
        return aggregator.needs(aggregator.options)
    except Exception as error:
        raise PluginLoadError(f"aggregator {name}: needs() {type(error).__name__}: {error}") from error


def _make(registry: Registry, choice: AggregatorChoice, values: Values) -> Aggregator:
    if isinstance(choice, Aggregator):
        return choice
    cls: type[Aggregator] = registry.load(AGGREGATORS, choice) if isinstance(choice, str) else choice
    name = short_name(choice)
    own_options = options.parse_options(cls.Options, values_of(values, registry, choice), f"aggregator {name}")
    try:
        return cls(own_options)
    except Exception as error:
        raise PluginLoadError(f"aggregator {name} cannot be made: {type(error).__name__}: {error}") from error


def _checked(report: Report) -> Report:
    """Return the report if writers can rely on it: the right types, finite numbers, as many cells as columns."""
    if not isinstance(report, Report):
        raise TypeError(f"report() returned {type(report).__name__}, not engine.model.Report")
    checked = msgspec.convert(msgspec.to_builtins(report), Report)
    cells = [metric.value for metric in checked.metrics.values()]
    for table in checked.tables:
        if any(len(row) != len(table.columns) for row in table.rows):
            raise ValueError(f"table {table.key!r}: a row has not one cell for each column")
        if table.references and len(table.references) != len(table.rows):
            raise ValueError(f"table {table.key!r}: not as many references as rows")
        cells += [value for row in table.rows for value in row]
    for chart in checked.charts:
        for point in (point for series in chart.series for point in series.points):
            cells += [point.x, point.y, point.low, point.high]
    if any(isinstance(value, float) and not math.isfinite(value) for value in cells):
        raise ValueError("a figure is not a finite number")
    return checked
