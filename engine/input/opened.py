"""The file behind a source: what it is, and whether it has changed since it was opened."""

from __future__ import annotations

import errno
import functools
import io
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

from engine.cache.network import on_network


def status_of_regular(file: io.BufferedReader) -> os.stat_result | None:
    """Return the status of an open file; None for what is no regular file."""
    try:
        status = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def is_other(name: str, opened: os.stat_result) -> bool:
    """Return whether a name has become that of another file than the one that was opened."""
    try:
        return not os.path.samestat(os.stat(name), opened)  # noqa: PTH116 - names stay as written
    except OSError:
        return False  # removed: nothing is missing


def size_of(name: str) -> int:
    """Return the bytes of a file; 0 for what is no regular file."""
    status = os.stat(name)  # noqa: PTH116 - names stay as written
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def standard_input() -> int | BinaryIO:
    """Return the descriptor of standard input, or what a program has put in its place. Raises OSError.

    A thread must not be left waiting inside `sys.stdin`: Python could not end then.
    """
    if sys.stdin is None:  # a program without a console
        raise OSError(errno.EBADF, "there is no standard input")
    try:
        return sys.stdin.fileno()
    except (OSError, ValueError):
        return sys.stdin.buffer


@functools.lru_cache(1)
def lies_on_network(folder: Path) -> bool:
    """Return whether a folder is one of a file server."""
    return on_network(folder.resolve())


def copied(stream: io.RawIOBase) -> BinaryIO:
    """Return a temporary file without a name that has the bytes of a stream. Raises OSError.

    * **stream** - what can be read only from its beginning to its end.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the source closes it
    try:
        shutil.copyfileobj(stream, file, 1 << 20)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file
