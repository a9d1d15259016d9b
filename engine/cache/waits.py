"""Waiting for a file that another process has locked: not for ever, and not while the run is to stop.

SQLite waits by itself, but a signal is not heard meanwhile. So it waits for a moment only, and is asked again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from engine import system

LOGGER = logging.getLogger("engine.cache")

MOMENT = 0.2
"""Seconds that SQLite waits by itself."""
T = TypeVar("T")


def never() -> bool:
    """Return False: nobody asks the run to stop."""
    return False


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
            busy = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= deadline or stopped():
                raise


@contextlib.contextmanager
def folder_lock(folder: Path, seconds: float, stopped: Callable[[], bool]) -> Iterator[None]:
    """Let one process in at a time, where the system can lock a folder itself, so that no lock file is left.

    Where it cannot (Windows), renaming a file that another process has open fails anyway.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders
        yield
        return
    try:
        deadline = time.monotonic() + seconds
        waits = False
        while system.lock_file(descriptor, wait=False) == "busy" and time.monotonic() < deadline and not stopped():
            if not waits:
                LOGGER.info("another process has locked %s: waiting up to %g seconds", folder, seconds)
                waits = True
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)
