from __future__ import annotations

import itertools
import random

import pytest

from engine.contracts.messages import Unit
from engine.model import Evaluation, Limit, Origin, Score, SkippedGame
from engine.search.assembler import Assembler
from engine.search.planner import FollowUp, Plan, follow_ups, plan
from engine.settings import Search

from .test_planner import RUY, game


def evaluation(ply: int) -> Evaluation:
    return Evaluation(Score(cp=ply), ("e2e4",), 1, 1)


def plans(count: int) -> list[Plan]:
    ids = itertools.count(1)
    search = Search(opening=4, chunk=5)
    return [plan(Origin(k, "x.pgn", k), game(RUY), search, ids) for k in range(1, count + 1)]


@pytest.mark.parametrize("seed", range(5))
def test_results_in_any_order_come_out_as_games_in_input_order(seed: int) -> None:
    assembler = Assembler()
    opened = plans(4)
    skipped = SkippedGame(Origin(9, "x.pgn", 9), "damaged", "?", "")
    units = [unit for p in opened for unit in p.units]
    for p in opened[:2]:
        assembler.open(p)
    assembler.open(skipped)
    for p in opened[2:]:
        assembler.open(p)
    random.Random(seed).shuffle(units)
    released: list[Plan | SkippedGame] = []
    for unit in units:
        assembler.accept(unit.id, [evaluation(ply) for ply in unit.plies])
        assembler.whole()
        released += assembler.released()
    assert released == [*opened[:2], skipped, *opened[2:]]
    for p in opened:
        assert [position.evaluation for position in p.positions if position] == [evaluation(k) for k in range(23)]
    assert len(assembler) == 0


def test_a_unit_is_accepted_once() -> None:
    assembler = Assembler()
    [only] = plans(1)
    assembler.open(only)
    assembler.accept(1, [evaluation(0)])
    with pytest.raises(KeyError):
        assembler.accept(1, [evaluation(0)])


def test_a_unit_may_be_replaced_by_its_positions_and_one_given_up() -> None:
    assembler = Assembler()
    [only] = plans(1)
    assembler.open(only)
    chunk = only.units[-1]
    parts = [
        Unit(100 + k, 1, (ply,), (pos,))
        for k, (ply, pos) in enumerate(zip(chunk.plies, chunk.positions, strict=True))
    ]
    for unit in only.units[:-1]:
        assembler.accept(unit.id, [evaluation(ply) for ply in unit.plies])
    assembler.replace(chunk, parts)
    assembler.quarantine(100)
    for part in parts[1:]:
        assembler.accept(part.id, [evaluation(part.plies[0])])
    assert list(assembler.released()) == []
    assert assembler.whole() == [only]
    [released] = assembler.released()
    assert isinstance(released, Plan)
    given_up = released.positions[parts[0].plies[0]]
    assert given_up is not None
    assert given_up.missing == "quarantined"


def test_a_whole_game_waits_for_what_is_asked_of_it_on_top() -> None:
    assembler = Assembler()
    [only] = plans(1)
    assembler.open(only)
    for unit in only.units:
        assembler.accept(unit.id, [evaluation(ply) for ply in unit.plies])
    assert assembler.whole() == [only]
    position = only.units[0].positions[0]
    limit = Limit(nodes=5, multipv=2)
    searches = [FollowUp(0, position, limit), None, FollowUp(0, position, limit), FollowUp(0, position, Limit(5))]
    units = follow_ups(only, {"a": searches[:2], "b": searches[2:]}, itertools.count(500))
    assert [unit.id for unit in units] == [500, 501]
    assembler.follow(only, units)
    assert list(assembler.released()) == []
    assembler.accept(500, [evaluation(7)])
    assert list(assembler.released()) == []
    assembler.quarantine(501)
    assert list(assembler.released()) == [only]
    assert only.answers() == {"a": (evaluation(7), None), "b": (evaluation(7), None)}
