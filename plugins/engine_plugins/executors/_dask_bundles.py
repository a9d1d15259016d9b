"""How many units go into one task. Pure.

A task costs the scheduler of a cluster some milliseconds, whatever it carries, so it should carry a second of
searching or more. How long units take is learned from those that came back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from engine.plugin import Unit

_SHARE = 0.3
"""Weight of the newest unit in the mean."""
_Kind = tuple[object, bool]


class Pace:
    """Seconds for a position, learned by kind of search: its limit, and whether it is adaptive."""

    def __init__(self) -> None:
        self._seconds: dict[_Kind, float] = {}

    def learn(self, unit: Unit, seconds: float) -> None:
        """Take note of how long a unit took."""
        kind, each = _kind_of(unit), seconds / len(unit.plies)
        before = self._seconds.get(kind, each)
        self._seconds[kind] = before + _SHARE * (each - before)

    def seconds(self, unit: Unit) -> float | None:
        """Return how long a unit may take; None where nothing like it has come back."""
        each = self._seconds.get(_kind_of(unit))
        return None if each is None else each * len(unit.plies)


def _kind_of(unit: Unit) -> _Kind:
    return unit.limit, bool(unit.moves)


class Bundler:
    """Units that wait, and the bundles that are made of them."""

    def __init__(self, target: float) -> None:
        """Begin without units.

        * **target** - seconds of searching that a bundle should have.
        """
        self.pace = Pace()
        self._target = target
        self._waiting: deque[tuple[Unit, float]] = deque()
        """Units, and the part of a bundle that each fills."""
        self._filled = 0.0
        """The sum of these parts."""
        self._alone: set[int] = set()
        """Units that were in a bundle that was lost."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, unit: Unit) -> None:
        """Let a unit wait."""
        seconds = self.pace.seconds(unit)
        known = seconds is not None and unit.id not in self._alone
        part = min(1.0, (seconds or 0.0) / self._target) if known else 1.0
        self._waiting.append((unit, part))
        self._filled += part

    def suspect(self, units: Iterable[Unit]) -> None:
        """Put each of these into a bundle of its own when it comes again: one of them may kill workers."""
        self._alone.update(unit.id for unit in units)

    def done(self, unit: Unit) -> None:
        """Forget what was suspected of a unit."""
        self._alone.discard(unit.id)

    def bundles(self) -> float:
        """Return how many bundles the waiting units make, in parts of one."""
        return self._filled if self._waiting else 0.0

    def take(self, idle: int) -> tuple[Unit, ...]:
        """Return the units of the next bundle, in the order in which they came; () if more should come first.

        * **idle** - searches that could begin at once. What waits is shared among them, so that none of them stays
          idle; with none, only a full bundle is made.
        """
        most = -(-len(self._waiting) // idle) if idle > 0 else len(self._waiting)
        size, filled = 0, 0.0
        for _, part in self._waiting:
            if size == most or (size and filled + part > 1.0):
                break
            size, filled = size + 1, filled + part
        if idle <= 0 and size == len(self._waiting) and filled < 1.0:
            return ()
        taken = [self._waiting.popleft() for _ in range(size)]
        self._filled = self._filled - filled if self._waiting else 0.0
        return tuple(unit for unit, _ in taken)
