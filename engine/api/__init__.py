"""The library: what the command line itself uses.

No prints, no signal handlers, no logging set-up; `engine.toml` and profiles are the command line's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.api.aio import AsyncAnalyzer, AsyncRun
    from engine.api.analyzer import Analyzer
    from engine.api.calls import analyze, evaluate
    from engine.api.line import ProgressLine
    from engine.api.position import read_position
    from engine.api.run import Run
    from engine.api.stream import Event
    from engine.api.wanted import AsyncSource, Source, Wanted

__all__ = [
    "Analyzer",
    "AsyncAnalyzer",
    "AsyncRun",
    "AsyncSource",
    "Event",
    "ProgressLine",
    "Run",
    "Source",
    "Wanted",
    "analyze",
    "evaluate",
    "read_position",
]

_HOMES = {
    "Analyzer": "engine.api.analyzer",
    "AsyncAnalyzer": "engine.api.aio",
    "AsyncRun": "engine.api.aio",
    "AsyncSource": "engine.api.wanted",
    "Event": "engine.api.stream",
    "ProgressLine": "engine.api.line",
    "Run": "engine.api.run",
    "Source": "engine.api.wanted",
    "Wanted": "engine.api.wanted",
    "analyze": "engine.api.calls",
    "evaluate": "engine.api.calls",
    "read_position": "engine.api.position",
}


def __getattr__(name: str) -> Any:
    """Load on first use: one call of the command line needs neither event loops nor warm workers."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
