"""Shared memory for any program: exact when its processes are killed inside the lock, whichever way they start."""

from __future__ import annotations

import doctest
import errno
import multiprocessing
import pickle
import random
import re
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine import shared
from engine.shared import KernelLock, SharedCounter, SharedTop, TopEntry
from engine.system import locks
from tests.support import PATIENCE

ROOT = Path(__file__).parents[2]
kills = pytest.mark.skipif(not locks.HAS_KERNEL_LOCKS, reason="no fcntl here: a death inside the lock is final")


def run(*words: str) -> str:
    ran = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    return ran.stdout


@kills
def test_the_example_ends_at_exactly_400() -> None:
    example = "plugins/examples/shared_total.py"
    assert run(example) == "400\n"
    assert (ROOT / example).read_text().count("\n") <= 40


@kills
@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_a_death_inside_the_lock_costs_nobody_anything(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot start processes by {method}")
    run("-m", "tests.engine.shared_program", method)


@pytest.mark.parametrize("name", ["SharedCounter", "SharedTop", "KernelLock"])
def test_the_examples_of_the_docstrings(name: str) -> None:
    [example] = doctest.DocTestFinder(recurse=False).find(getattr(shared, name), name, globs=vars(shared))
    said: list[str] = []
    results = doctest.DocTestRunner().run(example, out=said.append)
    assert results.attempted > 0
    assert results.failed == 0, "".join(said)


@pytest.mark.parametrize("seed", range(10))
def test_the_list_does_not_depend_on_the_order(seed: int) -> None:
    rng = random.Random(seed)
    offers = [TopEntry(rng.randrange(-30, 30), rng.randrange(12), part, f"ä{part}") for part in range(80)]
    lists = []
    for _ in range(2):
        top = SharedTop(5)
        changes = [top.offer(*offer) for offer in offers]
        assert changes[0]
        assert not any(top.offer(*offer) for offer in offers), "offered again"
        lists.append(top.entries())
        rng.shuffle(offers)
    assert lists[0] == lists[1]
    best = {entry.key: entry for entry in sorted(offers, key=lambda e: (-e.score, e.key, e.part), reverse=True)}
    assert lists[0] == sorted(best.values(), key=lambda e: (-e.score, e.key, e.part))[:5]


def test_what_does_not_fit_changes_nothing() -> None:
    top = SharedTop(2)
    top.offer(1, 1)
    with pytest.raises(ValueError, match="24 bytes"):
        top.offer(9, 2, label="x" * 25)
    with pytest.raises(struct.error):
        top.offer(2**63, 2)
    with pytest.raises(ValueError, match="more than 2 entries"):
        top.replace([TopEntry(3, 1), TopEntry(2, 2), TopEntry(1, 3)])
    assert top.entries() == [TopEntry(1, 1)]
    top.replace([])
    assert top.entries() == []
    for make in (SharedCounter, SharedTop):
        with pytest.raises(ValueError, match="at least one"):
            make(0)


def test_a_share_can_be_set_back() -> None:
    counter = SharedCounter(2)
    counter.add(0, 7)
    counter.add(1, -3)
    counter.set(0, 5)
    assert (counter.of(0), counter.of(1), counter.value) == (5, -3, 2)


def test_a_lock_is_only_given_to_a_process_that_starts() -> None:
    lock = KernelLock()
    with pytest.raises(RuntimeError, match="inheritance"):
        pickle.dumps(lock)
    with pytest.raises(RuntimeError, match="not held"):
        lock.release()
    lock.close()
    lock.close()


def test_what_the_page_says() -> None:
    page = (ROOT / "engine" / "shared-memory.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) == 4
    printed = [run("-c", block) for block in blocks]
    assert printed == ["1\n", "100 100\n", "30 job 2\n20 job 3\n15 job 4\n", "0 []\n"]
    for name in shared.__all__:
        assert f"`{name}" in page
    assert "python -m tests.perf shared" in page


@pytest.mark.slow
def test_what_is_measured_for_it() -> None:
    shown = run("-m", "tests.perf", "shared", "--quick", "-j", "2")
    for access in ("Value, its default lock", "SharedCounter.add", "Queue, put and get", "Manager, Value read"):
        assert access in shown


@kills
def test_two_locks_in_opposite_orders_are_an_error_and_no_deadlock() -> None:
    """The page says so."""
    context = multiprocessing.get_context("spawn")
    first, second = KernelLock(), KernelLock()
    ours, theirs = context.Pipe()
    with first:
        process = context.Process(target=_take_both, args=(second, first, theirs))
        process.start()
        assert ours.recv() == "has one"
        try:
            with second:
                ours_ended_well = True
        except OSError as error:
            ours_ended_well = error.errno != errno.EDEADLK
    theirs_ended_well = ours.recv()
    process.join()
    assert (ours_ended_well, theirs_ended_well).count(False) == 1


def _take_both(first: KernelLock, second: KernelLock, pipe: Any) -> None:
    with first:
        pipe.send("has one")
        try:
            with second:
                ended_well = True
        except OSError as error:
            ended_well = error.errno != errno.EDEADLK
    pipe.send(ended_well)
