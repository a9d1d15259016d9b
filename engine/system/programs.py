"""Foreign programs, each in a process group of its own together with the processes it starts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

_GUARD = ("/bin/sh", "-c", "read line; kill -9 0")


def can_drive_programs() -> bool:
    """Return whether this system has process groups and pipes that can be polled."""
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
    """Return whether a child has ended. It is not reaped, so that its number and its group stay taken."""
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except (AttributeError, ChildProcessError):  # macOS before Python 3.13; somebody else reaped it
        return process.returncode is not None


def kill_group(leader: int) -> None:
    """Send SIGKILL to every process of the group, if there is one left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def leave_no_core(pid: int) -> None:
    """Have no core files written when a process crashes, which may be routine (Linux)."""
    _limit(pid, "RLIMIT_CORE", 0)


def limit_memory(pid: int, size: int) -> None:
    """Limit the bytes that a process, and each that it starts from now on, may allocate (Linux).

    Memory of its own counts; files it maps (tables, networks) and address space it reserves do not.
    """
    _limit(pid, "RLIMIT_DATA", size)


def _limit(pid: int, name: str, value: int) -> None:
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.prlimit(pid, getattr(resource, name), (value, value))
