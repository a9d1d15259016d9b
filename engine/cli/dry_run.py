"""What `engine analyze --dry-run` prints."""

from __future__ import annotations

from collections.abc import Sequence

import click

from engine import live
from engine.input.inputs import LiteralPath
from engine.run.estimate import estimate
from engine.settings import Settings


def show(inputs: Sequence[LiteralPath], settings: Settings) -> None:
    """Print games, positions, the cached share and the time it would take."""
    e = estimate(inputs, settings)
    share = f"{100 * e.cached / e.positions:.0f}%" if e.positions else "none"
    click.echo(f"{e.games:,} games, {e.positions:,} positions; {e.cached:,} ({share}) are in the cache")
    took = "unknown for a depth limit" if e.seconds is None else f"about {live.duration(e.seconds)}"
    speed = f"{live.short(e.nodes_per_second)} nodes/s each ({live.clean(e.evaluator)})"
    click.echo(f"time: {took} on {e.workers} workers at {speed}")
