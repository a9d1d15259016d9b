"""Queues that need no `/dev/shm` and leave nothing in the system, whatever is killed."""

from __future__ import annotations

import contextlib
import pickle
import select
import threading
from multiprocessing import queues
from typing import Any

from engine.system.locks import HAS_KERNEL_LOCKS, KernelLock
from engine.system.resources import ATOMIC_WRITE

_AT_ONCE = ATOMIC_WRITE - 16
"""Bytes of a message that the pipe takes whole, with what it puts before it, where it takes anything."""


class _Unbounded:
    """A stand-in for a queue's semaphore; the producer itself counts what it has put."""

    def acquire(self, _block: bool = True, _timeout: float | None = None) -> bool:
        return True

    def release(self) -> None:
        pass


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

    A short item goes straight into the pipe while there is room for it; its feeder thread, which starts with the
    first other one, takes that and all later ones. So the producer never waits, and seldom needs the thread.
    """

    _reader: Any
    _writer: Any
    _thread: threading.Thread | None
    _closed: bool
    _room: Any = None
    """What tells the producer whether its end of the pipe has room, once it has asked."""

    def __init__(self) -> None:
        super().__init__(ctx=_KernelLocks())
        self._ignore_epipe = True  # the consumer may be killed at any time

    def put(self, obj: Any, block: bool = True, timeout: float | None = None) -> None:
        """Add an item, without waiting for the consumer."""
        if self._thread is None and not self._closed:
            message = pickle.dumps(obj)
            if len(message) <= _AT_ONCE and self._has_room():
                with contextlib.suppress(BrokenPipeError):
                    self._writer.send_bytes(message)
                return
        super().put(obj, block, timeout)

    def _has_room(self) -> bool:
        """Whether the pipe takes a short message without a wait; also where nobody reads any more."""
        if not hasattr(select, "poll"):
            return False
        if self._room is None:
            self._room = select.poll()
            self._room.register(self._writer.fileno(), select.POLLOUT)
        return bool(self._room.poll(0))

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
