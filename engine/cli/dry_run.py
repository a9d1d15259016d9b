"""`engine analyze --dry-run`: what the run would cost."""

from __future__ import annotations

from collections.abc import Sequence

import click

from engine import live
from engine.input.inputs import LiteralPath
from engine.run.estimate import estimate
from engine.settings import Settings


def show(inputs: Sequence[LiteralPath], settings: Settings) -> None:
    """Print the games, the positions, how many of them are cached, and the time that the run would take."""
    cost = estimate(inputs, settings)
    share = f"{100 * cost.cached / cost.positions:.0f}%" if cost.positions else "none"
    click.echo(f"{cost.games:,} games, {cost.positions:,} positions; {cost.cached:,} ({share}) are in the cache")
    took = "unknown for a depth limit" if cost.seconds is None else f"about {live.duration(cost.seconds)}"
    speed = f"{live.short(cost.nodes_per_second)} nodes/s each ({live.clean(cost.evaluator)})"
    click.echo(f"time: {took} on {cost.workers} workers at {speed}")
