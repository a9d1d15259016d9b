"""The readers of a run, made with their options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.contracts.options import Options, parse_options
from engine.errors import PluginLoadError
from engine.loading.registry import Registry
from engine.plugin import Reader

NAMESPACE = "engine.readers"


def make_readers(registry: Registry, options: Mapping[str, Options | Mapping[str, Any]]) -> dict[str, Reader]:
    """Return a reader of each name; an instance that a program gave is used itself.

    * **registry** - the plugins.
    * **options** - options of readers by name, or their values.

    Raises `PluginLoadError` for a reader that cannot be made.
    """
    return {
        name: registry.instance(NAMESPACE, name) or _make(name, cls, options.get(name))
        for name, cls in registry.load_all(NAMESPACE).items()
    }


def _make(name: str, cls: type[Reader], options: Options | Mapping[str, Any] | None) -> Reader:
    try:
        if options is None:
            return cls()
        return cls(
            options if isinstance(options, Options) else parse_options(cls.Options, options, f"reader {name}")
        )
    except Exception as error:
        raise PluginLoadError(f"reader {name} cannot be made: {type(error).__name__}: {error}") from error
