"""`engine plugins check FILE|NAME`."""

from __future__ import annotations

import traceback

import click

from engine import live
from engine.cli import values
from engine.contracts import options
from engine.errors import ConfigError
from engine.loading.registry import Registry, kind_of
from engine.plugin import Aggregator
from engine.testing import BrokenLaw, check_aggregator, example_games

_NAMESPACE = "engine.aggregators"


@click.command("check")
@click.argument("target", metavar="FILE|NAME")
@click.option("--set", "set_", multiple=True, metavar="NAME.KEY=VALUE", help="An option of the aggregator.")
@click.pass_context
def command(ctx: click.Context, target: str, set_: tuple[str, ...]) -> None:
    """Does an aggregator keep the laws that let a run be split, stopped and merged?

    Tried on small games of every kind, shared out and merged in many ways. A broken law is explained with the
    fewest games that show it. FILE checks every aggregator in the file. Exit code 0: all laws hold; 1: one is
    broken, or the aggregator raised; 2: it cannot be loaded.
    """
    registry, names = _find(target)
    options_by_name = _options(set_, names)
    passed = [_check(registry.load(_NAMESPACE, name), name, options_by_name.get(name, {})) for name in names]
    ctx.exit(0 if all(passed) else 1)


def _find(target: str) -> tuple[Registry, list[str]]:
    """Return the aggregators that `target` names. Raises ConfigError for something else."""
    if not target.endswith(".py"):
        registry = Registry()
        others = [namespace for namespace in registry.namespaces_of(target) if namespace != _NAMESPACE]
        if others and _NAMESPACE not in registry.namespaces_of(target):
            raise ConfigError(f"{target} is a {kind_of(others[0])}; only aggregators have laws to check")
        return registry, [target]
    registry = Registry([target])
    names = registry.local_names(_NAMESPACE)
    if not names:
        raise ConfigError(f"{target}: no aggregator in it; only aggregators have laws to check")
    return registry, names


def _options(texts: tuple[str, ...], names: list[str]) -> dict[str, dict[str, str]]:
    """Return the options of `--set` by aggregator. Raises ConfigError for one that is not checked."""
    reserved, options_by_name = values.assignments(texts)
    for name in {**reserved, **options_by_name}:
        if name not in names:
            raise ConfigError(f"options for {name!r}, but what is checked is {', '.join(names)}")
    return options_by_name


def _check(cls: type[Aggregator], name: str, texts: dict[str, str]) -> bool:
    """Check an aggregator and print the outcome; return whether it keeps the laws.

    Raises ConfigError for wrong options.
    """
    parsed = options.parse_options(cls.Options, texts, f"aggregator {name}")
    games = example_games()
    try:
        check_aggregator(cls, games, parsed)
    except BrokenLaw as broken:
        click.echo(_lines(str(broken)))
        return False
    except (Exception, SystemExit) as error:
        click.echo(_lines(_raised(name, error)))
        return False
    click.echo(f"{name} keeps the laws ({len(games)} example games, shared out and merged in many ways)")
    return True


def _raised(name: str, error: BaseException) -> str:
    """Return what the aggregator raised, where in its own code, and with which game."""
    notes: list[str] = getattr(error, "__notes__", [])
    [*_, frame] = traceback.extract_tb(error.__traceback__)
    where = f'in {frame.name}, line {frame.lineno} of "{frame.filename}": {frame.line}'
    return "\n".join([f"{name} raises {type(error).__name__}: {error}", *notes, where])


def _lines(text: str) -> str:
    return "\n".join(live.clean(line) for line in text.split("\n"))
