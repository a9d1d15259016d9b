"""What this system may lack, tried out: each function returns what is wrong in words, or nothing."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import tempfile
from pathlib import Path
from typing import IO

from engine.system.anonymous import shared_array
from engine.system.locks import KernelLock

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def why_nothing_shared() -> str:
    """Return why processes cannot share memory and a lock here; empty when they can."""
    try:
        lock = KernelLock()
        shared_array(ctypes.c_int64, 1)
    except OSError as error:
        return error.strerror or str(error)
    lock.close()
    return ""


def why_no_semaphores() -> str:
    """Return why `multiprocessing` cannot make its own locks; empty when it can. They need `/dev/shm` on Linux."""
    try:
        # A semaphore of this method has no name for longer than a moment, and needs no process to look after it.
        multiprocessing.get_context("fork" if os.name == "posix" else "spawn").Lock()
    except (OSError, ImportError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


def why_no_temporary_files() -> str:
    """Return why there is no folder for temporary files; empty when there is one."""
    try:
        with tempfile.TemporaryFile() as file:
            file.write(b"x")
    except OSError as error:
        return error.strerror or str(error)
    return ""


def why_no_locks(folder: Path) -> str:
    """Return why files in a folder cannot be locked; empty when they can, or when nothing can be written there."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            return _why_not_locked(file)
    except OSError:
        return ""


def _why_not_locked(file: IO[bytes]) -> str:
    if fcntl is None:
        return ""
    try:
        for lock in (fcntl.lockf, fcntl.flock):
            lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.strerror or str(error)
    return ""
