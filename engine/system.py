"""The only module that asks the operating system for more than Python promises everywhere.

Linux is tested; macOS and Windows go through the guarded fallbacks below and are untested.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import weakref
from multiprocessing import reduction
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class KernelLock:
    """A lock between processes that the kernel releases when its owner dies.

    The default lock of a `multiprocessing.Value` is a semaphore without an owner: one worker killed inside it
    blocks all others for ever. This one is an `fcntl.lockf` lock on an unnamed temporary file (nothing to clean
    up, whatever dies), paired with a thread lock because `lockf` does not exclude the threads of one process.
    It may be taken again by the thread that has it, as `Value` does inside `with value.get_lock()`.

    It reaches a child as an inherited descriptor, so it can only be pickled while a process is being started.
    The file is opened once per process and closed only with the lock itself: closing any descriptor of it drops
    the locks of the whole process on it.
    """

    def __init__(self) -> None:
        with tempfile.TemporaryFile(prefix="engine-lock-") as file:
            self._setup(os.dup(file.fileno()))

    def _setup(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._thread = threading.RLock()
        self._depth = 0
        weakref.finalize(self, os.close, descriptor)

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take it. `timeout` bounds the wait for this process's threads only: a dead owner cannot exist."""
        if not self._thread.acquire(block, -1 if timeout is None or not block else timeout):
            return False
        if self._depth == 0 and fcntl is not None:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
            except OSError:
                self._thread.release()
                if block:
                    raise
                return False
        self._depth += 1
        return True

    def release(self) -> None:
        self._depth -= 1
        if self._depth == 0 and fcntl is not None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)
        self._thread.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def __reduce__(self) -> tuple[Any, ...]:
        return _lock_from, (reduction.DupFd(self._descriptor),)


def _lock_from(descriptor: Any) -> KernelLock:
    lock = KernelLock.__new__(KernelLock)
    lock._setup(descriptor.detach())  # noqa: SLF001 - a second constructor
    return lock


def shared_lock(context: Any) -> Any:
    """The lock for shared memory on this system: a `KernelLock`, or the default where there is no `fcntl`."""
    return KernelLock() if fcntl is not None else context.RLock()


def cores() -> int:
    """How many cores this process may use: its affinity, and the quota of its control group."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        count = os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(count, quota)) if quota is not None else count


def _cgroup_quota() -> int | None:
    """Whole cores that the control group allows, rounded up; None without a quota."""
    for quota_file, period_file in (
        ("/sys/fs/cgroup/cpu.max", None),
        ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
    ):
        try:
            words = Path(quota_file).read_text().split()
            if period_file is not None:
                words += Path(period_file).read_text().split()
            quota, period = int(words[0]), int(words[1])
        except (OSError, ValueError, IndexError):
            continue
        if quota > 0 and period > 0:
            return max(1, -(-quota // period))
    return None


def memory() -> int | None:
    """Bytes of memory this process may use, or None when the system does not say."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            total = min(total, int(Path(name).read_text()))
        except (OSError, ValueError):
            continue
    return total


def name_signal(exit_code: int | None) -> str:
    """How a process ended, in words: `exit code 3`, `SIGKILL`."""
    import signal

    if exit_code is None:
        return "still running"
    if exit_code < 0:
        try:
            return signal.Signals(-exit_code).name
        except ValueError:
            return f"signal {-exit_code}"
    return f"exit code {exit_code}"


def is_linux() -> bool:
    return sys.platform.startswith("linux")
