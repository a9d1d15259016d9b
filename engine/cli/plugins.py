"""`engine plugins list|show`"""

from __future__ import annotations

from typing import Any

import click
import msgspec
from rich.table import Table
from rich.text import Text

from engine import live, options
from engine.errors import PluginNotFound
from engine.registry import CONTRACTS, PluginInfo, Registry, page_of

_files = click.option(
    "--plugin", "files", multiple=True, metavar="FILE.py", help="Also load this single-file plugin."
)


@click.group("plugins", short_help="List and explain the plugins.")
def command() -> None:
    """List and explain the plugins: aggregators, evaluators, readers, writers, executors."""


@command.command("list")
@click.option(
    "--namespace", type=click.Choice([n.removeprefix("engine.") for n in CONTRACTS]), help="Only this kind."
)
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
@_files
def list_(namespace: str | None, format_: str, files: tuple[str, ...]) -> None:
    """Every plugin with its distribution; BROKEN ones with the cause."""
    registry = Registry(files)
    wanted = [f"engine.{namespace}"] if namespace else list(CONTRACTS)
    infos = [info for name in wanted for info in registry.describe(name)]
    if format_ == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(infos), indent=2).decode())
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("kind", "name", "what it does", "from"):
        table.add_column(name, overflow="fold")
    for info in infos:
        table.add_row(*_row(info))
    live.output_console().print(table)


def _row(info: PluginInfo) -> tuple[Text, ...]:
    kind = info.namespace.removeprefix("engine.").removesuffix("s")
    summary = Text(live.clean(info.summary))
    if info.broken:
        summary = Text.assemble(("BROKEN ", "bold red"), live.clean(info.summary))
    origin = f"{info.distribution} {info.version}" if info.version else info.target
    return Text(kind, style="dim"), Text(info.name, style="bold"), summary, Text(live.clean(origin), style="dim")


@command.command("show")
@click.argument("name")
@_files
def show(name: str, files: tuple[str, ...]) -> None:
    """A plugin's page: what it does, its options, where it comes from."""
    registry = Registry(files)
    found = [namespace for namespace in CONTRACTS if name in registry.names(namespace)]
    if not found:
        _not_found(registry, name)
    console = live.output_console()
    for namespace in found:
        cls = registry.load(namespace, name)
        info = next(info for info in registry.describe(namespace) if info.name == name)
        console.print(Text.assemble((name, "bold"), "  ", (namespace.removeprefix("engine."), "dim")))
        console.print(Text(page_of(cls)))
        _show_options(console, cls)
        console.print(Text(f"from {info.distribution} {info.version}, {info.target}\n", style="dim"))


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


def _not_found(registry: Registry, name: str) -> None:
    import difflib

    every = sorted({known for namespace in CONTRACTS for known in registry.names(namespace)})
    near = difflib.get_close_matches(name, every, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else "engine plugins list names them all"
    raise PluginNotFound(f"no plugin is called {name!r}; {hint}")
