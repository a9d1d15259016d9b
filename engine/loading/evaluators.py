"""Which evaluator a run uses: from a name or path to a spec that workers can build, and who it says it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from engine.contracts import options
from engine.contracts.messages import PluginSpec
from engine.errors import AnalysisError, ConfigError, EvaluatorError, PluginNotFound
from engine.loading.registry import Registry, load_spec
from engine.model import EvaluatorInfo
from engine.plugin import Evaluator

NAMESPACE = "engine.evaluators"
_MAX_CHOICES = 5
"""An evaluator that only chooses may choose another such, so often and no more."""


class ChosenEvaluator(Struct, frozen=True):
    """An evaluator that has been started once and works."""

    spec: PluginSpec | None
    """What workers build; None when nothing is searched."""
    info: EvaluatorInfo
    reads_input: bool = False
    """Whether evaluations that stand in the input are taken."""


def choose(registry: Registry, name: str, values: Mapping[str, Any]) -> ChosenEvaluator:
    """Find the evaluator, start it once to learn who it is, and end it.

    `recorded,stockfish` is a chain: what the input has, and a search for the rest. Raises PluginError for an
    unknown name, ConfigError for wrong options or a chain that makes no sense, EvaluatorError when it does not
    work.
    """
    first, comma, rest = name.partition(",")
    if not comma or Path(name).exists():
        return _choose(registry, name, values)
    reader = _choose(registry, first.strip(), {})
    if not reader.reads_input:
        raise ConfigError(f"evaluators {name}: a chain begins with `recorded`, and one that searches follows")
    searcher = _choose(registry, rest.strip(), values)
    if searcher.reads_input:
        raise ConfigError(f"evaluators {name}: the last of a chain must search")
    info = structs.replace(searcher.info, name=f"{reader.info.name}, {searcher.info.name}")
    return ChosenEvaluator(searcher.spec, info, reads_input=True)


def _choose(registry: Registry, name: str, values: Mapping[str, Any]) -> ChosenEvaluator:
    spec = resolve(registry, name, values)
    evaluator = make(spec)
    try:
        info = evaluator.start()
        return (
            ChosenEvaluator(None, info, reads_input=True) if evaluator.reads_input else ChosenEvaluator(spec, info)
        )
    except AnalysisError:
        raise
    except Exception as error:
        raise EvaluatorError(f"evaluator {spec.name}: {type(error).__name__}: {error}") from error
    finally:
        evaluator.close()


def resolve(registry: Registry, name: str, values: Mapping[str, Any]) -> PluginSpec:
    """The spec of the evaluator that will really be built. Raises PluginError, ConfigError, EvaluatorNotFound."""
    name, values = _named(registry, name, values)
    for _ in range(_MAX_CHOICES):
        cls: type[Evaluator] = registry.load(NAMESPACE, name)
        chosen = cls.resolve(options.build(cls.Options, values, f"evaluator {name}"))
        if chosen is None:
            return registry.spec(NAMESPACE, name, values)
        name, values = chosen
    raise EvaluatorError(f"evaluator {name} keeps choosing another one")


def make(spec: PluginSpec) -> Evaluator:
    """The evaluator of a spec, not started. Raises PluginError or ConfigError."""
    cls = load_spec(spec)
    made = cls(options.build(cls.Options, spec.options, f"evaluator {spec.name}"))
    assert isinstance(made, Evaluator)
    return made


def _named(registry: Registry, name: str, values: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """A plugin's name as it is; anything else that is a program becomes `uci` with its path."""
    if name in registry.names(NAMESPACE) or (":" in name and os.sep not in name):
        return name, values
    if os.sep in name or shutil.which(name):
        return "uci", {**values, "path": name}
    try:
        registry.load(NAMESPACE, name)
    except PluginNotFound as error:
        raise PluginNotFound(f"{error.message}; a program is named by its path: ./{name}") from None
    return name, values
