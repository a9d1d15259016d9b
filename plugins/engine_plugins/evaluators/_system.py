"""The only module of the evaluators that asks the system for more than Python promises everywhere.

Linux is tested; macOS goes through the same calls as far as it has them, untested. UCI programs are not driven on
Windows (`can_drive_programs`); the embedded Stockfish needs nothing of this but `lock`, which does nothing there.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from typing import IO, Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FROM_OUTSIDE = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
"""Signals that a program does not get for its own doing."""
GLANCE = 0.5
"""Seconds that a wait may last before it looks at `awake` again."""
_LONGEST_GAP = 2.0
_GUARD = ("/bin/sh", "-c", "read line; kill -9 0")


class _Awake:
    def __init__(self) -> None:
        self._seen = time.monotonic()
        self._slept = 0.0

    def __call__(self) -> float:
        now = time.monotonic()
        if now - self._seen > _LONGEST_GAP:
            self._slept += now - self._seen
        self._seen = now
        return now - self._slept


awake = _Awake()
"""Seconds like `time.monotonic()`, without the time in which this process was stopped (SIGSTOP, a closed lid).

A program that was stopped with us is not late. Sleep is a gap of more than two seconds between two calls; whoever
waits by this clock looks at it every `GLANCE`.
"""


def lock(file: IO[Any]) -> bool:
    """Wait for and take the lock on an open file, which the kernel releases at its close or our death.

    False where the system or the file system has no such locks.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


def can_drive_programs() -> bool:
    """Whether this system has process groups and pipes that can be polled."""
    return os.name == "posix"


def start_guard() -> subprocess.Popen[bytes]:
    """Start the leader of a new process group, which kills the group when this process dies. Raises OSError."""
    return subprocess.Popen(
        _GUARD,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )


def start_in_group(command: list[str], group: int) -> subprocess.Popen[bytes]:
    """Start a program in a group, with pipes to its input and both its outputs. Raises OSError."""
    return subprocess.Popen(
        command,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=group,
    )


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether a child has ended; leaves it unreaped, so that its number and its group stay taken."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except (AttributeError, ChildProcessError):  # macOS before Python 3.13; somebody else reaped it
        return process.returncode is not None


def kill_group(leader: int) -> None:
    """SIGKILL to every process of the group, if there is one left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def leave_no_core(pid: int) -> None:
    """A crash may be routine: no files for it, where the system lets us say so from outside (Linux)."""
    _limit(pid, "RLIMIT_CORE", 0)


def limit_memory(pid: int, size: int) -> None:
    """From now on a process, and each that it starts, may allocate so many bytes (Linux).

    What counts is memory of its own; files it maps (tables, networks) and address space it reserves do not.
    """
    _limit(pid, "RLIMIT_DATA", size)


def _limit(pid: int, name: str, value: int) -> None:
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.prlimit(pid, getattr(resource, name), (value, value))
