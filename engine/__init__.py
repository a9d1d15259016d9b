"""Batch chess analysis: distribute positions, keep the scoreboard, fold the results.

    import engine

    result = engine.analyze("games.pgn", nodes=20_000)
    print(result.wins, result.reports["accuracy"].tables[0].rows)
    print(engine.evaluate("startpos", nodes=100_000).best)

What users see is in `engine.model`, what plugin authors implement in `engine.plugin`, errors in `engine.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.api import analyze, evaluate
    from engine.errors import AnalysisError
    from engine.model import AnalysedGame, Evaluation, Limit, Report, RunResult, Score
    from engine.settings import Settings

__all__ = [
    "AnalysedGame",
    "AnalysisError",
    "Evaluation",
    "Limit",
    "Report",
    "RunResult",
    "Score",
    "Settings",
    "analyze",
    "evaluate",
]

_HOMES = {
    "AnalysisError": "engine.errors",
    "Settings": "engine.settings",
    "analyze": "engine.api",
    "evaluate": "engine.api",
}


def __getattr__(name: str) -> Any:
    """Load on first use, so that `engine --help` does not wait for what it does not need."""
    if name not in __all__:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "engine.model")), name)
