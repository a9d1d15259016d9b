"""Players ranked: games small enough to be checked by hand, FIDE's table, and real games counted again."""

from __future__ import annotations

from collections import defaultdict
from statistics import NormalDist
from typing import Any, Literal

import pytest

from engine.model import AnalysedGame, Epd
from engine.plugin import Moments
from engine.testing import analysed_game, check_aggregator, example_games
from engine_plugins.aggregators.leaderboard import Leaderboard, fide_difference, performance
from tests.plugins.aggregators.rig import ROUNDS, lichess_games, metrics, report, rows

# Accuracies of the two are Lichess's: 10.664 and 100, and the other way round 100 and 12.303.
FIRST = analysed_game(
    "1. f3 e5 1-0",
    [15, -900, -900],
    headers={"White": "Anna", "Black": "Bert", "WhiteElo": "1900", "BlackElo": "1800", "Result": "1-0"},
)
SECOND = analysed_game(
    "1. e4 g5 1/2-1/2",
    [15, 15, 900],
    headers={"White": "Bert", "Black": "Anna", "WhiteElo": "1800", "Result": "1/2-1/2"},
    number=2,
)
# Carla plays without an evaluation and loses nothing; an unfinished game scores nothing.
THIRD = analysed_game("1. e4 e5", headers={"White": "Carla", "Black": "Bert", "Result": "1-0"}, number=3)
FOURTH = analysed_game("1. e4 e5", [15, 15, 15], headers={"White": "Carla", "Black": "Dan"}, number=4)

# 20 moves each: knights there and back.
LONG = " ".join(f"{k}. N{to} N{to2}" for k, (to, to2) in enumerate([("f3", "f6"), ("g1", "g8")] * 10, start=1))


def names(*games: AnalysedGame, **options: Any) -> list[Any]:
    return [row["player"] for row in rows(report(Leaderboard, *games, **options), "players")]


def moments(*values: int) -> Moments:
    moments = Moments()
    for value in values:
        moments.add(value)
    return moments


def test_figures_of_each_player() -> None:
    got = report(Leaderboard, SECOND, FIRST)
    anna, bert = rows(got, "players")
    assert anna == {
        "player": "Anna",
        "games": 2,
        "points": 1.5,
        "score": 75.0,
        "interval": "19.8-97.3",
        "accuracy": pytest.approx(11.4835, abs=6e-4),
        "acpl": 900.0,  # 915 and 885
        "blunder_rate": 100.0,
        "performance": 1993,  # twice Bert's 1800, and 193 for 75%
    }
    assert bert == {
        "player": "Bert",
        "games": 2,
        "points": 0.5,
        "score": 25.0,
        "interval": "2.7-80.2",
        "accuracy": 100.0,
        "acpl": 0.0,
        "blunder_rate": 0.0,
        "performance": 1100,  # Anna has a rating in the lost game only: 1900 - 800
    }
    assert metrics(got) == {
        "leader": "Anna",
        "players": 2,
        "games": 2,
        "finished": 2,
        "accuracy": pytest.approx((10.664 + 12.303 + 200) / 4, abs=6e-4),
        "acpl": 450.0,
    }


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("score", ["Carla", "Anna", "Bert"]),
        ("accuracy", ["Bert", "Carla", "Dan", "Anna"]),
        ("acpl", ["Bert", "Carla", "Dan", "Anna"]),
        ("blunders", ["Bert", "Carla", "Dan", "Anna"]),
        ("performance", ["Anna", "Bert"]),
    ],
)
def test_what_ranks_ties_go_to_more_games_then_the_name(by: str, expected: list[str]) -> None:
    # Bert, Carla and Dan all lose nothing, Bert in two games. Carla's opponent has no rating, Dan's game no end.
    third = analysed_game("1. e4 e5", headers={"White": "Carla", "Black": "Bert", "Result": "1-0"}, number=3)
    assert names(FIRST, SECOND, third, FOURTH, by=by) == expected


