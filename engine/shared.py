"""Shared memory for any `multiprocessing` program, exact even when a process is killed.

* `SharedCounter` - a number that several processes add to.
* `SharedTop` - the best entries that several processes have found.
* `KernelLock` - the lock of both, which the kernel releases when its holder dies.

Four processes add 100 each:

    from multiprocessing import Process

    from engine.shared import SharedCounter

    def work(counter, slot):
        for _ in range(100):
            counter.add(slot)

    if __name__ == "__main__":
        counter = SharedCounter(slots=4)
        processes = [Process(target=work, args=(counter, slot)) for slot in range(4)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        print(counter.value)  # 400

All three are made by the parent and given to its processes in `args`, or in the `initargs` of a pool, under
`spawn`, `forkserver` and `fork`. Making one raises OSError where the system has neither files in memory nor a
folder for temporary ones. `engine/shared-memory.md` says what they cost, and when something else is the right
thing.
"""

from __future__ import annotations

import bisect
import ctypes
import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from engine.system import KernelLock, close_array, shared_array

__all__ = ["KernelLock", "SharedCounter", "SharedTop", "TopEntry", "insert_ranked"]

LABEL_BYTES = 24
"""Longest label of a `TopEntry`, in UTF-8."""

_LINE = struct.Struct(f"=qqq{LABEL_BYTES}s")
"""One entry in shared memory: score, key, part, label."""
_SCORE = struct.Struct("=q")

Entry = TypeVar("Entry")


class SharedCounter:
    """A counter that several processes add to.

    Each process adds to a share of its own, its slot, and the value is the sum of the shares. A share is eight
    aligned bytes that are stored in one instruction: whenever its process is killed, it holds either the old
    number or the new one, and nobody else's share is touched. So whoever replaces the dead one reads with `of` how
    far it got, and goes on from there. With one total for all, nobody could say whether the dead had added to it.

    >>> counter = SharedCounter(slots=2)
    >>> counter.add(0)
    >>> counter.add(1, 10)
    >>> counter.of(1), counter.value
    (10, 11)

    Reading waits for nobody, not even for a process that is stopped inside the lock.

    * **slots** - how many processes add at the same time; slots are numbered from 0.
    * **lock** - *(optional)* the lock to use, for objects that are to be read in the same moment; by default one
      of its own, `counter.lock`.
    """

    def __init__(self, slots: int = 1, *, lock: KernelLock | None = None) -> None:
        if slots < 1:
            raise ValueError("a counter has at least one slot")
        self.lock = KernelLock() if lock is None else lock
        """Held during `add`; hold it to read several objects in the same moment."""
        self._shares = shared_array(ctypes.c_int64, slots)

    def add(self, slot: int, number: int = 1) -> None:
        """Add a number, which may be negative, to the share of a slot."""
        with self.lock:
            self._shares[slot] += number

    def set(self, slot: int, number: int) -> None:
        """Set the share of a slot that nobody adds to now: once its process is gone, to what was accepted from it.

        It waits for nobody.
        """
        self._shares[slot] = number

    def of(self, slot: int) -> int:
        """Return the share of a slot: all that its processes have added."""
        return int(self._shares[slot])

    @property
    def value(self) -> int:
        """The sum of the shares."""
        return sum(self._shares)

    def close(self) -> None:
        """Give back its descriptor at once: it can still be read, and be given to no process any more."""
        close_array(self._shares)


class TopEntry(NamedTuple):
    """One entry of a `SharedTop`."""

    score: int
    """The higher, the better."""
    key: int
    """What the score belongs to: a game, a file, a job. Only its best entry stays on the list."""
    part: int = 0
    """Which part of it: a line, a move. Among equal scores the lower key comes first, then the lower part."""
    label: str = ""
    """At most 24 bytes of UTF-8."""


