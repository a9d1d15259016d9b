"""Names by position, the table and what builds it, then Lichess's own cases and real games."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import chess
import chess.variant
import pytest

from engine.errors import InputError
from engine.model import Opening
from engine.positions import openings
from engine.positions.openings_build import rebuild_table
from tests.perf.openings import FILES, agreement
from tests.support import lichess_games, shared_data


def played(moves: str, board: chess.Board | None = None) -> Iterator[chess.Board]:
    """The positions of a game given in SAN, on one board that changes."""
    board = board or chess.Board()
    yield board
    for san in moves.split():
        board.push_san(san)
        yield board


def after(moves: str) -> chess.Board:
    *_, board = played(moves)
    return board


def test_the_last_named_position_of_a_game_counts() -> None:
    spanish = Opening("C60", "Ruy Lopez", 5)
    assert openings.find(played("e4 e5 Nf3 Nc6 Bb5")) == spanish
    assert openings.find(played("e4 e5 Nf3 Nc6 Bb5 Rb8 Nc3 Ra8 Rb1 Rb8")) == spanish
    assert openings.find(played("e4 e5 Nf3 Nc6")) != spanish


def test_a_transposition_is_the_same_opening() -> None:
    declined = Opening("D35", "Queen's Gambit Declined: Normal Defense", 6)
    assert openings.find(played("d4 d5 c4 e6 Nc3 Nf6")) == declined
    assert openings.find(played("c4 Nf6 Nc3 e6 d4 d5")) == declined


@pytest.mark.parametrize(
    "board",
    [
        chess.Board(chess960=True),
        chess.Board.from_chess960_pos(0),
        chess.Board("rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQk - 0 1"),
        after("Nf3"),
    ],
    ids=["Chess960", "another array", "no castling", "in the middle"],
)
def test_only_a_game_from_the_standard_initial_position_has_an_opening(board: chess.Board) -> None:
    assert openings.find(played("e4 e5" if board.turn else "d5 d4", board)) is None


def test_a_game_outside_the_list_has_none() -> None:
    assert openings.find([]) is None
    assert openings.find(played("")) is None


def test_nothing_is_looked_up_with_fewer_than_twenty_pieces() -> None:
    crowd = chess.Board("4k3/pppppppp/8/8/8/8/PPPPPPPP/RN2K3 w - - 0 1")
    few = chess.Board("4k3/pppppppp/8/8/8/8/PPPPPPPP/R3K3 w - - 0 1")
    assert openings.find([chess.Board(), crowd, after("e4")]) == Opening("B00", "King's Pawn Game", 2)
    assert openings.find([chess.Board(), few, after("e4")]) is None


def test_a_position_on_the_way_to_an_opening_is_book_without_a_name() -> None:
    assert openings.is_book(chess.Board())
    assert openings.name_of(chess.Board()) is None
    assert openings.name_of(after("e4 e5 Nf3 Nc6 Bb5")) == ("C60", "Ruy Lopez")
    assert openings.is_book(after("e4 e5 Nf3 Nc6 Bb5"))
    on_the_way = after("Nh3 d5 g3")
    assert openings.is_book(on_the_way)
    assert openings.name_of(on_the_way) is None
    assert openings.name_of(after("Nh3 d5 g3 e5 f4")) == ("A00", "Amar Opening: Paris Gambit")
    off_it = after("Nh3 d5 g3 a5 a4")
    assert not openings.is_book(off_it)
    assert openings.name_of(off_it) is None


def test_a_key_is_the_first_four_fields_of_an_epd() -> None:
    def key(fen: str) -> str:
        return openings.key(chess.Board(fen))

    e4 = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR"
    assert key(f"{e4} b KQkq e3 0 1") == key(f"{e4} b KQkq - 7 9")  # nobody can take
    assert len({key(f"{e4} {fields} 0 1") for fields in ("b KQkq -", "w KQkq -", "b KQk -", "b - -")}) == 4
    takes = "rnbqkbnr/ppp1pppp/8/8/3pP3/8/PPPP1PPP/RNBQKBNR"
    assert key(f"{takes} b KQkq e3 0 1") != key(f"{takes} b KQkq - 0 1")
    kings_and_queens_swapped = "rnbkqbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBKQBNR"
    assert key(f"{e4} b - - 0 1") != key(f"{kings_and_queens_swapped} b - - 0 1")
    assert key(f"{e4} b - - 0 1") != key(f"{e4.swapcase()} b - - 0 1")


def test_the_table_is_read_once_and_only_when_it_is_needed() -> None:
    code = """
