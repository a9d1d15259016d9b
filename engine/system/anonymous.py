"""Files and memory without a name: several processes use them, and nothing of them is left, whatever dies."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import tempfile
import weakref
from functools import lru_cache
from multiprocessing import context, reduction, sharedctypes
from typing import Any


def open_unnamed(label: str) -> int:
    """Return the descriptor of a new, empty file without a name.

    It lies in memory (Linux), for which no folder is needed, not even `/dev/shm`. Where the system has no such
    files it lies in the folder for temporary files.

    * **label** - what `/proc` shows of it.

    Raises OSError when there is no such folder either; its text says so.
    """
    with contextlib.suppress(AttributeError, OSError):
        return os.memfd_create(label)
    with tempfile.TemporaryFile(prefix=f"{label}-") as file:
        return os.dup(file.fileno())


def shared_array(kind: Any, length: int) -> Any:
    """Return a `ctypes` array in memory that processes share, all zero. Give it to a process in `args`.

    `multiprocessing.RawArray` does the same in `/dev/shm`, which may be missing, read-only or full.

    * **kind** - the `ctypes` type of an item.
    * **length** - how many items.

    Raises OSError as `open_unnamed` does.
    """
    if os.name != "posix":
        return sharedctypes.RawArray(kind, length)
    descriptor = open_unnamed("engine-shared")
    try:
        os.ftruncate(descriptor, length * ctypes.sizeof(kind))
        return _mapped(kind, length, descriptor)
    except BaseException:
        os.close(descriptor)
        raise


def _mapped(kind: Any, length: int, descriptor: int) -> Any:
    """Return the array of a file, which is closed with it."""
    array = _array_type(kind, length).from_buffer(mmap.mmap(descriptor, length * ctypes.sizeof(kind)))
    array.descriptor = descriptor
    array.closer = weakref.finalize(array, os.close, descriptor)
    return array


def close_array(array: Any) -> None:
    """Close the file of a `shared_array` at once, not at the next garbage collection; the memory stays.

    It cannot be given to a process any more. May be called more than once.
    """
    if hasattr(array, "closer"):
        array.closer()


@lru_cache(maxsize=64)
def _array_type(kind: Any, length: int) -> Any:
    class SharedArray(kind * length):  # type: ignore[misc]
        """The array itself, so that its items are reached as fast as those of any other."""

        def __reduce__(self) -> tuple[Any, ...]:
            context.assert_spawning(self)
            return _received, (kind, length, reduction.DupFd(self.descriptor))

    return SharedArray


def _received(kind: Any, length: int, descriptor: Any) -> Any:
    return _mapped(kind, length, descriptor.detach())
