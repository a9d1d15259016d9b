"""`engine setup [PATH]`."""

from __future__ import annotations

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress

from engine.loading.registry import Registry


@click.command("setup", short_help="Fetch the embedded Stockfish, or remember a program of yours.")
@click.argument("path", required=False)
def command(path: str | None) -> None:
    """Without PATH: fetch the embedded Stockfish now rather than at first use.

    With PATH: remember this Stockfish program; `stockfish`, the default evaluator, will be it from now on.
    """
    registry = Registry()
    if path is not None:
        click.echo(registry.load("engine.evaluators", "stockfish").remember(path))
        return
    embedded = registry.load("engine.evaluators", "embedded")
    with Progress("fetching", BarColumn(), DownloadColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("fetching", total=None)
        line = embedded.setup(lambda done, total: bar.update(task, completed=done, total=total))
    click.echo(line)
