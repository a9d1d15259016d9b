"""Evaluations already paid for: the cache, which is the journal of a run at the same time.

A row is a unit that was searched whole. Its key is a digest of exactly what was sent: the evaluator's
fingerprint, the limit and the position commands in order; so a hit is what the search would give. A unit is
written before the run accepts it, and the same command later finds it here: that is all there is to resuming.

**Durable.** When `put` returns, the rows survive the death of the process, of all processes. A power cut or a
crash of the system may take the last 5 seconds of rows with it, and never the file: SQLite in WAL mode with
`synchronous=NORMAL`, and with `FULL` for one transaction in 5 seconds, which syncs all before it. What is lost is
searched again. Where only a rollback journal can be had (`engine.cache.file`), every transaction is synced.

**Shared.** Several runs use one file; writers wait for each other. **Checked.** Each row has a digest; one that
does not match counts as absent, and the next `put` of its key replaces it.

**Bounded.** Above `ENGINE_CACHE_LIMIT` (2G unless set) `put` deletes the oldest rows, 256 or twice its own at a
time, never its own. Oldest means stored first: an eviction by last use would make every hit a write, and a run
from the cache a run of writes. Freed pages are used again; a file above its limit shrinks a MiB at a time.

**It never stops a run.** What was wrong, and what was done, is in `notice`. Rows that cannot be written, for a
full disk or a lock, wait in memory (the last 20,000) and go with the next `put` that succeeds.

Measured with 100,000 units of 12 positions (1 KB each) on a two-core machine: a hit 20 us with unpacking, a miss
7 us, a `put` of two units 0.1 ms in the median and 10 to 20 ms once in a thousand, when the WAL is moved over.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.cache.file import (
    BUSY_SECONDS,
    Identity,
    UnusableCache,
    code_of,
    identity_of,
    is_damage,
    open_file,
    row_digest,
    temporary_database,
)
from engine.contracts.messages import Unit, pack, unpack_evaluations
from engine.model import Evaluation, Limit
from engine.system import paths

LIMIT_VARIABLE = "ENGINE_CACHE_LIMIT"
DEFAULT_LIMIT = 2 << 30
"""Bytes."""
_LEAST_LIMIT = 1 << 20
_SYNC_SECONDS = 5.0
_EVICTED_AT_ONCE = 256
_PAGES_FREED_AT_ONCE = 256
_WAITING_ROWS = 20_000
_REOPENINGS = 3
"""After so many failures of the file in one run, the run goes on without it."""
_SIZES = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40}


class CacheInfo(Struct, frozen=True):
    """What `engine cache info` prints."""

    path: str
    units: int
    bytes: int
    """Of the file, its journal apart."""
    used: int
    """Bytes of it that hold something; the rest is used again."""
    limit: int
    """Bytes."""
    oldest: int | None
    """Unix time in seconds at which the oldest unit was stored."""


def default_path() -> Path:
    """The user's cache."""
    return paths.cache_dir() / "units.sqlite"


