"""Queues that need no `/dev/shm` and leave nothing in the system, whatever is killed."""

from __future__ import annotations

import ctypes
import multiprocessing
import threading
from multiprocessing import queues
from typing import Any

from engine.system.anonymous import shared_array
from engine.system.locks import HAS_KERNEL_LOCKS, KernelLock


class _Unbounded:
    """A stand-in for a queue's semaphore; the producer itself counts what it has put."""

    def acquire(self, _block: bool = True, _timeout: float | None = None) -> bool:
        return True

    def release(self) -> None:
        pass


class _Room:
    """A stand-in for the semaphore of a queue whose only producer asks whether it is full before it puts."""

    def __init__(self, size: int) -> None:
        self._left = shared_array(ctypes.c_int64, 1)
        self._left[0] = size
        self._lock = KernelLock()

    def acquire(self, _block: bool = True, _timeout: float | None = None) -> bool:
        with self._lock:
            self._left[0] -= 1
        return True

    def release(self) -> None:
        with self._lock:
            self._left[0] += 1

    @property
    def _semlock(self) -> _Room:  # what `Queue.full` asks
        return self

    def _is_zero(self) -> bool:
        return bool(self._left[0] <= 0)


class _KernelLocks:
    """A context for a `multiprocessing` queue, without semaphores."""

    def Lock(self) -> KernelLock:  # noqa: N802 - the context's name for it
        return KernelLock()

    def BoundedSemaphore(self, _size: int) -> _Unbounded:  # noqa: N802 - the same
        return _Unbounded()


class TaskQueue(queues.Queue):  # type: ignore[type-arg]  # not generic at run time before 3.12
    """A `multiprocessing` queue from one producer to one consumer, without names in the system.

    The standard one holds three named semaphores, which stay in /dev/shm for ever when everything that knows
    them is killed at once (a container, a control group out of memory). The producer sees to the bound.
    """

    _reader: Any
    _writer: Any
    _thread: threading.Thread | None

    def __init__(self) -> None:
        super().__init__(ctx=_KernelLocks())
        self._ignore_epipe = True  # the consumer may be killed at any time

    def close_reader(self) -> None:
        """Close our copy of the consumer's end, once it has started; its death would leave our writes waiting."""
        self._reader.close()

    def abandon(self) -> None:
        """Drop what is left and close; nobody reads any more."""
        self.close()
        self.cancel_join_thread()
        if self._thread is None:  # otherwise the feeder thread closes both
            self._reader.close()
            self._writer.close()


def task_queue(context: Any) -> Any:
    """Return a queue for one worker's tasks."""
    return TaskQueue() if HAS_KERNEL_LOCKS else context.Queue()


def pool_context(start_method: str) -> Any:
    """Return the context of a start method for a ProcessPoolExecutor, without semaphores."""
    standard = multiprocessing.get_context(start_method)
    if not HAS_KERNEL_LOCKS:
        return standard

    class Context(type(standard)):  # type: ignore[misc]
        def Lock(self) -> KernelLock:  # noqa: N802 - the context's name for it
            return KernelLock()

        def BoundedSemaphore(self, size: int) -> _Room:  # noqa: N802 - the same
            return _Room(size)

    return Context()


def close_reader(queue: Any) -> None:
    """See `TaskQueue.close_reader`."""
    if isinstance(queue, TaskQueue):
        queue.close_reader()


def abandon(queue: Any) -> None:
    """See `TaskQueue.abandon`."""
    if isinstance(queue, TaskQueue):
        queue.abandon()
    else:
        queue.close()
        # Nobody reads what the feeder thread still holds; waiting for it would hang.
        queue.cancel_join_thread()
