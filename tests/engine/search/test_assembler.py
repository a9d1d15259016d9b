from __future__ import annotations

import itertools
import random

import pytest

from engine.analysis import judge
from engine.contracts.messages import Unit
from engine.model import AnalysedGame, Evaluation, Limit, Origin, Score, SkippedGame
from engine.search.assembler import Assembler
from engine.search.games import FinishedGame, FollowUp, FollowUpUnits, PlannedGame, RequestKey, SearchedGame
from engine.search.planner import follow_up_units, plan
from engine.settings import Search

from .test_planner import RUY, game


def evaluation(ply: int) -> Evaluation:
    return Evaluation(Score(cp=ply), ("e2e4",), 1, 1)


def plans(count: int) -> list[PlannedGame]:
    ids = itertools.count(1)
    search = Search(opening=4, chunk=5)
    return [plan(Origin(k, "x.pgn", k), game(RUY), search, ids) for k in range(1, count + 1)]


def judged(searched: SearchedGame) -> AnalysedGame:
    return judge.analyse(searched.origin, searched.game, searched.positions)


def finished(assembler: Assembler) -> list[FinishedGame | SkippedGame]:
    """Let the games go on that are searched, without follow-ups."""
    for searched in assembler.searched():
        assembler.answer(judged(searched), FollowUpUnits())
    return list(assembler.finished())


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
    left: list[FinishedGame | SkippedGame] = []
    for unit in units:
        assembler.accept(unit.id, [evaluation(ply) for ply in unit.plies])
        left += finished(assembler)
    games = [item.game for item in left if isinstance(item, FinishedGame)]
    assert left[2] == skipped
    assert [game.origin.game for game in games] == [1, 2, 3, 4]
    for analysed in games:
        assert [position.evaluation for position in analysed.positions] == [evaluation(k) for k in range(23)]
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
    assert list(assembler.finished()) == []
    [searched] = assembler.searched()
    assert searched.positions[parts[0].plies[0]].missing == "quarantined"
    assembler.answer(judged(searched), FollowUpUnits())
    assert len(list(assembler.finished())) == 1


def searched_game() -> tuple[Assembler, PlannedGame, SearchedGame]:
    assembler = Assembler()
    [only] = plans(1)
    assembler.open(only)
    for unit in only.units:
        assembler.accept(unit.id, [evaluation(ply) for ply in unit.plies])
    [searched] = assembler.searched()
    return assembler, only, searched


def test_an_analysed_game_waits_for_its_follow_ups() -> None:
    assembler, only, searched = searched_game()
    position = only.units[0].positions[0]
    limit = Limit(nodes=5, multipv=2)
    searches = [FollowUp(0, position, limit), None, FollowUp(0, position, limit), FollowUp(0, position, Limit(5))]
    a, b = RequestKey("a", ("white",)), RequestKey("b", ("white", "black"))
    follow_ups = follow_up_units(1, {a: searches[:2], b: searches[2:]}, itertools.count(500))
    assert [unit.id for unit in follow_ups.units] == [500, 501]
    assembler.answer(judged(searched), follow_ups)
    assert list(assembler.finished()) == []
    assembler.accept(500, [evaluation(7)])
    assert list(assembler.finished()) == []
    assert assembler.answered() == []
    assembler.quarantine(501)
    [answered] = assembler.answered()
    assert answered.rounds == 1
    assert answered.answers == {a: (evaluation(7), None), b: (evaluation(7), None)}
    assert list(assembler.finished()) == []

    further = follow_up_units(1, {b: [None, FollowUp(0, position, Limit(6))]}, itertools.count(600))
    assembler.answer(answered.game, further, answered.answers)
    assembler.accept(600, [evaluation(8)])
    [answered] = assembler.answered()
    assert answered.rounds == 2
    assert answered.answers == {a: (evaluation(7), None), b: (evaluation(7), None, None, evaluation(8))}

    assembler.answer(answered.game, FollowUpUnits(), answered.answers)
    [left] = assembler.finished()
    assert isinstance(left, FinishedGame)
    assert left.answers == answered.answers
