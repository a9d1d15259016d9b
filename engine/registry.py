"""Finding and loading plugins with stevedore, without its traps.

stevedore remembers entry points in a disk cache that goes stale for good after a quick re-install, notices
duplicate names only when they happen to be neighbours, and lets a plugin that calls `sys.exit` at import end the
program. So this manager lists entry points fresh, checks duplicates itself, keeps every failure as data, and
also loads single files (`--plugin my.py`) as if they were installed.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from msgspec import Struct
from stevedore.extension import Extension, ExtensionManager

from engine.aggregation import kebab
from engine.errors import PluginConflict, PluginLoadError, PluginNotFound
from engine.messages import PluginSpec
from engine.plugin import Aggregator, Evaluator, Executor, Reader, Writer

CONTRACTS: Mapping[str, type] = {
    "engine.aggregators": Aggregator,
    "engine.evaluators": Evaluator,
    "engine.readers": Reader,
    "engine.writers": Writer,
    "engine.executors": Executor,
}
OURS = "grandmaster-analysis"
"""The distribution whose plugins are meant where nobody named one."""
API_VERSIONS = range(1, 2)
"""Versions of the contracts that this framework understands."""


class PluginInfo(Struct, frozen=True):
    """One row of `engine plugins list`."""

    namespace: str
    name: str
    summary: str
    """First line of the docstring; the cause when `broken`."""
    distribution: str
    version: str
    target: str
    """`module:Class`, or the path of a single file."""
    broken: bool = False
    detail: str = ""
    """Traceback, when `broken`."""


class _FileEntryPoint:
    """A class in a single file, with the part of an entry point's interface that is used here."""

    dist = None

    def __init__(self, path: str, name: str, group: str, cls: type) -> None:
        self.name, self.group, self.value, self._cls = name, group, path, cls

    def load(self) -> type:
        return self._cls


class _Manager(ExtensionManager[Any]):
    """Loads the entry points it is given, and keeps each failure."""

    def __init__(self, namespace: str, entry_points: Sequence[Any]) -> None:
        self._given = entry_points
        self.broken: dict[str, tuple[str, str]] = {}
        super().__init__(namespace)

    def list_entry_points(self) -> list[Any]:
        return list(self._given)

    def _load_one_plugin(self, ep: Any, *_: Any, **__: Any) -> Extension[Any] | None:
        # BaseException: a plugin may call sys.exit() at import. Its own interrupt stays the user's.
        try:
            plugin = ep.load()
            _check_contract(self.namespace, ep, plugin)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            self.broken[ep.name] = (f"{type(error).__name__}: {error}", traceback.format_exc())
            return None
        return Extension(ep.name, ep, plugin, None)


class Registry:
    """The plugins of this installation, and of the files that the user named."""

    def __init__(self, files: Iterable[str | os.PathLike[str]] = ()) -> None:
        """Load `files` (paths of single-file plugins). Raises PluginLoadError."""
        self.files = tuple(str(Path(file).absolute()) for file in files)
        self._local: list[_FileEntryPoint] = []
        for file in self.files:
            self._local += _load_file(file)

    def names(self, namespace: str) -> list[str]:
        """Installed names and those of files, sorted; nothing is imported."""
        return sorted({ep.name for ep in self._entry_points(namespace)})

    def load(self, namespace: str, name: str) -> Any:
        """The plugin class of that name; a name of a file wins over an installed one.

        Raises PluginNotFound (with the nearest name), PluginConflict, PluginLoadError.
        """
        local = [ep for ep in self._local if ep.group == namespace and ep.name == name]
        if len(local) > 1:
            files = ", ".join(ep.value for ep in local)
            raise PluginConflict(f"{_kind(namespace)} {name!r} is in more than one file: {files}")
        found = local or [ep for ep in _installed(namespace) if name in (ep.name, _full_name(ep))]
        if not found:
            raise PluginNotFound(_not_found(namespace, name, self.names(namespace)))
        if len({(_distribution(ep)[0], ep.value) for ep in found}) > 1:
            ways = ", ".join(sorted(f"{_full_name(ep)!r}" for ep in found))
            raise PluginConflict(f"{_kind(namespace)} {name!r} is claimed more than once; write one of {ways}")
        manager = _Manager(namespace, found[:1])
        for cause, detail in manager.broken.values():
            raise PluginLoadError(
                f"{_kind(namespace)} {name!r} ({found[0].value}) does not load: {cause}"
            ) from _Cause(detail)
        return next(iter(manager)).plugin

    def load_all(self, namespace: str) -> dict[str, Any]:
        """Every plugin of a namespace that loads, by name; broken ones and contested names are left out."""
        found = {}
        for name in self.names(namespace):
            with contextlib.suppress(PluginLoadError, PluginConflict):
                found[name] = self.load(namespace, name)
        return found

    def spec(self, namespace: str, name: str, options: Mapping[str, Any]) -> PluginSpec:
        """What a worker needs to load the plugin for itself."""
        file = next((ep.value for ep in self._local if ep.group == namespace and ep.name == name), None)
        return PluginSpec(namespace, name, dict(options), file)

    def describe(self, namespace: str) -> list[PluginInfo]:
        """Every plugin of a namespace, imported one by one; broken ones with their cause."""
        infos = []
        for ep in sorted(self._entry_points(namespace), key=lambda ep: (ep.name, ep.value)):
            manager = _Manager(namespace, [ep])
            distribution, version = _distribution(ep)
            cause, detail = manager.broken.get(ep.name, ("", ""))
            summary = cause or summary_of(next(iter(manager)).plugin)
            infos.append(
                PluginInfo(
                    namespace, ep.name, summary, distribution, version, ep.value, broken=bool(cause), detail=detail
                )
            )
        return infos

    def _entry_points(self, namespace: str) -> list[Any]:
        return [*_installed(namespace), *(ep for ep in self._local if ep.group == namespace)]


