"""`engine plugins check FILE|NAME`."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from engine.cli import live, values
from engine.cli.plugins import not_found
from engine.contracts import options
from engine.errors import ConfigError, InputError
from engine.loading import evaluators
from engine.loading.registry import CONTRACTS, Registry, kind_of, load_spec
from engine.testing import (
    BrokenLaw,
    check_aggregator,
    check_evaluator,
    check_executor,
    check_reader,
    check_writer,
    example_games,
)


class _Plugin(Struct, frozen=True):
    """A plugin to check."""

    registry: Registry
    namespace: str
    name: str
    cls: Any
    values: Mapping[str, str]
    samples: tuple[bytes, ...]

    def options(self) -> Any:
        """Return its options. Raises ConfigError."""
        owner = f"{kind_of(self.namespace)} {self.name}"
        return options.parse_options(getattr(self.cls, "Options", options.NoOptions), self.values, owner)


@click.command("check")
@click.argument("target", metavar="FILE|NAME")
@click.option("--set", "set_", multiple=True, metavar="NAME.KEY=VALUE", help="An option of the plugin.")
@click.option(
    "--input", "inputs", multiple=True, metavar="FILE", help="For a reader: a file of its format, not compressed."
)
@click.pass_context
def command(ctx: click.Context, target: str, set_: tuple[str, ...], inputs: tuple[str, ...]) -> None:
    """Does a plugin keep the laws of its kind?

    An aggregator is tried on small games of every kind, shared out and merged in many ways, on days years apart; a
    reader on files of its own, of others and damaged ones; a writer with runs of every kind; an evaluator on
    positions that it searches again; an executor with a program that crashes. A broken law is explained, for an
    aggregator with the fewest games that show it. FILE checks every plugin in the file. Exit code 0: all laws
    hold; 1: one is broken, or the plugin raised; 2: it cannot be loaded.
    """
    registry, found = _find(target)
    texts = _options(set_, [name for _, name in found])
    samples = tuple(_content(path) for path in inputs)
    plugins = [
        _Plugin(registry, namespace, name, registry.load(namespace, name), texts.get(name, {}), samples)
        for namespace, name in found
    ]
    if samples and not any(plugin.namespace == "engine.readers" for plugin in plugins):
        raise ConfigError(f"--input is for readers, and {target} has none")
    passed = [_check(plugin) for plugin in plugins]
    ctx.exit(0 if all(passed) else 1)


def _find(target: str) -> tuple[Registry, list[tuple[str, str]]]:
    """Return the plugins that `target` names, as namespace and name. Raises PluginError."""
    if target.endswith(".py"):
        registry = Registry([target])
        return registry, [(space, name) for space in CONTRACTS for name in registry.local_names(space)]
    registry = Registry()
    namespaces = registry.namespaces_of(target)
    if not namespaces:
        not_found(registry, target)
    return registry, [(namespace, target) for namespace in namespaces]


def _options(texts: tuple[str, ...], names: list[str]) -> dict[str, dict[str, str]]:
    """Return the options of `--set` by plugin. Raises ConfigError for one that is not checked."""
    reserved, options_by_name = values.assignments(texts)
    for name in {**reserved, **options_by_name}:
        if name not in names:
            raise ConfigError(f"options for {name!r}, but what is checked is {', '.join(names)}")
    return options_by_name


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


def _check(plugin: _Plugin) -> bool:
    """Check a plugin and print the outcome; return whether it keeps the laws.

    Raises ConfigError for wrong options.
    """
    try:
        how = _CHECKS[plugin.namespace](plugin)
    except BrokenLaw as broken:
        click.echo(_lines(str(broken)))
        return False
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        click.echo(_lines(_raised(plugin.name, error)))
        return False
    click.echo(f"{kind_of(plugin.namespace)} {plugin.name} keeps the laws ({how})")
    return True


def _aggregator(plugin: _Plugin) -> str:
    games = example_games()
    check_aggregator(plugin.cls, games, plugin.options())
    return f"{len(games)} example games, shared out and merged in many ways"


def _evaluator(plugin: _Plugin) -> str:
    spec = evaluators.resolve(plugin.registry, plugin.name, plugin.values)
    cls = load_spec(spec)
    own = options.parse_options(cls.Options, spec.options, f"evaluator {spec.name}")
    searched = check_evaluator(cls, own)
    return f"{searched} positions, each searched again" if searched else "it searches nothing"


def _reader(plugin: _Plugin) -> str:
    games = check_reader(plugin.cls, plugin.samples)
    hint = "" if plugin.samples else "; --input FILE adds a file of its format"
    return f"{games} games in files of our own, and damaged ones{hint}"


def _writer(plugin: _Plugin) -> str:
    return f"{check_writer(plugin.cls, plugin.options()):,} bytes of example games"


def _executor(plugin: _Plugin) -> str:
    return f"{check_executor(plugin.cls)} units, also with a program that crashes"


_CHECKS: Mapping[str, Callable[[_Plugin], str]] = {
    "engine.aggregators": _aggregator,
    "engine.evaluators": _evaluator,
    "engine.readers": _reader,
    "engine.writers": _writer,
    "engine.executors": _executor,
}


def _raised(name: str, error: BaseException) -> str:
    """Return what the plugin raised, where in its own code, and with which game."""
    notes: list[str] = getattr(error, "__notes__", [])
    [*_, frame] = traceback.extract_tb(error.__traceback__)
    where = f'in {frame.name}, line {frame.lineno} of "{frame.filename}": {frame.line}'
    return "\n".join([f"{name} raises {type(error).__name__}: {error}", *notes, where])


def _lines(text: str) -> str:
    return "\n".join(live.clean(line) for line in text.split("\n"))
