"""Files that are read without being kept waiting: pipes, terminals and devices that may never say anything."""

from __future__ import annotations

import contextlib
import io
import os
import select
import stat
from collections.abc import Callable
from typing import Any

_LOOK_SECONDS = 0.1
"""Longest wait before `stopped` is asked again."""


class PatientFile(io.RawIOBase):
    """The bytes of a descriptor; they end when the file does, or when there is a reason to stop.

    Opening a FIFO does not wait for its writer. Only the reading of a file on a disk, or of one on a file server,
    cannot be ended.
    """

    def __init__(self, file: str | int, stopped: Callable[[], bool]) -> None:
        """Open a file.

        * **file** - its path; or a descriptor, which stays open when this is closed.
        * **stopped** - whether to stop; asked before each read and ten times a second while there is nothing.

        Raises OSError.
        """
        super().__init__()
        self._owned = not isinstance(file, int)
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        self._descriptor = file if isinstance(file, int) else os.open(file, flags)
        self._stopped = stopped
        self._poll = None
        if may_keep_waiting(self._descriptor) and hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(self._descriptor, select.POLLIN)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return not may_keep_waiting(self._descriptor)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def fileno(self) -> int:
        return self._descriptor

    def readinto(self, buffer: Any) -> int:
        while not self._stopped():
            if self._poll is None or self._poll.poll(_LOOK_SECONDS * 1000):
                with contextlib.suppress(BlockingIOError):
                    if hasattr(os, "readv"):
                        return os.readv(self._descriptor, [buffer])
                    data = os.read(self._descriptor, len(buffer))
                    buffer[: len(data)] = data
                    return len(data)
        return 0

    def close(self) -> None:
        if not self.closed and self._owned:
            os.close(self._descriptor)
        super().close()


def may_keep_waiting(file: str | int) -> bool:
    """Return whether a file, or a descriptor, is none on a disk, so that reading it may take for ever."""
    try:
        return not stat.S_ISREG(os.stat(file).st_mode)  # noqa: PTH116 - of a descriptor too
    except OSError:
        return False
