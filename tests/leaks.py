"""What a test may leave behind: nothing."""

from __future__ import annotations

import gc
import os
import threading
import time
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.processes import HAS_PROC, PROC, command_of, descendants, end_of, marked

HELPERS: set[int] = set()
"""Processes that a fixture of a whole module keeps, with all below them: a browser."""
PATIENCE = 60.0
"""Seconds after which what a test has started is taken for left behind; far more than it ever takes to go."""
_SHARED = Path("/dev/shm")
_NOT_OURS = ("/proc/", "/dev/shm/pym-", "/memfd:wasm-", ".cwasm")
"""Descriptors of this module, of the heap that multiprocessing keeps for shared values, and of compiled
WebAssembly, which lives as long as the evaluator object that a fixture may still hold."""
_OURS = ("sem.mp-", "pym-", "psm_")


class State(Struct):
    """What there was before a test."""

    threads: set[int | None]
    descriptors: dict[int, str]
    shared: set[str]


def state() -> State:
    return State({thread.ident for thread in threading.enumerate()}, _descriptors(), _shared_memory())


def left_behind(before: State, mark: str, temporary: Path) -> list[str]:
    """Each thing that is still there, in words; waits for what is about to go."""
    return [
        *_processes(mark),
        *_zombies(),
        *_new_threads(before.threads),
        *_new_descriptors(before.descriptors),
        *_new_shared_memory(before.shared),
        *(f"temporary file {path}" for path in sorted(temporary.rglob("*"))),
    ]


def _processes(mark: str) -> list[str]:
    if not HAS_PROC:
        return []
    helpers = HELPERS.union(*(descendants(pid) for pid in HELPERS))
    return [f"process {pid}: {command_of(pid)}" for pid in end_of(marked(mark) - helpers, PATIENCE)]


def _zombies() -> list[str]:
    """A child of ours that has ended and that nobody has asked about."""
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
    found = {}
    if HAS_PROC:
        for entry in (PROC / "self/fd").iterdir():
            try:
                found[int(entry.name)] = str(entry.readlink())
            except OSError:
                continue
    return found


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

    if new():
        gc.collect()
        return new()
    return []


def _helper_descriptors() -> set[int]:
    """Of the resource tracker and the forkserver, which live as long as we do."""
    server: Any = forkserver._forkserver
    tracker: Any = resource_tracker._resource_tracker
    return {server._forkserver_alive_fd, tracker._fd} - {None}


def _shared_memory() -> set[str]:
    return {path.name for path in _SHARED.glob("*") if path.name.startswith(_OURS)} if HAS_PROC else set()


def _new_shared_memory(before: set[str]) -> list[str]:
    """Names that no living process has open, and that nobody is about to remove.

    A name does not say whose it is; one that another test's program is about to remove is waited for too.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        new = _shared_memory() - before
        left = new and (new - _mapped()) & _shared_memory()
        if not left or time.monotonic() > deadline:
            return [f"shared memory {name}" for name in sorted(left)]
        time.sleep(0.05)


def _mapped() -> set[str]:
    names = set()
    for maps in PROC.glob("[0-9]*/maps"):
        try:
            lines = maps.read_text(errors="replace").splitlines()
        except OSError:
            continue
        names |= {line.rpartition("/dev/shm/")[2] for line in lines if "/dev/shm/" in line}
    return names
