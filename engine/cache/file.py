"""The database file of a cache: it is inspected, then opened, made, migrated, set aside or left alone.

| the file is                                   | what happens                                         |
| --------------------------------------------- | ---------------------------------------------------- |
| missing, or empty                             | made                                                 |
| a cache of schema 1                           | migrated, in one transaction                         |
| damaged                                       | renamed to `NAME.corrupt-N`, and a new one made      |
| another program's, or of a newer version      | left as it is; `UnusableCache`                       |
| read-only, or in a read-only folder           | opened for reading                                   |
| locked for long, not a file, on a broken disk | left as it is; `UnusableCache`                       |

A file is opened under a lock on its folder: when several runs find the same damage at once, one of them sets the
file aside and the others use the new one. A damaged file is identified by its inode, never by its name alone.

The journal is a WAL; on network file systems, and where there is no shared memory for a WAL, a rollback journal.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from msgspec import Struct

from engine.cache.network import on_network
from engine.cache.rows import row_digest
from engine.cache.waits import BUSY_SECONDS, MOMENT, folder_lock, never, patiently

LOGGER = logging.getLogger("engine.cache")

APPLICATION_ID = 0x454E4743
"""`ENGC` in the header of the file, which tells a cache from another program's database."""
SCHEMA = 2
"""Version of the table."""
TABLE = (
    "CREATE TABLE units (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, evaluations BLOB NOT NULL,"
    " digest BLOB NOT NULL, made INTEGER NOT NULL)"
)
"""Table of a cache. `id` grows, so the smallest is the oldest; `made` is Unix time in seconds, for people."""
_TABLE_1 = (
    "CREATE TABLE units (key BLOB PRIMARY KEY, evaluations BLOB NOT NULL, made INTEGER NOT NULL) WITHOUT ROWID"
)

_MAX_VALUE = 64 << 20
"""Most bytes of a value: a damaged or hostile file must not ask for more memory than any unit needs."""
_JOURNAL_BYTES = 16 << 20
"""Size to which the journal is cut when it is reset."""

