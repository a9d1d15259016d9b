"""Plugins that are not installed: those of single files, and classes that a program gives.

A class is found again in other processes by its module and name.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any
from weakref import WeakValueDictionary

from msgspec import Struct

from engine.errors import PluginLoadError


class LocalEntryPoint(Struct, frozen=True):
    """A plugin that is not installed, with those attributes of an entry point that are used."""

    value: str
    """Path of its file, or `module:Class`."""
    name: str
    group: str
    cls: type
    given: bool = False
    """Whether a program gave the class; otherwise it comes from a file."""
    instance: Any = None
    """What the program gave in place of the class."""

    @property
    def dist(self) -> None:
        """The distribution; there is none."""

    def load(self) -> type:
        """Return the class."""
        return self.cls


_LOCAL: WeakValueDictionary[str, type] = WeakValueDictionary()
"""Classes of this process that cannot be imported, because they are defined in a function."""


def target_of(cls: type) -> str:
    """Return `module:Class`, by which `find` returns the class."""
    target = f"{cls.__module__}:{cls.__qualname__}"
    if _lookup(target) is cls:
        return target
    target += f"#{id(cls):x}"
    _LOCAL[target] = cls
    return target


def find(target: str) -> type:
    """Return the class that `target_of` named, in any process. Raises PluginLoadError when there is none."""
    cls = _LOCAL.get(target) or _lookup(target)
    if cls is None:
        raise PluginLoadError(
            f"{target.partition('#')[0]}: {why_not_elsewhere(target) or 'there is no such class'}"
        )
    return cls


def why_not_elsewhere(target: str) -> str | None:
    """Return why other processes cannot find a class, with the way out; None when they can."""
    module, _, name = target.partition(":")
    place = f"in {module}" if module == "__main__" else "inside a function" if "#" in name else None
    if place is None:
        return None
    return (
        f"the class is defined {place}, where worker processes cannot import it; move it to a module, or search "
        'in this process with Settings(executor="inline")'
    )


def _lookup(target: str) -> type | None:
    module, _, name = target.partition(":")
    try:
        found = sys.modules.get(module) or import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return None
    return found if isinstance(found, type) else None
