"""The only module that asks the operating system for more than Python promises everywhere.

Linux is tested; macOS and Windows go through the guarded fallbacks below and are untested.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from multiprocessing import queues, reduction
from pathlib import Path
from typing import IO, Any, Literal

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

ATOMIC_WRITE: int = getattr(select, "PIPE_BUF", 512)
"""Bytes that reach a pipe in one piece or not at all; 512 is what POSIX promises."""
_PR_SET_PDEATHSIG = 1
_main_hidden = threading.Lock()
_FROM_OUTSIDE = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")

# -- locks --------------------------------------------------------------------------------------------------


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


def lock_file(file: IO[Any], *, wait: bool) -> bool:
    """Lock an open file against other processes until it is closed; the kernel lets go at death.

    False when somebody else has it (`wait=False`). Where the system or the file system has no such locks, the
    answer is True: nobody is kept out.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


# -- queues -------------------------------------------------------------------------------------------------


class _Unbounded:
    """Stands in for a queue's semaphore where the producer itself counts what it has put."""

    def acquire(self, _block: bool = True, _timeout: float | None = None) -> bool:
        return True

    def release(self) -> None:
        pass


class _KernelLocks:
    """What a `multiprocessing` queue asks of its context, without semaphores."""

    def Lock(self) -> KernelLock:  # noqa: N802 - the context's name for it
        return KernelLock()

    def BoundedSemaphore(self, _size: int) -> _Unbounded:  # noqa: N802 - the same
        return _Unbounded()


class TaskQueue(queues.Queue):  # type: ignore[type-arg]  # not generic at run time before 3.12
    """A `multiprocessing` queue from one producer to one consumer, of which nothing has a name in the system.

    The standard one holds three named semaphores, which stay in /dev/shm for ever when everything that knows
    them is killed at once (a container, a control group out of memory). The producer sees to the bound.
    """

    _reader: Any
    _writer: Any
    _thread: threading.Thread | None

    def __init__(self) -> None:
        super().__init__(ctx=_KernelLocks())
        self._ignore_epipe = True  # the consumer may be killed at any time

    def given(self) -> None:
        """The consumer has started: close our copy of its end, or its death would leave our writes waiting."""
        self._reader.close()

    def abandon(self) -> None:
        """Nobody reads any more: drop what is left and close."""
        self.close()
        self.cancel_join_thread()
        if self._thread is None:  # otherwise the feeder thread closes both
            self._reader.close()
            self._writer.close()


def task_queue(context: Any) -> Any:
    """The queue for one worker's tasks on this system."""
    return TaskQueue() if fcntl is not None else context.Queue()


def given(queue: Any) -> None:
    """See `TaskQueue.given`."""
    if isinstance(queue, TaskQueue):
        queue.given()


def abandon(queue: Any) -> None:
    """See `TaskQueue.abandon`."""
    if isinstance(queue, TaskQueue):
        queue.abandon()
    else:
        queue.close()
        # Nobody reads what the feeder thread still holds; waiting for it would hang.
        queue.cancel_join_thread()


# -- processes ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def without_main() -> Iterator[None]:
    """Keep a child from importing the caller's `__main__`, which it never needs.

    Its targets live in this package. Without this, a script that has no `if __name__ == "__main__"`, or that is
    fed on standard input, would run again in every worker.
    """
    main = sys.modules["__main__"]
    with _main_hidden:
        hidden: tuple[str, ...] = ("__file__", "__spec__")
        kept = {name: main.__dict__.pop(name) for name in hidden if name in main.__dict__}
        main.__spec__ = None
        try:
            yield
        finally:
            del main.__spec__
            main.__dict__.update(kept)


def leave_signals_to_parent() -> None:
    """Do nothing at what a terminal, `timeout` or systemd sends to the whole group: the parent says what it means.

    A handler rather than SIG_IGN, which the programs that this process starts would inherit.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)


def die_with_parent() -> None:
    """Linux: be killed when the thread that started this process ends, even while stuck in foreign code.

    Call it from the main thread. It may come too late for a parent that is already dead; elsewhere it does
    nothing. So watch the parent as well.
    """
    if is_linux():
        import ctypes

        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        except (OSError, AttributeError):  # a libc without it
            return


class AwakeClock:
    """Seconds like `time.monotonic()`, but without the time in which this process was stopped.

    It cannot ask for that; it takes a gap of more than `longest` seconds between two calls for sleep (SIGSTOP, a
    closed lid). So whoever waits by it must look at it more often.
    """

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._seen = time.monotonic()
        self._slept = 0.0

    def __call__(self) -> float:
        now = time.monotonic()
        if now - self._seen > self._longest:
            self._slept += now - self._seen
        self._seen = now
        return now - self._slept


def blame(exit_code: int | None) -> Literal["outside", "position"]:
    """Whether a process was ended by a signal that only others send, or perhaps by what it was doing."""
    return "outside" if name_signal(exit_code) in _FROM_OUTSIDE else "position"


def name_signal(exit_code: int | None) -> str:
    """How a process ended, in words: `exit code 3`, `SIGKILL`."""
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


# -- resources ----------------------------------------------------------------------------------------------


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
