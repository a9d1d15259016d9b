"""The aggregators of a run: chosen, fed, each isolated from the others' faults."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine import options
from engine.errors import ConfigError, PluginCrashed
from engine.model import AnalysedGame, Report
from engine.plugin import Aggregator
from engine.registry import Registry, kebab
from engine.settings import DEFAULT_AGGREGATORS, EPD_AGGREGATORS

NAMESPACE = "engine.aggregators"

Named = str | type[Aggregator] | Aggregator


def selection(registry: Registry, asked: Sequence[Named] | None, *, epd: bool) -> list[Named]:
    """Which aggregators are meant, in order: `+x` adds to the default ones, `all` is every installed one."""
    default: list[Named] = [*DEFAULT_AGGREGATORS, *(EPD_AGGREGATORS if epd else ())]
    if not asked:
        return default
    chosen: list[Named] = []
    adding = isinstance(asked[0], str) and asked[0].startswith("+")
    if adding:
        chosen += default
    for name in asked:
        chosen += (
            registry.names(NAMESPACE) if name == "all" else [name.lstrip("+") if isinstance(name, str) else name]
        )
    return list(dict.fromkeys(chosen))


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
        self._names: list[str] = []
        for one in chosen:
            name, made = self._build(registry, one, values)
            self._names.append(name)
            self._alive[name] = made
        for name in values:
            if name not in self._alive and name not in registry.names(NAMESPACE):
                near = difflib.get_close_matches(name, registry.names(NAMESPACE), n=1)
                raise ConfigError(
                    f"--set {name}: no aggregator is called that"
                    + (f"; did you mean {near[0]!r}?" if near else "")
                )

    @staticmethod
    def _build(registry: Registry, one: Named, values: Mapping[str, Mapping[str, Any]]) -> tuple[str, Aggregator]:
        if isinstance(one, Aggregator):
            return kebab(type(one).__name__), one
        cls: type[Aggregator] = registry.load(NAMESPACE, one) if isinstance(one, str) else one
        name = one if isinstance(one, str) else kebab(one.__name__)
        return name, cls(options.build(cls.Options, values.get(name, {}), f"aggregator {name}"))

    def multipv(self) -> tuple[int, str | None]:
        """How many lines they need, and who needs the most."""
        most, who = 1, None
        for name, one in self._alive.items():
            needed = one.needs(one.options).multipv
            if needed > most:
                most, who = needed, name
        return most, who

    def add(self, game: AnalysedGame) -> None:
        for name, one in list(self._alive.items()):
            try:
                one.add(game)
            except Exception as error:
                self._disable(name, error, game)

    def reports(self) -> dict[str, Report]:
        """By name, in the order chosen; a disabled aggregator's says only that it failed."""
        found: dict[str, Report] = {}
        for name in self._names:
            one = self._alive.get(name)
            if one is not None:
                try:
                    found[name] = one.report()
                    continue
                except Exception as error:
                    self._disable(name, error, None)
            found[name] = Report(name, notes=("This aggregator failed; see the failures of the run.",))
        return found

    def _disable(self, name: str, error: Exception, game: AnalysedGame | None) -> None:
        del self._alive[name]
        where = f" in game {game.origin.game}" if game else ""
        crash = PluginCrashed(f"aggregator {name} failed{where} and is disabled: {type(error).__name__}: {error}")
        crash.__cause__ = error
        self._on_crash(crash, game)