def test_min_games_counts_the_games_behind_the_figure() -> None:
    games = (FIRST, SECOND, THIRD, FOURTH)
    assert names(*games, min_games=2) == ["Anna", "Bert"]
    assert names(*games, min_games=3) == ["Bert"]
    assert names(*games, min_games=3, by="acpl") == []
    got = report(Leaderboard, *games, min_games=4)
    assert rows(got, "players") == rows(got, "best_games") == []
    assert any(note.startswith("No data") for note in got.notes)
    assert got.metrics["leader"].value is None


def test_rows_are_limited_and_the_note_says_so() -> None:
    got = report(Leaderboard, FIRST, SECOND, players=1)
    assert [row["player"] for row in rows(got, "players")] == ["Anna"]
    assert any("1 more players are not listed" in note for note in got.notes)


def test_without_evaluations_there_is_still_a_score() -> None:
    (carla, bert) = rows(report(Leaderboard, THIRD), "players")
    assert (carla["score"], carla["accuracy"], carla["acpl"], carla["blunder_rate"]) == (100.0, None, None, None)
    assert (bert["score"], bert["performance"]) == (0.0, None)


def test_a_run_by_score_takes_games_without_evaluations() -> None:
    needs = {
        by: Leaderboard.needs(Leaderboard.Options(by=by)).evaluations for by in ("score", "performance", "acpl")
    }
    assert needs == {"score": False, "performance": False, "acpl": True}


def test_only_the_player_in_view() -> None:
    game = analysed_game("1. f3 e5", [15, -900, -900], headers={**FIRST.headers, "Result": "1-0"}, view=("black",))
    (bert,) = rows(report(Leaderboard, game), "players")
    assert (bert["player"], bert["points"], bert["acpl"]) == ("Bert", 0.0, 0.0)


def test_nameless_players_and_epd_lines_are_left_out() -> None:
    nameless = analysed_game("1. e4 e5 1-0", [15, 15, 15], headers={"Black": "Dan", "Result": "1-0"})
    line = analysed_game(
        headers={"FEN": "4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1"}, evals=[480], epd=Epd(id="x"), number=2
    )
    got = report(Leaderboard, nameless, line)
    assert [row["player"] for row in rows(got, "players")] == ["Dan"]
    assert got.metrics["games"].value == 1
    assert any("without a name were left out: 1 side." in note for note in got.notes)


def test_black_to_move_first() -> None:
    # Black loses 100 centipawns, White nothing.
    game = analysed_game(
        "41... Kd7 42. Kf6",
        [300, 400, 400],
        headers={"FEN": "8/4k3/8/4K3/4P3/8/8/8 b - - 0 41", "SetUp": "1", "White": "Dan", "Black": "Carla"},
    )
    got = {row["player"]: row["acpl"] for row in rows(report(Leaderboard, game, by="acpl"), "players")}
    assert got == {"Dan": 0.0, "Carla": 100.0}


def test_best_game_has_twenty_own_moves_that_count() -> None:
    even = [15] * 41
    long = analysed_game(LONG, even, headers={"White": "Anna", "Black": "Bert", "Result": "1-0"}, number=5)
    # The last move has no evaluation after it: 19 moves of Black count.
    cut = analysed_game(LONG, even[:40], headers={"White": "Carla", "Black": "Dan", "Result": "1/2-1/2"}, number=4)
    tied = analysed_game(LONG, even, headers={"White": "Bert", "Black": "Anna"}, number=7)
    got = rows(report(Leaderboard, tied, long, cut, FIRST), "best_games")
    cells = [tuple(row.values()) for row in got]
    assert cells == [
        ("Carla", 4, "Dan", "white", 20, 100.0, 0.5),
        ("Anna", 5, "Bert", "white", 20, 100.0, 1.0),
        ("Bert", 5, "Anna", "black", 20, 100.0, 0.0),
    ]


# FIDE Handbook B.02, table 8.1.1.
@pytest.mark.parametrize(
    ("percent", "dp"),
    [
        (100, 800),
        (99, 677),
        (90, 366),
        (80, 240),
        (75, 193),
        (70, 149),
        (60, 72),
        (51, 7),
        (50, 0),
        (1, -677),
        (0, -800),
    ],
)
def test_published_points_of_the_fide_table(percent: int, dp: int) -> None:
    assert fide_difference(percent) == dp


