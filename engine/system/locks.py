"""Locks that the kernel releases when their owner dies."""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from multiprocessing import reduction
from typing import IO, Any, Literal

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

HAS_KERNEL_LOCKS = fcntl is not None


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
        self._closer = weakref.finalize(self, os.close, descriptor)

    def close(self) -> None:
        """Let go of the file; it cannot be taken any more. Called more than once."""
        self._descriptor = -1
        self._closer()

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take it. `timeout` bounds the wait for this process's threads only: a dead owner cannot exist."""
        if not self._thread.acquire(block, -1 if timeout is None or not block else timeout):
            return False
        if self._depth == 0 and fcntl is not None:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | (0 if block else fcntl.LOCK_NB))
            except BaseException as error:  # a KeyboardInterrupt too: the threads' lock must not stay taken
                self._thread.release()
                if block or not isinstance(error, OSError):
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


def lock_file(file: IO[Any] | int, *, wait: bool) -> Literal["held", "busy", "unavailable"]:
    """Lock an open file, or a descriptor, against other processes until it is closed or we die.

    `busy` when somebody else has it (`wait=False`); `unavailable` where the system or the file system has no such
    locks, so that nobody is kept out.
    """
    if fcntl is None:
        return "unavailable"
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return "busy"
    except OSError:
        return "unavailable"
    return "held"