class SharedTop:
    """The best entries that several processes have found, best first, at most one for a key.

    The list does not depend on the order of the offers, and offering an entry again changes nothing: after a death
    simply do the work again. There are two copies of the list; an offer that changes it writes the one that nobody
    reads and then, in one instruction, makes it the valid one. So a process that is killed inside leaves either
    the old list or the new one, and one that is stopped inside keeps nobody from reading.

    >>> top = SharedTop(size=2)
    >>> for score, key in [(10, 1), (30, 2), (20, 3), (5, 2)]:
    ...     changed = top.offer(score, key, label=f"job {key}")
    >>> [(entry.score, entry.label) for entry in top.entries()]
    [(30, 'job 2'), (20, 'job 3')]

    * **size** - how many entries it keeps.
    * **lock** - *(optional)* the lock to use, for objects that are to be read in the same moment; by default one
      of its own, `top.lock`.
    """

    def __init__(self, size: int = 10, *, lock: KernelLock | None = None) -> None:
        if size < 1:
            raise ValueError("a list of the best has at least one entry")
        self.size = size
        self.lock = KernelLock() if lock is None else lock
        """Held during `offer` and `replace`; hold it to read several objects in the same moment."""
        self._lines = shared_array(ctypes.c_char, 2 * size * _LINE.size)
        """Both copies, one after the other."""
        self._state = shared_array(ctypes.c_int64, 3)
        """How often the list has changed, whose last bit tells which copy is valid; how many entries each has."""

    def offer(self, score: int, key: int, part: int = 0, label: str = "") -> bool:
        """Enter a score if it is among the best, and return whether the list changed; see `TopEntry`.

        Raises ValueError for a label that is too long, struct.error for a number of more than 64 bits.
        """
        with self.lock:
            valid, length = self._valid()
            if length == self.size:
                [lowest] = _SCORE.unpack_from(self._lines, (valid * self.size + length - 1) * _LINE.size)
                if lowest > score:
                    return False
            entries = self._read()
            changed = insert_ranked(entries, TopEntry(score, key, part, label), self.size, _rank)
            if changed:
                self._replace(entries)
            return changed

    def entries(self) -> list[TopEntry]:
        """Return the entries, best first."""
        return self._read()

    def replace(self, entries: Iterable[TopEntry]) -> None:
        """Put other entries in place of all, best first and no more than `size`. Raises as `offer`."""
        with self.lock:
            self._replace(entries)

    def close(self) -> None:
        """Give back its descriptors at once: it can still be read, and be given to no process any more."""
        close_array(self._lines)
        close_array(self._state)

    def _valid(self) -> tuple[int, int]:
        """Return the valid copy and how many entries it has."""
        state = self._state
        valid = state[0] & 1
        return valid, state[1 + valid]

    def _read(self) -> list[TopEntry]:
        while True:
            changes = self._state[0]
            valid, length = changes & 1, self._state[1 + (changes & 1)]
            start = valid * self.size * _LINE.size
            lines = self._lines[start : start + length * _LINE.size]
            if self._state[0] == changes:
                break  # else this copy may be written again already, by somebody who is not stopped
        return [
            TopEntry(score, key, part, label.rstrip(b"\0").decode())
            for score, key, part, label in _LINE.iter_unpack(lines)
        ]

    def _replace(self, entries: Iterable[TopEntry]) -> None:
        changes = self._state[0]
        other = 1 - (changes & 1)
        length = 0
        for entry in entries:
            if length == self.size:
                raise ValueError(f"more than {self.size} entries")
            self._write(other * self.size + length, entry)
            length += 1
        self._state[1 + other] = length
        self._state[0] = changes + 1

    def _write(self, line: int, entry: TopEntry) -> None:
        label = entry.label.encode()
        if len(label) > LABEL_BYTES:
            raise ValueError(f"a label of more than {LABEL_BYTES} bytes: {entry.label!r}")
        _LINE.pack_into(self._lines, line * _LINE.size, entry.score, entry.key, entry.part, label)


def insert_ranked(
    entries: list[Entry], new: Entry, size: int, rank: Callable[[Entry], tuple[int, int, int]]
) -> bool:
    """Enter `new` into a sorted list of at most `size` entries, one for a key. Return whether the list changed.

    The result does not depend on the order in which entries are offered: the best entry of a key only ever rises.

    * **rank** - what to sort by: minus the score, the key and the part of an entry.
    """
    new_rank = rank(new)
    if len(entries) >= size and rank(entries[-1]) <= new_rank:
        return False
    ranks = [rank(entry) for entry in entries]
    for position, old_rank in enumerate(ranks):
        if old_rank[1] == new_rank[1]:
            if old_rank <= new_rank:
                return False
            del entries[position], ranks[position]
            break
    entries.insert(bisect.bisect(ranks, new_rank), new)
    del entries[size:]
    return True


def _rank(entry: TopEntry) -> tuple[int, int, int]:
    return -entry.score, entry.key, entry.part