class _Cause(Exception):
    """The plugin's own traceback."""


def load_spec(spec: PluginSpec) -> Any:
    """The plugin class a spec stands for, in whatever process this is."""
    return Registry([spec.file] if spec.file else []).load(spec.namespace, spec.name)


def page_of(plugin: type) -> str:
    """A plugin's documentation page: its docstring, or its module's when the class has none."""
    import inspect

    own = plugin.__doc__ if "__doc__" in vars(plugin) else None
    return inspect.cleandoc(own or sys.modules[plugin.__module__].__doc__ or "")


def summary_of(plugin: type) -> str:
    """The first line of its page."""
    return page_of(plugin).partition("\n")[0]


def _installed(namespace: str) -> list[Any]:
    """Entry points read fresh. An editable install can list one twice; the same target counts once."""
    allowed = os.environ.get("ENGINE_PLUGINS")
    unique = {(ep.name, ep.value, _distribution(ep)[0]): ep for ep in metadata.entry_points(group=namespace)}
    if allowed is None:
        return list(unique.values())
    names = set() if allowed == "none" else set(allowed.split(","))
    return [ep for ep in unique.values() if _is_ours(ep) or ep.name in names]


def _is_ours(ep: Any) -> bool:
    return str(ep.value).startswith("engine_plugins.")


def _distribution(ep: Any) -> tuple[str, str]:
    return (ep.dist.name, ep.dist.version) if ep.dist is not None else ("(file)", "")


def _full_name(ep: Any) -> str:
    return f"{_distribution(ep)[0]}:{ep.name}"


def _kind(namespace: str) -> str:
    return namespace.removeprefix("engine.").removesuffix("s")


def _not_found(namespace: str, name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
    return f"no {_kind(namespace)} is called {name!r}; {hint} (engine plugins list)"


def _check_contract(namespace: str, ep: Any, plugin: Any) -> None:
    contract = CONTRACTS[namespace]
    if not (isinstance(plugin, type) and issubclass(plugin, contract)):
        raise TypeError(f"{ep.value} is not a subclass of engine.plugin.{contract.__name__}")
    version = getattr(plugin, "api_version", 1)
    if version not in API_VERSIONS:
        raise TypeError(f"{ep.value} is written for api_version {version}, this framework understands 1")


def _load_file(path: str) -> list[_FileEntryPoint]:
    """Every plugin class defined in a file, named as the class in kebab-case. Raises PluginLoadError."""
    if not Path(path).is_file():
        raise PluginLoadError(f"{path}: no such file (--plugin)")
    name = f"engine_local_{Path(path).stem}_{hashlib.sha256(path.encode()).hexdigest()[:8]}"
    module = sys.modules.get(name)
    if module is None:
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise PluginLoadError(f"{path}: not a Python file (--plugin)")
        module = importlib.util.module_from_spec(spec)
        # Before exec, so that the classes in it can be pickled and found again.
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            del sys.modules[name]
            raise PluginLoadError(f"{path}: {type(error).__name__}: {error}") from error
    found = [
        _FileEntryPoint(path, kebab(cls.__name__), namespace, cls)
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == name
        for namespace, contract in CONTRACTS.items()
        if issubclass(cls, contract)
    ]
    if not found:
        raise PluginLoadError(f"{path}: no subclass of a contract of engine.plugin in it (--plugin)")
    return found
