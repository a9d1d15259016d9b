"""The shared memory part runs in real processes; what is killed is killed inside the lock."""

from __future__ import annotations

import multiprocessing
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.model import Best
from engine.system import KernelLock, locks
from engine.workers.scoreboard import Scoreboard, insert_best


def reference(entries: list[Best], size: int) -> list[Best]:
    best: dict[int, Best] = {}
    for entry in sorted(entries, key=lambda e: (-e.score, e.game, e.ply)):
        best.setdefault(entry.game, entry)
    return sorted(best.values(), key=lambda e: (-e.score, e.game, e.ply))[:size]


@pytest.mark.parametrize("seed", range(20))
def test_the_board_does_not_depend_on_the_order(seed: int) -> None:
    rng = random.Random(seed)
    entries = [Best(rng.randrange(-300, 300), rng.randrange(1, 12), k, f"a{k}") for k in range(80)]
    board: list[Best] = []
    for entry in entries:
        insert_best(board, entry, 5)
    assert board == reference(entries, 5)


def _search(scoreboard: Scoreboard, slot: int, rounds: int) -> None:
    for k in range(rounds):
        scoreboard.record(slot, Best(k % 97, slot * 1000 + k % 7, k, "e2e4"), winning=k % 2 == 0, nodes=3)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_add_to_one_counter_and_one_board(method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    scoreboard = Scoreboard(context, workers=3, size=4)
    processes = [context.Process(target=_search, args=(scoreboard, slot, 200)) for slot in (1, 2, 3)]
    for process in processes:
        process.start()
    _search(scoreboard, 0, 10)
    for process in processes:
        process.join()
        assert process.exitcode == 0
    view = scoreboard.view()
    assert view.wins == 3 * 100 + 5
    assert list(view.best) == reference(
        [Best(k % 97, slot * 1000 + k % 7, k, "e2e4") for slot in (1, 2, 3) for k in range(200)], 4
    )
    assert [(w.positions, w.nodes) for w in view.workers] == [(200, 600)] * 3


def _die_inside(scoreboard: Scoreboard, ready: Any) -> None:
    """Take the lock, change the counter, and be killed before releasing it."""
    scoreboard.record(1, Best(31_999, 77, 1, "h5f7"), winning=True, nodes=1)
    with scoreboard._lock:
        scoreboard._wins.add(1, 1_000)
        ready.send("inside")
        ready.recv()


def test_a_worker_killed_inside_the_lock_blocks_nobody_and_the_recount_is_exact() -> None:
    context: Any = multiprocessing.get_context("spawn")
    scoreboard = Scoreboard(context, workers=2, size=3)
    scoreboard.record(2, Best(400, 5, 9, "d1h5"), winning=True, nodes=1)
    ours, theirs = context.Pipe()
    process = context.Process(target=_die_inside, args=(scoreboard, theirs))
    process.start()
    assert ours.recv() == "inside"
    process.kill()
    process.join()
    scoreboard.retire(1, accepted_wins=0, accepted_best=[])
    scoreboard.restore_entry(Best(400, 5, 9, "d1h5"))
    view = scoreboard.view()
    assert view.wins == 1
    assert view.best == (Best(400, 5, 9, "d1h5"),)


def test_what_was_accepted_from_the_dead_stays() -> None:
    scoreboard = Scoreboard(multiprocessing.get_context("spawn"), workers=1)
    for ply in range(5):
        scoreboard.record(1, Best(500, 1, ply, "a1a2"), winning=True, nodes=1)
    scoreboard.retire(1, accepted_wins=3, accepted_best=[Best(500, 1, 0, "a1a2")])
    scoreboard.record(1, Best(100, 2, 0, "a1a2"), winning=True, nodes=1)
    assert scoreboard.view().wins == 4
    scoreboard.retire(1, accepted_wins=1, accepted_best=[Best(500, 1, 0, "a1a2")])
    assert scoreboard.view().wins == 4


def test_a_recount_keeps_what_the_parent_entered_for_positions_nobody_searched() -> None:
    scoreboard = Scoreboard(multiprocessing.get_context("spawn"), workers=1, size=2)
    scoreboard.record_unsearched([(Best(700, 1, 0, "a1a2"), True)])
    scoreboard.record(1, Best(900, 2, 0, "a1a2"), winning=True, nodes=1)
    scoreboard.record(1, Best(800, 3, 0, "a1a2"), winning=True, nodes=1)
    scoreboard.retire(1, accepted_wins=1, accepted_best=[Best(800, 3, 0, "a1a2")])
    view = scoreboard.view()
    assert view.wins == 2
    assert view.best == (Best(800, 3, 0, "a1a2"), Best(700, 1, 0, "a1a2"))


def test_an_interrupt_while_waiting_for_the_lock_leaves_it_free(monkeypatch: pytest.MonkeyPatch) -> None:
    lock = KernelLock()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(locks.fcntl, "lockf", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lock.acquire()
    with ThreadPoolExecutor(1) as other:
        assert other.submit(lock.acquire, True, 1.0).result()
        other.submit(lock.release).result()


def test_a_lock_may_be_taken_again_by_its_owner() -> None:
    lock = KernelLock()
    with lock, lock:
        assert lock.acquire(block=False)
        lock.release()
