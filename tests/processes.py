"""Processes from /proc: those of a test are found by the environment that they inherit."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support import PATIENCE

PROC = Path("/proc")
HAS_PROC = sys.platform == "linux"


def everybody() -> set[int]:
    """Return all processes of this machine."""
    return {int(name) for name in os.listdir(PROC) if name.isdecimal()} if HAS_PROC else set()  # noqa: PTH208 - fast


def marked(mark: str, besides: Iterable[int] = ()) -> set[int]:
    """Return the processes that have `mark` (NAME=VALUE) in their environment, and all descendants of this one.

    Those `besides` are not looked at: they had begun before anything was marked.
    """
    own = os.getpid()
    candidates = everybody() - {own, *besides}
    pids = {pid for pid in candidates if mark.encode() in _environment(pid) or own in _ancestors(pid)}
    return {pid for pid in pids if not _serves_multiprocessing(pid)}


def _environment(pid: int) -> list[bytes]:
    try:
        return (PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _ancestors(pid: int) -> Iterator[int]:
    """Yield the parent of a process, its parent, and so on, as long as they exist."""
    while pid > 1 and (parent := _parent(pid)) is not None:
        yield parent
        pid = parent


def descendants(root: int) -> list[int]:
    """Return all descendants of `root`, parents first."""
    return list(_below(root))


def command_of(pid: int) -> str:
    """Return the command line of a process; "" if it has gone or is a zombie."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def kill(pids: Iterable[int], number: int = signal.SIGKILL) -> int:
    """Send a signal to each process that still exists; return how many got it."""
    sent = 0
    for pid in pids:
        try:
            os.kill(pid, number)
            sent += 1
        except ProcessLookupError:
            continue
    return sent


def end_of(pids: Iterable[int], seconds: float = PATIENCE) -> list[int]:
    """Wait until all have ended, and return those that have not after `seconds`."""
    deadline = time.monotonic() + seconds
    left = []
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([handle], [], [], max(0.0, deadline - time.monotonic()))[0]:
                left.append(pid)
        finally:
            os.close(handle)
    return left


def _parents() -> dict[int, int]:
    parents = {pid: _parent(pid) for pid in everybody()}
    return {pid: parent for pid, parent in parents.items() if parent is not None}


def _parent(pid: int) -> int | None:
    """Return the parent of a process; None if the process has gone."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def _below(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)
    level = children.get(root, [])
    while level:
        yield from level
        level = [pid for parent in level for pid in children.get(parent, [])]


def _serves_multiprocessing(pid: int) -> bool:
    """Return whether a process is a helper of multiprocessing; both kinds live as long as their parent."""
    command = command_of(pid)
    if "multiprocessing.resource_tracker" in command:
        return True
    return "multiprocessing.forkserver" in command and _parents().get(pid) == os.getpid()
