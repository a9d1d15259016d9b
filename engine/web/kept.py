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
from typing import IO, BinaryIO, Self

from engine.errors import InputError
from engine.settings import Settings
from engine.system.locks import lock_file
from engine.system.paths import cache_dir
from engine.web.store import Store
from engine.web.store.schema import VERSION
from engine.web.store.states import states_path
from engine.web.store.store import remove

MOST = 12
"""Stores that are kept."""
MOST_BYTES = 4 << 30
"""Bytes of all of them, with the states of aggregators beside them."""
HASHED_BYTES = 1 << 30
"""Size of a file from which on beginning, end, size and time of the last change stand for its content."""
_END_BYTES = 16 << 20
_CHUNK = 1 << 20
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


def key_of(paths: Sequence[str], players: Sequence[str], settings: Settings) -> str | None:
    """Return the name of the store of some files; None where they can be read only once, or not at all.

    * **paths** - files and folders, in order.
    * **players** - the names of the player whom the pages begin with.
    * **settings** - how the files are read.
    """
    reading = (settings.search, settings.encoding, settings.same, settings.keep_duplicates, settings.max_games)
    said = (VERSION, tuple(players), reading, settings.plugins, settings.scoreboard.winning_cp)
    digest = hashlib.blake2b(repr(said).encode("utf-8", "surrogateescape"), digest_size=16)
    for path in paths:
        files = sorted(Path(path).rglob("*")) if Path(path).is_dir() else [Path(path)]
        for file in files:
            if not file.is_file():
                if file.is_dir():
                    continue
                return None
            digest.update(os.fsencode(os.path.abspath(file)) + b"\0")  # noqa: PTH100 - as written
            try:
                with file.open("rb") as content:
                    _add_content(digest, content)
            except OSError:  # reading the games reports it
                return None
    return digest.hexdigest()


def _add_content(digest: hashlib.blake2b, file: BinaryIO) -> None:
    status = os.fstat(file.fileno())
    if status.st_size <= HASHED_BYTES:
        _add(digest, file, status.st_size)
        return
    digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
    _add(digest, file, _END_BYTES)
    file.seek(-_END_BYTES, os.SEEK_END)
    _add(digest, file, _END_BYTES)


def _add(digest: hashlib.blake2b, file: BinaryIO, size: int) -> None:
    while size > 0 and (piece := file.read(min(_CHUNK, size))):
        digest.update(piece)
        size -= len(piece)


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
            is_used = lock_file(lock) == "busy"
            fits = kept + 1 < MOST and size + _size(path) <= MOST_BYTES
            if is_used or (fits and _is_built(path)):
                kept, size = kept + 1, size + _size(path)
                continue
            remove(path)
            own.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return _status(path).st_size + _status(states_path(path)).st_size


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError:
        return os.stat_result((0,) * 10)


def _is_built(path: Path) -> bool:
    """Whether a store has all its games, and they can be read."""
    if not path.is_file():
        return False
    try:
        store = Store.open(path)
    except InputError:
        return False
    try:
        return store.is_whole()
    finally:
        store.close()
