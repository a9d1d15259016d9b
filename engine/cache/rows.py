"""Rows of a cache: their digest, and how they are read out of a file that may be damaged."""

from __future__ import annotations

import errno
import hashlib
import sqlite3
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec

from engine.cache.waits import BUSY_SECONDS, is_busy, patiently
from engine.contracts.messages import unpack_evaluations
from engine.model import Evaluation

_ROWS_AT_ONCE = 500
_UNREADABLE_IN_A_ROW = 100_000
"""Number of consecutive ids that cannot be read after which the rest is given up."""


def row_digest(key: bytes, evaluations: bytes) -> bytes:
    """Return the 8 bytes that tell whether a row is what was stored; SQLite does not notice a flipped bit.

    * **key** - the key of the row.
    * **evaluations** - the packed evaluations of the row.
    """
    return hashlib.blake2b(key + evaluations, digest_size=8).digest()


def read_row(key: bytes, packed: object, digest: object) -> tuple[Evaluation, ...] | None:
    """Return the evaluations of a row; None when the row is not what was stored.

    * **key** - the key of the row.
    * **packed** - the evaluations as the row has them.
    * **digest** - the `row_digest` as the row has it.
    """
    if not isinstance(packed, bytes) or digest != row_digest(key, packed):
        return None
    try:
        return unpack_evaluations(packed)
    except (msgspec.MsgspecError, ValueError):  # stored by a version with other fields; ValueError: not UTF-8
        return None


def _read_after(db: sqlite3.Connection, last_id: int, at_once: int) -> list[tuple[Any, ...]]:
    query = "SELECT id, key, evaluations, digest FROM units WHERE id > ? ORDER BY id LIMIT ?"
    return db.execute(query, (last_id, at_once)).fetchall()


def sound_rows(db: sqlite3.Connection) -> Iterator[tuple[bytes, bytes] | None]:
    """Yield key and packed evaluations of every unit, oldest first; None for a row that is damaged.

    No transaction is held between two items, so writers are not kept waiting.

    * **db** - the database, which may be damaged.

    Raises TimeoutError when another process has it locked for long: nothing is known of what is left then.
    """
    last_id, at_once, failures = 0, _ROWS_AT_ONCE, 0
    while failures < _UNREADABLE_IN_A_ROW:
        try:
            rows = patiently(partial(_read_after, db, last_id, at_once), BUSY_SECONDS)
        except (sqlite3.Error, MemoryError) as error:
            if is_busy(error):
                raise TimeoutError(errno.ETIMEDOUT, "another process has locked the cache; try again") from error
            # A page cannot be read: go row by row up to it, and then past it.
            if at_once == 1:
                last_id += 1
                failures += 1
            at_once = 1
            continue
        if not rows:
            return
        at_once, failures = (_ROWS_AT_ONCE, 0) if failures or at_once > 1 else (1, 0)
        for _, key, packed, digest in rows:
            sound = isinstance(key, bytes) and read_row(key, packed, digest) is not None
            yield (key, packed) if sound else None
        last_id = max(last_id + 1, rows[-1][0])  # a damaged id must not lead back
