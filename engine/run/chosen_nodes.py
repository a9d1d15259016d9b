"""The nodes that were chosen for a time budget, remembered until the run is complete.

So the same command goes on where it was stopped, whatever the speed is then. A choice is an empty file in the
user's cache folder (`budgets/`) whose name says it all, so that a kill leaves no half of it. It is one of the same
games: files are known by path, size and time of change. Where the folder cannot be written to, nothing is known.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from pathlib import Path

import msgspec
from msgspec import structs

from engine.input.inputs import MemorySource
from engine.run.prepare import RunPlan
from engine.system.paths import cache_dir

_KEPT = 90 * 86_400
"""Seconds after which a choice is forgotten."""


def key_of(plan: RunPlan, fingerprint: str, seconds: float) -> str:
    """Return what a choice depends on, as a digest.

    * **fingerprint** - the evaluator's.
    * **seconds** - the budget.
    """
    settings = plan.settings
    games = (
        settings.players,
        settings.filter,
        settings.max_games,
        settings.sample,
        settings.seed,
        settings.keep_duplicates,
        settings.encoding,
    )
    search = structs.replace(settings.search, adaptive=plan.adaptive_given)
    searches = (search, plan.limit.multipv, plan.workers, settings.executor_name, fingerprint, seconds)
    files = []
    for source in plan.sources:
        if isinstance(source, MemorySource):
            files.append((hashlib.sha256(source.data).hexdigest(), source.size, 0))
            continue
        path = Path(source.name).absolute()
        try:
            status = path.stat()
            files.append((str(path), status.st_size, status.st_mtime_ns))
        except OSError:
            files.append((source.name, source.size, 0))
    text = msgspec.json.encode(msgspec.to_builtins((games, searches, files)), order="deterministic")
    return hashlib.sha256(text).hexdigest()[:32]


def recall(key: str) -> int | None:
    """Return the nodes that were chosen before; None when that is not known."""
    with contextlib.suppress(OSError):
        for entry in _folder().glob(f"{key}-*"):
            nodes = entry.name.removeprefix(f"{key}-")
            if nodes.isdecimal() and int(nodes) > 0:
                return int(nodes)
    return None


def note(key: str, nodes: int) -> None:
    """Remember a choice, and forget those of long ago."""
    with contextlib.suppress(OSError):
        _folder().mkdir(parents=True, exist_ok=True)
        (_folder() / f"{key}-{nodes}").touch()
        for entry in _folder().iterdir():
            if time.time() - entry.stat().st_mtime > _KEPT:
                entry.unlink(missing_ok=True)


def forget(key: str) -> None:
    """Forget a choice: its run is complete."""
    with contextlib.suppress(OSError):
        for entry in _folder().glob(f"{key}-*") if key else ():
            entry.unlink(missing_ok=True)


def _folder() -> Path:
    return cache_dir() / "budgets"
