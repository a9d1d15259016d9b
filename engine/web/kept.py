"""Stores that are kept in the cache, so that the pages of a result are there at once the second time.

A store's name says what it was made of: the contents of the files, in order, and what was said about them. Whoever
uses one holds a lock on a file beside it: shared to read it, alone to build it. What nobody uses is removed, the
oldest first, when there are too many.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Self

from engine.system.locks import lock_file
from engine.system.paths import cache_dir
from engine.web.store import Store
from engine.web.store.schema import VERSION
from engine.web.store.store import remove

MOST = 12
"""Stores that are kept."""
MOST_BYTES = 4 << 30
_ENDING = ".games"


class KeptStore:
    """A place for a store, held until `close`."""

    def __init__(self, path: Path, lock: IO[bytes], *, built: bool, temporary: bool) -> None:
        self.path = path
        self.built = built
        """Whether all games are in it already."""
        self._lock = lock
        self._temporary = temporary

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def share(self) -> None:
        """Say that all games are in it: others may read it from now on."""
        if not self._temporary:
            lock_file(self._lock, shared=True)

    def spoil(self) -> None:
        """Say that it is not to be kept: games are missing."""
        self._temporary = True

    def close(self) -> None:
        """Let others have it; one without all games is removed."""
        if self._temporary or not _is_built(self.path):
            remove(self.path)
            Path(self._lock.name).unlink(missing_ok=True)
        self._lock.close()


def folder() -> Path:
    """Return the folder of kept stores."""
    return cache_dir() / "pages"


def key_of(paths: Sequence[str], *said: object) -> str | None:
    """Return the name of the store of some files; None where they can be read only once.

    * **paths** - files and folders, in order.
    * **said** - what else makes a difference.
    """
    digest = hashlib.blake2b(repr((VERSION, said)).encode("utf-8", "surrogateescape"), digest_size=16)
    for path in paths:
        files = sorted(Path(path).rglob("*")) if Path(path).is_dir() else [Path(path)]
        for file in files:
            if not file.is_file():
                if file.is_dir():
                    continue
                return None
            digest.update(os.fsencode(os.path.abspath(file)) + b"\0")  # noqa: PTH100 - as written
            with file.open("rb") as content:
                while piece := content.read(1 << 20):
                    digest.update(piece)
    return digest.hexdigest()


def keep(key: str | None) -> KeptStore:
    """Return the place of a store: with all games, or to be built.

    * **key** - what `key_of` returned; for None, and for one that another program is building, a temporary place.

    Raises OSError.
    """
    home = folder()
    home.mkdir(parents=True, exist_ok=True)
    if key is not None:
        path, lock = home / (key + _ENDING), (home / (key + ".lock")).open("ab")
        if _is_built(path) and lock_file(lock, shared=True) != "busy" and _is_built(path):
            with contextlib.suppress(OSError):
                os.utime(path)
            return KeptStore(path, lock, built=True, temporary=False)
        if lock_file(lock) != "busy":
            prune(home)
            return KeptStore(path, lock, built=False, temporary=False)
        lock.close()
    name = f"{os.getpid()}-{os.urandom(4).hex()}"
    lock = (home / (name + ".lock")).open("ab")
    lock_file(lock)
    prune(home)
    return KeptStore(home / (name + _ENDING), lock, built=False, temporary=True)


def prune(home: Path) -> None:
    """Remove the stores that nobody uses and that are not whole, and the oldest of too many."""
    stores = sorted(home.glob("*" + _ENDING), key=lambda path: -_status(path).st_mtime)
    kept = size = 0
    for path in stores:
        own = path.with_suffix(".lock")
        with own.open("ab") as lock:
            if lock_file(lock) == "busy":
                kept, size = kept + 1, size + _status(path).st_size
                continue
            if kept + 1 < MOST and size + _status(path).st_size <= MOST_BYTES and _is_built(path):
                kept, size = kept + 1, size + _status(path).st_size
                continue
            remove(path)
            own.unlink(missing_ok=True)


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError:
        return os.stat_result((0,) * 10)


def _is_built(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        store = Store.open(path)
    except Exception:
        return False
    try:
        return store.finished()
    except Exception:
        return False
    finally:
        store.close()
