"""EPD and FEN: one position a line, as people really write them."""

from __future__ import annotations

import io
import json

import chess
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model import Epd, SourceGame
from engine.plugin import Unreadable
from engine_plugins.readers.epd import EpdReader
from tests.support import assert_linear, shared_data

POSITION = "1k1r4/pp1b1R2/3q2pp/4p3/2B5/4Q3/PPP2B2/2K5 b - -"
FEN = POSITION + " 0 1"


def read(data: bytes | str) -> list[SourceGame | Unreadable]:
    reader = EpdReader()
    stream = io.BytesIO(data.encode() if isinstance(data, str) else data)
    return [reader.parse(raw) for raw in reader.split(stream)]


def position(data: bytes | str) -> SourceGame:
    (only,) = read(data)
    assert isinstance(only, SourceGame), only
    return only


def test_a_position_is_a_game_without_moves():
    game = position(f'{POSITION} bm Qd1+; id "BK.01";\n')
    assert (game.headers, game.fen, game.variant, game.moves, game.problem) == ({}, FEN, "standard", (), None)
    assert game.epd == Epd(id="BK.01", bm=("d6d1",))
    assert game.text == f'{POSITION} bm Qd1+; id "BK.01";'


@pytest.mark.parametrize(
    "operations",
    [
        "bm Qd1+",
        "; bm Qd1 + ;",
        "bm d6d1;",
        "bm Qd1+!;",
        "0 1 ; bm Qd1\0",
        "0 1 bm Qd1;",
        "bm Qd1, Qd1+;",
        "bm 1...Qd1;",
    ],
)
def test_every_way_to_write_a_best_move(operations):
    game = position(f"{POSITION} {operations}\n")
    assert (game.fen, game.epd, game.problem) == (FEN, Epd(bm=("d6d1",)), None)


def test_the_capture_written_the_wrong_way_round():
    line = "rnbq1rk1/pppp1ppp/4pn2/8/1bPP4/P1N5/1PQ1PPPP/R1B1KBNR b KQ - 1 5 ; bm Bcx3 + \0"
    assert position(line).epd == Epd(bm=("b4c3",))


@pytest.mark.parametrize(
    ("counters", "fen"),
    [
        ("- -", "0 1"),
        ("- - 3 12", "3 12"),
        ("- -1 12", "1 12"),
        ("- - 7", "7 1"),
        ("- - hmvc 4; fmvn 20;", "4 20"),
        ("", "0 1"),
        ("-", "0 1"),
        ("- - 99999999 1", "0 1"),
    ],
)
def test_counters(counters, fen):
    assert position(f"8/8/8/8/8/4k3/4p3/4K3 w {counters}").fen == f"8/8/8/8/8/4k3/4p3/4K3 w - - {fen}"


def test_operations_that_quote_a_semicolon():
    game = position(f'{POSITION} c0 "a; bm Qe7; b"; am Qd2 Qd1; id "x; y"; id "z";')
    assert game.epd == Epd(id="x; y", am=("d6d2", "d6d1"))


def test_an_illegal_best_move_is_reported_and_the_position_kept():
    game = read(f"# comment\n\n{POSITION} bm Qd1 Qh8 Zz; am 0000;\n")[0]
    assert isinstance(game, SourceGame)
    assert game.epd == Epd(bm=("d6d1",))
    assert game.problem == "bm `Qh8`, `Zz`: no legal move; am `0000`: no legal move"
    assert game.problem_line == 3


def test_chess960_castling_rights():
    game = position("1k6/8/8/8/8/8/8/1K4R1 w G - bm O-O;")
    assert (game.variant, game.epd) == ("chess960", Epd(bm=("b1g1",)))


@pytest.mark.parametrize("line", ["hello world", "8/8/8 w - -", "9/8/8/8/8/8/8/8 w - - 0 1", "a" * 70_000])
def test_what_is_no_position(line):
    first, second = read(f"{line}\n{FEN}\n")
    assert isinstance(first, Unreadable)
    assert first.kind == "damaged"
    assert isinstance(second, SourceGame)


def test_lines_are_numbered_in_the_file():
    data = f"\ufeff# a\r\n\r\n{FEN}\r\n \0\r\n{FEN}"
    assert [raw.line for raw in EpdReader().split(io.BytesIO(data.encode()))] == [3, 5]