_MIN_DATABASE = 512
"""Bytes of the smallest possible database: one page."""
_MAGIC = b"SQLite format 3\0"
_RESERVED = slice(72, 92)
"""Bytes of SQLite's header that are always zero."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_TOOBIG}
_NO_SHARED_MEMORY = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PROTOCOL,
}

Identity = tuple[int, int]
"""Device and inode, which identify the file behind a name."""


class UnusableCache(Exception):
    """Raised when a file cannot be used as a cache now and is left as it is. The message says why."""


class _Damaged(Exception):
    """Raised when a file was a cache and is damaged."""


class OpenFile(Struct, frozen=True):
    """A connection to a sound cache."""

    db: sqlite3.Connection
    """The connection."""
    identity: Identity | None
    """Device and inode of the file; None when it has vanished already."""
    writable: bool
    """Whether rows can be stored."""
    wal: bool
    """Whether the journal is a WAL."""
    notices: tuple[str, ...]
    """Problems and what was done about them, for people."""


def code_of(error: BaseException) -> int | None:
    """Return SQLite's primary result code; None for an error that does not come from SQLite.

    * **error** - the exception that was raised.
    """
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_damage(error: BaseException) -> bool:
    """Return whether the content of the file caused an error, not the disk, the permissions or another process.

    * **error** - the exception that was raised.
    """
    return isinstance(error, MemoryError) or code_of(error) in _DAMAGED


def identity_of(path: Path) -> Identity | None:
    """Return device and inode of a file; None when there is no such file.

    * **path** - the path of the file.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def open_file(path: Path, damaged: Identity | None = None, stopped: Callable[[], bool] = never) -> OpenFile:
    """Open a cache; make, migrate or replace its file first where that is necessary.

    * **path** - the path of the file.
    * **damaged** - *(optional)* the file that the caller found damaged: it is set aside first, if it still has
      this name.
    * **stopped** - *(optional)* whether to wait no longer for other processes.

    Raises `UnusableCache`.
    """
    notices: list[str] = []
    try:
        path = Path(os.path.realpath(path))  # a link stays where it is; its file is what is set aside
        path.parent.mkdir(parents=True, exist_ok=True)
        _check_kind(path)
        with folder_lock(path.parent, BUSY_SECONDS, stopped):
            if damaged is not None and identity_of(path) == damaged:
                notices.append(_set_aside(path, "its content does not read back"))
            for _ in range(3):
                try:
                    db = patiently(partial(_connect, path), BUSY_SECONDS, stopped)
                except _Damaged as error:
                    notices.append(_set_aside(path, str(error)))
                    continue
                writable = _writable(path)
                if not writable:
                    notices.append(f"cache {path} can only be read: what this run finds is not kept")
                (mode,) = db.execute("PRAGMA journal_mode").fetchone()
                return OpenFile(db, identity_of(path), writable, mode == "wal", tuple(notices))
    except (sqlite3.Error, OSError, ValueError) as error:
        raise UnusableCache(str(error)) from error
    raise UnusableCache("it is damaged each time it is made")


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a connection that changes nothing in the file.

    * **path** - the path of the file, which may be damaged.

    Raises `sqlite3.Error`.
    """
    journal = Path(f"{path}-wal")
    with contextlib.suppress(OSError):
        if journal.stat().st_size:
            return _configured(_uri(path, "mode=ro"))
    # Without a journal there is nothing to replay, and a read-only folder cannot hold the files a WAL needs.
    return _configured(_uri(path, "mode=ro&immutable=1"))


def is_cache(db: sqlite3.Connection) -> bool:
    """Return whether a database holds the table of this version and nothing else.

    * **db** - the database.

    Raises `sqlite3.Error`.
    """
    return _tables(db) == [TABLE]


def temporary_database() -> sqlite3.Connection:
    """Return a cache in a file without a name: it takes little memory, and is gone with the process."""
    db = _configured(sqlite3.connect("", isolation_level=None))
    db.execute("PRAGMA journal_mode = MEMORY")
    db.execute(TABLE)
    return db


# -- opening a file --


def _check_kind(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnusableCache("it is not a file")
        if 0 < status.st_size < _MIN_DATABASE:  # SQLite takes it for an empty database
            _check_ours(path)


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file with the journal it can have. Raises _Damaged, UnusableCache, sqlite3.Error, OSError."""
    if path.exists() and not _writable(path):
        return _attempt(path, None)
    journal = "DELETE" if on_network(path) else "WAL"
    try:
        return _attempt(path, journal)
    except sqlite3.OperationalError as error:
        if journal != "WAL" or code_of(error) not in _NO_SHARED_MEMORY or not path.exists():
            raise
    _leave_wal(path)
    return _attempt(path, "DELETE")


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _attempt(path: Path, journal: str | None) -> sqlite3.Connection:
    """Open the file with this journal; None opens it for reading."""
    try:
        if journal is None:
            db = open_for_reading(path)
        else:
            db = _configured(sqlite3.connect(path, timeout=min(MOMENT, BUSY_SECONDS), isolation_level=None))
    except MemoryError as error:
        raise _Damaged("out of memory") from error
    try:
        _prepare(db, journal)
    except BaseException as error:
        db.close()
        if isinstance(error, sqlite3.Error | MemoryError) and is_damage(error):
            _check_ours(path)
            raise _Damaged(str(error) or "out of memory") from error
        raise
    return db


def _configured(db: sqlite3.Connection) -> sqlite3.Connection:
    db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_VALUE)
    db.text_factory = lambda text: text.decode(errors="replace")  # a damaged schema is compared, never executed
    db.execute("PRAGMA trusted_schema = OFF")
    db.execute("PRAGMA cell_size_check = ON")
    return db


