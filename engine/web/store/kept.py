"""Stores that are kept between two starts, in the cache of the user, found again by the content of their sources.

A store is built under another name and gets its own when it is complete, so that what is found is whole. One that
is damaged is built again. The oldest are removed when there are too many, but none that a program has open.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from engine import system
from engine.errors import InputError
from engine.run.progress import Snapshot
from engine.settings import Settings
from engine.system.paths import cache_dir
from engine.web.store.build import build
from engine.web.store.schema import VERSION
from engine.web.store.states import remove_states
from engine.web.store.store import Store, remove

MOST_STORES = 8
MOST_BYTES = 4 << 30
"""How many stores are kept, and how large they are together, with their states."""
HASHED_BYTES = 1 << 30
"""Of larger files the beginning and the end are hashed, and the size and the time of the last change count too."""
_END_BYTES = 16 << 20
_CHUNK = 1 << 20
_ENDING = f".v{VERSION}.store"
_IN_USE = ".used-"


def kept_folder() -> Path:
    """Return the folder of the stores that are kept."""
    return cache_dir() / "serve"


def open_kept(
    sources: Sequence[str | os.PathLike[str]],
    *,
    players: Sequence[str] = (),
    progress: Callable[[Snapshot], None] | None = None,
    stop: threading.Event | None = None,
    settings: Settings | None = None,
) -> Store:
    """Return the store of results, which is built unless it is kept. The arguments are those of `build`.

    One whose building is stopped is not kept. Raises what `build` raises, OSError for a folder that cannot be
    written to.
    """
    folder = kept_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{_key(sources, players, settings or Settings())}{_ENDING}"
    store = _opened(path)
    if store is None:
        building = path.with_name(f"{path.name}.{secrets.token_hex(6)}.part")
        try:
            build(sources, building, players=players, progress=progress, stop=stop, settings=settings).close()
            finished = Store.open(building)
            complete = finished.finished()
            finished.close()
            if complete:
                remove(path)
                remove_states(path)
                building.replace(path)
        except BaseException:
            remove(building)
            raise
        store = Store.open(path if complete else building)
    store.in_use = _mark(store.path)
    os.utime(store.path)
    _prune(folder, store.path)
    return store


def _opened(path: Path) -> Store | None:
    """Return a store that is whole; None for one that is not there, or is damaged."""
    if not path.exists():
        return None
    try:
        store = Store.open(path)
        if store.is_whole():
            return store
        store.close()
    except InputError:
        pass
    return None


def _key(sources: Sequence[str | os.PathLike[str]], players: Sequence[str], settings: Settings) -> str:
    """Return what tells stores apart: names and contents of the sources, and what decides how they are read."""
    deciding = [
        list(players),
        settings.search,
        settings.scoreboard,
        settings.encoding,
        settings.same,
        settings.keep_duplicates,
        settings.max_games,
        [str(plugin) for plugin in settings.plugins],
        settings.plugin_options,
    ]
    digest = hashlib.blake2b(msgspec.json.encode(deciding, enc_hook=str), digest_size=16)
    for source in sources:
        for file in _files(Path(source)):
            digest.update(f"\0{file}\0".encode("utf-8", "replace"))
            _add_content(digest, file)
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file():
            yield file


def _add_content(digest: hashlib.blake2b, path: Path) -> None:
    with contextlib.suppress(OSError), path.open("rb") as file:
        status = os.fstat(file.fileno())
        if status.st_size <= HASHED_BYTES:
            _add(digest, file, status.st_size)
            return
        digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
        _add(digest, file, _END_BYTES)
        file.seek(-_END_BYTES, os.SEEK_END)
        _add(digest, file, _END_BYTES)


def _add(digest: hashlib.blake2b, file: BinaryIO, size: int) -> None:
    while size > 0 and (chunk := file.read(min(_CHUNK, size))):
        digest.update(chunk)
        size -= len(chunk)


# -- how many are kept --------------------------------------------------------------------------------------


def _mark(path: Path) -> BinaryIO | None:
    """Return a file that is locked as long as it is open, which says that a store is in use."""
    try:
        file = path.with_name(f"{path.name}{_IN_USE}{secrets.token_hex(6)}").open("wb")
    except OSError:
        return None
    system.lock_file(file)
    return file


def _is_used(path: Path) -> bool:
    used = False
    for mark in path.parent.glob(f"{path.name}{_IN_USE}*"):
        with contextlib.suppress(OSError), mark.open("rb+") as file:
            if system.lock_file(file) == "busy":
                used = True
            else:
                mark.unlink()
    return used


def _prune(folder: Path, own: Path) -> None:
    """Remove the oldest stores when there are too many, those of other versions, and what was never finished."""
    stores = sorted(folder.glob("*.store*"), key=_age)
    whole = [path for path in stores if path.name.endswith(_ENDING)]
    unfinished = [path for path in stores if path.name.endswith(".part")]
    others = [path for path in stores if path.suffix == ".store" and not path.name.endswith(_ENDING)]
    sizes = {path: _size(path) for path in whole}
    total, count = sum(sizes.values()), len(whole)
    surplus = []
    for path in whole:
        if (count > MOST_STORES or total > MOST_BYTES) and path != own:
            surplus.append(path)
            total, count = total - sizes[path], count - 1
    for path in [*surplus, *others, *unfinished]:
        if path != own and not _is_used(path) and not _is_building(path):
            with contextlib.suppress(OSError):
                remove(path)
                remove_states(path)


def _is_building(path: Path) -> bool:
    """Whether a store may still be built: somebody has written to it in the last day."""
    beside = (path, path.with_name(f"{path.name}-wal"))
    newest = max((_age(file) for file in beside), default=0.0)
    return path.name.endswith(".part") and newest > _age(path.parent) - _DAY


_DAY = 86_400.0


def _age(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _size(path: Path) -> int:
    size = 0
    for ending in ("", "-wal", ".states", ".states-wal"):
        with contextlib.suppress(OSError):
            size += path.with_name(path.name + ending).stat().st_size
    return size
