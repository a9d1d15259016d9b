"""The file that one output is written into, until it is complete or left as `FILE.part`."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from engine.errors import OutputError
from engine.output import unfinished
from engine.system.new_files import begin_alone, is_for

PART = ".part"
"""Ends the name of what a stopped run leaves."""
_MOST_LEFT = 9
"""What stopped runs have left: `FILE.part`, and `FILE.2.part` and so on where somebody else has that name."""


class Part:
    """A new file beside its place, locked until it has a name for good: two runs never write one output.

    There is one lock for each output although the names are random (`begin_alone`).
    """

    def __init__(self, path: Path, name: str, *, like: os.stat_result | None) -> None:
        """Make the file, and remove what killed runs have left of the same output.

        * **path** - the output's place.
        * **name** - what the user calls it.
        * **like** - the file that is replaced, if there is one.

        Raises OSError, and OutputError when another run is writing the output.
        """
        self._path = path
        file = begin_alone(path, like=like)
        if file is None:
            raise OutputError(f"another run is writing {name}; wait for it, or stop it")
        self._file = file
        self.raw = self._file.file
        """The open file, for writing."""

    @property
    def suffix(self) -> str:
        """What follows the output's name in the name that the file has now."""
        return self._file.path.name[len(self._path.name) :]

    def sync(self) -> None:
        """See that all is on the disk. Raises OSError."""
        self._file.sync()

    def note(self) -> None:
        """Note that the output will be replaced by this file, in a run that may not finish."""
        unfinished.note(self._path, self._file.status())

    def publish(self, *, replace: bool) -> None:
        """Give the file its name; its lock stays. Raises FileExistsError unless `replace`, OSError."""
        self._file.put(self._path, replace=replace)

    def leave(self) -> str | None:
        """Give a file that is not published the name of what a stopped run leaves.

        That is `FILE.part`, unless it is somebody else's. An empty file is removed. Return what follows the
        output's name in the name that the file has then; None when it was removed. Where it cannot get a new name
        it keeps the one that it has.
        """
        with contextlib.suppress(OSError):
            if self._file.path == self._path:
                self._file.close()
                return self.suffix
            status = self._file.status()
            if status.st_size == 0:
                self._file.remove()
                return None
            for place in left_names(self._path):
                replace = unfinished.is_noted(place)
                if replace or not os.path.lexists(place):
                    unfinished.note(place, status)
                    try:
                        self._file.put(place, replace=replace)
                    except FileExistsError:
                        continue
                    break
        self._file.close()
        return self.suffix

    def close(self) -> None:
        """Close the file, and give its lock back."""
        self._file.close()

    def remove(self) -> None:
        """Remove the file, which is not published."""
        self._file.remove()


def left_names(path: Path) -> list[Path]:
    """Return the names that what a stopped run leaves may have, the best first."""
    numbered = [path.with_name(f"{path.name}.{number}{PART}") for number in range(2, _MOST_LEFT + 1)]
    return [path.with_name(path.name + PART), *numbered]


def is_left(file: Path, path: Path) -> bool:
    """Whether a run that writes `path` may replace or remove `file`, as what an earlier run has left."""
    return is_for(file, path) or file in left_names(path)


def remove_left(path: Path) -> None:
    """Remove what stopped runs have left of an output that is complete now."""
    for place in left_names(path):
        if unfinished.is_noted(place):
            with contextlib.suppress(OSError):
                place.unlink()


def status_of(path: Path) -> os.stat_result | None:
    """Return the status of a file; None when there is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None
