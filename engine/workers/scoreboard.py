"""The scoreboard in shared memory: how many winning moves, and the best scores, while the work goes on.

It is for the screen, never the source of truth: reports come from the accepted results. At the end of a run
both must agree exactly, and `engine.run.run` checks that they do.

| object     | what                                             | who writes                        | who reads  |
| ---------- | ------------------------------------------------ | --------------------------------- | ---------- |
| `wins`     | `Value("q")`: winning moves found                | workers, as they find them; the   | the screen |
|            |                                                  | parent, for positions nobody      | 4-8 times  |
|            |                                                  | searched (cached)                 | a second   |
| `best`     | `Array(Entry)`: the K best scores, best first    | the same                          | the same   |
| `shares`   | `Array("q")`: what each slot added to `wins`     | the owner of the slot             | the parent |
| `activity` | `Array(Activity)`: where each worker is          | the owner of the slot             | the screen |

All four take one lock. It is not the default one, which is a semaphore without an owner: a worker that is
killed inside it would block everybody for ever. It is `system.KernelLock`, which the kernel releases at death.
What the dead worker left half-written is repaired by the parent: `retire` sets the counter to what was accepted
from the dead plus what the living have added, and the board to the best of the accepted results.
Slot 0 is the parent, slots 1 to N are the workers.

So a worker may die at any instruction. Before the lock it has changed nothing. Inside, it may leave a share
without its total, a total without its entry, a board with one line twice: `retire` writes all of them anew, and
no living worker computes its next total from another's share. After the lock, but before its result is accepted,
its finds were counted for a unit that will be searched again: its share is set to what was accepted from it.
What it sent whole before it died is read from its pipe first, and is accepted. The parent alone accepts, once a
unit; hence at any time: counter = accepted + finds of units in flight, and no unit is in flight at the end.

**When to use what.** A `Value` or `Array` for a few numbers that change all the time and are read at leisure:
no message is sent, the reader never lags, and the price is a lock (1-2 microseconds). A `Queue` or pipe when
every item must arrive exactly once: work and results. A `Manager` when the shared thing is a structure that
changes shape; each access is a round trip to another process (about 50 times a `Value`), so this project has
none. Nothing at all when the parent can count what it receives anyway: that is what the reports do.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from engine import scoring, system
from engine.contracts.messages import Unit
from engine.model import Best, Evaluation


class Entry(ctypes.Structure):
    """One line of the board in shared memory; `game` 0 is an empty line."""

    _fields_ = (
        ("game", ctypes.c_int64),
        ("score", ctypes.c_int32),
        ("ply", ctypes.c_int32),
        ("move", ctypes.c_char * 8),
    )


class Activity(ctypes.Structure):
    """Where a worker is."""

    _fields_ = (
        ("game", ctypes.c_int64),
        ("ply", ctypes.c_int64),
        ("positions", ctypes.c_int64),
        ("nodes", ctypes.c_int64),
    )


class WorkerActivity(Struct, frozen=True):
    """One worker's slot, as read."""

    game: int
    """0 before its first position."""
    ply: int
    positions: int
    """Searched since the run began, by all the workers that had this slot."""
    nodes: int


class ScoreboardView(Struct, frozen=True):
    """The scoreboard at one moment."""

    wins: int
    best: tuple[Best, ...]
    """Best first; ties by game, then ply."""
    workers: tuple[WorkerActivity, ...]
    """Slots 1 to N."""


def place(board: list[Best], new: Best, size: int) -> bool:
    """Enter `new` into a sorted board of at most `size`, at most one entry a game. True when it changed.

    The result does not depend on the order of the entries offered: a game's best only ever rises.
    """
    old = next((entry for entry in board if entry.game == new.game), None)
    if old is not None:
        if _rank(old) <= _rank(new):
            return False
        board.remove(old)
    elif len(board) >= size and _rank(board[-1]) <= _rank(new):
        return False
    board.append(new)
    board.sort(key=_rank)
    del board[size:]
    return True


def scored(game: int, ply: int, evaluation: Evaluation, winning_cp: int) -> tuple[Best, bool]:
    """What a position means for the scoreboard: its entry, and whether it is a winning move found."""
    entry = Best(scoring.board_value(evaluation.score), game, ply, evaluation.best or "")
    return entry, scoring.is_winning(evaluation.score, winning_cp)


def _rank(entry: Best) -> tuple[int, int, int]:
    return -entry.score, entry.game, entry.ply


