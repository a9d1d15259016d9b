"""The library, which the command line uses too.

It prints nothing, installs no signal handlers and sets up no logging. `engine.toml` and profiles are read by the
command line only.

| file            | what                                                                     |
| --------------- | ------------------------------------------------------------------------ |
| `calls.py`      | `analyze` and `evaluate`: one call, nothing kept                         |
| `analyzer.py`   | `Analyzer`: workers that stay warm between calls                         |
| `aio.py`        | `AsyncAnalyzer` and `AsyncRun`: the same for a program with an event loop |
| `run.py`        | `Run`: the handle of a run in the background                             |
| `background.py` | a run in a thread of its own                                             |
| `stream.py`     | the events of a run, from its thread to its reader                       |
| `resources.py`  | what an Analyzer keeps between calls, and what a run uses of it          |
| `arguments.py`  | the arguments of a call: their types, their settings, the run they make  |
| `position.py`   | a position from a FEN and moves                                          |
| `line.py`       | `ProgressLine`: progress in one line                                     |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.api.aio import AsyncAnalyzer, AsyncRun
    from engine.api.analyzer import Analyzer
    from engine.api.arguments import AsyncSource, Source, Wanted
    from engine.api.calls import analyze, evaluate, merge
    from engine.api.line import ProgressLine
    from engine.api.position import read_position
    from engine.api.run import Run
    from engine.api.stream import Event

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
    "merge",
    "read_position",
]

_MODULES = {
    "Analyzer": "engine.api.analyzer",
    "AsyncAnalyzer": "engine.api.aio",
    "AsyncRun": "engine.api.aio",
    "AsyncSource": "engine.api.arguments",
    "Event": "engine.api.stream",
    "ProgressLine": "engine.api.line",
    "Run": "engine.api.run",
    "Source": "engine.api.arguments",
    "Wanted": "engine.api.arguments",
    "analyze": "engine.api.calls",
    "evaluate": "engine.api.calls",
    "merge": "engine.api.calls",
    "read_position": "engine.api.position",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use: one call of the command line needs neither event loops nor warm workers."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)