import sys
opened = []
sys.addaudithook(lambda event, given: event == "open" and opened.append(str(given[0])))
def reads():
    return sum("openings.tsv" in name for name in opened)
import chess
from engine.positions import openings
print(reads())
openings.is_book(chess.Board())
openings.name_of(chess.Board())
print(reads())
"""
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["0", "1"]
    command = [sys.executable, "-X", "importtime", "-m", "engine", "--help"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    assert "engine.cli" in shown
    assert "engine.positions.openings" not in shown


TINY = """eco\tname\tpgn
B00\tKing's Pawn Game\t1. e4
C20\tWayward "Queen" Attack\t1. e4 e5 2. Qh5
"""


def test_a_table_has_named_positions_and_those_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(TINY)
    (tmp_path / "COPYING.txt").write_text("not a list")
    lines = rebuild_table(tmp_path).splitlines()
    comments = [line for line in lines if line.startswith("#")]
    assert "CC0" in "".join(comments)
    assert "github.com/lichess-org/chess-openings" in "".join(comments)
    assert lines[len(comments) :] == [
        f"{openings.key(after('e4'))}\tB00\tKing's Pawn Game",
        f'{openings.key(after("e4 e5 Qh5"))}\tC20\tWayward "Queen" Attack',
        *sorted(openings.key(after(moves)) for moves in ("", "e4 e5")),
        *sorted(f"{openings.PAWNS}\t{after(moves).pawns:016x}" for moves in ("", "e4", "e4 e5")),
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A00\tX\t1. e5", "a.tsv, line 4: illegal san: 'e5'"),
        ("A00\tX", "a.tsv, line 4: no eco, name and pgn"),
        ("A00\tX\t", "a.tsv, line 4: no eco, name and pgn"),
        ("A00\tX\t1. e4", "a.tsv, line 4: A00 X is also B00 King's Pawn Game"),
    ],
)
def test_a_list_that_is_wrong_makes_no_table(tmp_path: Path, row: str, reason: str) -> None:
    (tmp_path / "a.tsv").write_text(f"{TINY}{row}\n")
    with pytest.raises(InputError) as raised:
        rebuild_table(tmp_path)
    assert str(raised.value).startswith(reason)


def test_the_command_writes_the_table_or_says_why_not(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text(TINY)
    table = tmp_path / "table"
    command = [sys.executable, "-m", "engine.positions.openings_build"]
    subprocess.run([*command, str(tmp_path), str(table)], check=True)
    assert table.read_text() == rebuild_table(tmp_path)
    (tmp_path / "empty").mkdir()
    wrong = subprocess.run([*command, str(tmp_path / "empty")], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "no *.tsv in" in wrong.stderr


@pytest.mark.parity
def test_the_table_is_what_the_list_makes() -> None:
    assert rebuild_table(shared_data("openings")) == openings.TABLE.read_text(encoding="utf-8")


@pytest.mark.parity
def test_lichess_test_games_have_their_names() -> None:
    cases = json.loads(shared_data("facts", "opening_cases.json").read_text())["cases"]
    assert len(cases) == 6
    for case in cases:
        board = chess.variant.CrazyhouseBoard() if "@" in case["moves"] else chess.Board()
        opening = openings.find(played(case["moves"], board))
        assert opening is not None
        assert opening.name == case["name"]


@pytest.mark.parity
def test_500_real_games_are_named_as_on_lichess() -> None:
    for real, expected in lichess_games():
        opening = openings.find(played(real["moves"]))
        summary = opening and {"eco": opening.eco, "name": opening.name, "ply": opening.ply}
        assert summary == expected["opening"], real["id"]


@pytest.mark.parity
def test_at_least_96_percent_of_eco_codes_agree() -> None:
    counts = [agreement(shared_data(name)) for name in FILES]
    same, count = (sum(column) for column in zip(*counts, strict=True))
    assert count > 1900
    assert same / count >= 0.96
