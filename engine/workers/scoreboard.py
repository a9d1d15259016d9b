"""The scoreboard in shared memory: how many winning moves, and the best scores, while the work goes on.

It is for the screen, never the source of truth: reports come from the accepted results. At the end of a run
both must agree exactly, and `engine.run.run` checks that they do.

| object     | holds                                            | who writes                        | who reads  |
| ---------- | ------------------------------------------------ | --------------------------------- | ---------- |
| `wins`     | `SharedCounter`: winning moves found, a share    | workers, as they find them; the   | the screen |
|            | for each slot                                    | parent, for positions nobody      | 4-8 times  |
|            |                                                  | searched (cached)                 | a second   |
| `best`     | `SharedTop`: the K best scores, best first       | the same                          | the same   |
| `activity` | `Array(Activity)`: where each worker is          | the owner of the slot             | the screen |

Slot 0 is the parent, slots 1 to N are the workers. Workers enter a position under one lock, a `KernelLock`.

The parent never waits for it, because a worker may be stopped (SIGSTOP) while it holds it, and then only the
parent can end that worker. It reads without the lock; the shares of its own and of the dead are nobody else's; and
what it has to enter on the list is put off until the lock is free.

A worker may die at any instruction. Before the lock it has changed nothing. Inside, each write leaves the old
state or the new one (`engine.shared`). After the lock, but before its result is accepted, its finds are counted
for a unit that will be searched again: `retire` sets its share to what was accepted from it, and the list to the
best of the accepted results. What it sent whole before it died is read from its pipe first, and is accepted. The
parent alone accepts, once a unit; hence at any time: counter = accepted + finds of units in flight, and no unit is
in flight at the end.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct

from engine import scoring
from engine.contracts.messages import Unit
from engine.errors import ConfigError
from engine.model import Best, Evaluation
from engine.shared import KernelLock, SharedCounter, SharedTop, TopEntry, insert_ranked
from engine.system import close_array, shared_array

PARENT = 0
"""The parent's slot."""
LOCK_SECONDS = 0.05
"""Seconds that the parent waits for the lock before it puts off what it enters; workers hold it for 30 us."""


class Activity(ctypes.Structure):
    """A worker's slot in shared memory; see `WorkerActivity`."""

    _fields_ = (
        ("game", ctypes.c_int64),
        ("ply", ctypes.c_int64),
        ("positions", ctypes.c_int64),
        ("nodes", ctypes.c_int64),
    )


class WorkerActivity(Struct, frozen=True):
    """Where one worker is."""

    game: int
    """The game it searches; 0 before its first position."""
    ply: int
    """The ply that it searched last."""
    positions: int
    """Positions searched since the run began, by all the workers that had this slot."""
    nodes: int
    """Nodes searched for them."""


class ScoreboardView(Struct, frozen=True):
    """The scoreboard at one moment."""

    wins: int
    """Winning moves found."""
    best: tuple[Best, ...]
    """Best first; ties by game, then ply."""
    workers: tuple[WorkerActivity, ...]
    """Slots 1 to N."""


def insert_best(board: list[Best], new: Best, size: int) -> bool:
    """Enter `new` into a sorted list of at most `size`, at most one entry a game. Return whether the list changed.

    The result does not depend on the order of the entries offered: a game's best only ever rises.
    """
    return insert_ranked(board, new, size, _rank)


def scored(game: int, ply: int, evaluation: Evaluation, winning_cp: int) -> tuple[Best, bool]:
    """Return the scoreboard's entry for a position, and whether it is a winning move found."""
    entry = Best(scoring.board_value(evaluation.score), game, ply, evaluation.best or "")
    return entry, scoring.is_winning(evaluation.score, winning_cp)


def _rank(entry: Best) -> tuple[int, int, int]:
    return -entry.score, entry.game, entry.ply


