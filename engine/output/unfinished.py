"""Which files on the disk are those of a run that did not finish, so that the next run may replace them.

Such a file is known by its path, size and time of change: one that somebody has edited, or put there since, is not
known. What is known stands in empty files of the user's cache folder (`unfinished/`), whose names say it all, so
that a kill leaves no half of it. Where that folder cannot be written to, no file is known and none is replaced.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from engine.system.paths import cache_dir


def note(path: Path, status: os.stat_result) -> None:
    """Note that the file of this status is about to be at `path`. What was noted for the path before stays."""
    with contextlib.suppress(OSError):
        _folder().mkdir(parents=True, exist_ok=True)
        _entry(path, status).touch()


def is_noted(path: Path) -> bool:
    """Whether what is at `path` was left there by a run that did not finish."""
    try:
        status = path.lstat()
        return stat.S_ISREG(status.st_mode) and _entry(path, status).exists()
    except OSError:
        return False


def forget(paths: Iterable[Path]) -> None:
    """Forget everything that was noted for these paths."""
    keys = {_key(path) for path in paths}
    with contextlib.suppress(OSError):
        for entry in _folder().iterdir():
            if entry.name.partition("-")[0] in keys:
                entry.unlink(missing_ok=True)


def _folder() -> Path:
    return cache_dir() / "unfinished"


def _entry(path: Path, status: os.stat_result) -> Path:
    return _folder() / f"{_key(path)}-{status.st_size}-{status.st_mtime_ns}"


def _key(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
