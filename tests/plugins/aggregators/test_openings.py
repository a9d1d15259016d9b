"""Openings: games small enough to be checked by hand, and real games counted again."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import chess
import pytest

from engine.model import Color, Epd, Score
from engine.scoring import win_percent
from engine.testing import analysed_game, check_aggregator, example_games
from engine_plugins.aggregators.openings import Openings
from tests.plugins.aggregators.rig import ROUNDS, lichess_games, metrics, report, rows

ANNA_BERT = {"White": "Anna", "Black": "Bert"}
BERT_ANNA = {"White": "Bert", "Black": "Anna"}
ITALIAN = "1. e4 e5 2. Nf3 Nc6 3. Bc4 a6 4. a3"
TRANSPOSED = "1. e4 Nc6 2. Nf3 e5 3. Bc4"
GIUOCO = "1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5"
SPANISH = "1. e4 e5 2. Nf3 Nc6 3. Bb5"


def win(cp: int) -> float:
    return round(win_percent(Score(cp=cp)), 3)


def test_an_opening_from_the_side_of_its_player() -> None:
    # Named last after 3. Bc4, where White has 20; then Black loses 30 centipawns and White 10.
    game = analysed_game(ITALIAN, [15, 15, 15, 15, 15, 20, 50, 40], headers={**ANNA_BERT, "Result": "1-0"})
    got = report(Openings, game)
    white, black = rows(got, "openings")
    assert white == {
        "color": "white",
        "opening": "Italian Game",
        "games": 1,
        "score": 100.0,
        "interval": "20.7-100.0",  # Wilson's: 1 / (1 + z²)
        "win_on_leaving": win(20),
        "accuracy": game.plies[6].accuracy,
        "acpl": 2.5,  # 10 in four moves
    }
    assert black == {
        "color": "black",
        "opening": "Italian Game",
        "games": 1,
        "score": 0.0,
        "interval": "0.0-79.3",
        "win_on_leaving": win(-20),
        "accuracy": game.plies[5].accuracy,
        "acpl": 10.0,  # 30 in three moves
    }
    assert metrics(got) == {
        "games": 1,
        "openings": 1,
        "white_score": 100.0,
        "white_win": win(20),
        "black_score": 0.0,
        "black_win": win(-20),
        "accuracy": pytest.approx(((game.plies[5].accuracy or 0) + (game.plies[6].accuracy or 0)) / 2, abs=6e-4),
        "opponents_accuracy": None,
    }


def test_only_the_player_in_view_and_the_opponents_beside() -> None:
    evals = [15, 15, 15, 15, 15, 20, 50, 40]
    as_white = analysed_game(ITALIAN, evals, headers={**ANNA_BERT, "Result": "1-0"}, view=("white",))
    as_black = analysed_game(ITALIAN, evals, headers={**BERT_ANNA, "Result": "1-0"}, view=("black",), number=2)
    got = report(Openings, as_black, as_white, min_games=1, depth=1)
    assert [(row["color"], row["games"], row["score"]) for row in rows(got, "openings")] == [
        ("white", 1, 100.0),
        ("black", 1, 0.0),
    ]
    # After 3. Bc4 Anna plays 4. a3 in one game and 3... a6 in the other, and so do her opponents.
    assert got.metrics["accuracy"].value == got.metrics["opponents_accuracy"].value
    assert (got.metrics["white_score"].value, got.metrics["black_score"].value) == (100.0, 0.0)
    tree = [(row["color"], row["move"], row["games"], row["score"], row["win"]) for row in rows(got, "tree")]
    assert tree == [("white", "1. e4", 1, 100.0, win(15)), ("black", "1. e4", 1, 0.0, win(-15))]
    alone = report(Openings, as_white)
    assert alone.metrics["accuracy"].value == as_white.plies[6].accuracy
    assert alone.metrics["opponents_accuracy"].value == as_white.plies[5].accuracy


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("family", [("Italian Game", 3), ("Ruy Lopez", 1)]),
        ("name", [("C50 Italian Game", 2), ("C50 Italian Game: Giuoco Piano", 1), ("C60 Ruy Lopez", 1)]),
        ("eco", [("C50 Italian Game", 3), ("C60 Ruy Lopez", 1)]),
    ],
)
def test_groups_are_by_position_most_played_first(group: str, expected: list[tuple[str, int]]) -> None:
    games = [
        analysed_game(moves, headers=ANNA_BERT, number=k, view=("white",))
        for k, moves in enumerate((SPANISH, ITALIAN, TRANSPOSED, GIUOCO), start=1)
    ]
    got = rows(report(Openings, *games, group=group), "openings")
    assert [(row["opening"], row["games"]) for row in got] == expected


def test_the_tree_is_by_moves_depth_first() -> None:
    games = [
        analysed_game(moves, headers={"Result": result}, number=k)
        for k, (moves, result) in enumerate(
            [
                (SPANISH, "1-0"),
                (SPANISH, "0-1"),
                (SPANISH, "1-0"),
                (GIUOCO, "1-0"),
                (GIUOCO, "*"),
                (TRANSPOSED, "0-1"),
            ],
            start=1,
        )
    ]
    got = rows(report(Openings, *games, depth=5, min_games=2), "tree")
    assert [(row["move"], row["games"], row["score"], row["opening"]) for row in got] == [
        ("1. e4", 6, 60.0, "B00 King's Pawn Game"),
        ("  1... e5", 5, 75.0, "C20 King's Pawn Game"),
        ("    2. Nf3", 5, 75.0, "C40 King's Knight Opening"),
        ("      2... Nc6", 5, 75.0, "C44 Normal Variation"),
        ("        3. Bb5", 3, pytest.approx(66.667), "C60 Ruy Lopez"),
        ("        3. Bc4", 2, 100.0, "C50 Italian Game"),
    ]
    alone = rows(report(Openings, *games, depth=2, min_games=1), "tree")
    assert [row["move"] for row in alone] == ["1. e4", "  1... e5", "  1... Nc6"]


def test_rows_keep_the_most_played_lines_connected() -> None:
    games = [
        analysed_game(moves, number=k) for k, moves in enumerate((SPANISH, SPANISH, "1. d4", "1. d4"), start=1)
    ]
    got = report(Openings, *games, rows=3, lines=3)
    assert [row["move"] for row in rows(got, "tree")] == ["1. d4", "1. e4", "  1... e5"]
    assert [row["opening"] for row in rows(got, "openings")] == ["Queen's Pawn Game"] * 2 + ["Ruy Lopez"]
    assert any("1 more openings are not listed" in note for note in got.notes)
    assert any("3 more lines are not listed" in note for note in got.notes)


def test_win_percent_of_the_tree_is_after_the_move_and_misses_what_is_missing() -> None:
    games = [
        analysed_game("1. e4 e5", [15, 40, None], number=1),
        analysed_game("1. e4 e5", [15, 60], number=2),
        analysed_game("1. e4 e5", number=3),
    ]
    first, second = rows(report(Openings, *games), "tree")
    assert first["win"] == pytest.approx((win(40) + win(60)) / 2, abs=6e-4)
    assert (second["games"], second["win"]) == (3, None)


def test_searched_centipawns_are_scaled() -> None:
    (row,) = rows(report(Openings, analysed_game("1. e4", [15, 100], scale=1.5), min_games=1), "tree")
    assert row["win"] == win(150)


def test_acpl_is_of_the_first_ten_moves() -> None:
    # White loses 10 with each of the first ten moves, 500 with the eleventh.
    moves = " ".join(f"{k}. N{w} N{b}" for k, (w, b) in enumerate([("f3", "f6"), ("g1", "g8")] * 6, start=1))
    evals = [15 - 10 * ((k + 1) // 2) for k in range(21)] + [-585] * 4
    white, black = rows(report(Openings, analysed_game(moves, evals)), "openings")
    assert (white["acpl"], black["acpl"]) == (10.0, 0.0)


def test_draws_are_half_a_point_and_unfinished_games_have_no_score() -> None:
    drawn = [analysed_game("1. e4", headers={"Result": "1/2-1/2"}, number=k, view=("white",)) for k in (1, 2)]
    unfinished = analysed_game("1. e4", number=3, view=("white",))
    (row,) = rows(report(Openings, *drawn, unfinished), "openings")
    assert (row["games"], row["score"], row["interval"]) == (3, 50.0, "9.5-90.5")
    won = analysed_game("1. e4", headers={"Result": "1-0"}, number=4, view=("white",))
    (row,) = rows(report(Openings, drawn[0], won), "openings")
    assert (row["score"], row["interval"]) == (75.0, "19.8-97.3")


def test_other_starts_epd_lines_and_games_without_a_move_are_left_out() -> None:
    set_up = analysed_game("41... Kd7", headers={"FEN": "8/4k3/8/4K3/4P3/8/8/8 b - - 0 41", "SetUp": "1"})
    chess960 = analysed_game("1. e4", headers={"Variant": "Chess960", "FEN": chess.STARTING_FEN, "SetUp": "1"})
    line = analysed_game(headers={"FEN": "4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1"}, epd=Epd(id="x"))
    empty = analysed_game(headers={"Result": "0-1"})
    got = report(Openings, set_up, chess960, line, empty)
    assert rows(got, "openings") == rows(got, "tree") == []
    assert got.metrics["games"].value == 0
    assert "Left out, from another start or of Chess960: 2." in got.notes
    assert "Left out, without a named position: 1." in got.notes
    assert any(note.startswith("No data") for note in got.notes)


def test_a_mate_in_the_book_has_no_win_percent() -> None:
    mated = analysed_game("1. f3 e5 2. g4 Qh4#", [15, -60, -45, "#-1"], view=("white",))
    (row,) = rows(report(Openings, mated, group="name"), "openings")
    assert (row["opening"], row["win_on_leaving"], row["accuracy"]) == (
        "A00 Barnes Opening: Fool's Mate",
        None,
        None,
    )


def test_every_first_move_has_a_name() -> None:
    board = chess.Board()
    games = [analysed_game(f"1. {board.san(move)}", number=k) for k, move in enumerate(board.legal_moves, start=1)]
    assert report(Openings, *games).metrics["games"].value == 20


def test_laws() -> None:
    options = {"rows": 1, "group": "eco", "min_games": 1, "depth": 20}
    check_aggregator(Openings, example_games(), options, seed=1, rounds=ROUNDS)


@pytest.mark.parity
def test_real_games() -> None:
    games: dict[tuple[Color, str], list[float]] = defaultdict(list)
    wins, accuracies, losses = (defaultdict[tuple[Color, str], list[Any]](list) for _ in range(3))
    lines: dict[str, list[float]] = defaultdict(list)
    for game in lichess_games():
        white = {"1-0": 1.0, "0-1": 0.0, "1/2-1/2": 0.5}[game.headers["Result"]]
        for k in range(1, 5):
            if len(game.plies) >= k:
                lines[" ".join(ply.san for ply in game.plies[:k])].append(white)
        if game.opening is None:
            continue
        family, out = game.opening.name.partition(":")[0], game.opening.ply
        colors: tuple[Color, ...] = ("white", "black")
        for us, color in enumerate(colors):
            key = (color, family)
            games[key].append(white if us == 0 else 1 - white)
            losses[key] += [ply.loss for ply in game.plies[us:20:2] if ply.loss is not None]
            accuracies[key] += [
                ply.accuracy
                for k, ply in enumerate(game.plies)
                if k >= out and k % 2 == us and ply.accuracy is not None
            ]
            # The mover of the move out of book had this Win% before it, the other one the rest.
            if out < len(game.plies) and game.plies[out].win_before is not None:
                before = game.plies[out].win_before or 0
                wins[key].append(before if out % 2 == us else 100 - before)
    got = report(Openings, *lichess_games(), rows=100_000, depth=4)
    listed = rows(got, "openings")
    assert len(listed) == len(games)
    for row in listed:
        key = ("white" if row["color"] == "white" else "black", str(row["opening"]))
        assert row["games"] == len(games[key])
        assert row["score"] == pytest.approx(100 * sum(games[key]) / len(games[key]), abs=6e-4)
        assert row["acpl"] == pytest.approx(sum(losses[key]) / len(losses[key]), abs=6e-4)
        if len(wins[key]) == len(games[key]):
            assert row["win_on_leaving"] == pytest.approx(sum(wins[key]) / len(wins[key]), abs=2e-3)
        if accuracies[key]:
            assert row["accuracy"] == pytest.approx(sum(accuracies[key]) / len(accuracies[key]), abs=6e-4)
    tree = rows(got, "tree")
    assert len(tree) == sum(len(points) >= 2 for points in lines.values())
    path: list[str] = []
    for row in tree:
        move = str(row["move"])
        del path[(len(move) - len(move.lstrip())) // 2 :]
        path.append(move.rsplit(maxsplit=1)[-1])
        points = lines[" ".join(path)]
        assert row["games"] == len(points)
        assert row["score"] == pytest.approx(100 * sum(points) / len(points), abs=6e-4)
