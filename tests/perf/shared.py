"""What sharing costs: microseconds for one access to a Value, an Array, a counter, a Queue, a Pipe or a Manager.

One process uses each of them, in turns; a Queue and a Pipe carry an item from a thread or process to itself, so
that nobody is waited for, and a Manager answers from a process of its own. Of each round the fastest of 20 batches
counts. Then several processes add to one number at the same time: microseconds between two additions, whoever
makes them.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import time
import timeit
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from engine.shared import KernelLock, SharedCounter, SharedTop
from tests.perf import sides
from tests.perf.report import Report, Table

ROUNDS, BATCHES = 15, 20
ACCESSES, SLOW_ACCESSES, QUICK_ACCESSES = 20_000, 2_000, 200
"""In all batches of a round; of what goes through a thread or process; with `--quick`."""
Step = Callable[[], object]


def options(parser: argparse.ArgumentParser) -> None:
    """Add no options: this benchmark has only the common ones."""


def run(args: argparse.Namespace) -> Report:
    report = Report()
    rounds = args.rounds or (1 if args.quick else ROUNDS)
    with ExitStack() as stack:
        steps = {**_fast_steps(), **_slow_steps(stack)}
        timed = {
            name: functools.partial(_microseconds, step, _accesses(name, quick=args.quick))
            for name, step in steps.items()
        }
        alone = sides.in_turns(timed, rounds)
    together = sides.in_turns(
        {
            name: functools.partial(_together, make, args.workers, QUICK_ACCESSES if args.quick else ACCESSES)
            for name, make in _COUNTERS.items()
        },
        rounds,
    )
    table = Table("one process", ("one access", "us", "÷ Value"))
    value = min(alone["Value, its default lock"])
    for name, measured in alone.items():
        table.add(name, sides.spread(measured), f"{min(measured) / value:.1f}")
    crowd = Table(f"{args.workers} processes at the same time", ("one addition", "us"))
    for name, measured in together.items():
        crowd.add(name, sides.spread(measured))
    report.tables = [table, crowd]
    for name in ("Value, its default lock", "SharedCounter.add", "Queue, put and get", "Manager, Value read"):
        report.find(name, f"{min(alone[name]):.1f} us")
    report.notes = ["median (least-most) of the rounds; the ratios and the lines in short are of the least"]
    report.data = {"alone": alone, "together": together}
    return report


def _accesses(name: str, *, quick: bool) -> int:
    if quick:
        return QUICK_ACCESSES
    return SLOW_ACCESSES if name.startswith(("Queue", "Manager")) else ACCESSES


def _microseconds(step: Step, accesses: int) -> float:
    """Return the time of one access in the fastest batch, which nothing else on the machine interrupted."""
    per_batch = accesses // BATCHES
    return 1e6 * min(timeit.repeat(step, number=per_batch, repeat=BATCHES)) / per_batch


def _fast_steps() -> dict[str, Step]:
    """Return the steps that use shared memory and the locks around it."""
    raw, counter, top = multiprocessing.RawValue("q"), SharedCounter(4), SharedTop(10)
    default, kernel = multiprocessing.Value("q"), multiprocessing.Value("q", lock=KernelLock())
    array = multiprocessing.Array("q", 4)
    for key in range(1, 11):
        top.offer(100, key)

    def add_raw() -> None:
        raw.value += 1

    def add_to_entry() -> None:
        with array.get_lock():
            array.get_obj()[1] += 1

    def add_to(value: Any) -> None:
        with value.get_lock():
            value.get_obj().value += 1

    return {
        "RawValue, no lock, not exact": add_raw,
        "Value, its default lock": functools.partial(add_to, default),
        "Value, KernelLock": functools.partial(add_to, kernel),
        "Array entry, its default lock": add_to_entry,
        "SharedCounter.add": lambda: counter.add(1),
        "SharedCounter.value, 4 slots": lambda: counter.value,
        "SharedTop.offer, not among the best": lambda: top.offer(1, 99),
        "SharedTop.entries, 10 of them": top.entries,
    }


def _slow_steps(stack: ExitStack) -> dict[str, Step]:
    """Return the steps that send messages: by a pipe, by a queue and its thread, to a process and back."""
    reader, writer = multiprocessing.Pipe(duplex=False)
    queue: Any = multiprocessing.get_context("spawn").Queue()
    manager = stack.enter_context(multiprocessing.get_context("spawn").Manager())
    value, lock = manager.Value("q", 0), manager.Lock()
    stack.callback(reader.close)
    stack.callback(writer.close)
    stack.callback(queue.join_thread)
    stack.callback(queue.close)

    def through_pipe() -> None:
        writer.send(1)
        reader.recv()

    def through_queue() -> None:
        queue.put(1)
        queue.get()

    def add_at_manager() -> None:
        with lock:
            value.value += 1

    return {
        "Pipe, send and recv": through_pipe,
        "Queue, put and get": through_queue,
        "Manager, Value read": lambda: value.value,
        "Manager, Value added to in its Lock": add_at_manager,
    }


class _Value:
    """A `Value` with the interface of a `SharedCounter`."""

    def __init__(self, lock: Any) -> None:
        self._value = multiprocessing.get_context("spawn").Value("q", 0, lock=lock)

    def add(self, _slot: int) -> None:
        with self._value.get_lock():
            self._value.get_obj().value += 1

    @property
    def value(self) -> int:
        return int(self._value.value)


_COUNTERS: dict[str, Callable[[int], Any]] = {
    "Value, its default lock": lambda _: _Value(True),
    "Value, KernelLock": lambda _: _Value(KernelLock()),
    "SharedCounter.add": SharedCounter,
}


def _together(make: Callable[[int], Any], workers: int, accesses: int) -> float:
    context: Any = multiprocessing.get_context("spawn")
    counter, barrier = make(workers), context.Barrier(workers + 1)
    processes = [context.Process(target=_add, args=(counter, slot, barrier, accesses)) for slot in range(workers)]
    for process in processes:
        process.start()
    barrier.wait()
    started = time.perf_counter()
    barrier.wait()
    took = time.perf_counter() - started
    for process in processes:
        process.join()
    assert counter.value == workers * accesses
    return 1e6 * took / (workers * accesses)


def _add(counter: Any, slot: int, barrier: Any, accesses: int) -> None:
    barrier.wait()
    for _ in range(accesses):
        counter.add(slot)
    barrier.wait()
