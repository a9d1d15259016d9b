"""Processes that count for the reports, each led by a thread of its own.

A process ends with the thread that has started it, so that is no thread of a request.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import multiprocessing
import queue
import threading
import time
from concurrent.futures import Future
from typing import Any, NamedTuple

import msgspec

from engine import system
from engine.errors import AnalysisError, PluginCrashed
from engine.model import Report
from engine.web.store.folding import Counted, Counting, Folder, FoldJob, Making

TASK_SECONDS = 300.0
"""How long a task may take."""
_LOOK_SECONDS = 0.5
_REST_SECONDS = 5.0
"""How long a process, or its thread here, waits for a task before it lets go of memory that it may need again."""
_TRIES = 2
"""How often a task is given to a process; one that ends them all is given up."""

Task = Counting | Making
_END, _READY, _WAITED_FOR, _AHEAD = range(4)
"""What is done first: ends of threads, then reports that need nothing but to be made, then games for others."""
_ANSWERS: dict[type[Task], Any] = {Making: Report, Counting: dict[str, Counted]}


class _Work(NamedTuple):
    """A task in the line; the lowest is done first."""

    order: int
    number: int
    """Different for each, so that the rest is not compared."""
    task: Task | None
    """None ends a thread."""
    future: Future[Any] | None


class FoldingPool:
    """Some processes, and a line of tasks before them."""

    def __init__(self, job: FoldJob, size: int) -> None:
        """Start them at once; they are ready a second later.

        * **size** - number of processes.
        """
        self._job = job
        self._line: queue.PriorityQueue[_Work] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._counting: dict[Counting, Future[dict[str, Counted]]] = {}
        """What is in the line, or in work."""
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._lead, args=(slot,), name=f"engine-reports-{slot}", daemon=True)
            for slot in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def make(self, task: Making) -> Future[Report]:
        """Have a report made; the future has it, or an AnalysisError."""
        return self._submit(task, _READY)

    def count(self, task: Counting, *, ahead: bool = False) -> Future[dict[str, Counted]]:
        """Have games counted; the future has what `Folder.count` returns, or an AnalysisError.

        Who asks for what somebody else has asked for gets the same future.

        * **ahead** - *(optional)* whether nobody waits for it: all else is done first.
        """
        with self._lock:
            known = self._counting.get(task)
            if known is None:
                known = self._counting[task] = self._submit(task, _AHEAD if ahead else _WAITED_FOR)
                known.add_done_callback(lambda _: self._counting.pop(task, None))
            return known

    def _submit(self, task: Task, order: int) -> Future[Any]:
        future: Future[Any] = Future()
        self._line.put(_Work(order, next(self._numbers), task, future))
        return future

    def close(self) -> None:
        """End the processes. May be called more than once."""
        self._closed.set()
        for _ in self._threads:
            self._line.put(_Work(_END, next(self._numbers), None, None))
        for thread in self._threads:
            thread.join()
        while not self._line.empty():
            future = self._line.get_nowait().future
            if future is not None:
                future.cancel()

    def _lead(self, slot: int) -> None:
        member = _Member(self._job, slot, self._closed)
        try:
            member.start()
            while not self._closed.is_set():
                _, _, task, future = self._next()
                if task is None or future is None:
                    break
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    future.set_result(member.do(task))
                except BaseException as error:
                    future.set_exception(error)
        finally:
            member.end()

    def _next(self) -> _Work:
        """Return the next in the line; who waits long for it gives back what the pages before have taken."""
        with contextlib.suppress(queue.Empty):
            return self._line.get(timeout=_REST_SECONDS)
        system.give_back()
        return self._line.get()


class _Member:
    """A process, as its thread sees it."""

    def __init__(self, job: FoldJob, slot: int, closed: threading.Event) -> None:
        self._job, self._slot, self._closed = job, slot, closed
        self._child: Any = None

    def start(self) -> None:
        """Start the process, if the system allows one."""
        context = multiprocessing.get_context("spawn")
        with contextlib.suppress(OSError, EOFError):
            self._child = system.start_child(context, serve, self._slot, msgspec.msgpack.encode(self._job), None)

    def do(self, task: Task) -> Any:
        """Have a task done, here where no process can be started. Raises AnalysisError."""
        for _ in range(_TRIES):
            if self._child is None:
                self.start()
            if self._child is None:
                return self._do_here(task)
            answer = self._ask(msgspec.msgpack.encode(task))
            if answer is None:
                self.end()
                continue
            if answer[:1] == b"=":
                return msgspec.msgpack.decode(answer[1:], type=_ANSWERS[type(task)])
            raise PluginCrashed(answer[1:].decode())
        raise PluginCrashed(f"{_words(task)}: whatever counts it ends, or does not come to an end")

    def _ask(self, packed: bytes) -> bytes | None:
        """Return the answer of the process; None when it has ended, or does not answer."""
        until = time.monotonic() + TASK_SECONDS
        with contextlib.suppress(EOFError, OSError):
            self._child.tasks.put(packed)
            while not self._closed.is_set() and time.monotonic() < until:
                if self._child.results.poll(_LOOK_SECONDS):
                    answer: bytes = self._child.results.recv_bytes()
                    return answer
                if not self._child.process.is_alive():
                    break
        return None

    def _do_here(self, task: Task) -> Any:
        folder = Folder(self._job)
        try:
            return _done(folder, task)
        finally:
            folder.close()

    def end(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            child.process.kill()
            child.process.join()
            child.process.close()
            child.results.close()
            system.abandon(child.tasks)


_decode = msgspec.msgpack.Decoder(Task).decode


def _words(task: Task) -> str:
    names = task.names if isinstance(task, Counting) else [task.name]
    return f"aggregator {' or '.join(names)}"


def _done(folder: Folder, task: Task) -> dict[str, Counted] | Report:
    return folder.count(task) if isinstance(task, Counting) else folder.make(task)


def serve(slot: int, job_bytes: bytes, tasks: Any, results: Any, shared: Any) -> None:
    """Run as a process.

    * **slot**, **shared** - not used.
    * **job_bytes** - the packed `FoldJob`.
    * **tasks** - its queue of packed tasks.
    * **results** - its end of a pipe to the parent.
    """
    del slot, shared
    system.leave_signals_to_parent()
    system.end_with_parent()
    system.keep_heap_small()
    with contextlib.suppress(BrokenPipeError):
        folder: Folder | None = None
        job = msgspec.msgpack.decode(job_bytes, type=FoldJob)
        with contextlib.suppress(AnalysisError):  # it is tried again, and said, with the first task
            folder = Folder(job)
            folder.load_usual()
        while True:
            task = _decode(_next(tasks, folder))
            gc.disable()  # what a task makes stays until its end: to look for garbage takes a quarter of the time
            try:
                folder = folder or Folder(job)
                answer = b"=" + msgspec.msgpack.encode(_done(folder, task))
            except AnalysisError as error:
                answer = b"!" + error.message.encode()
            except Exception as error:
                answer = b"!" + f"{_words(task)}: {type(error).__name__}: {error}".encode()
            gc.enable()
            results.send_bytes(answer)
            del task, answer
            system.give_back()


def _next(tasks: Any, folder: Folder | None) -> bytes:
    """Return the next task, in packed form; who waits long for it keeps only what takes long to get again."""
    with contextlib.suppress(queue.Empty):
        first: bytes = tasks.get(timeout=_REST_SECONDS)
        return first
    if folder is not None:
        folder.rest()
    gc.collect()
    system.give_back()
    later: bytes = tasks.get()
    return later
