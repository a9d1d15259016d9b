"""What the fake UCI program does to the machine: daemons, and memory that no limit of one process counts."""

from __future__ import annotations

import mmap
import os
import signal
import time
from pathlib import Path

_STEP = 16 << 20


def leave_the_group() -> None:
    """Make a session, and with it a process group, of its own."""
    os.setsid()


def become_daemon(pids: Path | None) -> None:
    """Start a daemon as daemons start: two forks, a session of its own, nothing kept open; it lives for an hour.

    * **pids** - a file to which its number is appended; then it has no environment either, as if to hide.
    """
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in range(3):
        os.close(number)
    if pids is None:
        os.execv("/bin/sleep", ["sleep", "3600"])  # noqa: S606
    with pids.open("a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    os.execve("/bin/sleep", ["sleep", "3600"], {})  # noqa: S606


def take_memory(faults: set[str]) -> object:
    """Take memory in the way that a fault says, and return what must be kept."""
    if "share" in faults:
        return _shared(256)
    if "together" in faults:
        _together(256)
        return None
    return _all_there_is()


def _all_there_is() -> list[bytearray]:
    """Zeros that the system has to provide: they count as soon as they are asked for."""
    eaten: list[bytearray] = []
    try:
        eaten.extend(bytearray(_STEP) for _ in range(192))
    except MemoryError:
        eaten.clear()
        os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
        signal.raise_signal(signal.SIGABRT)
    return eaten


def _shared(megabytes: int) -> mmap.mmap:
    """Memory that it could share with others, which a limit on data does not count."""
    memory = mmap.mmap(-1, megabytes << 20)
    for start in range(0, len(memory), _STEP):
        memory[start : start + _STEP] = b"x" * _STEP
    return memory


def _together(megabytes: int, children: int = 4) -> None:
    """Memory in several children, none of which takes much."""
    for _ in range(children):
        if not os.fork():
            taken = bytearray(b"x") * ((megabytes << 20) // children)
            time.sleep(3600 + len(taken) % 2)
