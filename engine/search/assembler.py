"""From results in any order to analysed games in input order. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from engine.contracts.messages import Unit
from engine.model import AnalysedPosition, Evaluation, SkippedGame
from engine.search.planner import Plan


class Assembler:
    """Holds the games in flight: opened in input order, released in input order, each as soon as it is whole."""

    def __init__(self) -> None:
        self._line: deque[Plan | SkippedGame] = deque()
        self._plans: dict[int, Plan] = {}
        self._waiting: dict[int, int] = {}
        """Positions still open, by game."""
        self._units: dict[int, tuple[Plan, Unit]] = {}
        self._whole: dict[int, Plan] = {}
        """Plans all of whose positions are known, of which nobody has been told yet."""

    def __len__(self) -> int:
        """Games in flight."""
        return len(self._line)

    def open(self, item: Plan | SkippedGame) -> None:
        """The next game of the input."""
        self._line.append(item)
        if isinstance(item, Plan):
            self._plans[item.origin.game] = item
            self._waiting[item.origin.game] = sum(position is None for position in item.positions)
            for unit in item.units:
                self._units[unit.id] = item, unit
            if not self._waiting[item.origin.game]:
                self._whole[item.origin.game] = item

    def plan_of(self, game: int) -> Plan | None:
        """A game in flight."""
        return self._plans.get(game)

    def replace(self, unit: Unit, parts: Sequence[Unit]) -> None:
        """Search the positions of `unit` as other units instead; together they must have its plies."""
        plan, _ = self._units.pop(unit.id)
        for part in parts:
            self._units[part.id] = plan, part
        if unit.extra:
            self._waiting[plan.origin.game] += len(parts) - 1

    def accept(self, unit_id: int, evaluations: Sequence[Evaluation]) -> Unit:
        """Enter a unit's evaluations. A unit is accepted once: KeyError for one that is not open."""
        plan, unit = self._units[unit_id]
        if unit.follow_up:
            plan.found[unit_id] = evaluations[0]
            self._answered(unit_id)
        elif unit.deeper:
            for ply, evaluation in zip(unit.plies, evaluations, strict=True):
                plan.positions[ply] = AnalysedPosition(evaluation=evaluation)
            self._answered(unit_id)
        else:
            self._fill(unit_id, [AnalysedPosition(evaluation=evaluation) for evaluation in evaluations])
        return unit

    def quarantine(self, unit_id: int) -> None:
        """Give up on a unit: its positions, or its request, stay as they are."""
        _, unit = self._units[unit_id]
        if unit.extra:
            self._answered(unit_id)  # a deeper search leaves what the first one found
            return
        self._fill(unit_id, [AnalysedPosition(missing="quarantined") for _ in unit.plies])

    def _fill(self, unit_id: int, found: Sequence[AnalysedPosition]) -> None:
        plan, unit = self._units.pop(unit_id)
        for ply, position in zip(unit.plies, found, strict=True):
            if plan.positions[ply] is not None:
                raise AssertionError(f"ply {ply} of game {plan.origin.game} was accepted twice")
            plan.positions[ply] = position
        self._waiting[plan.origin.game] -= len(unit.plies)
        if not self._waiting[plan.origin.game]:
            self._whole[plan.origin.game] = plan

    def whole(self) -> list[Plan]:
        """Plans that have become whole since the last call, in the order in which they did."""
        found = list(self._whole.values())
        self._whole.clear()
        return found

    def follow(self, plan: Plan, units: Sequence[Unit]) -> None:
        """Hold a whole game back until these are answered too. After deeper searches `whole` tells of it again."""
        self._waiting[plan.origin.game] += len(units)
        for unit in units:
            self._units[unit.id] = plan, unit

    def _answered(self, unit_id: int) -> None:
        plan, unit = self._units.pop(unit_id)
        self._waiting[plan.origin.game] -= 1
        if unit.deeper and not self._waiting[plan.origin.game]:
            self._whole[plan.origin.game] = plan

    def released(self) -> Iterator[Plan | SkippedGame]:
        """The games at the head of the line that are whole and answered, and of which `whole` has told.

        A plan's `positions` have no None left.
        """
        while self._line:
            head = self._line[0]
            if isinstance(head, Plan):
                if self._waiting[head.origin.game] or head.origin.game in self._whole:
                    return
                del self._waiting[head.origin.game], self._plans[head.origin.game]
            yield self._line.popleft()
