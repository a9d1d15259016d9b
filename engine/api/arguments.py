"""The arguments of a call: their types, the settings that they make, and the run that they ask for."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from typing import IO, Annotated, Any, TypedDict

import chess
import chess.pgn
from msgspec import Meta, structs

from engine import system
from engine.errors import ArgumentError, ConfigError
from engine.model import Limit
from engine.plugin import Aggregator
from engine.run.accounts import LOGGER, RunEvent
from engine.run.merged_inputs import Needed
from engine.run.pause import Pause
from engine.run.plugin_options import AggregatorChoice
from engine.run.prepare import Resources, prepare
from engine.run.progress import Snapshot
from engine.run.start import Listeners, start
from engine.run.started import StartedRun
from engine.run.time_budget import LEAST_SECONDS, TimeBudget, with_placeholder
from engine.settings import (
    MAX_LIMIT,
    EvaluatorChoice,
    Settings,
    check_limit,
    parse_duration,
    spell_duration,
)
from engine.settings.checked import check_value

PathLike = str | os.PathLike[str]
SourceItem = PathLike | bytes | IO[bytes] | IO[str] | chess.pgn.Game | chess.Board
Source = SourceItem | Iterable[SourceItem]
"""What can be analysed; `engine.input.inputs` says how each is understood."""
AsyncSource = Source | AsyncIterable[SourceItem]
"""What an `AsyncAnalyzer` can analyse."""


KEPT = 1_000
"""Number of analysed games that a result keeps unless the call says otherwise."""


class Wanted(TypedDict, total=False):
    """The keyword arguments that all ways to analyse share; `engine.analyze` explains them."""

    aggregators: Sequence[AggregatorChoice] | str | None
    nodes: int | None
    depth: int | None
    time: int | None
    multipv: int
    adaptive: bool | None
    output: PathLike | Sequence[PathLike]
    output_format: str | None
    force: bool
    settings: Settings | None
    stop_after: float | None
    budget: str | float | None
    shard: str | None


def override_settings(
    settings: Settings | None, evaluator: EvaluatorChoice | None, workers: int | None
) -> Settings:
    """Return `settings`, the default ones when they are None, with the evaluator and the workers of a call.

    Raises ConfigError.
    """
    arguments = {"evaluator": evaluator, "workers": workers}
    changed: dict[str, Any] = {name: value for name, value in arguments.items() if value is not None}
    return structs.replace(_settings(settings) or Settings(), **changed)


def merge_settings(arguments: Wanted, default: Settings) -> Settings:
    """Return the call's settings, or `default` when it has none, with its limit, `adaptive` and `shard`.

    A call that names only `multipv` keeps the nodes, depth or time of the settings. Those that it names are meant
    for follow-up searches too. Raises ConfigError.
    """
    settings = _settings(arguments.get("settings")) or default
    limit = check_limit(
        nodes=arguments.get("nodes"),
        depth=arguments.get("depth"),
        time=arguments.get("time"),
        multipv=arguments.get("multipv", 1),
    )
    adaptive = check_value("adaptive", arguments.get("adaptive"), bool | None)
    if adaptive is not None:
        settings = structs.replace(settings, search=structs.replace(settings.search, adaptive=adaptive))
    shard = check_value("shard", arguments.get("shard"), str | None)
    if shard is not None:
        settings = structs.replace(settings, shard=shard)
    named = structs.replace(limit, multipv=1)
    follow_up_limit = settings.follow_up_limit if named == Limit() else named
    if limit == Limit():
        limit = settings.limit
    elif limit == Limit(multipv=limit.multipv):
        limit = structs.replace(settings.limit, multipv=limit.multipv)
    return check_settings(structs.replace(settings, limit=limit, follow_up_limit=follow_up_limit))


def _settings(settings: Settings | None) -> Settings | None:
    if settings is not None and not isinstance(settings, Settings):
        raise ArgumentError(f"settings: {settings!r} is not an engine.Settings(...)")
    return settings


def check_settings(settings: Settings) -> Settings:
    """Return the settings, checked. Raises ConfigError for those that this process cannot fulfil."""
    if settings.verify and settings.limit.time is not None:
        raise ConfigError("verify: two searches with a time limit differ; use nodes or depth")
    if settings.executor_name == "local" and settings.evaluator_name != "recorded":
        reason = system.why_no_children()
        if reason is not None:
            raise ConfigError(reason)
    return settings


def start_run(  # noqa: PLR0913 - the ways to analyse share the other arguments
    inputs: Sequence[Any],
    settings: Settings,
    arguments: Wanted,
    *,
    progress: Callable[[Snapshot], None] | None,
    stop: threading.Event | None,
    pause: Pause | None = None,
    on_event: Callable[[RunEvent], None] | None = None,
    games: bool | None = False,
    resources: Resources | None = None,
    only_games: frozenset[int] | None = None,
    since: float | None = None,
    parts: Needed | None = None,
) -> StartedRun:
    """Check a call and return its run, which is executed by `execute`.

    * **inputs** - the sources, as `engine.input.inputs` prepares them.
    * **settings** - the settings of the run; those in `arguments` are not looked at.
    * **arguments** - the other arguments of the call.
    * **progress** - called with snapshots, in the thread that executes the run; None for nobody.
    * **stop** - ends the run in good order once it is set; None when nothing can.
    * **pause** - *(optional)* pauses the run.
    * **on_event** - *(optional)* called with each analysed game, notice and failure.
    * **games** - *(optional)* whether the result keeps the analysed games; None: if there are at most `KEPT`.
    * **resources** - *(optional)* what the run shares with other runs.
    * **only_games** - *(optional)* numbers of the only games to take; None: all.
    * **since** - *(optional)* when the time of `budget` began to run (`time.monotonic`); now.
    * **parts** - *(optional)* which parts of a run have to be there; None: the sources need not be parts.

    Raises what `engine.run.prepare.prepare` and `engine.run.start.start` raise.
    """
    budget = _budget(arguments, settings, time.monotonic() if since is None else since)
    if budget is not None:
        settings = with_placeholder(settings)
    _check_values(arguments)
    check_callback(progress)
    if stop is not None and not hasattr(stop, "is_set"):
        raise ArgumentError(f"stop: {stop!r} is not a threading.Event")
    aggregators = arguments.get("aggregators")
    plan = prepare(
        inputs,
        settings,
        aggregators=[aggregators] if isinstance(aggregators, str) else aggregators,
        outputs=path_names(arguments.get("output", ())),
        output_format=arguments.get("output_format"),
        force=arguments.get("force", False),
        resources=resources,
        games=only_games,
        parts=parts,
    )
    check_value("games", games, bool | None)
    listeners = Listeners(progress, on_event, KEPT if games is None else sys.maxsize * games)
    stop_after = arguments.get("stop_after")
    return start(plan, listeners, stop=stop, stop_after=stop_after, pause=pause, budget=budget)


def _budget(arguments: Wanted, settings: Settings, since: float) -> TimeBudget | None:
    """Return the time budget of a call. Raises ArgumentError, ConfigError."""
    value = arguments.get("budget")
    if value is None:
        return None
    if any(arguments.get(name) is not None for name in ("nodes", "depth", "time")):
        raise ConfigError("budget: it chooses the nodes of each search, so leave nodes, depth and time out")
    check_value("budget", value, str | Annotated[float, Meta(gt=0, le=MAX_LIMIT)])
    try:
        seconds = parse_duration(value) if isinstance(value, str) else float(value)
    except ValueError:
        raise ConfigError(f"budget: {value!r} is not a time such as 90s, 30m, 1h30m or night") from None
    said = value.strip() if isinstance(value, str) else spell_duration(seconds)
    if seconds < LEAST_SECONDS:
        raise ConfigError(f"budget: {said} is too short; choosing the nodes takes {LEAST_SECONDS:.0f}s")
    return TimeBudget(seconds, said, since, settings.limit)


def announced(run: StartedRun) -> StartedRun:
    """Return a run after logging a warning of what it will cost, where games are not all that is searched."""
    if run.announcement is not None:
        LOGGER.warning("%s", run.announcement)
    return run


def check_callback(progress: object) -> None:
    """Check the argument `progress`. Raises ArgumentError."""
    if progress is not None and not callable(progress):
        raise ArgumentError(f"progress: {progress!r} is not a function that takes a Snapshot")


def _check_values(arguments: Wanted) -> None:
    """Check the types of the arguments that are not settings. Raises ArgumentError."""
    check_value("force", arguments.get("force", False), bool)
    check_value("output_format", arguments.get("output_format"), str | None)
    check_value("stop_after", arguments.get("stop_after"), Annotated[float, Meta(ge=0)] | None)
    aggregators = arguments.get("aggregators")
    if aggregators is None or isinstance(aggregators, str):
        return
    each = aggregators if isinstance(aggregators, Sequence) else [aggregators]
    for choice in each:
        fits = issubclass(choice, Aggregator) if isinstance(choice, type) else isinstance(choice, str | Aggregator)
        if not fits:
            raise ArgumentError(
                f"aggregators: {choice!r} is neither the name of an aggregator nor an engine.plugin.Aggregator"
            )
    if each is not aggregators:
        raise ArgumentError(f"aggregators: {aggregators!r} is not a sequence; write aggregators=[...]")


def path_names(paths: PathLike | Sequence[PathLike], argument: str = "output") -> list[str]:
    """Return the paths that an argument has, one or several. Raises ArgumentError for what is no path."""
    if isinstance(paths, Sequence) and not isinstance(paths, str | bytes):
        return [_path(each, argument) for each in paths]
    return [_path(paths, argument)]


def _path(path: Any, argument: str) -> str:
    if isinstance(path, str | os.PathLike):
        return os.fspath(path)
    if hasattr(path, "write") and argument == "output":
        raise ArgumentError(
            f"output: a file object ({type(path).__name__}) cannot be written to, because an output appears "
            "as a whole when the run is complete; give a path, and read the file afterwards"
        )
    raise ArgumentError(f"{argument}: {path!r} is neither a path nor a sequence of paths")
