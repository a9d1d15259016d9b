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
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from msgspec import Struct
from stevedore.extension import Extension, ExtensionManager

from engine.contracts.aggregator import kebab
from engine.contracts.messages import PluginSpec
from engine.errors import PluginConflict, PluginLoadError, PluginNotFound
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
LIMIT_VARIABLE = "ENGINE_PLUGINS"
"""Environment variable that limits which plugins of other distributions are seen."""


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


class _PluginManager(ExtensionManager[Any]):
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
        self._listed: dict[str, list[Any]] = {}
        """Installed entry points by namespace, listed when they are first asked for."""
        for file in self.files:
            self._local += _load_file(file)

    def names(self, namespace: str) -> list[str]:
        """Installed names and those of files, sorted; nothing is imported."""
        return sorted({ep.name for ep in self._entry_points(namespace)})

    def local_names(self, namespace: str) -> list[str]:
        """Names of the files' own plugins, in the order they are written in."""
        return list(dict.fromkeys(ep.name for ep in self._local if ep.group == namespace))

    def namespaces_of(self, name: str) -> list[str]:
        """Every namespace that has a plugin of this name, with or without its distribution in front."""
        return [
            namespace
            for namespace in CONTRACTS
            if any(name in (ep.name, _full_name(ep)) for ep in self._entry_points(namespace))
        ]

    def load(self, namespace: str, name: str) -> Any:
        """The plugin class of that name; a name of a file wins over an installed one.

        Raises PluginNotFound (with the nearest name), PluginConflict, PluginLoadError.
        """
        meant = self._meant(namespace, name)
        manager = _PluginManager(namespace, [meant])
        for cause, detail in manager.broken.values():
            raise PluginLoadError(
                f"{kind_of(namespace)} {name!r} ({meant.value}) does not load: {cause}"
            ) from _Cause(detail)
        return next(iter(manager)).plugin

    def _meant(self, namespace: str, name: str) -> Any:
        """The one entry point of that name. Raises PluginNotFound, PluginConflict."""
        local = [ep for ep in self._local if ep.group == namespace and ep.name == name]
        if len(local) > 1:
            files = ", ".join(ep.value for ep in local)
            raise PluginConflict(f"{kind_of(namespace)} {name!r} is in more than one file: {files}")
        found = local or [ep for ep in self._installed(namespace) if name in (ep.name, _full_name(ep))]
        if not found:
            raise PluginNotFound(_not_found(namespace, name, self.names(namespace)))
        if len({(_distribution(ep)[0], ep.value) for ep in found}) > 1:
            ways = ", ".join(sorted(f"{_full_name(ep)!r}" for ep in found))
            raise PluginConflict(f"{kind_of(namespace)} {name!r} is claimed more than once; write one of {ways}")
        return found[0]

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
        return [
            _info(namespace, ep)
            for ep in sorted(self._entry_points(namespace), key=lambda ep: (ep.name, ep.value))
        ]

    def info(self, namespace: str, name: str) -> PluginInfo:
        """What `describe` says of the plugin that `load` gives. Raises as `load` does."""
        self.load(namespace, name)
        return _info(namespace, self._meant(namespace, name))

    def _entry_points(self, namespace: str) -> list[Any]:
        return [*self._installed(namespace), *(ep for ep in self._local if ep.group == namespace)]

    def _installed(self, namespace: str) -> list[Any]:
        if namespace not in self._listed:
            self._listed[namespace] = _installed(namespace)
        return self._listed[namespace]


class _Cause(Exception):
    """The plugin's own traceback."""


def load_spec(spec: PluginSpec) -> Any:
    """The plugin class a spec stands for, in whatever process this is."""
    return Registry([spec.file] if spec.file else []).load(spec.namespace, spec.name)


def page_of(plugin: type) -> str:
    """A plugin's documentation page: its docstring, and after one of a line, or none, that of its module."""
    import inspect

    own = inspect.cleandoc((plugin.__doc__ if "__doc__" in vars(plugin) else None) or "")
    whole = inspect.cleandoc(sys.modules[plugin.__module__].__doc__ or "")
    return own if "\n" in own or not whole else f"{own}\n\n{whole}".strip()


def summary_of(plugin: type) -> str:
    """The first line of its page."""
    return page_of(plugin).partition("\n")[0]


