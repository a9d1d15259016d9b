"""`engine plugins list|show|new|check`."""

from __future__ import annotations

import inspect
import os
from collections import Counter
from importlib import import_module
from typing import Any, NoReturn

import click
import msgspec
from rich.table import Table
from rich.text import Text

from engine.cli import live
from engine.contracts import options
from engine.errors import PluginNotFound
from engine.loading.pages import page_of
from engine.loading.registry import CONTRACTS, LIMIT_VARIABLE, PluginInfo, Registry, kind_of
from engine.plugin import Needs

_LATE = ("new", "check")

_files = click.option(
    "--plugin", "files", multiple=True, metavar="FILE.py", help="Also load this single-file plugin."
)


class _Group(click.Group):
    """Imports `new` and `check` only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_LATE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _LATE:
            return super().get_command(ctx, cmd_name)
        late = import_module(f"engine.cli.plugin_{cmd_name}").command
        assert isinstance(late, click.Command)
        return late


@click.group("plugins", cls=_Group, short_help="List, explain, start and check plugins.")
def command() -> None:
    """List, explain, start and check plugins: aggregators, evaluators, readers, writers, executors.

    ENGINE_PLUGINS limits what is seen of other distributions, in every command: `none` of them, or only those
    named, as in ENGINE_PLUGINS=castling,my-dist (plugins or distributions). Ours and --plugin files stay.
    """


@command.command("list")
@click.option(
    "--namespace", type=click.Choice([n.removeprefix("engine.") for n in CONTRACTS]), help="Only this kind."
)
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
@_files
def list_(namespace: str | None, format_: str, files: tuple[str, ...]) -> None:
    """Every plugin with its distribution; BROKEN ones with the cause.

    A name that two distributions claim is shown with the distribution in front, as it has to be written then.
    """
    registry = Registry(files)
    namespaces = [f"engine.{namespace}"] if namespace else list(CONTRACTS)
    infos = [info for name in namespaces for info in registry.describe(name)]
    if format_ == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(infos), indent=2).decode())
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("kind", "name", "what it does", "from"):
        table.add_column(name, overflow="fold")
    times = Counter((info.namespace, info.name) for info in infos if info.version)
    for info in infos:
        contested = bool(info.version) and times[info.namespace, info.name] > 1
        table.add_row(*_row(info, contested=contested))
    live.output_console().print(table)


def _row(info: PluginInfo, *, contested: bool) -> tuple[Text, ...]:
    """Return a row of the list; a name that is `contested` between distributions has its own in front."""
    summary = Text(live.clean(info.summary))
    if info.broken:
        summary = Text.assemble(("BROKEN ", "bold red"), live.clean(info.summary))
    name = f"{info.distribution}:{info.name}" if contested else info.name
    source = f"{info.distribution} {info.version}" if info.version else info.target
    return (
        Text(kind_of(info.namespace), style="dim"),
        Text(live.clean(name), style="bold"),
        summary,
        Text(live.clean(source), style="dim"),
    )


@command.command("show")
@click.argument("name")
@_files
def show(name: str, files: tuple[str, ...]) -> None:
    """A plugin's page: what it does, its options, what it needs, where it comes from.

    NAME may be a single file too, and carry its distribution: my-dist:castling.
    """
    if name.endswith(".py"):
        registry = Registry([name, *files])
        plugins = [
            (namespace, plugin) for namespace in CONTRACTS for plugin in Registry([name]).local_names(namespace)
        ]
    else:
        registry = Registry(files)
        plugins = [(namespace, name) for namespace in registry.namespaces_of(name)]
    if not plugins:
        not_found(registry, name)
    console = live.output_console()
    for namespace, plugin in plugins:
        cls = registry.load(namespace, plugin)
        console.print(Text.assemble((plugin, "bold"), "  ", (kind_of(namespace), "dim")))
        console.print(Text(page_of(cls)))
        _show_options(console, cls)
        _show_needs(console, cls)
        _show_source(console, registry.info(namespace, plugin), cls)


def _show_needs(console: Any, cls: Any) -> None:
    """Print what an aggregator with its default options needs of the search, if that is anything special."""
    needs = getattr(cls, "needs", None)
    if needs is None:
        return
    special = msgspec.to_builtins(needs(cls.Options()))
    plain = msgspec.to_builtins(Needs())
    words = ", ".join(f"{key} {value}" for key, value in special.items() if value != plain.get(key))
    console.print(Text(f"needs: {words or 'nothing special of the search'}"))


def _show_source(console: Any, info: PluginInfo, cls: type) -> None:
    origin = f"{info.distribution} {info.version}, " if info.version else ""
    console.print(Text(f"from {origin}{inspect.getsourcefile(cls)}\n", style="dim"), soft_wrap=True)


def _show_options(console: Any, cls: Any) -> None:
    described = options.describe(getattr(cls, "Options", options.NoOptions))
    if not described:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", title="Options", title_justify="left")
    for column in ("key", "type", "default", "meaning"):
        table.add_column(column)
    for option in described:
        table.add_row(*(Text(part) for part in (option.key, option.type, option.default, option.description)))
    console.print(table)


def not_found(registry: Registry, name: str) -> NoReturn:
    """Raise PluginNotFound for a name that no plugin of any kind has, with the nearest name."""
    import difflib

    every = sorted({known for namespace in CONTRACTS for known in registry.names(namespace)})
    near = difflib.get_close_matches(name, every, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else "engine plugins list names them all"
    limit = os.environ.get(LIMIT_VARIABLE)
    left_out = f" ({LIMIT_VARIABLE}={limit} leaves some out)" if limit is not None else ""
    raise PluginNotFound(f"no plugin is called {name!r}; {hint}{left_out}")
