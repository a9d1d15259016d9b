"""The errors that the framework raises on purpose.

    AnalysisError                       stops: see below
    ├─ ConfigError                      run         a setting, flag or profile is wrong
    │  └─ ArgumentError                 run         a call has an unknown name or a value of a wrong type
    ├─ InputError                       run         an input cannot be read at all
    ├─ OutputError                      run         an output cannot be written
    ├─ EvaluatorError                   run
    │  ├─ EvaluatorNotFound             run         no evaluator is available
    │  ├─ EvaluatorReplaced             run         it is another one than when the run began
    │  ├─ EvaluatorCrashed              position    it died during a search
    │  │  └─ EvaluatorKilled            position    something else killed it, not the position
    │  ├─ EvaluatorTimeout              position    it did not answer in time
    │  └─ EvaluatorProtocolError        position    its answer makes no sense
    ├─ PositionRefused                  position    the evaluator will not search this position
    ├─ AnalyzerClosed                   run         the Analyzer was closed
    └─ PluginError                      run
       ├─ PluginNotFound                run         no plugin has that name
       ├─ PluginLoadError               run         it exists and does not load
       ├─ PluginConflict                run         two distributions claim one name
       └─ PluginCrashed                 aggregator  it raised an exception while it worked

`stops` names the smallest part of the work that is given up: a *position* is reported and the game goes on, an
*aggregator* is disabled and the run goes on, a *run* ends with `exit_code`. Every class takes one message, so
that an error survives pickling between processes.
"""

from __future__ import annotations

from typing import ClassVar, Literal

__all__ = [
    "AnalysisError",
    "AnalyzerClosed",
    "ArgumentError",
    "ConfigError",
    "EvaluatorCrashed",
    "EvaluatorError",
    "EvaluatorKilled",
    "EvaluatorNotFound",
    "EvaluatorProtocolError",
    "EvaluatorReplaced",
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
    """Base class of all errors. `str(error)` is one line for people: what is wrong and what to do about it.

    >>> import engine
    >>> try:
    ...     engine.analyze("nowhere.pgn")
    ... except engine.AnalysisError as error:
    ...     print(type(error).__name__, error)
    InputError nowhere.pgn: no such file or folder
    """

    stops: ClassVar[Literal["position", "aggregator", "run"]] = "run"
    """The part of the work that is given up."""
    exit_code: ClassVar[int] = 2
    """Exit code of a command that ends with this error."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ConfigError(AnalysisError):
    """A setting, flag, profile or filter expression is wrong."""


class ArgumentError(ConfigError, TypeError):
    """A call of the library has a keyword that does not exist, or a value of a wrong type.

    It is a `TypeError` too, as Python's own error for such a call is.
    """


class InputError(AnalysisError):
    """An input is missing, unreadable, or holds no game at all."""


class OutputError(AnalysisError):
    """An output cannot be written. Once the cause is removed, the same command continues the run."""

    exit_code = 4


class EvaluatorError(AnalysisError):
    """The evaluator does not work."""

    exit_code = 3


class EvaluatorNotFound(EvaluatorError):
    """No evaluator with that name or path is available on this machine."""


class EvaluatorReplaced(EvaluatorError):
    """A new start of the evaluator has another fingerprint than the run: its results must not be mixed.

    What was searched before is kept, and the same command begins anew with the evaluator that is there now.
    """


class EvaluatorCrashed(EvaluatorError):
    """The evaluator died; the message has its exit code or signal and the last lines of its error output."""

    stops = "position"


class EvaluatorKilled(EvaluatorCrashed):
    """A signal from outside ended the evaluator (SIGKILL, SIGTERM ...). The search may be tried again."""


class EvaluatorTimeout(EvaluatorError):
    """The evaluator did not answer before its deadline."""

    stops = "position"


class EvaluatorProtocolError(EvaluatorError):
    """The evaluator's answer violates UCI: no score, an illegal best move, or garbage."""

    stops = "position"


class PositionRefused(AnalysisError):
    """The evaluator will not search this position; other positions are not affected."""

    stops = "position"
    exit_code = 1


class AnalyzerClosed(AnalysisError):
    """The Analyzer was closed before the call was made or finished."""

    exit_code = 1


class PluginError(AnalysisError):
    """A plugin cannot be used."""


class PluginNotFound(PluginError):
    """No plugin has that name; the message suggests the most similar name."""


class PluginLoadError(PluginError):
    """The plugin exists, but it cannot be imported or does not implement its contract."""


class PluginConflict(PluginError):
    """Two distributions register the same name."""


class PluginCrashed(PluginError):
    """A plugin raised an exception while it worked; the message names the plugin and the game."""

    stops = "aggregator"
    exit_code = 1
