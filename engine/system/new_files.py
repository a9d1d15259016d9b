"""New files: each is made beside the place that it is for, and put there whole.

While it is written, `games.pgn` is `games.pgn.engine-1f0c6ab52e94.part`. The name is random and the file is made,
never opened: what somebody else has there, a file, a link or a FIFO, is neither written to nor waited for.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
import re
import secrets
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from engine.system.locks import lock_file

_MADE = (
    os.O_WRONLY
    | os.O_APPEND
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_LOOKED_AT = (
    os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
)
_WORKING = re.compile(r"\.engine-[0-9a-f]{12}\.part")
_RENAMES_OPEN_FILES = os.name != "nt"
_ATTEMPTS = 4
"""Programs that begin for one place within a millisecond give way to each other, and try again."""
_LONGEST_WAIT = 0.05
"""Seconds before the second attempt; twice as long before each further one."""


class NewFile:
    """A file that nobody had before, for a place that it has not taken yet."""

    def __init__(self, place: Path, *, like: os.stat_result | None = None) -> None:
        """Make the file, empty. Raises OSError.

        * **place** - the path that it is for.
        * **like** - *(optional)* the file that it will replace, whose permissions it gets; the user's umask
          decides without it.
        """
        self.path = place.with_name(f"{place.name}.engine-{secrets.token_hex(6)}.part")
        """Its present path."""
        mode = 0o666 if like is None else stat.S_IMODE(like.st_mode) & 0o777
        self.file = io.FileIO(os.open(self.path, _MADE, mode), "ab")
        if like is not None and hasattr(os, "fchmod"):
            with contextlib.suppress(OSError):  # file systems without permissions
                os.fchmod(self.file.fileno(), mode)

    def status(self) -> os.stat_result:
        """Return the status of the open file."""
        return os.fstat(self.file.fileno())

    def is_at_its_path(self) -> bool:
        """Whether its name still means this file, not one that somebody has put there."""
        try:
            return os.path.samestat(self.path.lstat(), self.status())
        except OSError:
            return False

    def write(self, data: bytes | bytearray) -> None:
        """Append all of `data`. Raises OSError."""
        rest = memoryview(data)
        while rest:
            rest = rest[self.file.write(rest) :]

    def sync(self) -> None:
        """See that all is on the disk. Raises OSError."""
        os.fsync(self.file.fileno())

    def put(self, place: Path, *, replace: bool) -> None:
        """Give the file its name. It stays open, so that a lock on it outlives the change.

        * **place** - a path in the same folder.
        * **replace** - whether a file that is there is replaced; it is replaced as one step.

        Raises FileExistsError when something is there and may not be replaced, OSError when it cannot be done.
        """
        if not self.is_at_its_path():
            raise FileNotFoundError(errno.ENOENT, f"another program has moved or removed {self.path.name}")
        if not _RENAMES_OPEN_FILES:
            self.file.close()
        if replace:
            self.path.replace(place)
        else:
            self._put_where_nothing_is(place)
        self.path = place

    def _put_where_nothing_is(self, place: Path) -> None:
        try:
            place.hardlink_to(self.path)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            if os.path.lexists(place):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(place)) from None
            self.path.rename(place)
        else:
            with contextlib.suppress(OSError):  # the file has its name; the next run removes the other one
                self.path.unlink()

    def remove(self) -> None:
        """Remove the file, and close it. May be called more than once."""
        if not self.file.closed:
            if self.is_at_its_path():
                with contextlib.suppress(OSError):
                    self.path.unlink()
            self.close()

    def close(self) -> None:
        """Close the file, and give its lock back."""
        with contextlib.suppress(OSError):
            self.file.close()


def begin_alone(place: Path, *, like: os.stat_result | None) -> NewFile | None:
    """Make a new file for a place, locked; None when another program is writing one for the same place.

    A program first makes its own file and locks it, then looks for others of the same place, so that of two at
    least one sees the other. What killed programs have left is removed. Raises OSError.

    * **like** - as `NewFile` takes it.
    """
    for attempt in range(_ATTEMPTS):
        if attempt:
            time.sleep(random.SystemRandom().uniform(0, _LONGEST_WAIT) * 2**attempt)
        file = NewFile(place, like=like)
        try:
            locked = lock_file(file.file) != "busy"
            if not _remove_leftovers(place, own=file.path) and locked and file.is_at_its_path():
                return file
        except BaseException:
            file.remove()
            raise
        file.remove()
    return None


def is_for(file: Path, place: Path) -> bool:
    """Whether `file` has a name that a new file for `place` may have while it is written."""
    return (
        file.parent == place.parent
        and file.name.startswith(place.name)
        and _WORKING.fullmatch(file.name[len(place.name) :]) is not None
    )


def _remove_leftovers(place: Path, *, own: Path) -> bool:
    """Remove what killed programs have left of new files for `place`; return whether somebody else is at it.

    A file is locked while it is written and until all is done that its program does with it, so the one at `place`
    may be, too. What belongs to another user stays, and so does everything where the file system has no locks.

    * **own** - the caller's new file.
    """
    busy = _is_locked(place, remove=False)
    try:
        names = [entry.name for entry in os.scandir(place.parent)]
    except OSError:  # a folder that may be written to and not be read
        return busy
    for file in (place.with_name(name) for name in names if name.startswith(place.name)):
        if file != own and is_for(file, place):
            busy = _is_locked(file, remove=True) or busy
    return busy


def _is_locked(path: Path, *, remove: bool) -> bool:
    """Whether somebody has locked a file; with `remove`, one that is ours and not locked is removed."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return False
        descriptor = os.open(path, _LOOKED_AT)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        locked = lock_file(descriptor, shared=True)
        if remove and locked == "held" and stat.S_ISREG(status.st_mode) and _is_own(status):
            with contextlib.suppress(OSError):
                path.unlink()
        return locked == "busy"
    finally:
        os.close(descriptor)


def _is_own(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def sync_folders(folders: Iterable[Path]) -> None:
    """Make names given in these folders survive a power cut, where folders can be opened at all."""
    for folder in sorted(set(folders)):
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
