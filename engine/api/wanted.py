"""What a call asks for, and the run that does it."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from typing import IO, Any, TypedDict

import chess.pgn
from msgspec import structs

from engine import system
from engine.errors import ConfigError
from engine.model import Limit
from engine.run.accounts import RunEvent
from engine.run.plugin_options import AggregatorChoice
from engine.run.prepare import Resources, prepare
from engine.run.progress import Snapshot
from engine.run.start import Listeners, start
from engine.run.started import StartedRun
from engine.settings import Settings, check_limit

PathLike = str | os.PathLike[str]
One = PathLike | bytes | IO[bytes] | IO[str] | chess.pgn.Game
Source = One | Iterable[One]
"""What can be analysed; `engine.input.inputs` says how each is understood."""
AsyncSource = Source | AsyncIterable[One]


class Wanted(TypedDict, total=False):
    """The keyword arguments that every way to analyse understands; `engine.analyze` explains them."""

    aggregators: Sequence[AggregatorChoice] | str | None
    nodes: int | None
    depth: int | None
    time: int | None
    multipv: int
    output: PathLike | Sequence[PathLike]
    output_format: str | None
    force: bool
    settings: Settings | None
    stop_after: float | None


def limit_of(wanted: Wanted) -> Limit:
    """The limit that was asked for; `Limit()` when none was. Raises ConfigError."""
    return check_limit(
        nodes=wanted.get("nodes"),
        depth=wanted.get("depth"),
        time=wanted.get("time"),
        multipv=wanted.get("multipv", 1),
    )


def settings_of(wanted: Wanted, base: Settings) -> Settings:
    """`base`, or the call's own settings, with the limit that the call names. Raises ConfigError."""
    settings = wanted.get("settings") or base
    limit = limit_of(wanted)
    if limit == Limit():
        limit = settings.limit
    elif limit == Limit(multipv=limit.multipv):
        limit = structs.replace(settings.limit, multipv=limit.multipv)
    return checked(structs.replace(settings, limit=limit))


def checked(settings: Settings) -> Settings:
    """Raises ConfigError for settings that no process can fulfil here."""
    if settings.workers is not None and settings.workers < 1:
        raise ConfigError(f"workers: {settings.workers} is less than 1")
    if settings.executor == "local" and settings.evaluator != "recorded":
        reason = system.why_no_children()
        if reason is not None:
            raise ConfigError(reason)
    return settings


def start_run(
    inputs: Sequence[Any],
    settings: Settings,
    wanted: Wanted,
    *,
    progress: Callable[[Snapshot], None] | None,
    stop: threading.Event | None,
    on_event: Callable[[RunEvent], None] | None = None,
    resources: Resources | None = None,
) -> StartedRun:
    """Prepare and start a run. Raises what `engine.run.prepare` and `engine.run.start` raise."""
    aggregators = wanted.get("aggregators")
    plan = prepare(
        inputs,
        settings,
        aggregators=[aggregators] if isinstance(aggregators, str) else aggregators,
        outputs=_paths(wanted.get("output", ())),
        output_format=wanted.get("output_format"),
        force=wanted.get("force", False),
        resources=resources,
    )
    return start(plan, Listeners(progress, on_event), stop=stop, stop_after=wanted.get("stop_after"))


def _paths(given_: PathLike | Sequence[PathLike]) -> list[str]:
    many = [given_] if isinstance(given_, str | os.PathLike) else given_
    return [os.fspath(one) for one in many]
