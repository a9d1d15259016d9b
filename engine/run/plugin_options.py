"""Options of plugins: `--set NAME.KEY=VALUE` and the tables of `engine.toml`, resolved for every kind of plugin.

An option is given to a name, and the registry says what has that name: an aggregator, or else whatever kinds of
plugin have it. A name may carry its distribution (`my-plugins:castling`), which matters where two distributions
have the same one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from engine.contracts.aggregator import Aggregator, kebab
from engine.contracts.options import Options, has_field, parse_options
from engine.errors import ConfigError, PluginError
from engine.loading import evaluators
from engine.loading.registry import CONTRACTS, Registry, kind_of
from engine.output.target import Target
from engine.settings import Settings
from engine.settings.checked import did_you_mean

AGGREGATORS = "engine.aggregators"
EVALUATORS = "engine.evaluators"
READERS = "engine.readers"
WRITERS = "engine.writers"
EXECUTORS = "engine.executors"

AggregatorChoice = str | type[Aggregator] | Aggregator
"""An aggregator as a user names it: a name, a class or an instance."""

Values = dict[str, dict[str, Any]]
"""Option values, as they were written, by plugin."""


class PluginOptions(Struct, frozen=True):
    """The options that the settings give to plugins."""

    aggregators: Values
    """Values that are not checked yet: which classes they are for depends on what is chosen."""
    evaluators: Values
    """The same, by evaluator; an evaluator may name another one in its place."""
    readers: Mapping[str, Options]
    """Checked, by reader."""
    writers: Mapping[str, Options]
    """Checked, by writer."""
    executors: Mapping[str, Options]
    """Checked, by executor."""
    set_of_writers: Mapping[str, Sequence[str]] = {}
    """The names of the options that are set, by writer."""


def resolve_options(settings: Settings, registry: Registry) -> PluginOptions:
    """Sort the options of the settings by the kind of plugin that they are for.

    Raises ConfigError for options of a plugin that does not take them, and of a writer that does not exist.
    """
    sorted_values: dict[str, Values] = {namespace: {} for namespace in CONTRACTS}
    for name, values in settings.writer_options.items():
        if WRITERS not in registry.namespaces_of(name):
            raise ConfigError(
                f"options for {name!r}: no writer is called that{did_you_mean(name, registry.names(WRITERS))}"
            )
        sorted_values[WRITERS][short_name(name)] = dict(values)
    for given in (settings.aggregator_options, settings.plugin_options):
        for name, values in given.items():
            for key, value in values.items():
                for namespace in _takers(registry, name, key):
                    # An aggregator may be one that is only given as a class, so its options keep the whole name.
                    owner = name if namespace == AGGREGATORS else short_name(name)
                    sorted_values[namespace].setdefault(owner, {})[key] = value
            if not values:
                sorted_values[AGGREGATORS].setdefault(name, {})

    def parsed(namespace: str) -> dict[str, Options]:
        kind = kind_of(namespace)
        return {
            name: parse_options(registry.load(namespace, name).Options, values, f"{kind} {name}")
            for name, values in sorted_values[namespace].items()
        }

    return PluginOptions(
        aggregators=sorted_values[AGGREGATORS],
        evaluators=sorted_values[EVALUATORS],
        readers=parsed(READERS),
        writers=parsed(WRITERS),
        executors=parsed(EXECUTORS),
        set_of_writers={name: sorted(values) for name, values in sorted_values[WRITERS].items()},
    )


def _takers(registry: Registry, name: str, key: str) -> list[str]:
    """Return the kinds of plugin that get option `key` of `name`: an aggregator, or else all that have it."""
    kinds = [namespace for namespace in CONTRACTS if namespace in registry.namespaces_of(name)]
    if len(kinds) < 2 or AGGREGATORS in kinds:  # noqa: PLR2004 - not contested
        return [AGGREGATORS] if AGGREGATORS in kinds or not kinds else kinds
    having = [namespace for namespace in kinds if has_field(registry.load(namespace, name).Options, key)]
    return having or [WRITERS if WRITERS in kinds else kinds[0]]


def evaluator_options(settings: Settings, registry: Registry, name: str, values: Values) -> dict[str, Any]:
    """Return the options for the evaluator `name`: those for whichever is used, and over them its own.

    Raises PluginError for an unknown name.
    """
    own = values.get(evaluators.plugin_name(registry, name), {}) if values else {}
    return {**settings.evaluator_options, **own}


def check_used(options: PluginOptions, registry: Registry, settings: Settings, follow_ups: str) -> None:
    """Check that no options are given to an evaluator or executor that the run does not use.

    * **follow_ups** - the evaluator of follow-up searches.

    Raises ConfigError.
    """
    if options.evaluators:
        used = {evaluators.plugin_name(registry, name) for name in (settings.evaluator_name, follow_ups)}
        for name in options.evaluators.keys() - used:
            raise ConfigError(
                f"options for {name!r} do nothing: the evaluator of this run is {settings.evaluator_name!r}"
            )
    for name in options.executors.keys() - {short_name(settings.executor_name)}:
        raise ConfigError(
            f"options for {name!r} do nothing: the executor of this run is {settings.executor_name!r}"
        )


def without_effect(options: PluginOptions, targets: Iterable[Target]) -> list[str]:
    """Return what is set for folders, in words, where all outputs of that writer are single files.

    * **targets** - the outputs of the run.
    """
    written = list(targets)
    said: list[str] = []
    for name, keys in options.set_of_writers.items():
        files = [target for target in written if target.plugin == name]
        if not files or any(target.folder for target in files):
            continue
        said += [
            f"{name}.{key} does nothing for a single file; it is for folders, which a slash makes: -o games/"
            for key in keys
            if key in files[0].writer.folder_options
        ]
    return said


def with_own_evaluator(settings: Settings, registry: Registry, default: str) -> Settings:
    """Return the settings with the evaluator that the executor brings along, if it does.

    * **default** - the evaluator of settings that name none.

    Raises ConfigError for settings that name another one; PluginError.
    """
    own = registry.load(EXECUTORS, settings.executor_name).evaluator
    if own is None:
        return settings
    before, comma, last = settings.evaluator_name.rpartition(",")
    last = last.strip()
    if settings.evaluator_name == "recorded" or last == own:
        return settings
    if last != default:
        raise ConfigError(
            f"executor {settings.executor_name} has an evaluator of its own, {own}; leave {last} out"
        )
    return structs.replace(settings, evaluator=f"{before}{comma}{own}")


def check_executor(settings: Settings, registry: Registry, evaluator: str) -> None:
    """Check that an evaluator which stands for what an executor of its name searches with has that executor.

    Raises ConfigError.
    """
    name = evaluator.rpartition(",")[2].strip()
    if name not in registry.names(EXECUTORS) or name == short_name(settings.executor_name):
        return
    if registry.load(EXECUTORS, name).evaluator == name:
        raise ConfigError(
            f"evaluator {name} stands for what executor {name} searches with, and searches nothing by itself; "
            f"add --executor {name}"
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


def check_names(
    values: Mapping[str, Mapping[str, Any]], registry: Registry, chosen: Sequence[AggregatorChoice]
) -> None:
    """Raise ConfigError for options of an aggregator that does not exist, with the nearest name.

    The options of one that does exist and is not chosen are checked too; those of the others are when they are
    made.
    """
    own = {short_name(choice) for choice in chosen}
    for name, given in values.items():
        if name in own:
            continue
        if AGGREGATORS in registry.namespaces_of(name):
            with contextlib.suppress(PluginError):  # one that does not load and is not chosen does no harm
                parse_options(registry.load(AGGREGATORS, name).Options, given, f"aggregator {name}")
            continue
        every = [known for namespace in CONTRACTS for known in registry.names(namespace)]
        raise ConfigError(f"options for {name!r}: no plugin is called that{did_you_mean(name, every)}")


def short_name(choice: AggregatorChoice) -> str:
    """Return the name without its distribution: what a report is called, and what options are given to."""
    if isinstance(choice, str):
        return choice.rpartition(":")[2]
    return kebab((choice if isinstance(choice, type) else type(choice)).__name__)
