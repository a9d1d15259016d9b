"""The file beside a store that keeps what aggregators have counted in its games."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.contracts.states import State
from engine.web.store.blocks import Block
from engine.web.store.schema import VERSION

_WAIT = 30.0
"""Seconds to wait for another process that writes."""
_TABLE = """CREATE TABLE IF NOT EXISTS states (
  kind TEXT, -- aggregator, options and code
  view TEXT, -- side that the games are seen from
  block INTEGER,
  games INTEGER, -- number of its games
  data BLOB,
  PRIMARY KEY (kind, view, block)
) WITHOUT ROWID"""


def states_path(store: Path) -> Path:
    """Return the path of the states of a store."""
    return store.with_name(f"{store.name}.states")


class States:
    """States by aggregator, side and block, for one thread at a time. What cannot be kept is counted again."""

    def __init__(self, store: Path) -> None:
        """Open the file, or make it; one that is damaged is made anew.

        * **store** - the path of the store.
        """
        path = states_path(store)
        self._database: sqlite3.Connection | None = None
        try:
            self._database = _opened(path)
        except sqlite3.DatabaseError:
            with contextlib.suppress(OSError, sqlite3.Error):
                remove_states(store)
                self._database = _opened(path)

    def sizes(self, kind: str) -> dict[tuple[str, int], int]:
        """Return how many games are kept, by side and block."""
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

    def keep(self, kind: str, view: str, number: int, block: Block, declared: Mapping[str, State]) -> None:
        """Keep a block, if that can be done; `declared` are the states of the aggregator."""
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error, OverflowError, OSError):
                row = (kind, view, number, len(block.games), block.dump(declared))
                self._database.execute("INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?)", row)

    def forget(self, kinds: Sequence[str]) -> None:
        """Remove all but these kinds, which may be counted again."""
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                marks = ", ".join("?" * len(kinds))
                self._database.execute(f"DELETE FROM states WHERE kind NOT IN ({marks})", list(kinds))

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT, check_same_thread=False, isolation_level=None)
    try:
        [version] = database.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError("another version")
        for pragma in ("journal_mode = WAL", "synchronous = OFF", f"user_version = {VERSION}"):
            database.execute(f"PRAGMA {pragma}")
        database.execute(_TABLE)
    except sqlite3.Error:
        database.close()
        raise
    return database


def remove_states(store: Path) -> None:
    """Remove the states of a store."""
    path = states_path(store)
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
