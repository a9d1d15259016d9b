"""Games against a file of opening lines."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ConfigError
from engine.model import AnalysedGame, Epd
from engine.testing import analysed_game, check_aggregator, example_games
from engine_plugins.aggregators.repertoire import Repertoire
from tests.plugins.aggregators.rig import ROUNDS, lichess_games, metrics, report, rows, table

LINES = """[Event "Main"]

1. e4 e5 (1... c5 2. Nf3 d6 { the end }) 2. Nf3 Nc6 3. Bb5 (3. Bc4 Bc5 (3... Nf6)) 3... a6 *

[Event "Queen's pawn"]

1. d4 d5 2. c4 *
"""


@pytest.fixture
def lines(tmp_path: Path) -> str:
    path = tmp_path / "lines.pgn"
    path.write_text(LINES)
    return str(path)


def game(
    moves: str, evals: Any = (), *, result: str = "*", us: str = "white", number: int = 1, tags: Any = None
) -> AnalysedGame:
    view: Any = (us,)
    return analysed_game(moves, evals, headers={"Result": result, **(tags or {})}, view=view, number=number)


def left(got: Any) -> dict[Any, Any]:
    return {row["who"]: row["games"] for row in rows(got, "left") if row["games"]}


def test_our_own_departure_with_its_cost_and_score(lines: str) -> None:
    # Win% of +100 is 59.103, of 0 is 50: 3. d4 costs 9.103 the first time, nothing the second.
    first = game("1. e4 e5 2. Nf3 Nc6 3. d4 exd4", [15, 20, 20, 20, 100, 0, 0], result="1-0")
    second = game("1. e4 e5 2. Nf3 Nc6 3. d4", [15, 20, 20, 20, 0, 10], result="0-1", number=2)
    got = report(Repertoire, first, second, lines=lines)
    (row,) = rows(got, "ours")
    assert (row["after"], row["book"], row["move"], row["games"]) == ("1. e4 e5 2. Nf3 Nc6", "Bb5 Bc4", "d4", 2)
    assert row["cost"] == pytest.approx(9.103 / 2, abs=1e-3)
    assert row["score"] == 50.0
    # Of 100 and 0: the deviation is 50, and 1.959964 × 50 / sqrt(1).
    assert row["score_reach"] == 97.998
    us = rows(got, "left")[0]
    assert (us["who"], us["games"], us["share"], us["plies"]) == ("our move", 2, 100.0, 4.0)
    assert us["win"] == pytest.approx((59.103 + 50) / 2, abs=1e-3)
    assert table(got, "theirs").rows == ()
    assert metrics(got) == {"games": 2, "plies": 4.0, "ours": 2, "theirs": 0, "cost": row["cost"]}


def test_their_departure_with_our_win_after_it(lines: str) -> None:
    # After 1... d5 White has +100: 59.103. Seen from Black's side the same game is our own departure.
    line = ("1. e4 d5 2. exd5", [15, 15, 100, 90])
    (row,) = rows(report(Repertoire, game(*line, result="1/2-1/2"), lines=lines), "theirs")
    assert (row["after"], row["book"], row["move"], row["games"]) == ("1. e4", "e5 c5", "d5", 1)
    assert (row["win"], row["win_reach"], row["score"]) == (59.103, None, 50.0)
    (mine,) = rows(report(Repertoire, game(*line, us="black"), lines=lines), "ours")
    # Black had 100 - Win%(+15) = 48.620 and keeps 40.897.
    assert (mine["move"], mine["score"]) == ("d5", None)
    assert mine["cost"] == pytest.approx(48.620 - 40.897, abs=1e-3)


def test_every_way_to_leave_the_book(lines: str) -> None:
    set_up = analysed_game(
        "1... Kd7",
        headers={"FEN": "4k3/8/8/8/8/8/4P3/4K3 b - - 0 1", "SetUp": "1"},
        view=("white",),
        number=6,
    )
    games = [
        game("1. e4 c5 2. Nf3 d6 3. d4", number=1),
        game("1. d4 d5 2. c4", number=2),
        game("1. e4 e5", number=3),
        game("1. c4", number=4),
        game("1. e4 g6", number=5),
        set_up,
    ]
    got = report(Repertoire, *games, lines=lines)
    assert left(got) == {
        "our move": 1,
        "their move": 1,
        "the line ended": 1,
        "the game ended first": 2,
        "never entered": 1,
    }
    # Plies in the book: 4, 3, 2, 0 and 1; the set-up position is none.
    assert metrics(got)["plies"] == 2.0
    assert rows(got, "ours")[0]["after"] == "the first position"


def test_transpositions_are_in_the_book(lines: str) -> None:
    # The queen's gambit by 1. c4, and the second variation by 1. Nf3.
    assert left(report(Repertoire, game("1. c4 d5 2. d4 e6"), lines=lines)) == {"the line ended": 1}
    (row,) = rows(report(Repertoire, game("1. Nf3 c5 2. e4 Nc6"), lines=lines), "theirs")
    assert (row["after"], row["book"], row["move"]) == ("1. e4 c5 2. Nf3", "d6", "Nc6")


def test_colour_and_view(lines: str) -> None:
    both = analysed_game("1. e4 d5", headers={"Result": "1-0"})
    got = report(Repertoire, both, lines=lines)
    assert left(got) == {"our move": 1, "their move": 1}
    assert any(note.startswith("1 game counts from both sides") for note in got.notes)
    white = report(Repertoire, both, lines=lines, color="white")
    assert left(white) == {"their move": 1}
    assert not any("both sides" in note for note in white.notes)
    assert left(report(Repertoire, game("1. e4 d5", us="black"), lines=lines, color="white")) == {}


def test_order_and_length_of_the_lists(lines: str) -> None:
    # 1. f3 costs more than 1. a3; 1. h3 was played twice; a move without evaluations comes last.
    games = [
        game("1. g3", number=1),
        game("1. a3", [15, 0], number=2),
        game("1. f3", [15, -60], number=3),
        game("1. h3", [15, 15], number=4),
        game("1. h3", [15, 15], number=5),
    ]
    got = report(Repertoire, *games, lines=lines)
    assert [row["move"] for row in rows(got, "ours")] == ["h3", "f3", "a3", "g3"]
    # 1. h3 cost nothing twice, which is no reason to be certain of it.
    assert (rows(got, "ours")[0]["cost"], rows(got, "ours")[0]["cost_reach"]) == (0.0, None)
    short = report(Repertoire, *games, lines=lines, rows=1)
    assert [row["move"] for row in rows(short, "ours")] == ["h3"]
    assert "3 more moves of ours are not listed; --set repertoire.rows=N lists N." in short.notes


def test_long_lines_are_cut_in_front_and_many_book_moves_behind(tmp_path: Path) -> None:
    path = tmp_path / "long.pgn"
    path.write_text("1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7 (5... b5) (5... Bc5) (5... d6) *")
    (row,) = rows(
        report(Repertoire, game("1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O h6"), lines=str(path)), "theirs"
    )
    assert row["after"] == "… 3. Bb5 a6 4. Ba4 Nf6 5. O-O"
    assert row["book"] == "Be7 b5 Bc5 …"


def test_chess960_castling_is_followed(tmp_path: Path) -> None:
    tags = {"Variant": "Chess960", "SetUp": "1", "FEN": "nrbbqkrn/pppppppp/8/8/8/8/PPPPPPPP/NRBBQKRN w GBgb - 0 1"}
    path = tmp_path / "960.pgn"
    path.write_text("".join(f'[{key} "{value}"]\n' for key, value in tags.items()) + "\n1. O-O O-O 2. e4 *\n")
    got = report(Repertoire, game("1. O-O O-O 2. d4", tags=tags), lines=str(path))
    assert [(row["after"], row["book"], row["move"]) for row in rows(got, "ours")] == [("1. O-O O-O", "e4", "d4")]


def test_no_lines_and_no_games_are_no_data(lines: str) -> None:
    line = analysed_game(epd=Epd(id="x"), evals=[10])
    for got in (report(Repertoire, game("1. e4")), report(Repertoire, line, lines=lines)):
        assert any(note.startswith("No data") for note in got.notes)
        assert all(empty.rows == () for empty in got.tables)
    assert any("--set repertoire.lines=FILE.pgn" in note for note in report(Repertoire).notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "No such file"),
        ("", "has no moves"),
        ("1. e4 e5\n2. Nf3 Nc6\n3. Qh5 *\n", "line 3: illegal san: 'Qh5'"),
        ('[FEN "rubbish"]\n\n1. e4 *\n', "line 3"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "bad.pgn"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        report(Repertoire, game("1. e4"), lines=str(path))
    assert str(path) in caught.value.message
    assert said in caught.value.message
    assert "--set repertoire.lines=FILE.pgn" in caught.value.message


@pytest.mark.parametrize("options", [{"color": "black", "rows": 1}])
def test_laws(lines: str, options: dict[str, Any]) -> None:
    check_aggregator(Repertoire, example_games(), {"lines": lines, **options}, rounds=ROUNDS)


@pytest.mark.parity
def test_real_games_by_another_way(lines: str) -> None:
    games = lichess_games()
    # The same lines spelt out, as moves by EPD.
    spelt = [
        "e4 e5 Nf3 Nc6 Bb5 a6",
        "e4 e5 Nf3 Nc6 Bc4 Bc5",
        "e4 e5 Nf3 Nc6 Bc4 Nf6",
        "e4 c5 Nf3 d6",
        "d4 d5 c4",
    ]
    book: dict[str, set[str]] = {}
    for line in spelt:
        played = analysed_game(line)
        for k, board in enumerate(played.boards()):
            book.setdefault(board.epd(), set()).update(line.split()[k : k + 1])
    expected: Counter[str] = Counter()
    moves: Counter[tuple[int, str]] = Counter()
    for analysed in games:
        in_book = [k for k, board in enumerate(analysed.boards()) if board.epd() in book]
        k = in_book[-1]
        if k == len(analysed.plies):
            expected["the game ended first"] += 1
        elif not book[analysed.board(k).epd()]:
            expected["the line ended"] += 1
        elif k % 2 == 0:
            expected["our move"] += 1
            moves[k, analysed.plies[k].san] += 1
        else:
            expected["their move"] += 1
    got = report(Repertoire, *games, lines=lines, color="white", rows=10_000)
    assert left(got) == dict(expected)
    assert sum(expected.values()) == len(games)
    by_move: Counter[str] = Counter()
    for row in rows(got, "ours"):
        by_move[str(row["move"])] += int(row["games"] or 0)
    wanted: Counter[str] = Counter()
    for (_, san), number in moves.items():
        wanted[san] += number
    assert by_move == wanted
