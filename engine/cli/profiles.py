"""`engine profiles list|show`."""

from __future__ import annotations

import click
from rich.table import Table
from rich.text import Text

from engine import settings
from engine.cli import live
from engine.errors import ConfigError


@click.group("profiles", short_help="List and show the profiles.")
def command() -> None:
    """Profiles: a search budget and a set of aggregators under a name, for `engine analyze --profile`."""


@command.command("list")
def list_() -> None:
    """Every profile, those of your configuration folder included."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("profile", "what it is for", "file"):
        table.add_column(name, overflow="fold")
    for name, path in sorted(settings.profiles().items()):
        table.add_row(
            Text(name, style="bold"), Text(settings.read_config(path).summary), Text(str(path), style="dim")
        )
    live.output_console().print(table)


@command.command("show")
@click.argument("name")
def show(name: str) -> None:
    """A profile's file, as it stands."""
    profiles = settings.profiles()
    if name not in profiles:
        raise ConfigError(f"no profile is called {name!r}; there are {', '.join(sorted(profiles))}")
    click.echo(profiles[name].read_text(encoding="utf-8"), nl=False)