class Scoreboard:
    """The shared objects behind named methods. The parent makes it, and its workers inherit it."""

    def __init__(self, context: Any, *, workers: int, size: int = 10) -> None:
        """Make an empty one. Raises ConfigError where processes can share no memory or no lock."""
        try:
            self._lock = KernelLock()
            self._wins = SharedCounter(workers + 1, lock=self._lock)
            self._best = SharedTop(size, lock=self._lock)
            self._activity = shared_array(Activity, workers + 1)
        except OSError as error:
            raise ConfigError(
                f"processes cannot share memory and a lock here: {error.strerror or error}; a folder for "
                "temporary files on a local disk would do, TMPDIR names one (engine doctor)"
            ) from error
        self.size = size
        self.start_method: str = context.get_start_method()
        """How its workers are to be started."""
        self._retired = [0] * (workers + 1)
        """Parent only: wins accepted from workers that are gone, by slot."""
        self._unsearched: list[Best] = []
        """Parent only: its own entries, for positions that no worker searched."""
        self._put_off: deque[Callable[[], object]] = deque()
        """Parent only: changes of the list that wait for the lock, in their order."""
        self._lock_seconds = LOCK_SECONDS
        """Parent only: how long the next change waits; not at all while the last one was put off."""

    # -- for whoever searches, and the parent for the other positions (slot 0) --

    def record(self, slot: int, entry: Best, *, winning: bool, nodes: int) -> None:
        """Enter one position: its best move's score, and whether it counts as a winning move."""
        with self._lock:
            self._report(slot, entry.game, entry.ply, nodes)
            self._enter(slot, entry, winning=winning)

    def _enter(self, slot: int, entry: Best, *, winning: bool) -> None:
        if winning:
            self._wins.add(slot)
        self._best.offer(entry.score, entry.game, entry.ply, entry.move)

    def enter(self, slot: int, entry: Best, *, winning: bool) -> None:
        """Enter the score of a position whose searches `report_activity` has told of."""
        with self._lock:
            self._enter(slot, entry, winning=winning)

    def record_unsearched(self, entries: Sequence[tuple[Best, bool]]) -> None:
        """Enter positions that no worker searched, each with whether it is a winning move. Parent only."""
        wins = sum(winning for _, winning in entries)
        self.record_batch(len(entries), wins, [entry for entry, _ in entries])

    def record_batch(self, positions: int, wins: int, entries: Sequence[Best]) -> None:
        """Enter the sums of a batch that no worker searched. Parent only.

        * **positions** - how many positions it has.
        * **wins** - the winning moves among them.
        * **entries** - the best of them.
        """
        # The others have as many of ours before them as the list has places.
        best = [entry for entry in entries if insert_best(self._unsearched, entry, self.size)]
        self._activity[PARENT].positions += positions
        self.adjust_wins(wins)
        if best:
            self._change(lambda: self._offer(best))

    def report_activity(self, slot: int, game: int, ply: int, nodes: int) -> None:
        """Say which position was searched, without its score: a follow-up, or one that may be searched again."""
        with self._lock:
            self._report(slot, game, ply, nodes)

    def _report(self, slot: int, game: int, ply: int, nodes: int) -> None:
        activity = self._activity[slot]
        activity.game, activity.ply = game, ply
        activity.positions += 1
        activity.nodes += nodes

    # -- for the parent --

    def retire(self, slot: int, accepted_wins: int, accepted_best: Iterable[Best]) -> None:
        """Recount after the worker in `slot` died: only what was accepted from it stays.

        The list is rebuilt from accepted results and the parent's own entries; finds of living workers that are
        not accepted yet come back when they are (`restore_entry`).

        * **accepted_wins** - winning moves accepted from this worker.
        * **accepted_best** - the best entries accepted from all workers.
        """
        board = list(accepted_best)
        for entry in self._unsearched:
            insert_best(board, entry, self.size)
        self._retired[slot] += accepted_wins
        self._wins.set(slot, self._retired[slot])
        self._change(lambda: self._replace(board))

    def restore_entry(self, entry: Best) -> None:
        """Make sure that an accepted result is on the list, from which a recount may have removed it."""
        self._change(lambda: self._offer((entry,)))

    def adjust_wins(self, difference: int) -> None:
        """Count so many winning moves more (or fewer, when negative): deeper searches changed their minds."""
        self._wins.set(PARENT, self._wins.of(PARENT) + difference)

    def settle(self, wins: int, best: Sequence[Best]) -> None:
        """Set both to what the output of an interrupted run holds; all workers are gone."""
        for slot in range(len(self._retired)):
            self._wins.set(slot, 0)
        self._wins.set(PARENT, wins)
        self._change(lambda: self._replace(best))

    def view(self) -> ScoreboardView:
        """Return a copy; nobody writes while it is made only when no worker searches."""
        self._catch_up()
        wins = self._wins.value
        entries = self._best.entries()
        workers = tuple(WorkerActivity(a.game, a.ply, a.positions, a.nodes) for a in self._activity[1:])
        best = tuple(Best(entry.score, entry.key, entry.part, entry.label) for entry in entries)
        return ScoreboardView(wins, best, workers)

    def progress(self, slot: int) -> int:
        """Return the positions searched in `slot`: it grows while its worker is alive and well."""
        return int(self._activity[slot].positions)

    def close(self) -> None:
        """Close its files at once, not at the next garbage collection. It can only be read afterwards."""
        self._lock.close()
        self._wins.close()
        self._best.close()
        close_array(self._activity)

    def _change(self, change: Callable[[], object]) -> None:
        """Change the list as soon as the lock is free, now or before the next change or view."""
        self._put_off.append(change)
        self._catch_up()

    def _catch_up(self) -> None:
        if not self._put_off:
            return
        if not self._lock.acquire(timeout=self._lock_seconds):
            self._lock_seconds = 0.0
            return
        try:
            self._lock_seconds = LOCK_SECONDS
            while self._put_off:
                self._put_off.popleft()()
        finally:
            self._lock.release()

    def _offer(self, entries: Iterable[Best]) -> None:
        for entry in entries:
            self._best.offer(entry.score, entry.game, entry.ply, entry.move)

    def _replace(self, board: Iterable[Best]) -> None:
        self._best.replace(TopEntry(entry.score, entry.game, entry.ply, entry.move) for entry in board)


