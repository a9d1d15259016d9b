"""The registry of plugins: finds and loads them with stevedore, and works around its pitfalls.

stevedore keeps entry points in a disk cache that can stay stale after a quick re-install, notices duplicate names
only when they happen to be neighbours, and lets a plugin that calls `sys.exit` at import end the program. So the
registry lists entry points without that cache, checks for duplicates itself, keeps every failure as data, and also
loads single files (`--plugin my.py`) as if they were installed.
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
from pathlib import Path
from typing import Any

from msgspec import Struct
from stevedore.extension import Extension, ExtensionManager

from engine.contracts.aggregator import kebab
from engine.contracts.messages import PluginSpec
from engine.errors import PluginConflict, PluginLoadError, PluginNotFound
from engine.loading import installed
from engine.loading import local as local_plugins
from engine.loading.installed import distribution
from engine.loading.local import LocalEntryPoint
from engine.loading.pages import summary_with_endings
from engine.plugin import Aggregator, Evaluator, Executor, Reader, Writer

CONTRACTS: Mapping[str, type] = {
    "engine.aggregators": Aggregator,
    "engine.evaluators": Evaluator,
    "engine.readers": Reader,
    "engine.writers": Writer,
    "engine.executors": Executor,
}
"""The base class of the plugins in each namespace."""
OURS = "grandmaster-analysis"
"""Name of this distribution, whose plugins are the default ones."""
API_VERSIONS = range(1, 2)
"""Versions of the contracts that this framework understands."""
LIMIT_VARIABLE = "ENGINE_PLUGINS"
"""Environment variable that limits which plugins of other distributions are found."""


class PluginInfo(Struct, frozen=True):
    """Description of one plugin: a row of `engine plugins list`."""

    namespace: str
    """Namespace, a key of `CONTRACTS`."""
    name: str
    """Name of the plugin."""
    summary: str
    """First line of its documentation; the cause when it is `broken`."""
    distribution: str
    """Name of the distribution that installed it; `(file)` for a single file."""
    version: str
    """Version of the distribution; empty for a single file."""
    target: str
    """`module:Class`, or the path of a single file."""
    broken: bool = False
    """Whether it does not load."""
    detail: str = ""
    """Traceback when it is `broken`."""


class _PluginManager(ExtensionManager[Any]):
    """Loads given entry points; failures are kept in `broken` and neither raised nor logged."""

    def __init__(self, namespace: str, entry_points: Sequence[Any]) -> None:
        self._given_entry_points = entry_points
        self.broken: dict[str, tuple[str, str]] = {}
        """Cause and traceback by the name of the plugin."""
        super().__init__(namespace)

    def list_entry_points(self) -> list[Any]:
        return list(self._given_entry_points)

    def _load_plugins(self, *_: Any, **__: Any) -> list[Extension[Any]]:
        # stevedore's own loop would log every entry point, on a logger that is not ours.
        extensions = [self._load_one_plugin(ep) for ep in self._given_entry_points]
        return [extension for extension in extensions if extension is not None]

    def _load_one_plugin(self, ep: Any, *_: Any, **__: Any) -> Extension[Any] | None:
        # BaseException: a plugin may call sys.exit() at import. The user's interrupt is not caught.
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
    """The plugins of this installation, of the single files that the user named, and those that a program gave."""

    def __init__(self, plugins: Iterable[Any] = ()) -> None:
        """Load the single-file plugins.

        * **plugins** - *(optional)* paths of single-file plugins; classes; instances of readers and evaluators.

        Raises `PluginLoadError` for a file or class that does not load or is no plugin.
        """
        paths: list[str | os.PathLike[str]] = []
        given: list[Any] = []
        for plugin in plugins:
            (paths if isinstance(plugin, str | os.PathLike) else given).append(plugin)
        self.files = tuple(str(Path(path).absolute()) for path in paths)
        self.given = tuple(given)
        """The classes and instances."""
        self._local: list[LocalEntryPoint] = []
        """Plugins of the single files."""
        self._listed: dict[str, list[Any]] = {}
        """Installed entry points by namespace, all listed at the first use of any."""
        for file in self.files:
            self._local += _load_file(file)
        for ep in map(_entry_point_of, dict.fromkeys(given)):
            self._local.append(ep)
            self.load(ep.group, ep.name)  # says what the class lacks

    def names(self, namespace: str) -> list[str]:
        """Return the names of all plugins of a namespace, sorted. Nothing is imported.

        * **namespace** - a key of `CONTRACTS`.
        """
        return sorted({ep.name for ep in self._entry_points(namespace)})

    def local_names(self, namespace: str) -> list[str]:
        """Return the names of the plugins in the single files, in the order of their definition.

        * **namespace** - a key of `CONTRACTS`.
        """
        return list(dict.fromkeys(ep.name for ep in self._local if ep.group == namespace))

    def namespaces_of(self, name: str) -> list[str]:
        """Return every namespace that has a plugin of a name.

        * **name** - the name of a plugin, or `DISTRIBUTION:NAME`.
        """
        return [
            namespace
            for namespace in CONTRACTS
            if any(name in (ep.name, _full_name(ep)) for ep in self._entry_points(namespace))
        ]

    def load(self, namespace: str, name: str) -> Any:
        """Return the plugin class of a name; a single file wins over an installed plugin.

        * **namespace** - a key of `CONTRACTS`.
        * **name** - the name of a plugin, or `DISTRIBUTION:NAME`.

        Raises `PluginNotFound` (with the nearest name), `PluginConflict` and `PluginLoadError`.
        """
        entry_point = self._find(namespace, name)
        manager = _PluginManager(namespace, [entry_point])
        for cause, detail in manager.broken.values():
            raise PluginLoadError(
                f"{kind_of(namespace)} {name!r} ({entry_point.value}) does not load: {cause}"
            ) from _Cause(detail)
        return next(iter(manager)).plugin

    def _find(self, namespace: str, name: str) -> Any:
        """Return the only entry point of a name. Raises PluginNotFound, PluginConflict."""
        local = [ep for ep in self._local if ep.group == namespace and ep.name == name]
        if len(local) > 1:
            files = ", ".join(ep.value for ep in local)
            raise PluginConflict(f"{kind_of(namespace)} {name!r} is in more than one file: {files}")
        matches = local or [ep for ep in self._installed(namespace) if name in (ep.name, _full_name(ep))]
        if not matches:
            raise PluginNotFound(_not_found(namespace, name, self.names(namespace)))
        if len({(distribution(ep)[0], ep.value) for ep in matches}) > 1:
            full_names = ", ".join(sorted(f"{_full_name(ep)!r}" for ep in matches))
            raise PluginConflict(
                f"{kind_of(namespace)} {name!r} is claimed more than once; write one of {full_names}"
            )
        return matches[0]

    def full_name(self, namespace: str, name: str) -> str:
        """Return the name with its distribution, `my-plugins:castling`. Raises PluginNotFound, PluginConflict."""
        return _full_name(self._find(namespace, name))

    def load_all(self, namespace: str) -> dict[str, Any]:
        """Return the plugin classes of a namespace by name, those that the user named first.

        Broken plugins and names in conflict are left out.

        * **namespace** - a key of `CONTRACTS`.
        """
        plugins = {}
        for name in dict.fromkeys([*self.local_names(namespace), *self.names(namespace)]):
            with contextlib.suppress(PluginLoadError, PluginConflict):
                plugins[name] = self.load(namespace, name)
        return plugins

    def spec(self, namespace: str, name: str, options: Mapping[str, Any]) -> PluginSpec:
        """Return the spec by which another process loads and builds the plugin.

        * **namespace** - a key of `CONTRACTS`.
        * **name** - the name of a plugin, or `DISTRIBUTION:NAME`.
        * **options** - the values of its options.
        """
        local = next((ep for ep in self._local if ep.group == namespace and ep.name == name), None)
        if local is not None and local.given:
            return PluginSpec(namespace, name, dict(options), target=local.value)
        return PluginSpec(namespace, name, dict(options), local.value if local is not None else None)

    def instance(self, namespace: str, name: str) -> Any:
        """Return the instance that a program gave in place of a class; None when there is none."""
        return next((ep.instance for ep in self._local if (ep.group, ep.name) == (namespace, name)), None)

    def describe(self, namespace: str) -> list[PluginInfo]:
        """Import every plugin of a namespace and return its description; broken ones are described with the cause.

        * **namespace** - a key of `CONTRACTS`.
        """
        return [
            _info(namespace, ep)
            for ep in sorted(self._entry_points(namespace), key=lambda ep: (ep.name, ep.value))
        ]

    def info(self, namespace: str, name: str) -> PluginInfo:
        """Return the description of the plugin that `load` returns.

        * **namespace** - a key of `CONTRACTS`.
        * **name** - the name of a plugin, or `DISTRIBUTION:NAME`.

        Raises the same errors as `load`.
        """
        self.load(namespace, name)
        return _info(namespace, self._find(namespace, name))

    def _entry_points(self, namespace: str) -> list[Any]:
        return [*self._installed(namespace), *(ep for ep in self._local if ep.group == namespace)]

    def _installed(self, namespace: str) -> list[Any]:
        """Return the installed entry points that ENGINE_PLUGINS admits, all listed at the first use of any."""
        if not self._listed:
            found = installed.entry_points()
            self._listed = {name: list(filter(_is_admitted, found.get(name, ()))) for name in CONTRACTS}
        return self._listed[namespace]


class _Cause(Exception):
    """Carries the traceback of a plugin, as the cause of a PluginLoadError."""


def load_spec(spec: PluginSpec) -> Any:
    """Return the plugin class of a spec, in any process.

    * **spec** - what `Registry.spec` returned.

    Raises the same errors as `Registry.load`.
    """
    plugin = spec.file if spec.target is None else local_plugins.find(spec.target)
    return Registry([plugin] if plugin else []).load(spec.namespace, spec.name)


def kind_of(namespace: str) -> str:
    """Return the word for the plugins of a namespace: `aggregator` for `engine.aggregators`.

    * **namespace** - a key of `CONTRACTS`.
    """
    return namespace.removeprefix("engine.").removesuffix("s")


def _info(namespace: str, ep: Any) -> PluginInfo:
    """Import the plugin of an entry point and return its description."""
    manager = _PluginManager(namespace, [ep])
    name, version = distribution(ep)
    cause, detail = manager.broken.get(ep.name, ("", ""))
    summary = cause or summary_with_endings(next(iter(manager)).plugin)
    return PluginInfo(namespace, ep.name, summary, name, version, ep.value, broken=bool(cause), detail=detail)


def _is_admitted(ep: Any) -> bool:
    """Return whether ENGINE_PLUGINS admits a plugin.

    It is `none`, or a list of names and distributions that are admitted beside our own. When unset it admits all.
    """
    limit, name = os.environ.get(LIMIT_VARIABLE), _normalized(distribution(ep)[0])
    if limit is None or name == OURS:
        return True
    admitted = {word.strip() for word in limit.split(",")} - {"none"}
    return ep.name in admitted or _full_name(ep) in admitted or name in map(_normalized, admitted)


def _normalized(name: str) -> str:
    """Return the name by which distributions are compared: `My_Dist` and `my-dist` are the same."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _full_name(ep: Any) -> str:
    return f"{distribution(ep)[0]}:{ep.name}"


