"""Conversion on games small enough to be checked by hand, and on real ones."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from engine.model import AnalysedGame, Epd
from engine.scoring import START, win_percent
from engine.testing import analysed_game, check_aggregator, example_games
from engine_plugins.aggregators.conversion import Conversion
from tests.plugins.aggregators.rig import lichess_games, metrics, report, rows

ANNA_BERT = {"White": "Anna", "Black": "Bert"}
MOVES = "1. e4 e5 2. Nf3 Nc6"
# Win% for White: +500 is 86.307, -500 is 13.693, +15 is 51.38. Bert's first move and Anna's second are blunders.
SWING = [15, 15, 500, -500, -500]
# +600 is 90.108: Bert blunders at the end.
LATE = [15, 15, 15, 15, 600]


def game(evals: Any, result: str, **arguments: Any) -> AnalysedGame:
    return analysed_game(MOVES, evals, headers=ANNA_BERT | {"Result": result}, **arguments)


def test_a_game_that_swings() -> None:
    got = report(Conversion, game(SWING, "0-1"))
    anna, bert = (list(row.values()) for row in rows(got, "players"))
    # Both stood winning and losing; Anna threw it away, Bert came back.
    assert anna == ["Anna", 1, 1, 0.0, 1, 1, 0.0, 0]
    assert bert == ["Bert", 1, 1, 100.0, 0, 1, 100.0, 1]
    # Anna did not punish Bert's blunder, Bert punished Anna's.
    assert metrics(got) == {
        "games": 1,
        "winning": 2,
        "converted": 50.0,
        "thrown_away": 1,
        "losing": 2,
        "saved": 50.0,
        "comebacks": 1,
        "awareness": 50.0,
        "luck": 50.0,
        "unfinished": 0,
    }
    assert [list(row.values()) for row in rows(got, "games")] == [
        [1, "Anna", "let slip", 86.307, "lost", "2. Nf3", 86.307, 13.693]
    ]


def test_outcomes_of_us_and_of_the_opponents() -> None:
    got = report(Conversion, game(SWING, "0-1", view=("white",)), game(LATE, "1-0", view=("white",), number=2))
    outcomes = {(row["side"], row["standing"]): row for row in rows(got, "outcomes")}
    # Anna stood winning twice, won once and lost once; losing once, and lost.
    assert list(outcomes["ours", "winning"].values())[2:] == [2, 50.0, "9.5-90.5", 0.0, 50.0, "9.5-90.5"]
    assert list(outcomes["ours", "losing"].values())[2:] == [1, 0.0, "0.0-79.3", 0.0, 100.0, "20.7-100.0"]
    assert (outcomes["ours", "both"]["games"], outcomes["ours", "neither"]["games"]) == (1, 0)
    assert outcomes["opponents", "winning"]["games"] == 1
    assert (outcomes["opponents", "losing"]["games"], outcomes["opponents", "losing"]["won"]) == (2, 50.0)
    assert [row["player"] for row in rows(got, "players")] == ["Anna"]


def test_answers_both_ways() -> None:
    white = report(Conversion, game(SWING, "0-1", view=("white",)))
    assert [list(row.values()) for row in rows(white, "punished")] == [
        ["ours", "mistake", 0, 0, None, None, 0],
        ["ours", "blunder", 1, 0, 0.0, "0.0-79.3", 1],
        ["opponents", "mistake", 0, 0, None, None, 0],
        ["opponents", "blunder", 1, 1, 100.0, "20.7-100.0", 0],
    ]
    assert (metrics(white)["awareness"], metrics(white)["luck"]) == (0.0, 0.0)
    black = report(Conversion, game(SWING, "0-1", view=("black",)))
    assert (metrics(black)["awareness"], metrics(black)["luck"]) == (100.0, 100.0)


def test_mate_is_an_answer_and_a_missing_evaluation_is_none() -> None:
    mated = analysed_game("1. f3 e5 2. g4 Qh4#", [15, -60, -45, "#-1"], headers=ANNA_BERT | {"Result": "0-1"})
    (_, blunder) = rows(report(Conversion, mated), "punished")
    assert (blunder["errors"], blunder["punished"]) == (1, 1)
    unknown = report(Conversion, game([15, 15, 500, None, None], "1-0"))
    assert rows(unknown, "punished") == []
    assert metrics(unknown)["awareness"] is None
    # The standing before the gap is known all the same.
    assert (metrics(unknown)["winning"], metrics(unknown)["converted"]) == (1, 100.0)


def test_a_draw_is_let_slip_by_one_and_an_escape_of_the_other() -> None:
    white = report(Conversion, game(LATE, "1/2-1/2", view=("white",)))
    # Nothing turned on the board: the last position is the best one.
    assert list(rows(white, "games")[0].values()) == [1, "Anna", "let slip", 90.108, "drawn", None, None, None]
    assert (metrics(white)["converted"], metrics(white)["thrown_away"]) == (0.0, 0)
    black = report(Conversion, game(LATE, "1/2-1/2", view=("black",)))
    assert list(rows(black, "games")[0].values()) == [1, "Bert", "escaped", 9.892, "drawn", None, None, None]
    assert (metrics(black)["saved"], metrics(black)["comebacks"]) == (100.0, 0)


def test_an_escape_is_told_from_the_side_that_escaped() -> None:
    got = report(Conversion, game(SWING, "0-1", view=("black",)))
    assert list(rows(got, "games")[0].values()) == [1, "Bert", "escaped", 13.693, "won", "2. Nf3", 13.693, 86.307]


def test_the_widest_gap_first_then_the_larger_turn_then_the_earlier_game() -> None:
    slow = game([15, 500, 100, 100, -500], "0-1", number=1)  # 86.307 down to 59.103, then to 13.693
    sudden = [game(SWING, "0-1", number=number) for number in (2, 3)]
    drawn = game(SWING, "1/2-1/2", number=4)
    got = report(Conversion, drawn, *reversed(sudden), slow)
    assert [row["game"] for row in rows(got, "games")] == [2, 3, 1, 4]
    assert rows(got, "games")[2]["move"] == "2... Nc6"
    cut = report(Conversion, drawn, slow, *sudden, games=1)
    assert [row["game"] for row in rows(cut, "games")] == [2]
    assert any("3 more games" in note for note in cut.notes)


def test_won_is_an_option() -> None:
    got = report(Conversion, game(SWING, "0-1"), won=87)
    assert (metrics(got)["winning"], metrics(got)["losing"]) == (0, 0)
    assert rows(got, "games") == []
    neither = rows(got, "outcomes")[3]
    assert (neither["standing"], neither["games"]) == ("neither", 2)
    assert metrics(report(Conversion, game(SWING, "0-1"), won=86))["winning"] == 2


def test_unfinished_games_are_counted_and_their_answers_too() -> None:
    got = report(Conversion, game(SWING, "*"))
    assert (metrics(got)["games"], metrics(got)["unfinished"], metrics(got)["winning"]) == (0, 1, 0)
    assert metrics(got)["awareness"] == 50.0
    assert any(note.startswith("1 unfinished") for note in got.notes)


def test_black_moves_first_from_a_set_up_position() -> None:
    headers = ANNA_BERT | {"FEN": "8/4k3/8/4K3/4P3/8/8/8 b - - 0 41", "SetUp": "1", "Result": "1/2-1/2"}
    got = report(Conversion, analysed_game("41... Kd7 42. Kf6 Ke8", [0, 500, 0, 0], headers=headers))
    anna = rows(got, "games")[0]
    assert (anna["player"], anna["what"], anna["move"]) == ("Anna", "let slip", "42. Kf6")


@pytest.mark.parametrize("empty", [game([], "1-0"), analysed_game(evals=[20], epd=Epd(id="one"))])
def test_no_data(empty: AnalysedGame) -> None:
    got = report(Conversion, empty)
    assert any(note.startswith("No data") for note in got.notes)
    assert all(not table.rows for table in got.tables)


def test_laws() -> None:
    games = [*example_games(), game(SWING, "0-1", number=30), game(LATE, "1/2-1/2", number=31)]
    check_aggregator(Conversion, games, {"won": 55, "games": 1})


@pytest.mark.parity
def test_real_games() -> None:
    games = lichess_games()
    got = report(Conversion, *games)
    counted: Counter[str] = Counter()
    for analysed in games:
        wins = [win_percent(START)]
        for k, position in enumerate(analysed.positions):
            if k and position.evaluation is not None:
                win = win_percent(position.evaluation.score)
                wins.append(win if analysed.turn(k) == "white" else 100 - win)
        winners = {"1-0": "w", "0-1": "b"}.get(analysed.result, "")
        for name, won, lost in (("w", max(wins) >= 80, min(wins) <= 20), ("b", min(wins) <= 20, max(wins) >= 80)):
            counted["winning"] += won
            counted["won"] += won and winners == name
            counted["thrown_away"] += won and winners not in ("", name)
            counted["losing"] += lost
            counted["saved"] += lost and winners in ("", name)
            counted["comebacks"] += lost and winners == name
        for ply, answer in zip(analysed.plies, analysed.plies[1:], strict=False):
            known = answer.accuracy is not None or answer.san.endswith("#")
            if ply.judgement in ("mistake", "blunder") and known:
                counted["errors"] += 1
                counted["punished"] += answer.judgement not in ("mistake", "blunder")
    figures = metrics(got)
    assert {name: figures[name] for name in ("winning", "losing", "thrown_away", "comebacks")} == {
        name: counted[name] for name in ("winning", "losing", "thrown_away", "comebacks")
    }
    assert figures["converted"] == round(100 * counted["won"] / counted["winning"], 3)
    assert figures["saved"] == round(100 * counted["saved"] / counted["losing"], 3)
    assert figures["awareness"] == round(100 * counted["punished"] / counted["errors"], 3)
    assert (
        sum(row["errors"] for row in rows(got, "punished") if isinstance(row["errors"], int)) == counted["errors"]
    )
