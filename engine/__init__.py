"""Batch chess analysis: search positions on all cores, count winning moves, make reports.

    import engine

    result = engine.analyze("games.pgn", nodes=20_000)
    print(result.wins, result.reports["accuracy"].tables[0].rows)
    print(engine.evaluate("startpos", nodes=100_000).best)

The values that users see are in `engine.model`, the classes that plugin authors implement in `engine.plugin`, the
errors in `engine.errors`. These modules need no import of their own: after `import engine`, `engine.errors` works.
`engine.__version__` is the version.
"""

# Nothing is imported here: with `python -m engine` it could be a file of the current folder (`engine.__main__`).
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from engine import errors as errors
    from engine import model as model
    from engine import plugin as plugin
    from engine import scoring as scoring
    from engine import shared as shared
    from engine import testing as testing
    from engine.analysis.reasons import explain
    from engine.api import Analyzer, AsyncAnalyzer, AsyncRun, ProgressLine, Run, analyze, evaluate, merge
    from engine.errors import AnalysisError
    from engine.model import AnalysedGame, Evaluation, Limit, Report, RunResult, Score
    from engine.run.progress import Snapshot
    from engine.settings import Settings

    __version__: str

__all__ = [
    "AnalysedGame",
    "AnalysisError",
    "Analyzer",
    "AsyncAnalyzer",
    "AsyncRun",
    "Evaluation",
    "Limit",
    "ProgressLine",
    "Report",
    "Run",
    "RunResult",
    "Score",
    "Settings",
    "Snapshot",
    "analyze",
    "evaluate",
    "explain",
    "merge",
]

_MODULES = {
    "engine.analysis.reasons": ("explain",),
    "engine.api": ("Analyzer", "AsyncAnalyzer", "AsyncRun", "ProgressLine", "Run", "analyze", "evaluate", "merge"),
    "engine.errors": ("AnalysisError",),
    "engine.model": ("AnalysedGame", "Evaluation", "Limit", "Report", "RunResult", "Score"),
    "engine.run.progress": ("Snapshot",),
    "engine.settings": ("Settings",),
}

_SUBMODULES = ("errors", "model", "plugin", "scoring", "shared", "testing")
"""Public modules, attributes from the beginning."""


def __getattr__(name: str) -> "Any":
    """Import a name on first use, so that `engine --help` does not wait for what it does not need."""
    if name in _SUBMODULES:
        from importlib import import_module

        return import_module(f"engine.{name}")
    if name == "__version__":
        from importlib.metadata import version

        return version("grandmaster-analysis")
    for module, names in _MODULES.items():
        if name in names:
            from importlib import import_module

            return getattr(import_module(module), name)
    raise AttributeError(f"module 'engine' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_SUBMODULES, "__version__"})
