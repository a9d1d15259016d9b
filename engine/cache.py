"""Evaluations already paid for: the cache, which is the journal of a run at the same time.

A row is a unit that was searched whole. Its key is a digest of exactly what was sent: the evaluator's
fingerprint, the limit and the position commands in order; so a hit is what the search would give. A unit is
written before the run accepts it, and the same command later finds it here: that is all there is to resuming.

SQLite in WAL mode, `synchronous=NORMAL`: a killed process loses nothing, a power cut may lose the last
transactions (they are searched again) and never corrupts the file. Several runs share one file; writers wait for
each other. A file that cannot be used never stops a run: it is set aside, or the run goes on without it, and
`notice` says so.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.messages import Unit, pack, unpack_evaluations
from engine.model import Evaluation, Limit

_SCHEMA = 1
_BUSY_SECONDS = 10.0


class CacheInfo(Struct, frozen=True):
    """What `engine cache info` prints."""

    path: str
    units: int
    bytes: int


def unit_key(fingerprint: str, limit: Limit, unit: Unit) -> bytes:
    """16 bytes that stand for all that is sent for this unit."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{fingerprint}\n{msgspec.json.encode(limit).decode()}\n".encode())
    for position in unit.positions:
        digest.update(f"{int(position.chess960)} {position.fen} moves {' '.join(position.moves)}\n".encode())
    return digest.digest()


class Cache:
    """An open cache. Used by one thread of one process; never shared over a fork.

    `path=None` is a temporary one in memory, for `--no-cache`.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.notice: str | None = None
        """For people: what was wrong with the file, and what was done."""
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        if self.path is None:
            return _connect(":memory:")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return _connect(str(self.path))
        except (sqlite3.OperationalError, OSError) as error:
            # Locked, read-only, full: the file may be sound and somebody else's.
            self.notice = f"cache {self.path} cannot be used ({error}); going on without it"
        except sqlite3.DatabaseError as error:
            aside = _set_aside(self.path)
            self.notice = f"cache {self.path} was damaged ({error}); it is now {aside}, a new one is made"
            try:
                return _connect(str(self.path))
            except (sqlite3.Error, OSError) as again:
                self.notice += f"; that failed too ({again}), going on without a cache"
        return _connect(":memory:")

    def get(self, key: bytes) -> tuple[Evaluation, ...] | None:
        """A unit's evaluations in the unit's order, or None. A row that does not read back counts as absent."""
        try:
            row = self._db.execute("SELECT evaluations FROM units WHERE key = ?", (key,)).fetchone()
            return None if row is None else unpack_evaluations(row[0])
        except (sqlite3.Error, msgspec.DecodeError) as error:
            self._give_up(error)
            return None

    def put(self, rows: Iterable[tuple[bytes, Sequence[Evaluation]]]) -> None:
        """Store units, durably as the module docstring defines it, in one transaction."""
        now = int(time.time())
        packed = [(key, pack(evaluations), now) for key, evaluations in rows]
        try:
            with self._db:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany("INSERT OR IGNORE INTO units VALUES (?, ?, ?)", packed)
        except sqlite3.Error as error:
            self._give_up(error)

    def info(self) -> CacheInfo:
        (units,) = self._db.execute("SELECT count(*) FROM units").fetchone()
        (pages,) = self._db.execute("PRAGMA page_count").fetchone()
        (size,) = self._db.execute("PRAGMA page_size").fetchone()
        return CacheInfo(str(self.path or "memory"), units, pages * size)

    def close(self) -> None:
        self._db.close()

    def _give_up(self, error: Exception) -> None:
        """The file failed while in use: go on without it rather than end the run."""
        if self.notice is None:
            self.notice = f"cache {self.path} failed ({error}); going on without it"
        self._db.close()
        self._db = _connect(":memory:")


def _connect(path: str) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        (schema,) = db.execute("PRAGMA user_version").fetchone()
        if schema not in (0, _SCHEMA):
            raise sqlite3.DatabaseError(f"schema {schema}, this version writes {_SCHEMA}")
        db.execute(
            "CREATE TABLE IF NOT EXISTS units"
            " (key BLOB PRIMARY KEY, evaluations BLOB NOT NULL, made INTEGER NOT NULL) WITHOUT ROWID"
        )
        db.execute(f"PRAGMA user_version = {_SCHEMA}")
    except BaseException:
        db.close()
        raise
    return db


def _set_aside(path: Path) -> Path:
    """Move a file that is not a usable cache out of the way, and its journal files with it."""
    n = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{n}")).exists():
        n += 1
    path.replace(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside
