"""Options of plugins: `--set NAME.KEY=VALUE` and the tables of `engine.toml`, resolved for every kind of plugin.

An option is given to a name, and the registry says what has that name: an aggregator, or else a writer. A name may
carry its distribution (`my-plugins:castling`), which matters where two distributions have the same one.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from engine.contracts.aggregator import Aggregator, kebab
from engine.contracts.options import Options, has_field, parse_options
from engine.errors import ConfigError
from engine.loading.registry import Registry
from engine.plugin import Writer
from engine.settings import Settings

AGGREGATORS = "engine.aggregators"
WRITERS = "engine.writers"

AggregatorChoice = str | type[Aggregator] | Aggregator
"""An aggregator as a user names it: a name, a class or an instance."""

Values = dict[str, dict[str, Any]]
"""Option values, as they were written, by plugin."""


class PluginOptions(Struct, frozen=True):
    """The options that the settings give to plugins."""

    aggregators: Values
    """Values that are not checked yet: which classes they are for depends on what is chosen."""
    writers: Mapping[str, Options]
    """Checked, by writer."""


def resolve_options(settings: Settings, registry: Registry, writers: Mapping[str, type[Writer]]) -> PluginOptions:
    """Sort the options of the settings by the kind of plugin that they are for.

    Raises ConfigError for options of a writer that does not exist or does not take them.
    """
    for_writers = {name: dict(values) for name, values in settings.writer_options.items()}
    for_aggregators: Values = {}
    for name, values in settings.aggregator_options.items():
        kinds = registry.namespaces_of(name)
        if WRITERS in kinds and AGGREGATORS not in kinds:
            short = short_name(name)
            for_writers[short] = for_writers.get(short, {}) | values
        else:
            for_aggregators[name] = dict(values)
    for name in for_writers:
        if name not in writers:
            raise ConfigError(f"options for {name!r}: no writer is called that")
    return PluginOptions(
        for_aggregators,
        {
            name: parse_options(writers[name].Options, values, f"writer {name}")
            for name, values in for_writers.items()
        },
    )


def add_shared_settings(
    values: Values, settings: Settings, registry: Registry, chosen: Iterable[AggregatorChoice]
) -> Values:
    """Give the settings that several aggregators share to those that have an option of the name.

    There is one definition of a winning move and one folder of tablebases. An option that is set for one
    aggregator wins.
    """
    shared = {"winning_cp": settings.scoreboard.winning_cp, "syzygy": settings.syzygy}
    completed = {name: dict(own) for name, own in values.items()}
    for choice in chosen:
        if not isinstance(choice, str):
            continue
        cls = registry.load(AGGREGATORS, choice)
        for key, value in shared.items():
            if value is not None and has_field(cls.Options, key):
                completed.setdefault(short_name(choice), {}).setdefault(key, value)
    return completed


def values_of(
    values: Mapping[str, Mapping[str, Any]], registry: Registry, choice: AggregatorChoice
) -> dict[str, Any]:
    """Return the option values for one aggregator: those for its name, and over them those for its full name."""
    full_name = registry.full_name(AGGREGATORS, choice) if isinstance(choice, str) else ""
    return {**values.get(short_name(choice), {}), **values.get(full_name, {})}


def check_names(values: Mapping[str, object], registry: Registry, chosen: Sequence[AggregatorChoice]) -> None:
    """Raise ConfigError for options of an aggregator that does not exist, with the nearest name."""
    own = {short_name(choice) for choice in chosen}
    for name in values:
        if name in own or AGGREGATORS in registry.namespaces_of(name):
            continue
        near = difflib.get_close_matches(name, registry.names(AGGREGATORS), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"options for {name!r}: no aggregator is called that{hint}")


def short_name(choice: AggregatorChoice) -> str:
    """Return the name without its distribution: what a report is called, and what options are given to."""
    if isinstance(choice, str):
        return choice.rpartition(":")[2]
    return kebab((choice if isinstance(choice, type) else type(choice)).__name__)
