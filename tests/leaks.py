"""Check that a test leaves nothing behind."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.processes import HAS_PROC, PROC, command_of, descendants, end_of, everybody, marked

HELPERS: set[int] = set()
"""Processes that a fixture of a module keeps, such as a browser; their descendants are not leaks either."""
SERVERS: dict[int, set[int]] = {}
"""Processes that live as long as this one, and the descriptors that lead there; what they start may be a leak."""
PATIENCE = 60.0
"""Seconds after which something that a test started counts as left behind; far more than it ever needs to end."""
_SHARED = Path("/dev/shm")
_OWN = "/proc/self/fd"
_NOT_OURS = ("/proc/", "/dev/shm/pym-", "/memfd:wasm-", ".cwasm")
"""Descriptors that are no leaks: those of this module, of the heap that multiprocessing keeps for shared values,
and of compiled WebAssembly, which lives as long as the evaluator object that a fixture may still hold."""
_OURS = ("sem.mp-", "pym-", "psm_")


class State(Struct):
    """The resources that were in use before a test."""

    threads: set[int | None]
    descriptors: dict[int, str]
    shared: dict[str, int]
    processes: set[int]


def state() -> State:
    return State({thread.ident for thread in threading.enumerate()}, _descriptors(), _shared_memory(), everybody())


def left_behind(before: State, mark: str, temporary: Path) -> list[str]:
    """Describe everything that a test left behind, after waiting for what is about to end."""
    return [
        *_processes(mark, before.processes),
        *_zombies(),
        *_new_threads(before.threads),
        *_new_descriptors(before.descriptors),
        *_new_shared_memory(before.shared),
        *(f"temporary file {path}" for path in sorted(temporary.rglob("*"))),
    ]


def _processes(mark: str, before: set[int]) -> list[str]:
    if not HAS_PROC:
        return []
    helpers = HELPERS.union(SERVERS, *(descendants(pid) for pid in HELPERS))
    return [f"process {pid}: {command_of(pid)}" for pid in end_of(marked(mark, before) - helpers, PATIENCE)]


def _zombies() -> list[str]:
    """Describe a child process that has ended and was never waited for."""
    if not hasattr(os, "waitid"):
        return []
    deadline = time.monotonic() + PATIENCE
    while (dead := _dead_child()) is not None:
        if time.monotonic() > deadline:
            return [f"zombie {dead}"]
        time.sleep(0.02)  # a thread of asyncio may be about to collect it
    return []


def _dead_child() -> int | None:
    try:
        dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return dead.si_pid if dead else None


def _new_threads(before: set[int | None]) -> list[str]:
    deadline = time.monotonic() + PATIENCE
    new = [thread for thread in threading.enumerate() if thread.ident not in before]
    for thread in new:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [f"thread {thread.name}" for thread in new if thread.is_alive()]


def _descriptors() -> dict[int, str]:
    targets = {}
    for name in os.listdir(_OWN) if HAS_PROC else ():  # noqa: PTH208 - fast, and done twice for each test
        try:
            targets[int(name)] = os.readlink(f"{_OWN}/{name}")  # noqa: PTH115 - the same
        except OSError:
            continue
    return targets


def _new_descriptors(before: dict[int, str]) -> list[str]:
    def new() -> list[str]:
        helpers = _helper_descriptors()
        return [
            f"descriptor {number}: {target}"
            for number, target in _descriptors().items()
            if before.get(number) != target
            and number not in helpers
            and not any(part in target for part in _NOT_OURS)
        ]

    for generation in (1, 2):  # a run that has just ended is mostly young, and the young are collected at once
        if not new():
            return []
        gc.collect(generation)
    return new()


def _helper_descriptors() -> set[int]:
    """Return the descriptors of what lives as long as this process: our servers and those of multiprocessing."""
    server: Any = forkserver._forkserver
    tracker: Any = resource_tracker._resource_tracker
    return {server._forkserver_alive_fd, tracker._fd}.union(*SERVERS.values()) - {None}


def _shared_memory() -> dict[str, int]:
    """Return the inodes of our shared memory by name."""
    inodes = {}
    for name in os.listdir(_SHARED) if _SHARED.is_dir() else ():  # noqa: PTH208 - fast
        if name.startswith(_OURS):
            with contextlib.suppress(OSError):  # another program has just removed it
                inodes[name] = (_SHARED / name).stat().st_ino
    return inodes


def _new_shared_memory(before: dict[str, int]) -> list[str]:
    """Describe shared memory that no living process has open.

    A name does not tell which test it belongs to, so this also waits for names that another test's program is
    about to remove.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        new = {name: inode for name, inode in _shared_memory().items() if name not in before}
        mapped = _mapped() if new else set()
        left = [name for name, inode in new.items() if inode not in mapped and name in _shared_memory()]
        if not left or time.monotonic() > deadline:
            return [f"shared memory {name}" for name in sorted(left)]
        time.sleep(0.05)


def _mapped() -> set[int]:
    """Return the inodes of shared memory that processes have mapped: a semaphore's name changes after mapping."""
    inodes = set()
    for maps in PROC.glob("[0-9]*/maps"):
        try:
            lines = maps.read_text(errors="replace").splitlines()
        except OSError:
            continue
        inodes |= {int(line.split()[4]) for line in lines if "/dev/shm/" in line}
    return inodes
