"""Where one output goes, and which writer makes it: all that can be checked before a run."""

from __future__ import annotations

import difflib
import os
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from engine.errors import ConfigError, OutputError
from engine.output import unfinished
from engine.output.folder import check_folder, is_folder
from engine.output.part import is_left
from engine.plugin import Writer
from engine.system.compression import COMPRESSORS, Compressor

STDOUT = "-"
"""The name of standard output."""
_STANDARD_OUTPUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
"""Names that the system has for it: a device, a FIFO or a file."""


class Target(Struct, frozen=True):
    """Where one output goes."""

    name: str
    """The name as the user wrote it."""
    path: Path | None
    """The real path, symbolic links resolved; None for standard output."""
    plugin: str
    """The writer's name."""
    writer: type[Writer]
    ending: str = ""
    """The part of the name that chose the writer and the compression."""
    compressor: Callable[[], Compressor] | None = None
    """Makes the compressor; None for an output that is not compressed."""
    folder: bool = False
    """Whether it is a folder of files."""

    def overwrites(self, file: Path) -> bool:
        """Whether writing this output could change or remove `file`, hard links included."""
        path = self.path
        if self.folder and path is not None:
            return path in (real := real_path(str(file))).parents or path == real
        return path is not None and (_is_same_file(path, file) or is_left(real_path(str(file)), path))


def stdout_target(format_: str | None, writers: Mapping[str, type[Writer]]) -> Target:
    """Return the target for standard output in the format `format_`. Raises ConfigError."""
    if format_ is None:
        raise ConfigError(f"output - (standard output) needs --format, one of {', '.join(writers)}")
    if format_ not in writers:
        near = difflib.get_close_matches(format_, writers, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(writers)}"
        raise ConfigError(f"unknown --format {format_}: {hint} (engine plugins list --namespace writers)")
    if writers[format_].binary and sys.stdout is not None and sys.stdout.isatty():
        raise ConfigError(
            f"--format {format_} is nothing for a terminal; send it on (> FILE), or name a file with -o"
        )
    return Target(STDOUT, None, format_, writers[format_])


def file_target(
    name: str, writers: Mapping[str, type[Writer]], *, force: bool, makes_folder: bool = False
) -> Target:
    """Return the target for the file `name`, whose ending chooses the writer. Raises ConfigError, OutputError.

    * **makes_folder** - *(optional)* whether the run makes the folder, if there is one to make it in.
    """
    if is_folder(name):
        return _folder_target(name, writers, force=force)
    _check_kind(name)
    compression = next((ending for ending in COMPRESSORS if name.lower().endswith(ending)), "")
    stem = name[: len(name) - len(compression)]
    plugin = _writer_by_suffix(Path(stem).name.lower(), writers)
    if plugin is None:
        raise ConfigError(f"output {name}: {_explain_unknown_ending(stem, writers)}")
    path = real_path(name)
    if not (makes_folder and _can_be_made(path.parent)):
        check_path(name, path, force=force)
    ending = _longest_suffix(Path(stem).name.lower(), writers[plugin]) + compression
    return Target(name, path, plugin, writers[plugin], ending, COMPRESSORS.get(compression))


def _folder_target(name: str, writers: Mapping[str, type[Writer]], *, force: bool) -> Target:
    found = next(
        ((plugin, writer.folder) for plugin, writer in writers.items() if writer.folder is not None), None
    )
    if found is None:
        raise ConfigError(f"output {name}: no writer writes folders")
    path = real_path(name)
    check_folder(name, path, force=force)
    return Target(name, path, *found, folder=True)


def check_different(target: Target, others: Sequence[Target]) -> None:
    """Check that an output is none of the others, by another name or link neither. Raises ConfigError."""
    for other in others:
        if target.path == other.path:
            raise ConfigError(f"the output {target.name} is named twice")
        if target.path is not None and other.path is not None and _is_same_file(target.path, other.path):
            raise ConfigError(f"the outputs {other.name} and {target.name} are one file; leave one out")
    if target.path is not None and _is_standard_output(target.path):
        raise ConfigError(f"standard output goes to {target.name} already; send it elsewhere, or leave out -o")


def real_path(name: str) -> Path:
    """Return the path that `name` stands for, symbolic links resolved."""
    return Path(os.path.realpath(_encodable(name)))


