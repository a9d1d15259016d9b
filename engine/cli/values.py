"""Options that several commands have, and how their values are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from engine.settings import parse_count, parse_time

F = TypeVar("F", bound=Callable[..., Any])

RESERVED = ("scoreboard", "search")
"""Names in --set that are the framework's own, not an aggregator's."""


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


def _all(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


limit_options = _all(
    click.option("--nodes", type=_Count(), envvar="ENGINE_NODES", help="Nodes a position: 20000, 100k, 1M."),
    click.option("--depth", type=click.IntRange(1, 245), help="Plies of depth a position."),
    click.option("--time", type=Time(), help="Time a position: 500ms, 2s. Not reproducible."),
    click.option("--multipv", type=click.IntRange(1, 500), help="Best moves with a line of their own."),
)

evaluator_options = _all(
    click.option(
        "-e",
        "--evaluator",
        metavar="NAME|PATH",
        envvar="ENGINE_EVALUATOR",
        help="stockfish, embedded, recorded, the path of a UCI program, or 'recorded,stockfish'.",
    ),
    click.option("--engine", "evaluator", hidden=True),
    click.option("--hash", "hash_", type=click.IntRange(1), metavar="MB", help="Hash table of each worker."),
    click.option("--uci", multiple=True, metavar="NAME=VALUE", help="A UCI option of the evaluator."),
)


def limit(given: dict[str, Any]) -> dict[str, int]:
    """The limit that was asked for, as fields of `settings.LimitSettings`."""
    return {name: given[name] for name in ("nodes", "depth", "time", "multipv") if given[name] is not None}


def of_evaluator(given: dict[str, Any]) -> dict[str, Any]:
    """The options of the evaluator that were given."""
    found: dict[str, Any] = {}
    if given["hash_"] is not None:
        found["hash"] = given["hash_"]
    if given["uci"]:
        found["uci"] = dict(_pair(text, "--uci NAME=VALUE") for text in given["uci"])
    return found


def assignments(texts: Sequence[str]) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """`--set NAME.KEY=VALUE`: those for the framework, and those for aggregators, by name."""
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
    """`me,my_handle` are two names; `Carlsen, Magnus` is one, and `Carlsen,M` one as well as its parts."""
    found: list[str] = []
    for text in texts:
        found.append(text.strip())
        if "," in text and ", " not in text:
            found += [part.strip() for part in text.split(",") if part.strip()]
    return tuple(dict.fromkeys(found))


def names(text: str) -> tuple[str, ...]:
    """`wins,acpl`; a leading + on the first counts for all."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
