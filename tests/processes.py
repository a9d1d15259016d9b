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


def marked(mark: str) -> set[int]:
    """Return the processes that have `mark` (NAME=VALUE) in their environment, and all descendants of this one."""
    pids = set(_below(os.getpid()))
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            if mark.encode() in environment.split(b"\0"):
                pids.add(int(entry.name))
    return {pid for pid in pids if not _serves_multiprocessing(pid)}


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
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    return parents


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
