"""The fingerprint of a UCI program: a hash of all that can change a result.

It is made of the program's name, its file, the options that were sent, and of what the start has shown to matter:

* **what runs** - the file that the started process really executes, where it is not the program's file but what
  a wrapper script has started, with `exec` or as a child of its own (Linux, `/proc/PID/exe`);
* **networks** - the files that options name, by their value or by the program's default, and those that the
  program says it uses (`info string NNUE evaluation using ...`);
* **tables** - the listing of each folder that an option names (`SyzygyPath`): names, sizes and times of change of
  tables, books and networks.

Files count by their content, not by their path. Networks of Stockfish whose content is what their name says add
nothing. So the fingerprint of a program that is one file is that of name, file and options. Libraries that a
program loads, and modules that a script imports, are not part of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from engine.errors import EvaluatorError
from engine_plugins.evaluators._uci_options import UciOption
from engine_plugins.evaluators._uci_text import Scores, printable

LOGGER = logging.getLogger("engine.evaluators.uci")

_DATA = (".rtbw", ".rtbz", ".cp1", ".cp2", ".cp3", ".cp4", ".emd", ".bin", ".nnue", ".pb.gz", ".onnx")
"""Endings of tables, books and networks: other files may change while a program runs."""
_YOUNG_NS = 2_000_000_000
"""Nanoseconds after a change in which a file may change again within one tick of the file system's clock."""
_WRITTEN = re.compile("log|experience", re.IGNORECASE)
"""In the name of an option: the program writes to that file, which therefore changes."""
_NAMED_BY_HASH = re.compile(r"nn-([0-9a-f]{12})\.nnue")
"""Stockfish's networks: the name is the beginning of the hash."""

_Found = TypeVar("_Found")
Stamp = tuple[int, int, int, int, int]
_sha256_of: dict[Stamp, str] = {}
"""Hashes of files that have been read."""


class Said(Struct, frozen=True):
    """What a program has said in its start."""

    name: str
    offered: Sequence[UciOption]
    sent: Mapping[str, str]
    """Values of the options that were sent, by the program's names."""
    lines: Sequence[str]
    """Its output in a search."""


class ProgramFile:
    """The file of a program, before it is started and after."""

    def __init__(self, path: Path) -> None:
        """Raises EvaluatorError if it cannot be read."""
        self.path = path
        self._stamp = _reading(path, _stamp)

    def sha256(self) -> str:
        """Return the hash of its content. Raises EvaluatorError if it cannot be read."""
        return _reading(self.path, _sha256)

    def fingerprint(self, said: Said, processes: Sequence[int], scores: Scores) -> str:
        """Return the fingerprint of the program that has been started from this file.

        * **said** - what it has said.
        * **processes** - its process, then those that it has started.
        * **scores** - which scores are read.

        Raises EvaluatorError if the file is not the one that was there before the start.
        """
        program = self.sha256()
        if _reading(self.path, _stamp) != self._stamp:
            raise EvaluatorError(f"{printable(str(self.path))} was replaced while it started: try again")
        parts = [said.name, program]
        files = {option.name for option in said.offered if _names_a_file(option)}
        for key, value in sorted(said.sent.items()):
            parts += [key, _content(value) if key in files else value]
        folders = {Path(), self.path.resolve().parent}
        further = set()
        for pid in processes if self._is_script() else processes[:1]:
            with contextlib.suppress(OSError):
                folders.add(Path(f"/proc/{pid}/exe").readlink().parent)
            further.add(self._executed(pid))
        further.discard(program)
        parts += [f"runs {sha256}" for sha256 in sorted(further - {""})]
        parts += sorted(set(_named(said, folders)))
        if scores != "exact":  # which has the fingerprint of when there was nothing else
            parts.append(f"scores {scores}")
        LOGGER.debug("%s is identified by %s", self.path, parts)
        return _hash(parts)

    def _executed(self, pid: int) -> str:
        """Return the hash of what a process executes; "" if that cannot be found out."""
        try:
            with open(f"/proc/{pid}/exe", "rb") as file:  # also of a file that was replaced
                return _sha256(file)
        except OSError as error:
            LOGGER.info(
                "what process %d runs cannot be read (%s): %s alone identifies it", pid, error.strerror, self.path
            )
            return ""

    def _is_script(self) -> bool:
        """Whether the system runs an interpreter; then the program may be a child of that."""
        return _reading(self.path, lambda file: file.read(2)) == b"#!"


def _names_a_file(option: UciOption) -> bool:
    """Return whether the value of an option may be a file that the program reads."""
    return option.type == "string" and not _WRITTEN.search(option.name)


def _named(said: Said, folders: Collection[Path]) -> Iterator[str]:
    """Yield the content of the files and folders that the program names without having been told to use them."""
    names = [option.default for option in said.offered if _names_a_file(option) and option.name not in said.sent]
    used = [re.match(r"info string .*\bevaluation using (\S+)", line) for line in said.lines]
    networks = [match[1] for match in used if match]
    for name in dict.fromkeys(filter(None, [*names, *networks])):
        for found in sorted({str(folder / name) for folder in folders}):
            if name not in networks and not name.lower().endswith(_DATA) and not _tables(found):
                continue
            try:
                content = _content(found)
            except EvaluatorError as error:
                LOGGER.info("%s, and does not count", error.message)
                continue
            by_hash = _NAMED_BY_HASH.fullmatch(os.path.basename(name))  # noqa: PTH119
            if content != found and not (by_hash and content.startswith(by_hash[1])):
                yield f"{name} {content}"


def _content(value: str) -> str:
    """Return what the value of an option stands for: a hash of its file or its folders, else the value."""
    if os.path.isfile(value):  # noqa: PTH113 - Path.is_file raises an error for what cannot be a path
        return _reading(Path(value), _sha256)
    listings = [_tables(folder) for folder in value.split(os.pathsep) if folder]
    return "tables " + _hash([name for listing in listings for name in listing]) if any(listings) else value


def _tables(folder: str) -> list[str]:
    """Return name, size and time of change of the tables in a folder; nothing if there are none."""
    found = []
    with contextlib.suppress(OSError, ValueError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.lower().endswith(_DATA) and entry.is_file():
                status = entry.stat()
                found.append(f"{entry.name} {status.st_size} {status.st_mtime_ns}")
    return sorted(found)


def _reading(path: Path, read: Callable[[BufferedReader], _Found]) -> _Found:
    try:
        with path.open("rb") as file:
            return read(file)
    except OSError as error:
        raise EvaluatorError(f"{printable(str(path))} cannot be read: {error.strerror}") from None


def _sha256(file: BufferedReader) -> str:
    """Return the hash of a file, from memory if it is as it was when it was read."""
    stamp = _stamp(file)
    if stamp not in _sha256_of:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if _stamp(file) != stamp or time.time_ns() - max(stamp[3:]) < _YOUNG_NS:
            return sha256
        _sha256_of[stamp] = sha256
    return _sha256_of[stamp]


def _stamp(file: BufferedReader) -> Stamp:
    """Return what changes when a file is replaced or written to."""
    status = os.fstat(file.fileno())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _hash(parts: Collection[str]) -> str:
    sha256 = hashlib.sha256()
    for part in parts:
        sha256.update(part.encode() + b"\0")
    return sha256.hexdigest()
