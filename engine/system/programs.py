"""Foreign programs, each in a process group of its own together with the processes it starts."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import time

from engine.system.descendants import adopted, adopts_orphans, descendants, marked, memory_over

_GUARD = (
    "read line; "
    'for file in $(timeout 10 grep -lsF "$0" /proc/[0-9]*/environ); do file=${file#/proc/}; '
    'kill -9 "${file%/environ}"; done; '
    "kill -9 0"
)
"""Waits for the end of its input, kills what has the mark `$0` in its environment, then its own group."""
_MARK = "GRANDMASTER_GUARD"
"""Environment variable of a program and all that it starts, by which a daemon is known that has left the group."""
_SWEEP_SECONDS = 2.0
"""How long daemons are looked for that start others as fast as they are killed."""
_started: set[int] = set()
"""Guards and programs that this process has started and not reaped."""


def can_drive_programs() -> bool:
    """Return whether this system has process groups and pipes that can be polled."""
    return os.name == "posix"


class Guard:
    """The leader of a new process group for one program: a shell that kills the group when this process dies."""

    def __init__(self) -> None:
        """Start the guard. Raises OSError."""
        self._mark = secrets.token_hex(16)
        self._program: subprocess.Popen[bytes] | None = None
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, self._mark],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )
        _started.add(self._guard.pid)

    def start(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start the program in the group, with pipes to its input and both its outputs. Raises OSError."""
        marks = f"{self._mark} {os.environ.get(_MARK, '')}".rstrip()
        self._program = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=self._guard.pid,
            env={**os.environ, _MARK: marks},
        )
        _started.add(self._program.pid)
        return self._program

    def has_ended(self) -> bool:
        """Return whether the guard is dead. It is not reaped, so that its number and its group stay taken."""
        try:
            return os.waitid(os.P_PID, self._guard.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except (AttributeError, ChildProcessError):  # macOS before Python 3.13; somebody else reaped it
            return self._guard.returncode is not None

    def family(self) -> list[int]:
        """Return the program and those that it has started and that still run (Linux), daemons excepted."""
        return descendants(self._root())

    def _everybody(self) -> list[int]:
        """Return the program and all that it has started and that still run (Linux), adopted daemons too."""
        return descendants([*self._root(), *self._orphans()])

    def _orphans(self) -> list[int]:
        """Return what this process has adopted of this group, and reap the dead among it."""
        return [pid for pid in adopted(_started) if not _is_reaped(pid)] if self._is_alone() else []

    def _root(self) -> list[int]:
        """Return the program's number, unless it was reaped and the number may be somebody else's by now."""
        return [self._program.pid] if self._program is not None and self._program.returncode is None else []

    def leave_no_core(self) -> None:
        """Have no core files written when the program crashes, which may be routine (Linux)."""
        assert self._program is not None
        _limit(self._program.pid, "RLIMIT_CORE", 0)

    def limit_memory(self, size: int) -> None:
        """Limit the bytes that the program, and each process that it starts, may allocate (Linux).

        Memory of its own counts; files it maps (tables, networks) and address space it reserves do not, nor does
        memory that processes share: see `memory_over`.
        """
        for pid in self._everybody():
            _limit(pid, "RLIMIT_DATA", size)

    def memory_over(self, limit: int) -> int:
        """Return the bytes of memory that all its processes have together if that is more than `limit`, else 0."""
        return memory_over(limit, self._everybody())

    def end(self) -> None:
        """Kill the program and all that it has started, and reap what can be reaped."""
        started = self._everybody()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._guard.pid, signal.SIGKILL)
        for pid in started:
            _kill(pid)
        for process in filter(None, (self._program, self._guard)):
            process.kill()
            process.wait()
            _started.discard(process.pid)
            for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
                pipe.close()
        if self._program is not None:
            self._sweep()

    def _sweep(self) -> None:
        """Kill what has left the group: whatever was adopted, or, beside other groups, what has the mark."""
        deadline = time.monotonic() + _SWEEP_SECONDS
        while left := (self._orphans() if self._is_alone() else marked(self._mark)):
            for pid in left:
                _kill(pid)
            if time.monotonic() > deadline:
                return
            time.sleep(0.002)

    def _is_alone(self) -> bool:
        """Return whether all that this process has adopted is of this group."""
        mine = {process.pid for process in (self._guard, self._program) if process is not None}
        return adopts_orphans() and _started <= mine


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _is_reaped(pid: int) -> bool:
    """Return whether a child has died, and reap it."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _limit(pid: int, name: str, value: int) -> None:
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.prlimit(pid, getattr(resource, name), (value, value))
