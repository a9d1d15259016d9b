"""The decision on a unit that was lost: search it again, narrow it down, or give up. Pure.

Two budgets, because a kill from outside says nothing about the position: a unit may be lost `FAULTS` times with
its position as the possible cause, and `KILLS` times from outside. Over the first, it is narrowed down to single
positions, the suspect with one last try; a single position over its budget is quarantined.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct, structs

from engine.contracts.messages import Lost, Unit

FAULTS = 4
KILLS = 25


class Again(Struct, frozen=True):
    """Search these instead: the unit itself, or its positions one by one."""

    units: tuple[Unit, ...]


class GiveUp(Struct, frozen=True):
    """Quarantine the unit's only position."""

    reason: str


class Retries:
    """Counts how often each unit in flight was lost."""

    def __init__(self, next_id: Callable[[], int]) -> None:
        self._next_id = next_id
        self._faults: dict[int, int] = {}
        self._kills: dict[int, int] = {}

    def done(self, unit: Unit) -> None:
        """Forget the losses of a unit that was searched."""
        self._faults.pop(unit.id, None)
        self._kills.pop(unit.id, None)

    def lost(self, unit: Unit, lost: Lost) -> Again | GiveUp:
        """Count a loss and decide what is done about it."""
        if lost.blame == "outside":
            self._kills[unit.id] = self._kills.get(unit.id, 0) + 1
            if self._kills[unit.id] <= KILLS:
                return Again((unit,))
        self._faults[unit.id] = self._faults.get(unit.id, 0) + 1
        if self._faults[unit.id] < FAULTS and self._kills.get(unit.id, 0) <= KILLS:
            return Again((unit,))
        self.done(unit)
        if len(unit.plies) == 1:
            return GiveUp(lost.reason)
        return Again(self._narrow(unit, lost.index))

    def _narrow(self, unit: Unit, suspect: int | None) -> tuple[Unit, ...]:
        parts = []
        for index, (ply, position) in enumerate(zip(unit.plies, unit.positions, strict=True)):
            moves = unit.moves[index : index + 1]
            part = structs.replace(unit, id=self._next_id(), plies=(ply,), positions=(position,), moves=moves)
            parts.append(part)
            if index == suspect:
                self._faults[part.id] = FAULTS - 1
        return tuple(parts)
