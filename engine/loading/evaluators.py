"""The choice of the evaluator: from a name or path to a spec that workers can build."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from engine.contracts import options
from engine.contracts.messages import PluginSpec
from engine.errors import (
    AnalysisError,
    ConfigError,
    EvaluatorError,
    EvaluatorKilled,
    PluginLoadError,
    PluginNotFound,
)
from engine.loading import answers, local
from engine.loading.registry import Registry, load_spec
from engine.model import EvaluatorInfo, Limit
from engine.plugin import Evaluator

NAMESPACE = "engine.evaluators"
_TRIES = 3
"""How often an evaluator is started that something else kills while it starts."""
_MAX_DELEGATIONS = 5
"""Most times that an evaluator may name another one in its place."""


class ChosenEvaluator(Struct, frozen=True):
    """An evaluator that was started once and works."""

    spec: PluginSpec | None
    """Spec that workers build; None when nothing is searched."""
    info: EvaluatorInfo
    """Identity of the evaluator."""
    reads_input: bool = False
    """Whether evaluations in the input are used."""


def choose(registry: Registry, name: str, values: Mapping[str, Any]) -> ChosenEvaluator:
    """Find an evaluator, start it once to learn its identity, and close it.

    * **registry** - the plugins.
    * **name** - the name of an evaluator, the path of a UCI program, or a chain such as `recorded,stockfish`,
      which uses the evaluations in the input and searches the other positions.
    * **values** - the values of its options.

    Raises `PluginError` for an unknown name, `ConfigError` for wrong options or an impossible chain, and
    `EvaluatorError` when the evaluator does not work.
    """
    first, comma, rest = name.partition(",")
    if not comma or (os.sep in name and Path(name).exists()):
        return _choose(registry, name, values)
    reader = _choose(registry, first.strip(), {})
    if not reader.reads_input:
        raise ConfigError(f"evaluators {name}: a chain begins with `recorded`, and one that searches follows")
    searcher = _choose(registry, rest.strip(), values)
    if searcher.reads_input:
        raise ConfigError(f"evaluators {name}: the last of a chain must search")
    info = structs.replace(searcher.info, name=f"{reader.info.name}, {searcher.info.name}")
    return ChosenEvaluator(searcher.spec, info, reads_input=True)


def with_trial(values: Mapping[str, Any], limit: Limit) -> Mapping[str, Any]:
    """Return the options of an evaluator, with the limit of the search with which it is tried when it starts.

    * **values** - the values of its options.
    * **limit** - the limit of the run: the trial has a short one of the same kinds, and nodes without any.
    """
    trial = {
        name: min(most, least)
        for name, most, least in (("nodes", limit.nodes, 1), ("depth", limit.depth, 1), ("time", limit.time, 100))
        if most
    }
    return values if trial == {"nodes": 1} or not trial else {**values, "trial": trial}


def _choose(registry: Registry, name: str, values: Mapping[str, Any]) -> ChosenEvaluator:
    spec = resolve(registry, name, values)
    for _ in range(_TRIES - 1):
        with contextlib.suppress(EvaluatorKilled):
            return _try(spec)
    return _try(spec)


def _try(spec: PluginSpec) -> ChosenEvaluator:
    evaluator = make(spec)
    try:
        info = answers.start(evaluator, spec.name)
        return (
            ChosenEvaluator(None, info, reads_input=True) if evaluator.reads_input else ChosenEvaluator(spec, info)
        )
    finally:
        evaluator.close()


def resolve(registry: Registry, name: str, values: Mapping[str, Any]) -> PluginSpec:
    """Return the spec of the evaluator that will be built; an evaluator may name another one in its place.

    * **registry** - the plugins.
    * **name** - the name of an evaluator, or the path of a UCI program.
    * **values** - the values of its options.

    Raises `PluginError`, `ConfigError` and `EvaluatorNotFound`.
    """
    name, values = _plugin_name(registry, name, values)
    instance = registry.instance(NAMESPACE, name)
    if instance is not None:
        values = {**msgspec.to_builtins(instance.options), **values}
    for _ in range(_MAX_DELEGATIONS):
        cls: type[Evaluator] = registry.load(NAMESPACE, name)
        delegate = cls.resolve(options.parse_options(cls.Options, values, f"evaluator {name}"))
        if delegate is None:
            return registry.spec(NAMESPACE, name, values)
        name, values = delegate
    raise EvaluatorError(f"evaluator {name} keeps choosing another one")


def plugin_name(registry: Registry, name: str) -> str:
    """Return the name of the plugin that searches: `uci` for a program, the last one of a chain.

    * **registry** - the plugins.
    * **name** - as `choose` takes it.

    Raises `PluginError` for an unknown name.
    """
    if "," in name and not (os.sep in name and Path(name).exists()):
        name = name.rpartition(",")[2].strip()
    return _plugin_name(registry, name, {})[0].rpartition(":")[2]


def check_reach(spec: PluginSpec | None, executor: str) -> None:
    """Check that the workers of an executor can load an evaluator. Raises ConfigError with the way out."""
    if spec is None or spec.target is None or executor != "local":
        return
    reason = local.why_not_elsewhere(spec.target)
    if reason is not None:
        raise ConfigError(f"evaluator {spec.name}: {reason}")


def make(spec: PluginSpec) -> Evaluator:
    """Build the evaluator of a spec, without starting it.

    * **spec** - what `resolve` returned.

    Raises `PluginError` or `ConfigError`.
    """
    cls = load_spec(spec)
    own_options = options.parse_options(cls.Options, spec.options, f"evaluator {spec.name}")
    try:
        evaluator = cls(own_options)
    except AnalysisError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise PluginLoadError(f"evaluator {spec.name} cannot be made: {reason}") from error
    assert isinstance(evaluator, Evaluator)
    return evaluator


def _plugin_name(registry: Registry, name: str, values: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return name and options of the plugin: a program that is no plugin becomes `uci` with its path."""
    if name in registry.names(NAMESPACE) or (":" in name and os.sep not in name):
        return name, values
    if os.sep in name or shutil.which(name):
        return "uci", {**values, "path": name}
    try:
        registry.load(NAMESPACE, name)
    except PluginNotFound as error:
        raise PluginNotFound(f"{error.message}; a program is named by its path: ./{name}") from None
    return name, values
