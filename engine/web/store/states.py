"""The file beside a store that keeps what aggregators have counted in its games."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.web.store.blocks import Block, bits_of
from engine.web.store.flat import Flat
from engine.web.store.paths import Chunk, Paths, dump_chunk, load_chunk

_VERSION = 2
"""Raised with every change of the tables or of what stands in them."""
_WAIT = 30.0
"""Seconds to wait for another process that writes."""
_TABLES = (
    """CREATE TABLE IF NOT EXISTS states (
  kind TEXT, -- aggregator, options and code
  view TEXT, -- side that the games are seen from
  block INTEGER,
  games INTEGER, -- a bit for each of its games
  data BLOB,
  PRIMARY KEY (kind, view, block)
) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS paths (
  kind TEXT,
  first INTEGER, -- number of the first path of the chunk
  data BLOB,
  PRIMARY KEY (kind, first)
) WITHOUT ROWID""",
)


def states_path(store: Path) -> Path:
    """Return the path of the states of a store."""
    return store.with_name(f"{store.name}.states")


class States:
    """States by aggregator, side and block, for one thread at a time. What cannot be kept is counted again."""

    def __init__(self, store: Path) -> None:
        """Open the file, or make it; one that is damaged is made anew.

        * **store** - the path of the store.
        """
        self._store = store
        self._database: sqlite3.Connection | None = None
        self._paths: dict[str, Paths] = {}
        """Those that were numbered here, by kind."""
        try:
            self._database = _opened(states_path(store))
        except sqlite3.DatabaseError:
            self.begin_anew()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Have all that is read be of one moment. Raises sqlite3.Error."""
        if self._database is None:
            yield
            return
        self._database.execute("BEGIN")
        try:
            yield
        finally:
            self._database.rollback()

    def kept(self, kind: str) -> dict[tuple[str, int], int]:
        """Return which games are kept, by side and block, as `bits_of` has them."""
        if self._database is None:
            return {}
        try:
            rows = self._database.execute("SELECT view, block, games FROM states WHERE kind = ?", (kind,))
            return {(view, block): games for view, block, games in rows}
        except sqlite3.Error:
            return {}

    def load(self, kind: str, view: str, block: int) -> Block:
        """Return a block; an empty one where none is kept."""
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error, ValueError):
                row = self._database.execute(
                    "SELECT data FROM states WHERE kind = ? AND view = ? AND block = ?", (kind, view, block)
                ).fetchone()
                if row is not None:
                    return Block.load(row[0])
        return Block()

    def chunks(self, kind: str, first: int = 0) -> list[Chunk]:
        """Return the paths that blocks have numbers of, in the order of these. Raises sqlite3.Error, ValueError.

        * **first** - *(optional)* the number that a chunk begins with.
        """
        if self._database is None:
            return []
        rows = self._database.execute(
            "SELECT data FROM paths WHERE kind = ? AND first >= ? ORDER BY first", (kind, first)
        )
        shared: dict[str, str] = {}
        return [load_chunk(data, shared) for (data,) in rows]

    def keep(self, kind: str, view: str, number: int, states: Mapping[int, Flat]) -> bool:
        """Keep the states of games of a block beside those that it has; return whether that could be done.

        * **states** - by the number of the game.
        """
        if self._database is None:
            return False
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._keep(self._database, kind, view, number, states)
            except BaseException:
                self._database.rollback()
                raise
            self._database.commit()
        except (sqlite3.Error, OverflowError, ValueError, OSError):
            self._paths.pop(kind, None)
            return False
        return True

    def _keep(
        self, database: sqlite3.Connection, kind: str, view: str, number: int, states: Mapping[int, Flat]
    ) -> None:
        paths = self._paths.setdefault(kind, Paths())
        for chunk in self.chunks(kind, paths.count):
            paths.take(chunk)
        missing = paths.missing(path for state in states.values() for path in state.sums)
        if missing:
            row = (kind, paths.count, dump_chunk(missing))
            database.execute("INSERT INTO paths VALUES (?, ?, ?)", row)
            paths.take(missing)
        block = self.load(kind, view, number)
        added = {game: state for game, state in states.items() if game not in block.games}
        block = block.extended(added, paths)
        kept = (kind, view, number, bits_of(block.games), block.dump())
        database.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?)", kept)

    def begin_anew(self) -> None:
        """Make the file anew, since it is damaged. Others who have it open go on with the old one."""
        self.close()
        self._paths.clear()
        self._database = None
        with contextlib.suppress(OSError, sqlite3.Error):
            remove_states(self._store)
            self._database = _opened(states_path(self._store))

    def rest(self) -> None:
        """Let go of what is read again when it is needed."""
        self._paths.clear()
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.execute("PRAGMA shrink_memory")

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT, check_same_thread=False, isolation_level=None)
    try:
        [version] = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError("another version")
        for pragma in ("journal_mode = WAL", "synchronous = OFF", f"user_version = {_VERSION}"):
            database.execute(f"PRAGMA {pragma}")
        for table in _TABLES:
            database.execute(table)
    except sqlite3.Error:
        database.close()
        raise
    return database


def remove_states(store: Path) -> None:
    """Remove the states of a store."""
    path = states_path(store)
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