def test_sniff():
    assert EpdReader.sniff(f"\ufeff# note\n{FEN}\n".encode())
    assert not EpdReader.sniff(b'[Event "x"]\n\n1. e4 *')
    assert not EpdReader.sniff(b"")


@settings(max_examples=60, deadline=None, database=None)
@given(
    st.lists(
        st.sampled_from(
            [*POSITION.split(), "bm", "Qd1", ";", '"', "id", "am", "e4", "-1", "0", "/", "K", "\0", "\n", "w"]
        )
    )
)
def test_token_soup(tokens):
    for game in read(" ".join(tokens)):
        if isinstance(game, SourceGame):
            board = chess.Board(game.fen, chess960=game.variant == "chess960")
            assert game.epd is not None
            assert all(board.is_legal(board.parse_uci(move)) for move in (*game.epd.bm, *game.epd.am))


@pytest.mark.parametrize(
    ("begin", "unit", "end"),
    [
        ("", "/", ""),
        ("", "a/", ""),
        ("", " ", "/"),
        (FEN + " bm a", " ", "b"),
        (FEN + " bm ", "; ", ""),
        (FEN + ' c0 "', '""', ""),
        (FEN + " bm " + "a1," * 2_000, "\t+", ""),
    ],
)
def test_the_work_is_linear_whatever_the_line_holds(begin, unit, end):
    """It would take minutes or never end if a piece of the line were tried at every place."""

    def work(size):
        line = begin + unit * (size // len(unit)) + end
        EpdReader.sniff(line.encode())
        assert len(read(line)) == 1

    assert_linear(work, 60_000)


SUITES = ["wac", "eet", "lapuce2", "bratko-kopec", "kaufman"]


@pytest.mark.parity
@pytest.mark.parametrize("path", [*SUITES, "torture/bratko-kopec", "torture/kaufman"])
def test_all_normalised_positions(path):
    suite = path.rpartition("/")[2]
    lines = shared_data("epd", "normalised.ndjson").read_text().splitlines()
    expected = [entry for entry in map(json.loads, lines) if entry["suite"] == suite]
    games = read(shared_data("epd", f"{path}.epd").read_bytes())
    assert len(games) == len(expected) > 0
    for game, entry in zip(games, expected, strict=True):
        assert isinstance(game, SourceGame)
        assert game.epd is not None
        assert chess.Board(game.fen).epd() == chess.Board(entry["epd"] + " 0 1").epd()
        assert (sorted(game.epd.bm), sorted(game.epd.am)) == (sorted(entry["bm"]), sorted(entry["am"]))
        if game.epd.id is not None:
            assert game.epd.id == entry["id"].strip("\0")


def epd_of(line: str) -> tuple[Epd, str | None, list[str]]:
    reader = EpdReader()
    (raw,) = reader.split(io.BytesIO(line.encode()))
    game = reader.parse(raw)
    assert isinstance(game, SourceGame), game
    assert game.epd is not None
    return game.epd, game.problem, [note.reason for note in game.notes]


START = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq -"


@pytest.mark.parametrize(
    "operations",
    ["- bm e4;", "– – bm e4;", "0 1 - bm e4;", "; - ; bm e4;", "BM e4;", "bm: e4;", 'bm e4 id "x";', "ev bm e4;"],
)
def test_a_stray_word_loses_no_best_move(operations: str) -> None:
    epd, problem, notes = epd_of(f"{START} {operations}")
    assert (epd.bm, problem, notes) == (("e2e4",), None, [])


def test_what_is_no_operation_is_reported() -> None:
    epd, problem, notes = epd_of(f'{START} 17.5 bm e4; "WAC.001"; c0 best is bm d4;')
    assert (epd.bm, problem) == (("e2e4",), None)
    assert notes == [
        "`17.5` is no EPD operation and is left out; an operation is an opcode, its operands and a semicolon"
    ]


def test_moves_to_mate() -> None:
    assert epd_of(f'{START} dm 3; id "x";')[:2] == (Epd(id="x", dm=3), None)
    assert epd_of(f"{START} dm -2;")[:2] == (Epd(), "dm `-2`: no number of moves")
