"""PGN: any bytes and any tokens become legal games or none; real files are read as python-chess reads them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import chess
import chess.pgn
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.model import SourceGame
from engine.plugin import Unreadable
from engine_plugins.readers.pgn import PgnReader
from tests.plugins.readers.pgn_rig import game, raws, read
from tests.support import assert_linear, shared_data

quick = settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


# -- fuzz ---------------------------------------------------------------------------------------------------

TOKENS = st.sampled_from(
    [
        *[
            "e4",
            "e5",
            "d4",
            "Nf3",
            "Nc6",
            "Ke2",
            "Ke7",
            "O-O",
            "0-0",
            "Qxd5+",
            "a8=Q",
            "exd6e.p.",
            "1.",
            "1...",
            "é",
        ],
        *["(", ")", "{", "}", ";", "%", "<", "$5", "*", "1-0", "--", "Z0"],
        *[
            '[Event "x"]',
            '\n[White "a\\"]\n',
            '[Variant "Chess960"]',
            '[FEN "8/8/8/8/8/8/8/k1K5 w - - 0 1"]',
            '[FEN "k"]',
        ],
        *["\n", "\n\n", "\r", "\ufeff", "\x00", "[%clk 0:01:00]"],
    ]
)


def check_legal(one: SourceGame) -> None:
    board = chess.Board(one.fen, chess960=one.variant == "chess960")
    for move, san in zip(one.moves, one.sans, strict=True):
        parsed = board.parse_uci(move)
        assert board.san(parsed) == san
        board.push(parsed)
    assert len(one.clocks) in (0, len(one.moves))


@quick
@given(st.lists(TOKENS, max_size=60).map(" ".join) | st.lists(TOKENS, max_size=60).map("".join))
def test_token_soup(text):
    for one in read(text):
        if isinstance(one, SourceGame):
            check_legal(one)


@quick
@given(st.binary(max_size=400))
def test_any_bytes(data):
    for raw in raws(data):
        PgnReader().headers(raw)
        PgnReader().parse(raw)


FIVE = [
    f'[Event "game {n}"]\n[White "w{n}"]\n[Result "1-0"]\n\n1. {first} {{c}} e6 2. Nc3 (2. Nf3 d6) Nc6 1-0\n\n'
    for n, first in enumerate(["e4", "d4", "c4", "g3", "f4"])
]


def essence(one: SourceGame | Unreadable) -> Any:
    return (dict(one.headers), one.moves) if isinstance(one, SourceGame) else None


@pytest.mark.parametrize(
    "unit", [" \n", "[\n", "{\n", '\n[a "', '[a "b"]\n', '\\"', "1-0\n1.", "; { \n", "(", "* ", "[", "%\n", "x"]
)
def test_the_work_is_linear_whatever_the_bytes(unit):
    assert_linear(lambda size: raws('[Event "x"]\n' + unit * (size // len(unit))), 1 << 20)


@quick
@given(st.data())
def test_damage_to_one_game_leaves_the_others(data):
    victim = data.draw(st.integers(1, 4))
    body = FIVE[victim].encode().rstrip()
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 30)))
    junk = data.draw(st.binary(max_size=12) | TOKENS.map(str.encode))
    damaged = body[:start] + junk + body[end:]
    pieces = [text.encode() for text in FIVE]
    pieces[victim] = damaged + b"\n\n"
    found = [essence(one) for one in read(b"".join(pieces))]
    for n, text in enumerate(FIVE):
        if n != victim:
            assert essence(game(text)) in found


# -- real files ---------------------------------------------------------------------------------------------


class _MainLine(chess.pgn.BaseVisitor[list[str]]):
    """The moves that python-chess reads."""

    def begin_game(self) -> None:
        self.moves: list[str] = []

    def begin_variation(self) -> Any:
        return chess.pgn.SKIP

    def visit_move(self, board: chess.Board, move: chess.Move) -> None:
        self.moves.append(move.uci())

    def handle_error(self, error: Exception) -> None:
        pass

    def result(self) -> list[str]:
        return self.moves


def by_python_chess(path: Path) -> list[list[str]]:
    logging.getLogger("chess.pgn").setLevel(logging.CRITICAL)
    games = []
    with path.open(encoding="utf-8", errors="replace") as file:
        while (moves := chess.pgn.read_game(file, Visitor=_MainLine)) is not None:
            games.append(moves)
    return games


BETTER_THAN_PYTHON_CHESS = {
    "0.pgn": (1, 77),  # <br /> for line ends: python-chess finds no move
    "sampleGameThrow.pgn": (1, 2),  # German Sf3, which python-chess takes for the pawn move f3
}


@pytest.mark.parity
def test_parity_on_the_torture_files():
    total = cut = 0
    for path in sorted(shared_data("torture-pgn").rglob("*.pgn")):
        games = read(path.read_bytes())
        assert not any(isinstance(one, Unreadable) for one in games), path
        found = [one for one in games if isinstance(one, SourceGame)]
        total += len(found)
        cut += sum(one.problem is not None for one in found)
        if path.name in BETTER_THAN_PYTHON_CHESS:
            assert (len(found), len(found[0].moves)) == BETTER_THAN_PYTHON_CHESS[path.name]
        else:
            played = [moves for moves in by_python_chess(path) if moves]
            assert [list(one.moves) for one in found if one.moves] == played, path
    assert (total, cut) == (1239, 4)


@pytest.mark.parity
def test_header_only_games():
    assert len(raws(shared_data("torture-pgn", "scalachess", "FWWRC.pgn").read_bytes())) == 605
    assert len(raws(shared_data("torture-pgn", "scalachess", "uzchesscup.pgn").read_bytes())) == 45


@pytest.mark.parity
def test_the_same_game_in_two_encodings():
    ansi = read(shared_data("torture-pgn", "chesslib", "Morphy_ANSI.pgn").read_bytes())
    assert ansi == read(shared_data("torture-pgn", "chesslib", "Morphy_UTF8.pgn").read_bytes())


@pytest.mark.parity
@pytest.mark.parametrize(
    "path", ["human/twic-01-232games.pgn", "human/lichess_db_438.pgn", "chess960/js_lichess_chess960_clk_120.pgn"]
)
def test_parity_on_human_games(path):
    file = shared_data(*path.split("/"))
    games = [one for one in read(file.read_bytes()) if isinstance(one, SourceGame)]
    assert [list(one.moves) for one in games] == by_python_chess(file)
    assert not any(one.problem for one in games)
    for one in games[:40]:
        check_legal(one)


@pytest.mark.parity
def test_clocks_are_those_of_python_chess():
    file = shared_data("human", "lichess_db_438.pgn")
    with file.open() as text:
        for one in read(file.read_bytes())[:40]:
            reference = chess.pgn.read_game(text)
            assert isinstance(one, SourceGame)
            assert reference is not None
            expected = [node.clock() for node in reference.mainline()]
            assert list(one.clocks) == (expected if any(clock is not None for clock in expected) else [])


@pytest.mark.parity
def test_variants_are_told_apart():
    games = read(shared_data("variants", "js_lichess_variants_clk_573.pgn").read_bytes())
    skipped = [one.reason for one in games if isinstance(one, Unreadable)]
    counts = {
        name: sum(name in reason for reason in skipped)
        for name in ("Hill", "Atomic", "Crazyhouse", "Three", "Anti")
    }
    assert (len(games), len(skipped)) == (573, 133)
    assert counts == {"Hill": 56, "Atomic": 27, "Crazyhouse": 23, "Three": 15, "Anti": 11}
    assert not any(one.problem for one in games if isinstance(one, SourceGame))
