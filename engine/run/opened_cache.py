"""The cache of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.cache.store import Cache, default_path
from engine.cache.waits import never
from engine.settings import Settings


def open_cache(settings: Settings, stopped: Callable[[], bool] = never) -> Cache:
    """Open the cache that the settings name; its `notice` says what was wrong with it."""
    if settings.cache == "":
        return Cache(None)
    return Cache(Path(settings.cache) if settings.cache else default_path(), stopped=stopped)
