"""Processes that add to a `SharedCounter` and a `SharedTop`, of which one is killed; fails unless both are exact.

python -m tests.engine.shared_program spawn|forkserver|fork
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from engine.shared import KernelLock, SharedCounter, SharedTop, TopEntry

SLOTS, GOAL, SIZE = 4, 100, 5
DYING = 1
"""The slot whose first process is killed."""
POINTS = ("list half written", "list not valid yet", "list changed", "share written")
"""Where it is, in the order in which a process passes them; always inside the lock, at its 51st step."""
LINES = {"list half written": 2, "list not valid yet": SIZE}
"""Lines of the list that it has written."""


def entry(slot: int, share: int) -> TopEntry:
    """The find that belongs to a step of a slot: several scores for each key, and equal scores.

    Where a process is killed it has just found the best of all, so that the list is full and changes.
    """
    score = 50 if (slot, share) == (DYING, GOAL // 2) else (slot * 37 + share * 91) % 50
    return TopEntry(score, share % 20 + 20 * slot, share, f"{slot}/{share}")


def expected() -> list[TopEntry]:
    best: dict[int, TopEntry] = {}
    everything = [entry(slot, share) for slot in range(SLOTS) for share in range(GOAL)]
    for one in sorted(everything, key=lambda e: (-e.score, e.key, e.part)):
        best.setdefault(one.key, one)
    return list(best.values())[:SIZE]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work(counter: SharedCounter, top: SharedTop, slot: int) -> None:
    while (share := counter.of(slot)) < GOAL:
        with counter.lock:
            top.offer(*entry(slot, share))
            counter.add(slot)


def work_and_die(counter: SharedCounter, top: SharedTop, point: str) -> None:
    """Work, and be killed at a point inside the lock."""
    add, write = counter.add, top._write
    lines = 0

    def dying_add(slot: int) -> None:
        if counter.of(slot) == GOAL // 2:
            if point == "share written":
                add(slot)
            die()
        add(slot)

    def dying_write(line: int, new: TopEntry) -> None:
        nonlocal lines
        write(line, new)
        if counter.of(DYING) == GOAL // 2:
            lines += 1
            if lines == LINES.get(point):
                die()

    counter.add, top._write = dying_add, dying_write  # type: ignore[method-assign,assignment]
    work(counter, top, DYING)


def killed_at(context: Any, point: str) -> None:
    counter = SharedCounter(SLOTS)
    top = SharedTop(SIZE, lock=counter.lock)
    started = [start(context, work_and_die, counter, top, point)]
    started += [start(context, work, counter, top, slot) for slot in range(SLOTS) if slot != DYING]
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [-signal.SIGKILL, 0, 0, 0]
    assert counter.of(DYING) < GOAL
    start(context, work, counter, top, DYING).join()
    assert counter.value == SLOTS * GOAL
    assert top.entries() == expected(), (top.entries(), expected())


def wait_and_add(counter: SharedCounter, slot: int, pipe: Any) -> None:
    """Say that the lock is taken before waiting for it."""
    pipe.send(counter.lock.acquire(block=False))
    counter.add(slot)


def hold(lock: KernelLock, pipe: Any) -> None:
    with lock:
        pipe.send("held")
        pipe.recv()


def waiting_while_it_is_killed(context: Any) -> None:
    """Others already wait for the lock when its holder is killed."""
    counter = SharedCounter(SLOTS)
    ours, theirs = context.Pipe()
    holder = start(context, hold, counter.lock, theirs)
    assert ours.recv() == "held"
    others = [start(context, wait_and_add, counter, slot, theirs) for slot in range(SLOTS)]
    assert not any(ours.recv() for _ in others)
    holder.kill()
    for process in [holder, *others]:
        process.join()
    assert counter.value == SLOTS


def started_inside(context: Any) -> None:
    """A process that is started while its parent holds the lock does not hold it."""
    counter = SharedCounter()
    ours, theirs = context.Pipe()
    with counter.lock:
        child = start(context, wait_and_add, counter, 0, theirs)
        assert ours.recv() is False
    child.join()
    assert (child.exitcode, counter.value) == (0, 1)


def of_a_pool(context: Any) -> None:
    counter = SharedCounter()
    with context.Pool(2, initializer=counter.add, initargs=(0, 5)) as pool:
        pool.close()
        pool.join()
    assert counter.value == 10


def start(context: Any, target: Callable[..., None], *arguments: Any) -> Any:
    process = context.Process(target=target, args=arguments)
    process.start()
    return process


def main(method: str) -> None:
    context = multiprocessing.get_context(method)
    for point in POINTS:
        killed_at(context, point)
    waiting_while_it_is_killed(context)
    started_inside(context)
    of_a_pool(context)


if __name__ == "__main__":
    main(*sys.argv[1:])
