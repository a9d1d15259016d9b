from __future__ import annotations

import itertools

from engine.contracts.messages import Lost, Unit
from engine.model import Position
from engine.search.retries import FAULTS, KILLS, Again, GiveUp, Retries

POSITIONS = tuple(Position(f"fen {k}") for k in range(3))
UNIT = Unit(1, 7, (12, 11, 10), POSITIONS)


def retries() -> Retries:
    ids = itertools.count(100)
    return Retries(lambda: next(ids))


def test_a_fault_is_tried_again_then_narrowed_down_then_given_up() -> None:
    policy = retries()
    lost = Lost(1, 1, "position", "it crashed")
    for _ in range(FAULTS - 1):
        assert policy.lost(UNIT, lost) == Again((UNIT,))
    decision = policy.lost(UNIT, lost)
    assert isinstance(decision, Again)
    assert [unit.plies for unit in decision.units] == [(12,), (11,), (10,)]
    assert [unit.positions for unit in decision.units] == [(p,) for p in POSITIONS]
    suspect = decision.units[1]
    assert policy.lost(suspect, Lost(suspect.id, 0, "position", "it crashed again")) == GiveUp("it crashed again")


def test_an_innocent_neighbour_keeps_its_budget() -> None:
    policy = retries()
    for _ in range(FAULTS):
        decision = policy.lost(UNIT, Lost(1, 1, "position", "x"))
    assert isinstance(decision, Again)
    neighbour = decision.units[0]
    assert policy.lost(neighbour, Lost(neighbour.id, 0, "position", "x")) == Again((neighbour,))


def test_kills_from_outside_have_a_budget_of_their_own() -> None:
    policy = retries()
    for _ in range(KILLS):
        assert policy.lost(UNIT, Lost(1, None, "outside", "SIGKILL")) == Again((UNIT,))
    assert policy.lost(UNIT, Lost(1, 0, "position", "x")) == Again((UNIT,))


def test_a_unit_that_was_searched_starts_anew() -> None:
    policy = retries()
    for _ in range(FAULTS - 1):
        policy.lost(UNIT, Lost(1, 0, "position", "x"))
    policy.done(UNIT)
    assert policy.lost(UNIT, Lost(1, 0, "position", "x")) == Again((UNIT,))
