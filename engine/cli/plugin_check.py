"""`engine plugins check FILE|NAME`"""

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
    registry, names = _found(target)
    given = _options(set_, names)
    held = [_check(registry.load(_NAMESPACE, name), name, given.get(name, {})) for name in names]
    ctx.exit(0 if all(held) else 1)


def _found(target: str) -> tuple[Registry, list[str]]:
    """The aggregators that are meant. Raises PluginError when there is none."""
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
    reserved, given = values.assignments(texts)
    for name in {**reserved, **given}:
        if name not in names:
            raise ConfigError(f"options for {name!r}, but what is checked is {', '.join(names)}")
    return given


def _check(cls: type[Aggregator], name: str, given: dict[str, str]) -> bool:
    """Whether it keeps the laws; says so, or why not. Raises ConfigError for options."""
    built = options.parse_options(cls.Options, given, f"aggregator {name}")
    games = example_games()
    try:
        check_aggregator(cls, games, built)
    except BrokenLaw as broken:
        click.echo(_lines(str(broken)))
        return False
    except (Exception, SystemExit) as error:
        click.echo(_lines(_raised(name, error)))
        return False
    click.echo(f"{name} keeps the laws ({len(games)} example games, shared out and merged in many ways)")
    return True


def _raised(name: str, error: BaseException) -> str:
    """What it raised, where in its own code, and with which game."""
    notes: list[str] = getattr(error, "__notes__", [])
    [*_, frame] = traceback.extract_tb(error.__traceback__)
    where = f'in {frame.name}, line {frame.lineno} of "{frame.filename}": {frame.line}'
    return "\n".join([f"{name} raises {type(error).__name__}: {error}", *notes, where])


def _lines(text: str) -> str:
    return "\n".join(live.clean(line) for line in text.split("\n"))
