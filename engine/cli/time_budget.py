"""`engine analyze --for 30m`: the option, what it goes with, and the commands that are made of it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from typing import Any

import click
from click.core import ParameterSource
from msgspec import structs

from engine.cli import live
from engine.cli.values import Duration
from engine.errors import ConfigError
from engine.model import RunResult
from engine.run.budget import spelled
from engine.run.started import StartedRun
from engine.run.time_budget import LEAST_SECONDS
from engine.settings import Settings, parse_duration

LIMITS = ("nodes", "depth", "time")
"""Options that say how long a position is searched."""

LONG = 3_600.0
"""Seconds from which on a run is said to be long."""
SHORTER = "10m"

option = click.option(
    "--for",
    "for_",
    type=Duration(),
    metavar="TIME",
    help="How long it may take: 10m, 1h30m, night (8 hours). Chooses --nodes for it, and says which.",
)


def check(ctx: click.Context, flags: dict[str, Any]) -> None:
    """Check that a budget is long enough and that no limit is named beside it. Raises ConfigError."""
    if flags["for_"] is None:
        return
    for name in LIMITS:
        if flags[name] is not None and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise ConfigError(f"--for chooses the nodes itself: leave --{name} out, or --for")
    if parse_duration(flags["for_"]) < LEAST_SECONDS:
        raise ConfigError(f"--for {flags['for_']} is too short; choosing the nodes takes {LEAST_SECONDS:.0f}s")


def may_be_long(flags: dict[str, Any], screen: live.Screen) -> bool:
    """Whether a person waits for a run of any length, and would like to know it."""
    set_time = flags["for_"] or flags["stop_after"]
    return not (set_time or flags["quiet"] or screen.events) and screen.console.is_terminal


def warn_of_hours(run: StartedRun, screen: live.Screen) -> None:
    """Say how long a run takes that takes over an hour, and the command that takes ten minutes."""
    expected = run.expectation(LONG)
    if expected is None:
        return
    arguments = without(sys.argv[2:], LIMITS)
    shorter = shlex.join(["engine", "analyze", "--for", SHORTER, *arguments])
    if not shorter.isprintable():
        shorter = f"the same with --for {SHORTER}"
    screen.say(
        f"note: this takes about {live.duration(expected.seconds)} for {expected.positions:,} positions; "
        f"for ten minutes: {shorter}"
    )


def as_chosen(settings: Settings, flags: dict[str, Any], result: RunResult) -> Settings:
    """Return the settings with what a run has decided: how it searches, and the limit if there was a budget."""
    settings = structs.replace(settings, search=structs.replace(settings.search, adaptive=result.adaptive))
    if flags["for_"] is None:
        return settings
    return structs.replace(settings, limit=structs.replace(result.limit, multipv=settings.limit.multipv))


def with_nodes(arguments: Sequence[str], result: RunResult) -> list[str]:
    """Return the arguments of a command with the nodes that were chosen in place of the budget."""
    nodes = [] if result.limit.nodes is None else ["--nodes", spelled(result.limit.nodes)]
    if nodes and result.adaptive and "--adaptive" not in arguments:
        nodes.append("--adaptive")
    return [*nodes, *without(arguments, ("for",))]


def without(arguments: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the arguments of a command without options that take a value."""
    flags = {f"--{name}" for name in names}
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in flags:
            next(words, None)
        elif word.partition("=")[0] not in flags:
            kept.append(word)
    return kept
