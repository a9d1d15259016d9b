"""Caches for tests, processes that write to them, and damage."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from engine.cache.store import Cache
from tests.support import PATIENCE

from . import cache_writer
from .cache_writer import key, value

ROWS = 120


@contextmanager
def writer(
    path: Path, name: str, count: int, *more: int, prefix: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A writer that waits for its `go`. No process is left behind, whatever happens."""
    arguments = [*prefix, sys.executable, cache_writer.__file__, str(path), name, str(count), *map(str, more)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.kill()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def last_words(process: subprocess.Popen[str], count: int) -> str:
    """The notice, after every number was said."""
    out, _ = process.communicate(timeout=PATIENCE)
    said = out.splitlines()
    assert said[:-1] == [str(n) for n in range(count)]
    assert process.returncode == 0
    return said[-1]


def fill(path: Path, count: int = ROWS) -> None:
    with closing(Cache(path)) as cache:
        cache.put((key("a", n), value("a", n)) for n in range(count))
        assert cache.notice is None


def readable(cache: Cache, name: str = "a", count: int = ROWS) -> int:
    """Return how many of the rows can be read; those must be what was stored."""
    found = [n for n in range(count) if (got := cache.get(key(name, n))) is not None and got == value(name, n)]
    wrong = [n for n in range(count) if cache.get(key(name, n)) not in (None, value(name, n))]
    assert not wrong
    return len(found)


def damage(path: Path, first: float, last: float = 1.0) -> None:
    """Overwrite a stretch of the file, given as parts of its length."""
    size = path.stat().st_size
    start, end = int(size * first), int(size * last)
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(random.Random(7).randbytes(end - start))


def old_cache(path: Path) -> None:
    """Write a cache as the first version did."""
    from engine.contracts.messages import pack

    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "CREATE TABLE units"
            " (key BLOB PRIMARY KEY, evaluations BLOB NOT NULL, made INTEGER NOT NULL) WITHOUT ROWID"
        )
        db.executemany(
            "INSERT INTO units VALUES (?, ?, ?)",
            [(key("old", n), pack(value("old", n)), 1_700_000_000 - n) for n in range(50)],
        )
        db.execute("PRAGMA user_version = 1")
        db.commit()
