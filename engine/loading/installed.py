"""Plugins that distributions have installed, as entry points.

Reading the metadata of all distributions takes milliseconds, and a run asks several times, so it is read once for
each state of the folders that Python imports from.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import metadata
from typing import Any


def entry_points() -> Mapping[str, Sequence[Any]]:
    """Return our entry points by namespace, as they are installed now. An editable install lists none twice."""
    return _listed(_state())


def distribution(entry_point: Any) -> tuple[str, str]:
    """Return the name and the version of the distribution that an entry point is from; of a single file `(file)`.

    * **entry_point** - one of `entry_points`, or of a plugin that is not installed.
    """
    return _name_and_version(entry_point.dist) if entry_point.dist is not None else ("(file)", "")


@lru_cache(maxsize=4)
def _listed(_state: tuple[Any, ...]) -> Mapping[str, Sequence[Any]]:
    found = metadata.entry_points()
    listed = {}
    for group in found.groups:
        if group.startswith("engine."):
            points = found.select(group=group)
            once = {(point.name, point.value, distribution(point)[0]): point for point in points}
            listed[group] = tuple(once.values())
    return listed


@lru_cache(maxsize=256)
def _name_and_version(dist: Any) -> tuple[str, str]:
    """Return name and version, cached because each access parses the metadata file of the distribution."""
    return dist.name, dist.version


def _state() -> tuple[Any, ...]:
    """Return what becomes another when anything is installed, removed, or written into its metadata.

    An installer makes the folder of a distribution first and its files later, hence the files.
    """
    return (
        *map(id, sys.meta_path),
        *((folder, _stamp(folder or os.curdir), _files(folder)) for folder in sys.path),
    )


def _files(folder: str) -> tuple[Any, ...]:
    try:
        names = os.listdir(folder or os.curdir)  # noqa: PTH208 - fast
    except OSError:
        return ()  # an archive, or not there
    infos = [name for name in names if name.endswith((".dist-info", ".egg-info"))]
    return tuple((name, _stamp(os.path.join(folder, name, "entry_points.txt"))) for name in infos)  # noqa: PTH118


def _stamp(path: str) -> tuple[int, ...] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - fast
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
