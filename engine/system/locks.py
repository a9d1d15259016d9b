"""Locks that the kernel releases when their holder dies."""

from __future__ import annotations

import multiprocessing
import os
import threading
import weakref
from multiprocessing import context, reduction, util
from typing import IO, Any, Literal

from engine.system.anonymous import open_unnamed

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

HAS_KERNEL_LOCKS = fcntl is not None


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
        * **timeout** - *(optional)* seconds to wait for other threads of this process; for other processes it
          waits as long as they hold it, because none of them can be dead.
        """
        if not (
            self._inner.acquire(block) if timeout is None or not block else self._inner.acquire(True, timeout)
        ):
            return False
        try:
            if self._depth == 0:
                self._lock_file(block=block)
        except BaseException as error:  # a KeyboardInterrupt too: the threads' lock must not stay taken
            self._inner.release()
            if block or not isinstance(error, OSError):
                raise
            return False
        self._depth += 1
        return True

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
                self._lock_file(block=True)
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

    def _lock_file(self, *, block: bool) -> None:
        if fcntl is not None:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX if block else fcntl.LOCK_EX | fcntl.LOCK_NB)

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


def lock_file(file: IO[Any] | int, *, wait: bool, shared: bool = False) -> Literal["held", "busy", "unavailable"]:
    """Lock an open file, or a descriptor, against other processes until it is closed or this process dies.

    A `shared` lock keeps out only those who want one that is not. Return `busy` when another process has it and
    `wait` is false, `unavailable` where the system or the file system has no such locks, so that nobody is kept
    out.
    """
    if fcntl is None:
        return "unavailable"
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return "busy"
    except OSError:
        return "unavailable"
    return "held"
