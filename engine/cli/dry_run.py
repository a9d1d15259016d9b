"""`engine analyze --dry-run`: what the run would cost."""

from __future__ import annotations

from collections.abc import Sequence

import click

from engine.cli import live
from engine.input.inputs import LiteralPath
from engine.run.estimate import estimate
from engine.settings import Settings, parse_duration

BUDGETS = {"10 minutes": 600.0, "1 hour": 3_600.0, "the night (8 hours)": 28_800.0}
"""The times of which it is said what they would buy."""


def show(inputs: Sequence[LiteralPath], settings: Settings, budget: str | None = None) -> None:
    """Print the games, the positions, how many of them are cached, the time, and what other times would buy.

    * **budget** - *(optional)* the value of `--for`.
    """
    seconds = None if budget is None else parse_duration(budget)
    cost = estimate(inputs, settings, budgets=list(BUDGETS.values()), budget=seconds)
    share = f"{100 * cost.cached / cost.positions:.0f}%" if cost.positions else "none"
    click.echo(f"{cost.games:,} games, {cost.positions:,} positions; {cost.cached:,} ({share}) are in the cache")
    if cost.follow_ups is not None:
        known = f"; {cost.follow_ups_cached:,} are in the cache" if cost.follow_ups_cached else ""
        click.echo(
            f"{cost.follow_ups:,} follow-up searches by {live.clean(cost.follow_up_evaluator)} "
            f"for {' and '.join(cost.asking)}{known}"
        )
    elif cost.asking:
        click.echo(f"and follow-up searches for {' and '.join(cost.asking)}, as many as the moves ask for")
    if cost.chosen != "":
        took = "unknown for a depth limit" if cost.seconds is None else f"about {live.duration(cost.seconds)}"
        searcher = live.clean(cost.follow_up_evaluator or cost.evaluator)
        speed = f"{live.short(cost.nodes_per_second)} nodes/s each ({searcher})"
        how = ", adaptive" if cost.adaptive else ""
        click.echo(f"time: {took}{how} on {cost.workers} workers at {speed}")
    fitting = dict(zip(BUDGETS, cost.fitting, strict=False))
    if cost.chosen is not None:
        fitting = {f"--for {budget}": cost.chosen, **fitting}
    elif budget is not None:
        click.echo(f"--for {budget}: there is no position to search")
    for name, flags in fitting.items():
        click.echo(f"{name}: {flags or 'too short'}")