def _uri(path: Path, query: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{query}"
    return sqlite3.connect(uri, uri=True, timeout=min(MOMENT, BUSY_SECONDS), isolation_level=None)


def _prepare(db: sqlite3.Connection, journal: str | None) -> None:
    state = _inspect(db)
    if journal is None:
        if state != "ours":
            raise UnusableCache("it is read-only, and not a cache of this version")
        return
    if state == "new":
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    # A file with a rollback journal keeps it: an earlier run found that a WAL does not work there.
    if journal == "DELETE" or state != "ours":
        _set_journal(db, journal)
    db.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")
    if state != "ours":
        _make(db)


def _set_journal(db: sqlite3.Connection, journal: str) -> None:
    try:
        db.execute(f"PRAGMA journal_mode = {journal}").fetchone()
    except sqlite3.OperationalError as error:
        # Another process uses it in the other mode, which then works for this one too.
        if code_of(error) != sqlite3.SQLITE_BUSY:
            raise


def _inspect(db: sqlite3.Connection) -> str:
    """Return the state of the file: `new`, `ours` or `old`. Raises _Damaged, UnusableCache, sqlite3.Error."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (schema,) = db.execute("PRAGMA user_version").fetchone()
    tables = _tables(db)
    if (application, schema) == (0, 0) and not tables:
        return "new"
    if (application, schema) == (0, 1) and tables == [_TABLE_1]:
        return "old"
    if application != APPLICATION_ID:
        raise UnusableCache("it is a database of another program; it is left as it is, name another file")
    if schema > SCHEMA:
        raise UnusableCache(
            f"a newer version made it (schema {schema}, this one writes {SCHEMA}); name another file"
        )
    if schema != SCHEMA or tables != [TABLE]:
        raise _Damaged("its schema is not one that any version made")
    return "ours"


def _tables(db: sqlite3.Connection) -> list[str]:
    return [sql for (sql,) in db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]


def _make(db: sqlite3.Connection) -> None:
    """Make the table, and move the rows of schema 1 into it."""
    db.create_function("row_digest", 2, _digest_or_nothing, deterministic=True)
    db.execute("BEGIN IMMEDIATE")
    try:
        state = _inspect(db)  # again: another process may just have done it
        if state == "old":
            db.execute("ALTER TABLE units RENAME TO units_1")
        if state != "ours":
            db.execute(TABLE)
        if state == "old":
            db.execute(
                "INSERT INTO units (key, evaluations, digest, made)"
                " SELECT key, evaluations, row_digest(key, evaluations), made FROM units_1 ORDER BY made"
            )
            db.execute("DROP TABLE units_1")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {SCHEMA}")
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise
    if state == "old":
        with contextlib.suppress(sqlite3.Error):  # needed only so that the file can shrink later
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")
            db.execute("VACUUM")


def _digest_or_nothing(key: object, evaluations: object) -> bytes:
    return row_digest(key, evaluations) if isinstance(key, bytes) and isinstance(evaluations, bytes) else b""


# -- the file and its surroundings --


def _leave_wal(path: Path) -> None:
    """Turn a WAL into a rollback journal without shared memory, which an exclusive lock makes unnecessary."""
    db = sqlite3.connect(path, timeout=min(MOMENT, BUSY_SECONDS), isolation_level=None)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        _inspect(db)
        db.execute("PRAGMA journal_mode = DELETE")
    finally:
        db.close()


def _check_ours(path: Path) -> None:
    """Raise UnusableCache for a file that never was a database: somebody named it by mistake."""
    with open(path, "rb") as file:
        header = file.read(100)
    if header.startswith(_MAGIC) or (header and _MAGIC.startswith(header)):
        return
    zeros = header[_RESERVED].count(0)
    if zeros < 16:  # noqa: PLR2004 - of 20; some may be damaged
        raise UnusableCache("it is not a database; it is left as it is, name another file")


def _set_aside(path: Path, why: str) -> str:
    """Rename the file, its journal first: a journal must never meet another database. Return a notice."""
    n = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{n}")).exists():
        n += 1
    for suffix in ("-wal", "-shm", "-journal", ""):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").replace(f"{aside}{suffix}")
    return (
        f"cache {path} was damaged ({why}); it is now {aside.name}, and a new one is made;"
        f" `engine cache import {aside}` takes over what is sound in it"
    )
