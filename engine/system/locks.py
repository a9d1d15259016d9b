"""Locks that the kernel releases when their holder dies."""

from __future__ import annotations

import errno
import multiprocessing
import os
import threading
import time
import weakref
from multiprocessing import context, reduction, util
from typing import IO, Any, Literal

from engine.system.anonymous import open_unnamed

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

HAS_KERNEL_LOCKS = fcntl is not None
_FIRST_PAUSE, _LONGEST_PAUSE = 0.0001, 0.01
"""Seconds between two tries of a wait that has an end, which the kernel does not offer."""


class KernelLock:
    """A lock between processes that the kernel releases when its holder dies.

    The default lock of a `multiprocessing.Value` is a semaphore, which has no owner: a process that is killed
    while it holds one blocks all others for ever. This one is an `fcntl.lockf` lock on a file without a name
    (`engine.system.anonymous`), of which nothing is left whatever dies. It is paired with a thread lock, because
    `lockf` does not exclude the threads of one process, and the thread that holds it may take it again.

    >>> from multiprocessing import Value
    >>> lock = KernelLock()
    >>> total = Value("q", 0, lock=lock)
    >>> with lock:
    ...     total.value += 1
    >>> total.value
    1

    Give it to a process when that is started, in `args`: it cannot be sent through a queue or a pipe. A process
    that is stopped (SIGSTOP) still holds it.

    Windows has no `fcntl`. There it is a `multiprocessing.RLock`, and a death inside it is not survived.
    """

    # The file is opened once per process and closed only with the lock itself: closing any descriptor of it drops
    # the locks of the whole process on it.

    def __init__(self) -> None:
        if fcntl is None:
            self._setup(-1, multiprocessing.get_context("spawn").RLock())
            return
        descriptor = open_unnamed("engine-lock")
        try:
            # A file system without locks says so now rather than in the middle of the work.
            fcntl.lockf(descriptor, fcntl.LOCK_EX)
            fcntl.lockf(descriptor, fcntl.LOCK_UN)
        except OSError:
            os.close(descriptor)
            raise
        self._setup(descriptor, threading.RLock())

    def _setup(self, descriptor: int, inner: Any) -> None:
        self._descriptor = descriptor
        self._inner = inner
        """Excludes the threads of this process; without `fcntl`, other processes too."""
        self._depth = 0
        self._closer = weakref.finalize(self, _close, descriptor)
        if fcntl is not None:
            util.register_after_fork(self, KernelLock._after_fork)

    def _after_fork(self) -> None:
        """Forget, in a child that was forked, who held it in the parent."""
        self._inner = threading.RLock()
        self._depth = 0

    def close(self) -> None:
        """Close the file; the lock cannot be taken any more. May be called more than once."""
        self._descriptor = -1
        self._closer()

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take the lock, and return whether it was taken.

        * **block** - *(optional)* whether to wait for it.
        * **timeout** - *(optional)* seconds to wait at most. Give one wherever a process that is stopped must not
          hold up this one: it is alive, so the kernel does not take the lock from it.
        """
        limited = block and timeout is not None
        deadline = time.monotonic() + max(0.0, timeout or 0.0) if limited else None
        if not (self._inner.acquire(True, max(0.0, timeout or 0.0)) if limited else self._inner.acquire(block)):
            return False
        taken = False
        try:
            taken = self._depth > 0 or self._take_file(block, deadline)
        finally:  # a KeyboardInterrupt too: the threads' lock must not stay taken
            if not taken:
                self._inner.release()
        self._depth += taken
        return taken

    def release(self) -> None:
        """Give the lock back; only the thread that holds it may. Raises RuntimeError when nobody holds it."""
        if self._depth == 0:
            raise RuntimeError("this lock is not held")
        self._depth -= 1
        if self._depth == 0 and fcntl is not None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)
        self._inner.release()

    # `with` is the hot path: `acquire` and `release` without their extras.

    def __enter__(self) -> bool:
        self._inner.acquire()
        if self._depth == 0:
            try:
                if fcntl is not None:
                    fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
            except BaseException:
                self._inner.release()
                raise
        self._depth += 1
        return True

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        if self._depth == 0 and fcntl is not None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)
        self._inner.release()

    def _take_file(self, block: bool, deadline: float | None) -> bool:
        """Take the lock between processes; return False when another one has it still at the deadline."""
        if fcntl is None:
            return True
        if block and deadline is None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
            return True
        pause = _FIRST_PAUSE
        while True:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EACCES, errno.EAGAIN):
                    raise
            else:
                return True
            left = 0.0 if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)

    def __reduce__(self) -> tuple[Any, ...]:
        context.assert_spawning(self)
        if fcntl is None:
            return _lock_from, (None, self._inner)
        return _lock_from, (reduction.DupFd(self._descriptor), None)


def _lock_from(descriptor: Any, inner: Any) -> KernelLock:
    lock = KernelLock.__new__(KernelLock)
    if descriptor is None:
        lock._setup(-1, inner)  # noqa: SLF001 - a second constructor
    else:
        lock._setup(descriptor.detach(), threading.RLock())  # noqa: SLF001 - the same
    return lock


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        os.close(descriptor)


def lock_file(file: IO[Any] | int, *, shared: bool = False) -> Literal["held", "busy", "unavailable"]:
    """Lock an open file, or a descriptor, against other processes until it is closed or this process dies.

    A `shared` lock keeps out only those who want one that is not. Return at once: `busy` when another process has
    it, `unavailable` where the system or the file system has no such locks, so that nobody is kept
    out.
    """
    if fcntl is None:
        return "unavailable"
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return "busy"
    except OSError:
        return "unavailable"
    return "held"