def _summary_with_endings(plugin: type) -> str:
    """Readers and writers are chosen by the ending of a file's name."""
    endings = getattr(plugin, "suffixes", ())
    return summary_of(plugin) + (f" ({', '.join(endings)})" if endings else "")


def kind_of(namespace: str) -> str:
    """`engine.aggregators` holds what is called an `aggregator`."""
    return namespace.removeprefix("engine.").removesuffix("s")


def _info(namespace: str, ep: Any) -> PluginInfo:
    """What can be said of one entry point; it is imported."""
    manager = _PluginManager(namespace, [ep])
    distribution, version = _distribution(ep)
    cause, detail = manager.broken.get(ep.name, ("", ""))
    summary = cause or _summary_with_endings(next(iter(manager)).plugin)
    return PluginInfo(
        namespace, ep.name, summary, distribution, version, ep.value, broken=bool(cause), detail=detail
    )


def _installed(namespace: str) -> list[Any]:
    """Entry points read fresh, as far as ENGINE_PLUGINS lets them in."""
    return [ep for ep in _every(namespace) if _is_let_in(ep)]


def _every(namespace: str) -> list[Any]:
    """An editable install can list an entry point twice; the same target counts once."""
    unique = {(ep.name, ep.value, _distribution(ep)[0]): ep for ep in metadata.entry_points(group=namespace)}
    return list(unique.values())


def _is_let_in(ep: Any) -> bool:
    """ENGINE_PLUGINS: `none`, or those let in beside ours, by name or distribution. Unset lets in all."""
    limit = os.environ.get(LIMIT_VARIABLE)
    distribution = _normal(_distribution(ep)[0])
    if limit is None or distribution == OURS:
        return True
    wanted = {word.strip() for word in limit.split(",")} - {"none"}
    return ep.name in wanted or _full_name(ep) in wanted or distribution in map(_normal, wanted)


def _normal(distribution: str) -> str:
    """`My_Dist` and `my-dist` are one distribution."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _distribution(ep: Any) -> tuple[str, str]:
    return _name_and_version(ep.dist) if ep.dist is not None else ("(file)", "")


@lru_cache(maxsize=256)
def _name_and_version(dist: Any) -> tuple[str, str]:
    """Both stand in a file that is parsed at each look."""
    return dist.name, dist.version


def _full_name(ep: Any) -> str:
    return f"{_distribution(ep)[0]}:{ep.name}"


def _not_found(namespace: str, name: str, names: Sequence[str]) -> str:
    if any(name in (ep.name, _full_name(ep)) for ep in _every(namespace)):
        return f"{kind_of(namespace)} {name!r} is left out by {LIMIT_VARIABLE}={os.environ.get(LIMIT_VARIABLE)}"
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
    return f"no {kind_of(namespace)} is called {name!r}; {hint} (engine plugins list)"


def _check_contract(namespace: str, ep: Any, plugin: Any) -> None:
    contract = CONTRACTS[namespace]
    if not (isinstance(plugin, type) and issubclass(plugin, contract)):
        raise TypeError(f"{ep.value} is not a subclass of engine.plugin.{contract.__name__}")
    if lacking := _lacking(plugin):
        raise TypeError(f"{ep.value} does not define {lacking}")
    version = getattr(plugin, "api_version", 1)
    if version not in API_VERSIONS:
        raise TypeError(f"{ep.value} is written for api_version {version}, this framework understands 1")


def _lacking(plugin: type) -> str:
    """The methods of its contract that it does not define; a class with some is a base for others."""
    return ", ".join(sorted(getattr(plugin, "__abstractmethods__", ())))


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
    classes = [
        (namespace, cls)
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == name
        for namespace, contract in CONTRACTS.items()
        if issubclass(cls, contract)
    ]
    found = [
        _FileEntryPoint(path, kebab(cls.__name__), namespace, cls)
        for namespace, cls in classes
        if not _lacking(cls)
    ]
    if not found and classes:
        lacking = "; ".join(f"{cls.__name__} does not define {_lacking(cls)}" for _, cls in classes)
        raise PluginLoadError(f"{path}: {lacking}")
    if not found:
        raise PluginLoadError(f"{path}: no subclass of a contract of engine.plugin in it (--plugin)")
    return found
