"""An output that is a folder of files, until it is complete or left as `FOLDER.part`.

The files are made in `FOLDER.part`, beside the place, and each has `.part` at the end of its name until it is
complete, so that a program that looks for `*.parquet` finds none that it cannot read. When the run is complete the
folder gets its name in one step. It is known as ours by the file `_engine.json` in it, which its writer makes:
nothing else is ever replaced or removed. A folder that is replaced is moved aside first, and removed when the new
one is in its place.

Whoever writes a folder holds the lock of an empty file beside it (`Part`), so that two runs never write the same.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from engine.errors import ConfigError, OutputError
from engine.output import unfinished
from engine.output.part import PART, Part
from engine.system.new_files import sync_folders

MARK = "_engine.json"
"""The file in every folder of ours; programs that read tables pass over names that begin with `_`."""
BEGUN = "_engine.part"
"""The same in a folder that is not complete."""
_OLD = ".old.part"
"""Ends the name of a folder while it is replaced."""


def is_folder(name: str) -> bool:
    """Return whether the name of an output is that of a folder."""
    return name.endswith("/") or (os.sep != "/" and name.endswith(os.sep))


def check_folder(name: str, path: Path, *, force: bool) -> None:
    """Check that a folder can be written at `path`, which the user called `name`.

    Raises OutputError for a folder around it that is missing or not writable, ConfigError for what is there and is
    no empty folder, unless a run that did not finish put it there, or `force` is given and it is ours.
    """
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {name}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {name}: the folder {path.parent} is not writable")
    if not os.path.lexists(path) or is_replaceable(path, force=force):
        return
    if not path.is_dir():
        raise ConfigError(f"output {name} exists and is not a folder; give another name")
    if not _is_ours(path):
        raise ConfigError(f"output {name} exists, and was not written by this program; give another name")
    raise ConfigError(f"output {name} exists; overwrite it with --force, or give another name")


def is_replaceable(path: Path, *, force: bool) -> bool:
    """Return whether what is at `path` may be replaced: an empty folder, or one of ours that is not wanted."""
    try:
        if path.is_symlink() or not path.is_dir():
            return False
        return not any(path.iterdir()) or (force and _is_ours(path)) or unfinished.is_noted(path / MARK)
    except OSError:
        return False


def _is_ours(path: Path) -> bool:
    mark = path / MARK
    return not mark.is_symlink() and mark.is_file()


class FolderPart:
    """A new folder beside its place."""

    def __init__(self, path: Path, name: str, on_error: Callable[[OSError], None]) -> None:
        """Make the folder, and remove what killed runs have left of the same output.

        * **path** - the output's place.
        * **name** - what the user calls it.
        * **on_error** - told of an error of the disk, which the writer may turn into one of its own.

        Raises OSError, and OutputError when another run is writing the output.
        """
        self._path = path
        self._on_error = on_error
        self._lock = Part(path, name, like=None)
        self._made = path.with_name(path.name + PART)
        self._files: list[_File] = []
        try:
            _remove_left(self._made, name)
            self._made.mkdir()
            (self._made / BEGUN).touch()
        except BaseException:
            self._lock.remove()
            raise

    def open(self, name: str) -> BinaryIO:
        """Begin a file in the folder; see `Writer.open_file`. Raises OSError, ValueError for a name outside."""
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or parts[0] == "/":
            raise ValueError(f"{name} is no name of a file in this folder")
        file = _File(self._made.joinpath(*parts), self._on_error)
        self._files = [*(each for each in self._files if not each.closed), file]
        return cast("BinaryIO", file)

    @property
    def suffix(self) -> str:
        """What follows the output's name in the name that the folder has now."""
        return PART if self._made.exists() else ""

    def sync(self) -> None:
        """See that all is on the disk. Raises OSError."""
        (self._made / BEGUN).unlink(missing_ok=True)
        sync_folders(Path(folder) for folder, _, _ in os.walk(self._made))

    def note(self) -> None:
        """Note that the output will be replaced by this folder, in a run that may not finish."""
        unfinished.note(self._path / MARK, (self._made / MARK).stat())

    def publish(self, *, force: bool) -> None:
        """Give the folder its name. Raises FileExistsError for what may not be replaced, OSError."""
        old = self._path.with_name(self._path.name + _OLD)
        if os.path.lexists(self._path):
            if not is_replaceable(self._path, force=force):
                raise FileExistsError(self._path)
            if old.is_dir() and _is_left(old):
                shutil.rmtree(old)
            self._path.rename(old)
        self._made.rename(self._path)
        if old.is_dir() and _is_left(old):
            shutil.rmtree(old, ignore_errors=True)

    def leave(self) -> str | None:
        """Leave the folder as `FOLDER.part`, without the files that are not complete; None if nothing is left."""
        for file in self._files:
            file.drop()
        with contextlib.suppress(OSError):
            kept = (name for _, _, names in os.walk(self._made) for name in names)
            if self._made.is_dir() and all(name == BEGUN for name in kept):
                shutil.rmtree(self._made)
        suffix = self.suffix
        self.close()
        return suffix or None

    def close(self) -> None:
        """Give the lock back."""
        self._lock.remove()


def _remove_left(path: Path, name: str) -> None:
    """Remove what a killed run has left of the output `name`. Raises OutputError for what it has not."""
    if os.path.lexists(path):
        if path.is_symlink() or not path.is_dir() or not _is_left(path):
            raise OutputError(f"cannot write {name}: {path} is in the way; move it")
        shutil.rmtree(path)


def _is_left(path: Path) -> bool:
    """Return whether a folder has the mark of ours, complete or not, or is empty."""
    return not any(path.iterdir()) or _is_ours(path) or (path / BEGUN).exists()


class _File(io.RawIOBase):
    """A file in the folder, which gets its name when it is closed."""

    def __init__(self, path: Path, on_error: Callable[[OSError], None]) -> None:
        super().__init__()
        self._path = path
        self._on_error = on_error
        self._part = path.with_name(path.name + PART)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.open("xb", buffering=1 << 16)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        try:
            return self._file.write(data)
        except OSError as error:
            self._on_error(error)
            raise

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        if self.closed or self._file.closed:
            super().close()
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.rename(self._path)
        except OSError as error:
            self._on_error(error)
            raise
        finally:
            super().close()

    def drop(self) -> None:
        """Remove the file, unless it is complete."""
        if not self._file.closed:
            with contextlib.suppress(OSError):
                self._file.close()
            with contextlib.suppress(OSError):
                self._part.unlink()
