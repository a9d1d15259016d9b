"""Options that several commands have, and how their values are read."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from engine.cli import completion
from engine.cli.completion import RESERVED
from engine.settings import parse_count, parse_duration, parse_time

F = TypeVar("F", bound=Callable[..., Any])


class _Count(click.ParamType[int]):
    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else parse_count(value)
        except ValueError:
            self.fail(f"{value!r} is not a count such as 20000, 100k or 1M", param, ctx)


class Time(click.ParamType[int]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else parse_time(value)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 500ms, 2s or 1h", param, ctx)


class Duration(click.ParamType[str]):
    """How long something may take; its value is the text."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            parse_duration(value)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 90s, 30m, 1h30m or night", param, ctx)
        return str(value).strip()


class Share(click.ParamType[float]):
    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            share = value if isinstance(value, float) else float(value.removesuffix("%")) / 100
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1 or (isinstance(value, str) and not value.endswith("%")):
            self.fail(f"{value!r} is not a share such as 1%", param, ctx)
        return share


def _combine(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


limit_options = _combine(
    click.option("--nodes", type=_Count(), envvar="ENGINE_NODES", help="Nodes a position: 20000, 100k, 1M."),
    click.option("--depth", type=click.IntRange(1, 245), help="Plies of depth a position."),
    click.option("--time", type=Time(), help="Time a position: 500ms, 2s. Not reproducible."),
    click.option("--multipv", type=click.IntRange(1, 500), help="Best moves with a line of their own."),
)

evaluator_options = _combine(
    click.option(
        "-e",
        "--evaluator",
        metavar="NAME|PATH",
        envvar="ENGINE_EVALUATOR",
        shell_complete=completion.plugins("engine.evaluators", also_files=True),
        help="stockfish, embedded, recorded, the path of a UCI program, or 'recorded,stockfish'.",
    ),
    click.option("--engine", "evaluator", hidden=True),
    click.option("--hash", "hash_", type=click.IntRange(1), metavar="MB", help="Hash table of each worker."),
    click.option("--uci", multiple=True, metavar="NAME=VALUE", help="A UCI option of the evaluator."),
)

plugin_options = _combine(
    click.option(
        "--set",
        "set_",
        multiple=True,
        metavar="NAME.KEY=VALUE",
        shell_complete=completion.options,
        help="An option of a plugin.",
    ),
    click.option(
        "--plugin",
        "plugins",
        multiple=True,
        metavar="FILE.py",
        shell_complete=completion.files,
        help="Also load this single-file plugin.",
    ),
)

force_option = click.option("-y", "--force", is_flag=True, help="Overwrite outputs that exist.")
same_option = click.option(
    "--same",
    multiple=True,
    metavar="NAME=OTHER",
    help="Two names of one player, e.g. 'Carlsen, Magnus=DrNykterstein'; repeatable.",
)
workers_option = click.option(
    "-j", "--workers", type=click.IntRange(1), envvar="ENGINE_WORKERS", help="Processes.  [default: all cores]"
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress and no closing lines.")
verbose_option = click.option(
    "-v",
    "--verbose",
    count=True,
    help="Log lines: what the run does, tracebacks of plugins that failed; -vv: the lines of UCI programs too.",
)


def log_level(flags: dict[str, Any]) -> int:
    """Return the least level of log records to show, as in `logging`."""
    levels = (logging.WARNING, logging.INFO, logging.DEBUG)
    return levels[min(flags["verbose"], len(levels) - 1)]


def limit(flags: dict[str, Any]) -> dict[str, int]:
    """Return the limit in the flags, as fields of `settings.LimitSettings`."""
    return {name: flags[name] for name in ("nodes", "depth", "time", "multipv") if flags[name] is not None}


def evaluator_options_in(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the evaluator in the flags."""
    options: dict[str, Any] = {}
    if flags["hash_"] is not None:
        options["hash"] = flags["hash_"]
    if flags["uci"]:
        options["uci"] = dict(_pair(text, "--uci NAME=VALUE") for text in flags["uci"])
    return options


def assignments(texts: Sequence[str]) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Read `--set NAME.KEY=VALUE`; return the values for the framework, and those for aggregators, by name."""
    reserved: dict[str, dict[str, str]] = {}
    options: dict[str, dict[str, str]] = {}
    for text in texts:
        key, value = _pair(text, "--set NAME.KEY=VALUE")
        owner, dot, name = key.rpartition(".")
        if not dot or not owner or not name:
            raise click.BadParameter(f"{text!r} is not NAME.KEY=VALUE", param_hint="--set")
        (reserved if owner in RESERVED else options).setdefault(owner, {})[name] = value
    return reserved, options


def _pair(text: str, form: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise click.BadParameter(f"{text!r} is not {form}", param_hint=form.partition(" ")[0])
    return key.strip(), value


def players(texts: Sequence[str]) -> tuple[str, ...]:
    """Read `--player`: `me,my_handle` are two names, `Carlsen, Magnus` is one, `Carlsen,M` all three."""
    names: list[str] = []
    for text in texts:
        names.append(text.strip())
        if "," in text and ", " not in text:
            names += [part.strip() for part in text.split(",") if part.strip()]
    return tuple(dict.fromkeys(names))


def same(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read `--same 'NAME=OTHER NAME'`; several may be given, and several other names in one."""
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        player, *others = (name.strip() for name in text.split("="))
        if not player or not others or not all(others):
            raise click.BadParameter(f"{text!r} is not NAME=OTHER NAME", param_hint="--same")
        found[player] = (*found.get(player, ()), *others)
    return found


def names(text: str) -> tuple[str, ...]:
    """Read `wins,acpl`; a leading + of the first name counts for all."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def with_names(chosen: Sequence[str] | None, added: Sequence[str]) -> tuple[str, ...] | None:
    """Return the names of aggregators, as `-a` gives them, with those added that are not among them.

    * **chosen** - the names; None for the default ones.
    * **added** - names without a sign.
    """
    known = {name.lstrip("+").rpartition(":")[2] for name in chosen or ()}
    new = [name for name in dict.fromkeys(added) if name not in known and "all" not in known]
    if not new:
        return None if chosen is None else tuple(chosen)
    return (*chosen, *new) if chosen else tuple(f"+{name}" for name in new)
