"""A temporary file for the states that hold one value per string, when there are too many strings for the memory.

Values are appended as they come, several for one string, and put together by string before they are read in order.
The file is an unnamed database of SQLite, which nobody else can open, and which is gone with the process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import msgspec

Join = Callable[[list[Any]], Any]
"""Puts the plain values of one string together."""

_BATCH = 1_000
_CACHE_KIB = 1_024
_MOST_PARTS = 1 << 19
"""Rows that are appended before they are put together, at least: the file grows with strings, not with games."""

_encode = msgspec.json.encode
_decode = msgspec.json.decode


class SpillFile:
    """Plain values by string. Raises OSError when there is no room for them."""

    def __init__(self) -> None:
        with _explained():
            self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self._db.execute("PRAGMA journal_mode = OFF")
            self._db.execute("CREATE TABLE whole (name BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
            self._db.execute("CREATE TABLE parts (name BLOB, value BLOB)")
        self._whole = 0
        self._parts = 0
        self._indexed = False

    def __del__(self) -> None:
        if hasattr(self, "_db"):
            self._db.close()

    def append(self, values: Iterable[tuple[str, Any]], join: Join) -> None:
        """Add values to those of the same strings."""
        rows = ((_key(name), _encode(value)) for name, value in values)
        with _explained():
            self._parts += self._insert("parts", rows)
        if self._parts >= max(_MOST_PARTS, 2 * self._whole):
            self._put_together(join)

    def find(self, name: str) -> list[Any]:
        """Return the values of one string, which are still to be joined."""
        with _explained():
            if self._parts and not self._indexed:
                self._db.execute("CREATE INDEX by_name ON parts (name)")
                self._indexed = True
            query = "SELECT value FROM whole WHERE name = ?1 UNION ALL SELECT value FROM parts WHERE name = ?1"
            return [_decode(value) for (value,) in self._db.execute(query, (_key(name),))]

    def rows(self, join: Join, prefix: str = "") -> Iterator[tuple[str, Any]]:
        """Yield strings that begin with `prefix` and their joined values, in the order of the strings."""
        if self._parts:
            self._put_together(join)
        start = _key(prefix)
        with _explained():
            for name, value in self._db.execute(
                "SELECT name, value FROM whole WHERE name >= ? ORDER BY name", (start,)
            ):
                if not name.startswith(start):
                    return
                yield _name(name), _decode(value)

    def renamed(self, rename: Callable[[str], str]) -> SpillFile:
        """Return another file with the same values under other strings, several of which may become one."""
        new = SpillFile()
        query = "SELECT name, value FROM whole UNION ALL SELECT name, value FROM parts"
        with _explained():
            rows = ((_key(rename(_name(name))), value) for name, value in self._db.execute(query))
            new._parts = new._insert("parts", rows)
        return new

    def _put_together(self, join: Join) -> None:
        """Move all values to `whole`, one for each string."""
        with _explained():
            self._db.execute("CREATE TABLE next (name BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
            query = "SELECT name, value FROM whole UNION ALL SELECT name, value FROM parts ORDER BY name"
            self._whole = self._insert("next", _joined(self._db.execute(query), join))
            for statement in ("DROP TABLE whole", "ALTER TABLE next RENAME TO whole", "DROP TABLE parts"):
                self._db.execute(statement)
            self._db.execute("CREATE TABLE parts (name BLOB, value BLOB)")
        self._parts, self._indexed = 0, False

    def _insert(self, table: str, rows: Iterator[tuple[bytes, bytes]]) -> int:
        number = 0
        self._db.execute("BEGIN")
        while batch := list(islice(rows, _BATCH)):
            self._db.executemany(f"INSERT INTO {table} VALUES (?, ?)", batch)  # noqa: S608 - our own names
            number += len(batch)
        self._db.execute("COMMIT")
        return number


def _joined(rows: Iterable[tuple[bytes, bytes]], join: Join) -> Iterator[tuple[bytes, bytes]]:
    for name, group in groupby(rows, key=itemgetter(0)):
        values = [value for _, value in group]
        yield name, values[0] if len(values) == 1 else _encode(join([_decode(value) for value in values]))


def _key(name: str) -> bytes:
    """Return bytes that sort as the string does."""
    return name.encode("utf-8", "surrogatepass")


def _name(key: bytes) -> str:
    return key.decode("utf-8", "surrogatepass")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(
            f"there are more names than fit into memory, and no room for them in the folder for temporary files "
            f"({error}); TMPDIR=FOLDER names another"
        ) from error
