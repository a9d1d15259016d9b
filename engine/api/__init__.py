"""The library: what the command line itself uses.

No prints, no signal handlers, no logging set-up; `engine.toml` and profiles are the command line's business.
"""

from __future__ import annotations

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
