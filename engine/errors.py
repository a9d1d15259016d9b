"""Every error that the framework raises on purpose.

    AnalysisError                       stops what `stops` says
    ├─ ConfigError                      run         a setting, flag or profile is wrong
    ├─ InputError                       run         an input cannot be read at all
    ├─ OutputError                      run         an output cannot be written
    ├─ EvaluatorError                   run
    │  ├─ EvaluatorNotFound             run         no evaluator can be had
    │  ├─ EvaluatorCrashed              position    it died during a search
    │  │  └─ EvaluatorKilled            position    something else killed it: no fault of the position
    │  ├─ EvaluatorTimeout              position    it did not answer in time
    │  └─ EvaluatorProtocolError        position    it answered nonsense
    ├─ PositionRefused                  position    the evaluator will not search this position
    ├─ AnalyzerClosed                   run         the Analyzer it belonged to was closed
    └─ PluginError                      run
       ├─ PluginNotFound                run         no plugin of that name
       ├─ PluginLoadError               run         it exists and does not load
       ├─ PluginConflict                run         two distributions claim one name
       └─ PluginCrashed                 aggregator  it raised while it worked

`stops` names the smallest thing that has to give up: a *position* is reported and the game goes on, an
*aggregator* is disabled and the run goes on, a *run* ends with `exit_code`. Every class takes one message, so
that an error survives pickling between processes.
"""

from __future__ import annotations

from typing import ClassVar, Literal

__all__ = [
    "AnalysisError",
    "AnalyzerClosed",
    "ConfigError",
    "EvaluatorCrashed",
    "EvaluatorError",
    "EvaluatorKilled",
    "EvaluatorNotFound",
    "EvaluatorProtocolError",
    "EvaluatorTimeout",
    "InputError",
    "OutputError",
    "PluginConflict",
    "PluginCrashed",
    "PluginError",
    "PluginLoadError",
    "PluginNotFound",
    "PositionRefused",
]


class AnalysisError(Exception):
    """Root of the tree. `str(error)` is one line for people: what is wrong and the way out.

    >>> import engine
    >>> try:
    ...     engine.analyze("nowhere.pgn")
    ... except engine.AnalysisError as error:
    ...     print(type(error).__name__, error)
    InputError nowhere.pgn: no such file or folder
    """

    stops: ClassVar[Literal["position", "aggregator", "run"]] = "run"
    exit_code: ClassVar[int] = 2

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConfigError(AnalysisError):
    """A setting, flag, profile or filter expression is wrong."""


class InputError(AnalysisError):
    """An input is missing, unreadable, or holds no game at all."""


class OutputError(AnalysisError):
    """An output cannot be written; the same command continues once the cause is gone."""

    exit_code = 4


class EvaluatorError(AnalysisError):
    """The evaluator does not do its work."""

    exit_code = 3


class EvaluatorNotFound(EvaluatorError):
    """No evaluator of that name or path can be had on this machine."""


class EvaluatorCrashed(EvaluatorError):
    """The evaluator died; the message carries its exit code or signal and its last words."""

    stops = "position"


class EvaluatorKilled(EvaluatorCrashed):
    """A signal from outside ended it (SIGKILL, SIGTERM ...): the search may simply be tried again."""


class EvaluatorTimeout(EvaluatorError):
    """The evaluator was silent for longer than its deadline."""

    stops = "position"


class EvaluatorProtocolError(EvaluatorError):
    """The evaluator answered, but not what UCI asks for: no score, an illegal best move, garbage."""

    stops = "position"


class PositionRefused(AnalysisError):
    """The evaluator will not search this position; others are unaffected."""

    stops = "position"
    exit_code = 1


class AnalyzerClosed(AnalysisError):
    """The Analyzer was closed before this was finished, or before it was asked for."""

    exit_code = 1


class PluginError(AnalysisError):
    """A plugin cannot be used."""


class PluginNotFound(PluginError):
    """No plugin of that name; the message suggests the nearest one."""


class PluginLoadError(PluginError):
    """The plugin exists, but importing it failed or it does not meet the contract."""


class PluginConflict(PluginError):
    """Two distributions register the same name."""


class PluginCrashed(PluginError):
    """A plugin raised while it worked; the message names the plugin and the game."""

    stops = "aggregator"
    exit_code = 1