def _not_found(namespace: str, name: str, names: Sequence[str]) -> str:
    if any(name in (ep.name, _full_name(ep)) for ep in installed.entry_points().get(namespace, ())):
        return f"{kind_of(namespace)} {name!r} is left out by {LIMIT_VARIABLE}={os.environ.get(LIMIT_VARIABLE)}"
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
    return f"no {kind_of(namespace)} is called {name!r}; {hint} (engine plugins list)"


def _check_contract(namespace: str, ep: Any, plugin: Any) -> None:
    contract = CONTRACTS[namespace]
    if not (isinstance(plugin, type) and issubclass(plugin, contract)):
        raise TypeError(f"{ep.value} is not a subclass of engine.plugin.{contract.__name__}")
    if missing := _missing_methods(plugin):
        raise TypeError(f"{ep.value} does not define {missing}")
    version = getattr(plugin, "api_version", 1)
    if version not in API_VERSIONS:
        raise TypeError(f"{ep.value} is written for api_version {version}, this framework understands 1")


def _missing_methods(plugin: type) -> str:
    """List the methods of its contract that a class does not define; a class with such methods is a base class."""
    return ", ".join(sorted(getattr(plugin, "__abstractmethods__", ())))


def _entry_point_of(given: Any) -> LocalEntryPoint:
    """Return an entry point for a class that a program gave, or for the class of an instance."""
    cls = given if isinstance(given, type) else type(given)
    namespace = next(namespace for namespace, contract in CONTRACTS.items() if issubclass(cls, contract))
    target, instance = local_plugins.target_of(cls), None if given is cls else given
    return LocalEntryPoint(target, kebab(cls.__name__), namespace, cls, given=True, instance=instance)