def unit_key(fingerprint: str, limit: Limit, unit: Unit) -> bytes:
    """16 bytes that stand for all that is sent for this unit."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(f"{fingerprint}\n{msgspec.json.encode(limit).decode()}\n".encode())
    for position in unit.positions:
        digest.update(f"{int(position.chess960)} {position.fen} moves {' '.join(position.moves)}\n".encode())
    return digest.digest()


def parse_size(text: str) -> int:
    """Bytes of `500M`, `2G`, `1.5 GiB`; units are powers of 1024. Raises ValueError, also below 1 MiB."""
    found = re.fullmatch(r"\s*(\d{1,12}(?:\.\d{1,6})?)\s*([kmgt]?)(?:i?b)?\s*", text.lower(), re.ASCII)
    size = int(float(found[1]) * (1 << _SIZES[found[2]])) if found else 0
    if not _LEAST_LIMIT <= size < 1 << 60:
        raise ValueError(text)
    return size


class Cache:
    """An open cache. Used by one thread of one process; never shared over a fork.

    `path=None` is a temporary one, for `--no-cache`. `limit` is in bytes; None: that of the environment.
    """

    def __init__(self, path: Path | None, limit: int | None = None) -> None:
        self.path = path
        self.notice: str | None = None
        """For people: what was wrong with the file, and what was done. More may come while it is used."""
        self.limit = limit if limit is not None else self._limit_of_environment()
        self._identity: Identity | None = None
        self._reopenings = 0
        self._failing = False
        """The last write failed."""
        self._waiting: dict[bytes, bytes] = {}
        """Rows that are not written yet; between calls, those that could not be."""
        self._synced = time.monotonic()
        self.kept = path is not None
        """Whether rows outlive this object: it is on its file, and the file can be written."""
        self._db = self._open()

    # -- rows --

    def get(self, key: bytes) -> tuple[Evaluation, ...] | None:
        """A unit's evaluations in the unit's order, or None. A row that does not read back counts as absent."""
        waiting = self._waiting.get(key)
        if waiting is not None:
            return unpack_evaluations(waiting)
        try:
            row = self._db.execute("SELECT evaluations, digest FROM units WHERE key = ?", (key,)).fetchone()
        except (sqlite3.Error, MemoryError) as error:
            self._failed(error)
            return None
        return None if row is None else read_row(key, *row)

    def put(self, rows: Iterable[tuple[bytes, Sequence[Evaluation]]]) -> None:
        """Store units, durably as the module docstring defines it, in one transaction. A known key is replaced."""
        for key, evaluations in rows:
            self._waiting[key] = pack(evaluations)
        if not self._waiting:
            return
        if self._identity is not None and identity_of(self._file) != self._identity:
            self._say(f"cache {self.path} was moved or removed while it was used; it is opened again")
            self._reopen(None)
        # Twice: a damaged file has been replaced when its failure has been dealt with.
        if not self._write() and not self._failing:
            self._write()
        for key in list(self._waiting)[:-_WAITING_ROWS]:
            del self._waiting[key]

    def rows(self) -> Iterator[tuple[bytes, bytes] | None]:
        """Every unit from the oldest on, packed; None for a row that does not read back."""
        return sound_rows(self._db)

    # -- around --

    @property
    def temporary(self) -> bool:
        """Whether nothing of it comes from a file or goes to one."""
        return self._identity is None

    @property
    def written(self) -> bool:
        """Whether everything that was put is in the file, and not in memory or in a temporary one."""
        return self.kept and not self._waiting

    def info(self) -> CacheInfo:
        """Of the file as it is now; zeros when it cannot be asked, and `notice` says why."""
        for _ in range(2):
            try:
                (units,) = self._db.execute("SELECT count(*) FROM units").fetchone()
                oldest = self._db.execute("SELECT made FROM units ORDER BY id LIMIT 1").fetchone()
                size, used = self._sizes()
            except (sqlite3.Error, MemoryError) as error:
                self._failed(error)
            else:
                return CacheInfo(
                    str(self.path or "temporary"), units, size, used, self.limit, oldest[0] if oldest else None
                )
        return CacheInfo(str(self.path), 0, 0, 0, self.limit, None)

    def clear(self) -> int:
        """Delete every row, give the space back, and say how many rows it were. Raises sqlite3.Error."""
        self._waiting.clear()
        count = self._db.execute("DELETE FROM units").rowcount
        # Not by removing the file: others may be using it.
        self._db.execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def close(self) -> None:
        """Write what still waits, if that is possible now, and let go of the file."""
        if self._waiting:
            self.put(())
            if self._waiting:
                self._say(f"{len(self._waiting):,} units could not be kept, and would be searched again")
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._db.close()

    # -- the file --

    @property
    def _file(self) -> Path:
        assert self.path is not None
        return self.path

    def _open(self, damaged: Identity | None = None) -> sqlite3.Connection:
        if self.kept:
            try:
                opened = open_file(self._file, damaged)
            except UnusableCache as error:
                self._say(f"cache {self.path} cannot be used ({error}); going on without it")
            else:
                for notice in opened.notices:
                    self._say(notice)
                self._identity = opened.identity
                self._wal = opened.wal
                self._failing = not opened.writable
                self.kept = opened.writable
                return opened.db
        self.kept = False
        self._identity = None
        return temporary_database()

    def _reopen(self, damaged: Identity | None) -> None:
        self._db.close()
        self._reopenings += 1
        if self._reopenings > _REOPENINGS and self.kept:
            self._say(f"cache {self.path} keeps failing; going on without it")
            self.kept = False
        self._db = self._open(damaged)

    def _failed(self, error: Exception) -> None:
        """After a statement that failed: see that the next one can do better."""
        code = code_of(error)
        if code is None and not isinstance(error, MemoryError):
            raise error  # used after it was closed, or by two threads
        if is_damage(error):
            # An unknown table or column is another version's doing rather than damage: opening will tell.
            self._reopen(None if code == sqlite3.SQLITE_ERROR else self._identity)
            return
        if not self._failing:
            self._failing = True
            self._say(f"cache {self.path} failed ({error}); going on, what is found is kept once it works again")
            with contextlib.suppress(sqlite3.Error):  # waited for once, not at every unit
                self._db.execute("PRAGMA busy_timeout = 0")

    def _say(self, text: str) -> None:
        self.notice = text if self.notice is None else f"{self.notice}; {text}"

    # -- writing --

    def _write(self) -> bool:
        """Everything that waits, in one transaction. False after a failure, which has been dealt with."""
        sync = time.monotonic() >= self._synced + _SYNC_SECONDS
        try:
            self._db.execute(f"PRAGMA synchronous = {self._synchronous(sync)}")
            self._db.execute("BEGIN IMMEDIATE")
            self._insert()
            size, used = self._sizes()
            if used > self.limit:
                self._evict()
            self._db.execute("COMMIT")
        except (sqlite3.Error, MemoryError) as error:
            with contextlib.suppress(sqlite3.Error):
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            self._failed(error)
            return False
        self._waiting.clear()
        # A file well above its limit, because that was lowered: elsewhere free pages are used again.
        if size > self.limit + self.limit // 8 + _LEAST_LIMIT:
            self._shrink()
        if sync:
            self._synced = time.monotonic()
        if self._failing:
            self._failing = False
            with contextlib.suppress(sqlite3.Error):
                self._db.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        return True

    def _synchronous(self, sync: bool) -> str:
        if self.temporary:
            return "OFF"  # temporary: it need not survive anything
        # A rollback journal that is not synced can leave a broken file behind a power cut; a WAL cannot.
        return "FULL" if sync or not self._wal else "NORMAL"

    def _insert(self) -> None:
        now = int(time.time())
        (self._last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM units").fetchone()
        self._db.executemany(
            "INSERT OR REPLACE INTO units (key, evaluations, digest, made) VALUES (?, ?, ?, ?)",
            [(key, packed, row_digest(key, packed), now) for key, packed in self._waiting.items()],
        )

    def _evict(self) -> None:
        """Within the limit again, or nearer to it: bounded, so that no run stalls."""
        self._db.execute(
            "DELETE FROM units WHERE id IN (SELECT id FROM units WHERE id <= ? ORDER BY id LIMIT ?)",
            (self._last, max(_EVICTED_AT_ONCE, 2 * len(self._waiting))),
        )

    def _shrink(self) -> None:
        """Give pages back to the system, so many that no run stalls."""
        with contextlib.suppress(sqlite3.Error):
            # `execute` would stop after the first page.
            self._db.executescript(f"PRAGMA incremental_vacuum({_PAGES_FREED_AT_ONCE})")

    def _sizes(self) -> tuple[int, int]:
        """Bytes of the file, and bytes of it in use."""
        pages, free, page = self._db.execute(
            "SELECT page_count, freelist_count, page_size"
            " FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
        ).fetchone()
        return pages * page, (pages - free) * page

    def _limit_of_environment(self) -> int:
        text = os.environ.get(LIMIT_VARIABLE, "")
        try:
            return parse_size(text) if text.strip() else DEFAULT_LIMIT
        except ValueError:
            self._say(f"{LIMIT_VARIABLE}={text!r} is not a size from 1M on, such as 500M or 2G; 2G it is")
            return DEFAULT_LIMIT


def read_row(key: bytes, packed: object, digest: object) -> tuple[Evaluation, ...] | None:
    """What a row holds, or None when that is not what was stored."""
    if not isinstance(packed, bytes) or digest != row_digest(key, packed):
        return None
    try:
        return unpack_evaluations(packed)
    except (msgspec.MsgspecError, ValueError):  # of a version with other fields; ValueError: not UTF-8
        return None


_ROWS_AT_ONCE = 500
_UNREADABLE_IN_A_ROW = 100_000


def sound_rows(db: sqlite3.Connection) -> Iterator[tuple[bytes, bytes] | None]:
    """Every unit of a database, which may be damaged, from the oldest on; None for what does not read back.

    No transaction is held between two steps: writers are not kept waiting.
    """
    last, at_once, failures = 0, _ROWS_AT_ONCE, 0
    while failures < _UNREADABLE_IN_A_ROW:
        try:
            found = db.execute(
                "SELECT id, key, evaluations, digest FROM units WHERE id > ? ORDER BY id LIMIT ?", (last, at_once)
            ).fetchall()
        except (sqlite3.Error, MemoryError):
            # An unreadable page: row by row up to it, and then over it.
            if at_once == 1:
                last += 1
                failures += 1
            at_once = 1
            continue
        if not found:
            return
        at_once, failures = (_ROWS_AT_ONCE, 0) if failures or at_once > 1 else (1, 0)
        for _, key, packed, digest in found:
            sound = isinstance(key, bytes) and read_row(key, packed, digest) is not None
            yield (key, packed) if sound else None
        last = max(last + 1, found[-1][0])  # a damaged id must not lead back