def _encodable(name: str) -> str:
    """Return the name of a file as the system takes it."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:  # the locale is ASCII, and a player's name is not: in UTF-8, as everywhere else
        return os.fsdecode(name.encode(errors="surrogateescape"))
    return name


def check_path(name: str, path: Path, *, force: bool) -> None:
    """Check that a file can be written at `path`, which the user called `name`.

    Raises OutputError for a folder that is missing or not writable, ConfigError for something that is not a file
    and, unless `force`, for a file that exists and was not put there by a run that did not finish.
    """
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"cannot write {name}: there is no folder {folder}; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {name}: the folder {folder} is not writable")
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"cannot write {name}: {error.strerror}") from error
    if not stat.S_ISREG(mode):
        raise ConfigError(f"output {name} exists and is not a file; give another name")
    if not force and not unfinished.is_noted(path):
        raise ConfigError(f"output {name} exists; overwrite it with --force, or give another name")


def _can_be_made(folder: Path) -> bool:
    """Whether a folder is missing and can be made, without others that it would be in."""
    return not os.path.lexists(folder) and folder.parent.is_dir() and os.access(folder.parent, os.W_OK | os.X_OK)


def _check_kind(name: str) -> None:
    """Check that an output is not something that cannot be replaced by a file. Raises ConfigError."""
    if name in _STANDARD_OUTPUT:
        raise ConfigError(f"output {name}: --format NAME writes to standard output")
    try:
        mode = Path(_encodable(name)).stat().st_mode
    except OSError:
        return  # the folder is checked later
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return
    kind = "a FIFO" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    raise ConfigError(
        f"output {name} is {kind}, and a complete file replaces what is there; "
        f"standard output can be sent to it: --format NAME > {name}"
    )


def _is_standard_output(path: Path) -> bool:
    """Whether the shell sends standard output to the file at `path`."""
    try:
        status = os.fstat(1)
        return stat.S_ISREG(status.st_mode) and os.path.samestat(status, path.stat())
    except OSError:
        return False


def _explain_unknown_ending(stem: str, writers: Mapping[str, type[Writer]]) -> str:
    """Return what to do about a name whose ending no writer has."""
    endings = [suffix for writer in writers.values() for suffix in writer.suffixes]
    file = Path(stem).name.lower()
    ending = file[file.rfind(".") :] if "." in file else ""
    near = difflib.get_close_matches(ending, endings, n=1, cutoff=0.6) if ending not in ("", file) else []
    if near:
        return (
            f"the ending {ending} says nothing; did you mean {near[0]}? (engine plugins list --namespace writers)"
        )
    return (
        f"the ending says what to write: {_group_endings(endings)}; {', '.join(COMPRESSORS)} after it compresses "
        "(engine plugins list --namespace writers)"
    )


def _group_endings(endings: Sequence[str]) -> str:
    """Return `.csv (also .games.csv, .plies.csv), .json`: longer endings after the last part that they share."""
    groups: dict[str, list[str]] = {}
    for ending in sorted(endings):
        groups.setdefault(ending[ending.rindex(".") :], []).append(ending)
    return ", ".join(
        f"{group[0]} (also {', '.join(group[1:])})" if len(group) > 1 else group[0]
        for group in (sorted(group, key=len) for _, group in sorted(groups.items()))
    )


def _writer_by_suffix(name: str, writers: Mapping[str, type[Writer]]) -> str | None:
    """Return the writer that has `name`, or else its longest suffix, the first of several; None without any."""
    if named := next((plugin for plugin, writer in writers.items() if name in writer.names), None):
        return named
    best, length = None, 0
    for plugin, writer in writers.items():
        for suffix in writer.suffixes:
            if name.endswith(suffix) and len(name) > len(suffix) > length:
                best, length = plugin, len(suffix)
    return best


def _longest_suffix(name: str, writer: type[Writer]) -> str:
    suffixes = [suffix for suffix in writer.suffixes if name.endswith(suffix)]
    return max(suffixes, key=len, default=Path(name).suffix)


def _is_same_file(path: Path, other: Path) -> bool:
    """Whether two paths are one file, hard links included; False when one of them does not exist."""
    try:
        return path.samefile(other)
    except OSError:
        return False
