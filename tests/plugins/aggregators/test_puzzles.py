"""Puzzles, with answers to their searches that are written down here."""

from __future__ import annotations

import pytest
from msgspec import structs

from engine.model import Report
from engine.testing import analysed_game, check_aggregator, example_games
from engine.testing.builders import Eval
from engine_plugins.aggregators._puzzle_options import PuzzlesOptions
from engine_plugins.aggregators.puzzles import Puzzles
from tests.plugins.aggregators.puzzle_rig import (
    SKEWER,
    SKEWER_EVALS,
    SKEWER_SCRIPT,
    Moves,
    Script,
    answer,
    answered,
    report,
    skewer,
)
from tests.plugins.aggregators.rig import metrics, rows

MATE = SKEWER | {"FEN": "2r3k1/pp3ppp/8/8/8/8/5PPP/3R2K1 b - - 0 1"}
TWO_MATES = SKEWER | {"FEN": "2r3k1/pp3ppp/pp6/p7/8/8/5PPP/3RR1K1 b - - 0 1"}
FORCED = SKEWER | {"FEN": "r3k3/pp6/8/8/8/8/3r1PP1/6KR b q - 0 1"}


def refused(got: Report) -> dict[str, int]:
    return {str(row["reason"]): int(row["candidates"]) for row in rows(got, "refused")}


def test_a_puzzle_is_followed_to_its_last_only_move() -> None:
    [puzzle] = rows(report(skewer()), "puzzles")
    assert puzzle["line"] == "h1h8 e8d7 h8a8"
    assert puzzle["solution"] == "2. Rh8+ Kd7 3. Rxa8"
    assert puzzle["position"] == "r3k3/p7/8/1p6/8/8/4P3/4K2R w Kq - 0 2"
    assert (puzzle["before"], puzzle["flaw"]) == (SKEWER["FEN"], "b7b5")
    assert (puzzle["move"], puzzle["player"], puzzle["ply"]) == ("2. O-O", "Anna", 1)
    assert {"skewer", "short", "advantage", "endgame"} <= set(str(puzzle["themes"]).split())


@pytest.mark.parametrize(("moves", "found"), [("1... b5 2. O-O a5", 0), ("1... b5 2. Rh8+ Kd7", 1)])
def test_whether_it_was_found(moves: str, found: int) -> None:
    got = report(skewer(moves))
    assert metrics(got)["found"] == found
    assert {row["found"] for row in rows(got, "themes")} == {found}


def test_searches_are_asked_for_one_after_the_other() -> None:
    puzzles = Puzzles(PuzzlesOptions(nodes=5_000))
    [first] = puzzles.requests(skewer())
    assert (first.ply, first.moves, first.multipv) == (1, (), 2)
    assert first.limit is not None
    assert first.limit.nodes == 5_000
    game = structs.replace(skewer(), answers={"puzzles": (answer(skewer().board(1), first, SKEWER_SCRIPT),)})
    [reply] = puzzles.further_requests(game)
    assert ([str(move) for move in reply.moves], reply.multipv) == (["h1h8"], 4)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"": [("Rh8+", 520), ("O-O", 400)]}, "another move was nearly as good"),
        ({"": [("Rh8+", -40), ("O-O", -900)]}, "the search did not find the advantage"),
        ({"Rh8+ Kd7": [("Rxa8", 530), ("Rh7+", 500)]}, "too short"),
        ({"Rh8+": []}, "not searched"),
        ({"": [("Rh8+", "#3"), ("O-O", -100)]}, "a mate with a second way, or none"),
    ],
)
def test_why_a_candidate_is_no_puzzle(changed: dict[str, Moves], reason: str) -> None:
    script = {key: moves for key, moves in (SKEWER_SCRIPT | changed).items() if moves}
    got = report(skewer(), script)
    assert rows(got, "puzzles") == []
    assert refused(got) == {reason: 1}


