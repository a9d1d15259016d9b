"""The cache: evaluations of units that were searched before. It also serves as the journal of a run.

A row is a unit that was searched completely. Its key is a digest of everything that was sent: the evaluator's
fingerprint, the limit and the position commands in order. So a hit is exactly what the search would return. A unit
is written before the run accepts it, and the same command finds it here later: that is how a run is resumed.

**Durable.** When `put` returns, the rows survive the death of the process, and of all processes. A power cut or a
crash of the system may lose the rows of the last 5 seconds, but never the file: SQLite runs in WAL mode with
`synchronous=NORMAL`, and with `FULL` for one transaction in 5 seconds, which also syncs all earlier ones. Lost
units are searched again. Where only a rollback journal is possible (`engine.cache.file`), every transaction is
synced.

**Shared.** Several runs may use one file; writers wait for each other. **Checked.** Each row has a digest; a row
whose digest does not match counts as absent, and the next `put` of its key replaces it.

**Bounded.** Above `ENGINE_CACHE_LIMIT` (2G unless set) `put` deletes the oldest rows, 256 or twice the number of
its own at a time, but never its own. The oldest rows are those that were stored first: with eviction by last use
every hit would be a write. Freed pages are used again; a file above its limit shrinks by a MiB at a time.

**It never stops a run.** Problems, and what was done about them, are in `notice`. Rows that cannot be written,
because the disk is full or the file is locked, wait in memory (the last 20,000) and are written by the next `put`
that succeeds.

Measured with 100,000 units of 12 positions (1 KB each) on a two-core machine: a hit 20 us with unpacking, a miss
7 us, or 4 us where sixteen units are asked for at once, a `put` of two units 0.1 ms in the median and 10 to 20 ms
once in a thousand, when the WAL is moved over.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from engine.cache.file import (
    Identity,
    UnusableCache,
    code_of,
    identity_of,
    is_damage,
    open_file,
    temporary_database,
)
from engine.cache.rows import read_row, row_digest, sound_rows
from engine.cache.sizes import DEFAULT_LIMIT, LIMIT_VARIABLE, MIN_LIMIT, CacheInfo, parse_size
from engine.cache.waits import BUSY_SECONDS, never, patiently
from engine.contracts.messages import pack, unpack_evaluations
from engine.model import Evaluation
from engine.system import paths

LOGGER = logging.getLogger("engine.cache")

_SYNC_SECONDS = 5.0
_MIN_EVICTED = 256
_PAGES_FREED_AT_ONCE = 256
_WAITING_ROWS = 20_000
MOST_KEYS = 16
"""Units that are asked for at once, at most."""
_SELECT_ONE = "SELECT key, evaluations, digest FROM units WHERE key = ?"
_SELECT_MANY = _SELECT_ONE.replace("= ?", f"IN ({', '.join('?' * MOST_KEYS)})")
_SIZES_SECONDS = 1.0
"""Seconds for which the size of the file is taken for known while the rows since are few."""
_BYTES_OF_A_ROW = 200
"""Bytes that a row takes beside its evaluations, at most: in its page, and in the index of the keys."""
_TEMPORARY_ROWS = 256
"""Rows that are written together where nothing outlives the process anyway."""
_REOPENINGS = 3
"""Number of failures of the file in one run after which the run goes on without it."""


def default_path() -> Path:
    """Return the path of the user's cache."""
    return paths.cache_dir() / "units.sqlite"


