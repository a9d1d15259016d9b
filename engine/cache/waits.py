"""Waiting for a file that another process has locked: not for ever, and not while the run is to stop.

SQLite waits by itself, but a signal is not heard meanwhile. So it waits for a moment only, and is asked again.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from engine import system

LOGGER = logging.getLogger("engine.cache")

BUSY_SECONDS = 10.0
"""Longest wait for a file that another process has locked."""
MOMENT = 0.2
"""Seconds that SQLite waits by itself."""
_STOPPING_SECONDS = 1.0
"""How long a run that is to stop waits for a folder; others hold it for milliseconds."""
T = TypeVar("T")


def never() -> bool:
    """Return False: nobody asks the run to stop."""
    return False


def is_busy(error: BaseException) -> bool:
    """Return whether an error says that another process has the file locked."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def patiently(work: Callable[[], T], seconds: float, stopped: Callable[[], bool] = never) -> T:
    """Return what `work` returns, which is called again as long as another process has the file locked.

    * **work** - a statement, or several that may be repeated.
    * **seconds** - the longest wait.
    * **stopped** - *(optional)* whether to wait no longer.

    Raises what `work` raises.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline or stopped():
                raise


@contextlib.contextmanager
def folder_lock(folder: Path, seconds: float, stopped: Callable[[], bool]) -> Iterator[None]:
    """Let one process in at a time, where the system can lock a folder itself, so that no lock file is left.

    Where it cannot (Windows), renaming a file that another process has open fails anyway. Raises TimeoutError when
    another process has it for longer than `seconds`; once the run is to stop, than a second.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        yield
        return
    try:
        begun = time.monotonic()
        waits = False
        while system.lock_file(descriptor) == "busy":
            if time.monotonic() - begun >= (min(seconds, _STOPPING_SECONDS) if stopped() else seconds):
                raise TimeoutError(errno.ETIMEDOUT, f"another process has locked the folder {folder}")
            if not waits:
                LOGGER.info("another process has locked %s: waiting up to %g seconds", folder, seconds)
                waits = True
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)