def test_the_fide_table_is_antisymmetric_and_rises() -> None:
    table = [fide_difference(percent) for percent in range(101)]
    assert table == [-dp for dp in reversed(table)]
    assert table == sorted(set(table))


def test_the_fide_table_is_the_normal_curve_but_for_its_ends() -> None:
    curve = NormalDist(sigma=2000 / 7)
    for percent in range(50, 98):
        assert abs(fide_difference(percent) - curve.inv_cdf(percent / 100)) < 1.1


def test_a_half_is_rounded_up() -> None:
    # 1 of 8 is 12.5%, hence 13%: -322. The average of 1800 and 1801 is 1801.
    ratings = moments(*[1800, 1801] * 4)
    assert performance(ratings, moments(1000, *[0] * 7), "fide") == 1801 - 322


@pytest.mark.parametrize(
    ("method", "points", "expected"),
    [
        ("fide", (1000,), 2300),
        ("logistic", (1000,), None),
        ("logistic", (0,), None),
        ("logistic", (500,), 1500),
        ("logistic", (1000, 1000, 1000, 0), 1691),  # 400 * log10(3) is 190.8
        ("fide", (), None),
    ],
)
def test_performance(method: Literal["fide", "logistic"], points: tuple[int, ...], expected: int | None) -> None:
    assert performance(moments(*[1500] * len(points)), moments(*points), method) == expected


def test_without_a_performance_a_player_comes_last() -> None:
    got = rows(report(Leaderboard, FIRST, SECOND, by="performance", performance="logistic"), "players")
    assert [(row["player"], row["performance"]) for row in got] == [("Anna", 1991), ("Bert", None)]


def test_laws() -> None:
    one, none = {"players": 1, "by": "accuracy"}, {"players": 0, "by": "performance", "performance": "logistic"}
    check_aggregator(Leaderboard, [*example_games(), FIRST, SECOND], one, seed=1, rounds=ROUNDS)
    check_aggregator(Leaderboard, example_games(), none, rounds=ROUNDS)


@pytest.mark.parity
def test_real_games() -> None:
    points, accuracies, losses, opponents = (defaultdict[str, list[Any]](list) for _ in range(4))
    blunders: dict[str, int] = defaultdict(int)
    best: dict[str, tuple[float, int]] = {}
    for game in lichess_games():
        for name, us, they in ((game.headers["White"], 0, "BlackElo"), (game.headers["Black"], 1, "WhiteElo")):
            points[name].append({"1-0": (1, 0), "0-1": (0, 1), "1/2-1/2": (0.5, 0.5)}[game.headers["Result"]][us])
            opponents[name].append(int(game.headers[they]))
            side = (game.white, game.black)[us]
            own = [ply for ply in game.plies[us::2] if ply.loss is not None]
            losses[name] += [ply.loss for ply in own]
            blunders[name] += side.blunders
            if side.accuracy is not None:
                accuracies[name].append(side.accuracy)
                if len(own) >= 20:
                    best[name] = max(best.get(name, (0.0, 0)), (side.accuracy, -game.origin.game))
    got = report(Leaderboard, *lichess_games(), players=1000)
    players = {str(row["player"]): row for row in rows(got, "players")}
    assert set(players) == set(points)
    for name, row in players.items():
        games = len(points[name])
        percent = int(100 * sum(points[name]) / games + 0.5)
        average = int(sum(opponents[name]) / games + 0.5)
        assert (row["games"], row["points"]) == (games, sum(points[name]))
        assert row["score"] == round(100 * sum(points[name]) / games, 3)
        assert row["accuracy"] == pytest.approx(sum(accuracies[name]) / len(accuracies[name]), abs=6e-4)
        assert row["acpl"] == round(sum(losses[name]) / len(losses[name]), 3)
        assert row["blunder_rate"] == round(100 * blunders[name] / len(losses[name]), 3)
        assert row["performance"] == average + fide_difference(percent)
    order = [(-sum(points[name]) / len(points[name]), -len(points[name]), name) for name in players]
    assert order == sorted(order)
    assert {row["player"]: (row["accuracy"], row["game"]) for row in rows(got, "best_games")} == {
        name: (accuracy, -game) for name, (accuracy, game) in best.items()
    }
