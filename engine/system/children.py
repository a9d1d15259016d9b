"""A child process with a queue for its tasks and a pipe for its results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from engine.system.processes import without_main
from engine.system.queues import abandon, close_reader, task_queue


class Child(NamedTuple):
    """The parent's side of a child."""

    process: Any
    tasks: Any
    """The queue of its tasks."""
    results: Any
    """Our end of the pipe from it."""


def start_child(context: Any, target: Callable[..., None], slot: int, job: bytes, shared: Any) -> Child:
    """Start a process that calls `target(slot, job, tasks, results, shared)`.

    * **context** - the `multiprocessing` context.
    * **target** - a function of this package.
    * **slot** - the number of the worker that it is.
    * **job** - what it gets in packed form.
    * **shared** - what it shares with its parent.

    Raises OSError or EOFError when the system gives no process.
    """
    tasks = task_queue(context)
    results, writer = context.Pipe(duplex=False)
    process = context.Process(
        target=target, args=(slot, job, tasks, writer, shared), name=f"engine-worker-{slot}", daemon=True
    )
    try:
        with without_main():
            process.start()
    except BaseException:
        results.close()
        abandon(tasks)
        raise
    finally:
        # The parent's copy of the writing end must go, or its reader would never see the end of file.
        writer.close()
    close_reader(tasks)
    return Child(process, tasks, results)