class Cache:
    """An open cache. It belongs to one thread of one process and is never shared over a fork."""

    def __init__(
        self, path: Path | None, limit: int | None = None, *, stopped: Callable[[], bool] = never
    ) -> None:
        """Open the cache; a file that is missing is made.

        * **path** - the file; None for a temporary cache (`--no-cache`).
        * **limit** - *(optional)* size in bytes above which the oldest rows are deleted; `ENGINE_CACHE_LIMIT`
          when it is not given.
        * **stopped** - *(optional)* whether to wait no longer for other processes.
        """
        self._stopped = stopped
        self._busy_seconds = BUSY_SECONDS
        """How long it waits for another process; not at all after that was in vain, until a write succeeds."""
        self.path = path
        """Path of the file; None for a temporary cache."""
        self.notice: str | None = None
        """Problems with the file and what was done about them, for people. It may grow while the cache is used."""
        self.limit = limit if limit is not None else self._limit_of_environment()
        """Size in bytes above which the oldest rows are deleted."""
        self._identity: Identity | None = None
        self._reopenings = 0
        self._failing = False
        """Whether the last write failed."""
        self._waiting: dict[bytes, bytes] = {}
        """Rows that are not written yet: those that could not be, and a few of a temporary cache."""
        self._synced = time.monotonic()
        self._synchronous = ""
        """The setting of the open file."""
        self._size_known = (0.0, self.limit)
        """Until when the size need not be looked at, and the bytes that may be in use by now."""
        self.persistent = path is not None
        """Whether rows outlive this object: the cache is a file, and the file can be written."""
        self._hits = self._misses = self._stored = self._evicted = 0
        self._db = self._open()

    # -- rows --

    def get(self, key: bytes) -> tuple[Evaluation, ...] | None:
        """Return a unit's evaluations in the order of its positions; None when they are not known.

        A row that is damaged counts as absent.

        * **key** - the unit's `unit_key`.
        """
        return self.get_many([key]).get(key)

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, tuple[Evaluation, ...]]:
        """Return the evaluations of those units that are known, as `get` does, by key; at most `MOST_KEYS`."""
        found = {key: unpack_evaluations(row) for key in keys if (row := self._waiting.get(key)) is not None}
        asked = [key for key in keys if key not in found]
        if asked:
            # Two statements, which SQLite compiles once.
            statement, count = (_SELECT_ONE, 1) if len(asked) == 1 else (_SELECT_MANY, MOST_KEYS)
            try:
                rows = self._execute(statement, (*asked, *asked[:1] * (count - len(asked)))).fetchall()
            except (sqlite3.Error, MemoryError) as error:
                self._handle_failure(error)
                return found
            for key, packed, digest in rows:
                evaluations = read_row(key, packed, digest)
                if evaluations is not None:
                    found[key] = evaluations
        self._hits += len(found)
        self._misses += len(keys) - len(found)
        return found

    def put(self, rows: Iterable[tuple[bytes, Sequence[Evaluation]]]) -> None:
        """Store units durably, as the docstring of this module defines it, in one transaction.

        * **rows** - the units' `unit_key` and evaluations; a known key is replaced. None at all writes what waits.
        """
        put = {key: pack(evaluations) for key, evaluations in rows}
        self._waiting |= put
        if not self._waiting or (put and self.temporary and len(self._waiting) < _TEMPORARY_ROWS):
            return
        if self._identity is not None and identity_of(self._file) != self._identity:
            self._add_notice(f"cache {self.path} was moved or removed while it was used; it is opened again")
            self._reopen(None)
        # A second attempt: the failure of a damaged file ends with a new file in its place.
        if not self._write() and not self._failing:
            self._write()
        for key in list(self._waiting)[:-_WAITING_ROWS]:
            del self._waiting[key]

    def rows(self) -> Iterator[tuple[bytes, bytes] | None]:
        """Yield key and packed evaluations of every unit, oldest first; None for a row that is damaged."""
        self.put(())  # what waits
        return sound_rows(self._db)

    # -- state --

    @property
    def temporary(self) -> bool:
        """Whether the cache has no file that it reads or writes."""
        return self._identity is None

    @property
    def written(self) -> bool:
        """Whether every row that was put is in the file, and not only in memory or in a temporary database."""
        return self.persistent and not self._waiting

    def info(self) -> CacheInfo:
        """Return the figures of the cache as it is now; zeros when it cannot be read, and `notice` says why."""
        self.put(())  # what waits
        for _ in range(2):
            try:
                query = "SELECT count(*), (SELECT made FROM units ORDER BY id LIMIT 1) FROM units"
                units, made = self._db.execute(query).fetchone()
                size, used = self._sizes()
            except (sqlite3.Error, MemoryError) as error:
                self._handle_failure(error)
            else:
                return CacheInfo(str(self.path or "temporary"), units, size, used, self.limit, made)
        return CacheInfo(str(self.path), 0, 0, 0, self.limit, None)

    def clear(self) -> int:
        """Delete every row, give the space back, and return the number of rows deleted. Raises sqlite3.Error."""
        self._waiting.clear()
        count = self._execute("DELETE FROM units").rowcount
        # The file itself is not removed: others may be using it.
        self._execute("VACUUM")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def close(self) -> None:
        """Write the rows that still wait, if that is possible now, and close the file."""
        if self._waiting and not self.temporary:
            self.put(())
            if self._waiting:
                self._add_notice(f"{len(self._waiting):,} units could not be kept, and would be searched again")
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
        self._db.close()
        LOGGER.debug(
            "closed %s: %d hits, %d misses, %d units stored, %d evicted",
            self.path or "a temporary cache",
            self._hits,
            self._misses,
            self._stored,
            self._evicted,
        )

    # -- the file --

    @property
    def _file(self) -> Path:
        assert self.path is not None
        return self.path

    def _open(self, damaged: Identity | None = None) -> sqlite3.Connection:
        if self.persistent:
            try:
                opened = open_file(self._file, damaged, self._stopped)
            except UnusableCache as error:
                self._add_notice(f"cache {self.path} cannot be used ({error}); going on without it")
            else:
                for notice in opened.notices:
                    self._add_notice(notice)
                self._identity = opened.identity
                self._wal = opened.wal
                LOGGER.info(
                    "opened %s (%s, limit %d bytes)",
                    self._file,
                    "write-ahead log" if opened.wal else "rollback journal",
                    self.limit,
                )
                self._failing = not opened.writable
                self.persistent = opened.writable
                return opened.db
        self.persistent = False
        self._identity = None
        return temporary_database()

    def _reopen(self, damaged: Identity | None) -> None:
        self._db.close()
        self._synchronous, self._size_known = "", (0.0, self.limit)
        self._reopenings += 1
        if self._reopenings > _REOPENINGS and self.persistent:
            self._add_notice(f"cache {self.path} keeps failing; going on without it")
            self.persistent = False
        self._db = self._open(damaged)

    def _handle_failure(self, error: Exception) -> None:
        """React to a statement that failed: replace a damaged file, else keep later rows in memory."""
        code = code_of(error)
        if code is None and not isinstance(error, MemoryError):
            raise error  # used after it was closed, or by two threads
        if is_damage(error):
            # An unknown table or column comes from another version rather than from damage; opening tells which.
            self._reopen(None if code == sqlite3.SQLITE_ERROR else self._identity)
            return
        if not self._failing:
            self._failing = True
            self._add_notice(
                f"cache {self.path} failed ({error}); going on, what is found is kept once it works again"
            )
            self._busy_seconds = 0.0  # wait for a lock once, not at every unit

    def _add_notice(self, text: str) -> None:
        LOGGER.info("%s", text)
        self.notice = text if self.notice is None else f"{self.notice}; {text}"

    # -- writing --

    def _write(self) -> bool:
        """Write all waiting rows in one transaction. Return False after a failure, which has been handled."""
        now = time.monotonic()
        sync = now >= self._synced + _SYNC_SECONDS
        size = evicted = 0
        try:
            self._set_synchronous(sync)
            self._execute("BEGIN IMMEDIATE")
            self._insert()
            if self._may_be_full(now):
                size, used = self._sizes()
                self._size_known = now + _SIZES_SECONDS, used
                evicted = self._evict() if used > self.limit else 0
            self._execute("COMMIT")
        except (sqlite3.Error, MemoryError) as error:
            with contextlib.suppress(sqlite3.Error):
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
            self._handle_failure(error)
            return False
        self._stored += len(self._waiting)
        self._count_evicted(evicted)
        self._waiting.clear()
        # The file is well above its limit when that was lowered; otherwise free pages are used again.
        if size > self.limit + self.limit // 8 + MIN_LIMIT:
            self._shrink()
        if sync:
            self._synced = time.monotonic()
        self._failing = False
        self._busy_seconds = BUSY_SECONDS
        return True

    def _execute(self, statement: str, values: tuple[bytes, ...] = ()) -> sqlite3.Cursor:
        """Execute a statement for which another process may have to be waited for. Raises sqlite3.Error."""
        return patiently(lambda: self._db.execute(statement, values), self._busy_seconds, self._stopped)

    def _set_synchronous(self, sync: bool) -> None:
        # A temporary database need not survive anything. A rollback journal that is not synced can leave a broken
        # file behind a power cut; a WAL cannot.
        wanted = "OFF" if self.temporary else "FULL" if sync or not self._wal else "NORMAL"
        if wanted != self._synchronous:
            self._db.execute(f"PRAGMA synchronous = {wanted}")
            self._synchronous = wanted

    def _insert(self) -> None:
        now = int(time.time())
        self._db.executemany(
            "INSERT OR REPLACE INTO units (key, evaluations, digest, made) VALUES (?, ?, ?, ?)",
            [(key, packed, row_digest(key, packed), now) for key, packed in self._waiting.items()],
        )

    def _may_be_full(self, now: float) -> bool:
        """Whether the file may be above its limit with the rows that were just inserted."""
        until, used = self._size_known
        used += sum(len(packed) + _BYTES_OF_A_ROW for packed in self._waiting.values())
        self._size_known = until, used
        return now >= until or 2 * used > self.limit

    def _evict(self) -> int:
        """Delete the oldest rows, only so many that no run stalls; return their number."""
        return self._db.execute(
            "DELETE FROM units WHERE id IN (SELECT id FROM units"
            " WHERE id <= (SELECT max(id) FROM units) - ? ORDER BY id LIMIT ?)",
            (len(self._waiting), max(_MIN_EVICTED, 2 * len(self._waiting))),
        ).rowcount

    def _count_evicted(self, count: int) -> None:
        # At its limit a cache evicts at almost every put: the first time is logged, the sum when it is closed.
        if count and not self._evicted:
            LOGGER.info("above the limit of %d bytes: the oldest units are deleted", self.limit)
        self._evicted += count

    def _shrink(self) -> None:
        """Give free pages back to the system, only so many that no run stalls."""
        with contextlib.suppress(sqlite3.Error):
            # `execute` would free only the first page.
            self._db.executescript(f"PRAGMA incremental_vacuum({_PAGES_FREED_AT_ONCE})")

    def _sizes(self) -> tuple[int, int]:
        """Return the size of the file and the bytes of it in use."""
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
            self._add_notice(f"{LIMIT_VARIABLE}={text!r} is not a size from 1M on, such as 500M or 2G; 2G it is")
            return DEFAULT_LIMIT