class Scoreboard:
    """The shared objects behind named methods. Made by the parent, inherited by its workers."""

    def __init__(self, context: Any, *, workers: int, size: int = 10) -> None:
        lock = system.shared_lock(context)
        self._lock = lock
        self._wins = context.Value("q", 0, lock=lock)
        self._best = context.Array(Entry, size, lock=lock)
        self._shares = context.Array("q", workers + 1, lock=lock)
        self._activity = context.Array(Activity, workers + 1, lock=lock)
        self.size = size
        self.start_method: str = context.get_start_method()
        """How its workers are to be started."""
        self._retired = 0
        """Parent only: wins accepted from workers that are gone."""
        self._unsearched: list[Best] = []
        """Parent only: its own entries, for positions that no worker searched."""

    # -- for whoever searches, and the parent for the other positions (slot 0) --

    def found(self, slot: int, entry: Best, *, winning: bool, nodes: int) -> None:
        """Enter one position: its best move's score, and whether it counts as a winning move."""
        with self._lock:
            self.at(slot, entry.game, entry.ply, nodes)
            if winning:
                self._shares.get_obj()[slot] += 1
                self._wins.get_obj().value += 1
            self._offer(entry)

    def unsearched(self, entries: Sequence[tuple[Best, bool]]) -> None:
        """The parent's own: positions that no worker searched, each with whether it is a winning move."""
        wins = sum(winning for _, winning in entries)
        self.digested(len(entries), wins, [entry for entry, _ in entries])

    def digested(self, positions: int, wins: int, entries: Sequence[Best]) -> None:
        """So many positions that no worker searched, the winning moves among them, and the best of them."""
        for entry in entries:
            place(self._unsearched, entry, self.size)
        with self._lock:
            self._activity.get_obj()[0].positions += positions
            self._shares.get_obj()[0] += wins
            self._wins.get_obj().value += wins
            for entry in entries:
                self._offer(entry)

    def at(self, slot: int, game: int, ply: int, nodes: int) -> None:
        """Say what was searched, without entering anything: a follow-up search."""
        with self._lock:
            activity = self._activity.get_obj()[slot]
            activity.game, activity.ply = game, ply
            activity.positions += 1
            activity.nodes += nodes

    def _offer(self, entry: Best) -> None:
        raw = self._best.get_obj()
        last = raw[self.size - 1]
        if last.game and last.score > entry.score:
            return
        board = self._read_board()
        if place(board, entry, self.size):
            self._write_board(board)

    # -- for the parent --

    def retire(self, slot: int, accepted_wins: int, accepted_best: Iterable[Best]) -> None:
        """Recount after the worker in `slot` died: only what was accepted from it stays.

        The board is rebuilt from accepted results and the parent's own entries; finds of living workers that
        are not accepted yet come back when they are (`accepted`).
        """
        board = list(accepted_best)
        for entry in self._unsearched:
            place(board, entry, self.size)
        with self._lock:
            self._retired += accepted_wins
            shares = self._shares.get_obj()
            shares[slot] = 0
            self._wins.get_obj().value = self._retired + sum(shares)
            self._write_board(board)

    def accepted(self, entry: Best) -> None:
        """Make sure that an accepted result is on the board, which a recount may have wiped off."""
        with self._lock:
            self._offer(entry)

    def correct(self, difference: int) -> None:
        """Deeper searches have found so many more winning moves, or fewer, than the first ones of the same
        positions."""
        with self._lock:
            self._shares.get_obj()[0] += difference
            self._wins.get_obj().value += difference

    def settle(self, wins: int, best: Sequence[Best]) -> None:
        """Set both to what the output of an interrupted run holds; all workers are gone."""
        with self._lock:
            self._wins.get_obj().value = wins
            self._write_board(list(best))

    def view(self) -> ScoreboardView:
        """A consistent copy."""
        with self._lock:
            wins = self._wins.get_obj().value
            best = tuple(self._read_board())
            workers = tuple(
                WorkerActivity(a.game, a.ply, a.positions, a.nodes) for a in self._activity.get_obj()[1:]
            )
        return ScoreboardView(wins, best, workers)

    def close(self) -> None:
        """Nobody uses it any more: its descriptor goes now, and not when the garbage is next collected."""
        if isinstance(self._lock, system.KernelLock):
            self._lock.close()

    def progress(self, slot: int) -> int:
        """Positions searched in `slot`: changes while its worker is alive and well."""
        with self._lock:
            return int(self._activity.get_obj()[slot].positions)

    def _read_board(self) -> list[Best]:
        return [Best(e.score, e.game, e.ply, e.move.decode()) for e in self._best.get_obj() if e.game]

    def _write_board(self, board: list[Best]) -> None:
        raw = self._best.get_obj()
        for k in range(self.size):
            b = board[k] if k < len(board) else Best(0, 0, 0, "")
            raw[k] = (b.game, b.score, b.ply, b.move.encode())


class Ledger:
    """The parent's account of accepted results, from which the scoreboard is repaired after a death."""

    def __init__(self, scoreboard: Scoreboard, winning_cp: int) -> None:
        self._scoreboard = scoreboard
        self._winning_cp = winning_cp
        self._wins: dict[int, int] = {}
        """Accepted from the worker that has the slot now."""
        self._best: list[Best] = []

    def accept(self, slot: int, unit: Unit, evaluations: Sequence[Evaluation]) -> None:
        """A unit that the worker in `slot` searched and, unless it is an extra, entered on the scoreboard."""
        if unit.extra:
            return
        for ply, evaluation in zip(unit.plies, evaluations, strict=True):
            entry, winning = scored(unit.game, ply, evaluation, self._winning_cp)
            self._wins[slot] = self._wins.get(slot, 0) + winning
            if place(self._best, entry, self._scoreboard.size):
                self._scoreboard.accepted(entry)

    def bury(self, slot: int) -> None:
        """The worker in `slot` is gone: what it entered and was not accepted goes with it."""
        self._scoreboard.retire(slot, self._wins.pop(slot, 0), self._best)