class Ledger:
    """The parent's account of accepted results, from which the scoreboard is repaired after a death."""

    def __init__(self, scoreboard: Scoreboard, winning_cp: int) -> None:
        self._scoreboard = scoreboard
        self._winning_cp = winning_cp
        self._wins: dict[int, int] = {}
        """Winning moves accepted from the worker that has the slot now, by slot."""
        self._best: list[Best] = []
        """The best entries accepted from all workers."""

    def accept(self, slot: int, unit: Unit, evaluations: Sequence[Evaluation]) -> None:
        """Account for a unit that the worker in `slot` searched. Follow-ups are not on the scoreboard."""
        if unit.follow_up:
            return
        best, size = self._best, self._scoreboard.size
        wins = 0
        for ply, evaluation in zip(unit.plies, evaluations, strict=True):
            wins += scoring.is_winning(evaluation.score, self._winning_cp)
            if len(best) == size and scoring.board_value(evaluation.score) < best[-1].score:
                continue
            entry, _ = scored(unit.game, ply, evaluation, self._winning_cp)
            if insert_best(best, entry, size):
                self._scoreboard.restore_entry(entry)
        self._wins[slot] = self._wins.get(slot, 0) + wins

    def bury(self, slot: int) -> None:
        """Retire the worker in `slot`, which is gone: what it entered and was not accepted goes with it."""
        self._scoreboard.retire(slot, self._wins.pop(slot, 0), self._best)
