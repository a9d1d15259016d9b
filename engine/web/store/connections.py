"""Connections to the file of a store: one that writes, and some that read beside it."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from engine import system
from engine.errors import InputError

_KEPT = 4
"""Connections that wait for the next reader."""
_READING = ("query_only = ON", "cache_size = -4000", "temp_store = MEMORY")
_WRITING = ("journal_mode = WAL", "synchronous = NORMAL", "cache_size = -16000")


class Readers:
    """Read-only connections for any thread; each has a view of its own of what is written meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._free: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection, in one transaction: all that is read is of one moment.

        Raises InputError when the file cannot be read.
        """
        try:
            connection = self._take()
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                connection.rollback()
                self._give(connection)
                system.give_back()  # SQLite takes and frees a few kilobytes at a time
        except sqlite3.DatabaseError as error:
            raise InputError(f"{self._path}: {error}; remove the file, and it is built again") from error

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._free:
                return self._free.pop()
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False, isolation_level=None
        )
        for pragma in _READING:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _give(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._free) < _KEPT:
                self._free.append(connection)
                return
        connection.close()

    def drop(self) -> None:
        """Close the connections that nobody has."""
        with self._lock:
            free, self._free = self._free, []
        for connection in free:
            connection.close()

    def close(self) -> None:
        """Close the connections that nobody has; the others are closed when they come back."""
        self._closed = True
        self.drop()


def writing(path: Path) -> sqlite3.Connection:
    """Return a connection that writes, for any thread, one at a time."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    for pragma in _WRITING:
        connection.execute(f"PRAGMA {pragma}")
    return connection