@pytest.mark.parametrize(
    ("headers", "evals"),
    [
        pytest.param(SKEWER, [-100, 20, 20, 20], id="too little was given away"),
        pytest.param(SKEWER, [350, 2000, 500, 500], id="won before"),
        pytest.param(SKEWER, [None, 500, 500, 500], id="no evaluation before the flaw"),
        pytest.param(SKEWER | {"FEN": "r3k3/pp6/8/8/8/8/4P3/4K2R b q - 0 1"}, SKEWER_EVALS, id="may not castle"),
        pytest.param(SKEWER | {"FEN": "r3k3/pp6/8/8/8/8/4PPPP/4K2R b Kq - 0 1"}, SKEWER_EVALS, id="ahead"),
        pytest.param(SKEWER | {"FEN": "r3k3/pp6/8/8/8/8/3PP3/4K2R b Kq - 0 1"}, [-300, 390], id="not behind"),
    ],
)
def test_what_is_no_candidate(headers: dict[str, str], evals: list[Eval]) -> None:
    moves = "1... b5 2. Kf1 a5"
    assert Puzzles().requests(skewer(moves, evals, headers=headers)) == []


def test_the_opponent_answers_so_that_there_is_an_only_move_again() -> None:
    script = SKEWER_SCRIPT | {
        "Rh8+": [("Ke7", -520), ("Kd7", -540), ("Kf7", -1500)],
        "Rh8+ Ke7": [("Rxa8", 530), ("Rh7+", 500)],
    }
    [puzzle] = rows(report(skewer(), script), "puzzles")
    assert puzzle["solution"] == "2. Rh8+ Kd7 3. Rxa8"
    assert refused(report(skewer(), script, replies=1)) == {"too short": 1}
    far = script | {"Rh8+": [("Ke7", -520), ("Kd7", -1500)]}
    assert refused(report(skewer(), far)) == {"too short": 1}


def test_only_sides_in_view_have_puzzles() -> None:
    assert Puzzles().requests(skewer(view=("black",))) == []
    assert len(Puzzles().requests(skewer(view=("white",)))) == 1


ONE_MATE: Script = {"": [("Rd8#", "#1"), ("h3", -300)]}
SEVERAL: Script = {"": [("Rd8#", "#1"), ("Re8#", "#1"), ("h3", -300)]}


def test_a_mate_in_one_is_a_puzzle_unless_it_is_not_wanted() -> None:
    game = analysed_game("1... Rc2 2. h3", [-100, "#1", -300], headers=MATE)
    [puzzle] = rows(report(game, ONE_MATE), "puzzles")
    assert puzzle["line"] == "d1d8"
    assert {"backRankMate", "mateIn1", "oneMove"} <= set(str(puzzle["themes"]).split())
    assert refused(report(game, ONE_MATE, mate_in_one=False)) == {"mates in one": 1}


def test_any_mate_in_one_will_do_where_nothing_else_wins() -> None:
    game = analysed_game("1... Rc3 2. Re8#", [-100, "#1"], headers=TWO_MATES)
    got = report(game, SEVERAL)
    assert metrics(got)["found"] == 1
    assert Puzzles().requests(game)[0].multipv == 3
    other = {"": [*SEVERAL[""][:2], ("h3", 700)]}
    assert refused(report(game, other)) == {"another move was nearly as good": 1}


def test_a_line_is_cut_back_to_the_last_choice() -> None:
    """Answers that leave one legal move only are no part of the solution."""
    game = analysed_game("1... b5 2. f3", [-100, 500, -300], headers=FORCED)
    line = "Rh8+ Ke7 Rxa8"
    script: Script = {
        "": [("Rh8+", 500), ("f3", -300)],
        "Rh8+": [("Ke7", -500)],
        "Rh8+ Ke7": [("Rxa8", 500), ("f3", -300)],
        line: [("Rd1+", -500)],
        f"{line} Rd1+": [("Kh2", 500)],
        f"{line} Rd1+ Kh2": [("Kd6", -500)],
        f"{line} Rd1+ Kh2 Kd6": [("Rxa7", 500), ("Rb8", 490)],
    }
    [puzzle] = rows(report(game, script), "puzzles")
    assert puzzle["line"] == "h1h8 e8e7 h8a8"


def test_a_position_that_occurs_twice_is_listed_once() -> None:
    aggregator = Puzzles()
    for number in (1, 2):
        game = answered(skewer(number=number), SKEWER_SCRIPT)
        aggregator.add(game)
    assert metrics(aggregator.report())["puzzles"] == 2
    assert len(rows(aggregator.report(), "puzzles")) == 1


def test_without_searches_it_says_how_to_get_them() -> None:
    aggregator = Puzzles()
    aggregator.add(skewer())
    assert any("--follow-up-evaluator none" in note for note in aggregator.report().notes)


def test_the_laws_of_aggregators() -> None:
    games = [*example_games(), skewer()]
    check_aggregator(Puzzles, games)
