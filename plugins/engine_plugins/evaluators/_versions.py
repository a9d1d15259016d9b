"""Which version a native Stockfish is: as it says itself, remembered by the identity of its file."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.errors import EvaluatorError
from engine.system.paths import cache_dir
from engine_plugins.evaluators._process import Process, awake, handshake

EMBEDDED = "19.0.0"
"""Version of the embedded Stockfish."""
_SECONDS = 5.0
"""Seconds that the program may take to say its name; a slow machine starts Stockfish in less than one."""
_MOST = 50
"""Programs that are remembered."""
_RELEASE = re.compile(r"Stockfish (\d{1,2}(?:\.\d+)*)(?![\w.])")
"""Releases: development builds are called by a date, `Stockfish dev-20260131-…` or `Stockfish 310126`."""


class _Known(Struct, array_like=True):
    """A program that has said its name."""

    stamp: tuple[int, int, int, int, int]
    """What changes when the file is replaced or written to."""
    name: str


def is_older(name: str) -> bool:
    """Return whether a program is a release before the embedded one; what is no release counts as new.

    * **name** - as the program says it: `Stockfish 15.1`.
    """
    release = _RELEASE.match(name)
    return release is not None and _numbers(release[1]) < _numbers(EMBEDDED)


def _numbers(version: str) -> list[int]:
    numbers = [int(number) for number in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


def name_of(program: Path) -> str:
    """Return the name that a program gives itself; empty if it does not answer, which is not reported here.

    A program is started for that once, and again when its file has changed. A script is asked each time, and so
    is a link to a program of another name (snap): what these run may change without them.

    * **program** - the path.
    """
    try:
        status = program.stat()
        with program.open("rb") as file:
            is_script = file.read(2) == b"#!"
    except OSError:
        return ""
    stamp = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    lasting = not is_script and "stockfish" in program.resolve().name.lower()
    key = os.fsencode(program).hex()  # a path need not be text
    remembered = _remembered() if lasting else {}
    known = remembered.get(key)
    if known is not None and known.stamp == stamp:
        return known.name
    name = _ask(program)
    if name and lasting:
        remembered.pop(key, None)
        _remember({**dict(list(remembered.items())[1 - _MOST :]), key: _Known(stamp, name)})
    return name


def _ask(program: Path) -> str:
    try:
        process = Process(program)
    except EvaluatorError:
        return ""
    try:
        return handshake(process, awake() + _SECONDS)[0]
    except EvaluatorError:
        return ""
    finally:
        process.close()


def _file() -> Path:
    return cache_dir() / "programs.json"


def _remembered() -> dict[str, _Known]:
    try:
        return msgspec.json.decode(_file().read_bytes(), type=dict[str, _Known])
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _remember(programs: dict[str, _Known]) -> None:
    """Write the names; where that is impossible, the programs are asked again."""
    path = _file()
    written = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        written.write_bytes(msgspec.json.encode(programs))
        written.replace(path)
