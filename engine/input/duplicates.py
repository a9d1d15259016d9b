"""Copies of games that came before, in the same file or another one of the run.

What makes a copy is the reader's to say (`Reader.identity`). Of each game 16 bytes are kept: those of the first
quarter of a million games in memory, the others in a temporary file that has no name.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import sqlite3
from bisect import bisect
from collections.abc import Iterator

from engine.plugin import RawGame, Reader

IN_MEMORY = 250_000
"""Games that are known in memory; with more, they go to a temporary file."""
_CACHE_KIB = 4_096


class Duplicates:
    """The games so far. Raises OSError when there is no room for what is to be kept of them."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}
        self._db: sqlite3.Connection | None = None
        self._files: list[str] = []
        self._begin: list[int] = []
        """Number of the first game of each file."""

    def first(self, number: int, file: str, reader: Reader, raw: RawGame) -> int | None:
        """Return the number of the game that this one is a copy of; None for the first of its kind.

        * **number** - the number of this game, which is higher than those before.
        * **file** - the file it is in.
        """
        if not self._files or self._files[-1] != file:
            self._files.append(file)
            self._begin.append(number)
        try:
            identity = reader.identity(raw)
        except Exception:  # a reader is a plugin; if the game is damaged, `parse` says so
            return None
        if identity is None:
            return None
        key = hashlib.blake2b(identity, digest_size=16).digest()
        known = self._known.get(key)
        if known is None and self._db is not None:
            known = self._find(key)
        if known is None:
            self._known[key] = number
            if len(self._known) >= IN_MEMORY:
                self._write()
        return known

    def file_of(self, number: int) -> str:
        """Return the file of a game so far."""
        return self._files[bisect(self._begin, number) - 1]

    def __del__(self) -> None:
        if self._db is not None:
            self._db.close()

    def _find(self, key: bytes) -> int | None:
        assert self._db is not None
        with _explained():
            row = self._db.execute("SELECT number FROM games WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def _write(self) -> None:
        with _explained():
            if self._db is None:
                self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
                self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
                self._db.execute("PRAGMA journal_mode = OFF")
                self._db.execute("CREATE TABLE games (key BLOB PRIMARY KEY, number INTEGER) WITHOUT ROWID")
            self._db.execute("BEGIN")
            self._db.executemany("INSERT INTO games VALUES (?, ?)", sorted(self._known.items()))
            self._db.execute("COMMIT")
        self._known = {}


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        reason = (
            f"there is no room in the folder for temporary files to tell copies of games ({error}); TMPDIR=FOLDER "
            "names another, and --keep-duplicates needs none"
        )
        raise OSError(errno.ENOSPC, reason) from error
