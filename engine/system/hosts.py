"""Whether the program that uses this library can have worker processes at all."""

from __future__ import annotations

import importlib.machinery
import multiprocessing
import os
import sys
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def why_no_children() -> str | None:
    """Return why worker processes would not start here, and what to do about it; None when they would."""
    if multiprocessing.current_process().daemon:
        return (
            "this is a daemonic process, which may not start others: call from one that is not daemonic "
            '(daemon=False), or search in this one with Settings(executor="inline")'
        )
    try:
        Path.cwd()
    except OSError:
        return "the working folder of this program is gone, and a process is started in it: os.chdir() to another"
    return hidden_by(sys.path)


def hidden_by(path: list[str]) -> str | None:
    """Return a sentence about another module with our package's name that comes first on `path`; None without one.

    A worker gets the caller's `sys.path` and would import that one instead.
    """
    try:
        spec = importlib.machinery.PathFinder.find_spec(_PACKAGE.name, path)
    except (ImportError, OSError, ValueError):
        return None
    if spec is None or spec.origin is None or _same(Path(spec.origin).parent, _PACKAGE):
        return None
    return (
        f"{spec.origin} is called like this package and comes before it on sys.path: rename it "
        f"(this package is {_PACKAGE})"
    )


def _same(path: Path, other: Path) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)
