"""Plugins that a program gives as classes or instances, beside those that have a name or a path."""

from __future__ import annotations

import os
from typing import Any, NoReturn

from engine.contracts.aggregator import kebab
from engine.errors import ArgumentError
from engine.plugin import Aggregator, Evaluator, Executor, Reader, Writer

EvaluatorChoice = str | type[Evaluator] | Evaluator
"""An evaluator as a program names it: a name, the path of a UCI program, a class or an instance."""
ExecutorChoice = str | type[Executor]
"""An executor as a program names it."""
PluginClass = type[Aggregator] | type[Evaluator] | type[Reader] | type[Writer] | type[Executor]
PluginChoice = str | PluginClass | Reader | Evaluator
"""A plugin as a program adds it: the path of a file, a class, or an instance of a reader or an evaluator."""

_CONTRACTS = (Aggregator, Evaluator, Reader, Writer, Executor)
_MADE_BY_THE_RUN = {
    Aggregator: "its reports are asked for with aggregators=",
    Writer: "the run makes one for each output",
    Executor: "the run makes one with the job that it has",
}
"""Why an instance is of no use here."""


def name_of(choice: EvaluatorChoice | ExecutorChoice | PluginChoice) -> str:
    """Return the name of a plugin: as it was given, or that of its class in kebab-case."""
    if isinstance(choice, str):
        return choice
    return kebab((choice if isinstance(choice, type) else type(choice)).__name__)


def check_evaluator(value: Any) -> Any:
    """Return the evaluator of the settings, a path as text. Raises ArgumentError."""
    return _check_one(
        "evaluator", Evaluator, "a name, the path of a UCI program, or an engine.plugin.Evaluator", value
    )


def check_executor(value: Any) -> Any:
    """Return the executor of the settings. Raises ArgumentError."""
    return _check_one("executor", Executor, "a name or a class of engine.plugin.Executor", value)


def check_all(value: Any) -> tuple[Any, ...]:
    """Return the plugins of the settings as a tuple, paths as texts. Raises ArgumentError."""
    if isinstance(value, str | os.PathLike) or not isinstance(value, tuple | list):
        raise ArgumentError(
            f"plugins: {value!r} is not a tuple; one plugin is given as plugins=({_short(value)},)"
        )
    return tuple(_check_one("plugins", _CONTRACTS, "a path or a class of engine.plugin", item) for item in value)


def _check_one(owner: str, contracts: Any, meant: str, value: Any) -> Any:
    if isinstance(value, str | os.PathLike):
        return os.fspath(value)
    if isinstance(value, type):
        return value if issubclass(value, contracts) else _refuse(owner, value, meant)
    if not isinstance(value, contracts):
        _refuse(owner, value, meant)
    for contract, why in _MADE_BY_THE_RUN.items():
        if isinstance(value, contract):
            raise ArgumentError(f"{owner}: give the class {type(value).__name__} instead of an instance: {why}")
    return value


def _refuse(owner: str, value: object, meant: str) -> NoReturn:
    raise ArgumentError(f"{owner}: {_short(value)} is not {meant}")


def _short(value: object) -> str:
    return value.__name__ if isinstance(value, type) else repr(value)