def _load_file(path: str) -> list[LocalEntryPoint]:
    """Return an entry point for every plugin class in a file, named as the class in kebab-case.

    Raises PluginLoadError.
    """
    if not Path(path).is_file():
        raise PluginLoadError(f"{path}: no such file (--plugin)")
    module_name = f"engine_local_{Path(path).stem}_{hashlib.sha256(path.encode()).hexdigest()[:8]}"
    module = sys.modules.get(module_name)
    if module is None:
        spec = importlib.util.spec_from_file_location(module_name, path)
        if spec is None or spec.loader is None:
            raise PluginLoadError(f"{path}: not a Python file (--plugin)")
        module = importlib.util.module_from_spec(spec)
        # Before the module is executed, so that its classes can be pickled and found again.
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            del sys.modules[module_name]
            raise PluginLoadError(f"{path}: {type(error).__name__}: {error}") from error
    classes = [
        (namespace, cls)
        for cls in vars(module).values()
        if isinstance(cls, type) and cls.__module__ == module_name
        for namespace, contract in CONTRACTS.items()
        if issubclass(cls, contract)
    ]
    entry_points = [
        LocalEntryPoint(path, kebab(cls.__name__), namespace, cls)
        for namespace, cls in classes
        if not _missing_methods(cls)
    ]
    if not entry_points and classes:
        missing = "; ".join(f"{cls.__name__} does not define {_missing_methods(cls)}" for _, cls in classes)
        raise PluginLoadError(f"{path}: {missing}")
    if not entry_points:
        raise PluginLoadError(f"{path}: no subclass of a contract of engine.plugin in it (--plugin)")
    return entry_points
