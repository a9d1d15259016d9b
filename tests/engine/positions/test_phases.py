"""Hand-made positions first, then Lichess's own test games and the division of 500 real ones."""

from __future__ import annotations

import json
from collections.abc import Iterator

import chess
import pytest

from engine.model import Phases
from engine.positions.phases import divide
from tests.support import lichess_games, shared_data

FULL = "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR"
ELEVEN = "rnbqkb2/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBN1"
TEN = "rnbqkb2/pppppppp/8/8/8/8/PPPPPPPP/RNBQKB2"
SEVEN = "rnb1k3/pppppppp/8/8/8/8/PPPPPPPP/RNBQK3"
SIX = "rnb1k3/pppppppp/8/8/8/8/PPPPPPPP/RNB1K3"
BACK_RANK_4 = "rnbqkbnr/pppppppp/8/8/8/RNBQ4/PPPPPPPP/4BKNR"
BACK_RANK_3 = "rnbqkbnr/pppppppp/8/8/8/RNBQB3/PPPPPPPP/5KNR"
BLACK_BACK_RANK_3 = "rnb5/pppppppp/3qkbnr/8/8/8/PPPPPPPP/RNBQKBNR"
# Interlocked pawns: 7 squares of (2, 2) add 7 each, and the 14 of (1, 1) above and below add 5 + 1: 133. A third
# white knight on c3 makes two squares of (1, 0) on ranks 2 and 3, at 1 + (8 - 2): 147. A black one on c6: 161.
MIXED_147 = "rnbqkbnr/8/8/pPpPpPpP/PpPpPpPp/2N5/8/RNBQKBNR"
MIXED_161 = "rnbqkbnr/8/2n5/pPpPpPpP/PpPpPpPp/2N5/8/RNBQKBNR"


def game(*positions: str) -> list[chess.Board]:
    return [chess.Board(f"{position} w - - 0 1") for position in positions]


@pytest.mark.parametrize(
    ("position", "middlegame"),
    [
        (ELEVEN, None),
        (TEN, 1),
        (BACK_RANK_4, None),
        (BACK_RANK_3, 1),
        (BLACK_BACK_RANK_3, 1),
        (MIXED_147, None),
        (MIXED_161, 1),
    ],
)
def test_a_middlegame_begins_with_few_pieces_a_sparse_back_rank_or_mixed_armies(
    position: str, middlegame: int | None
) -> None:
    assert divide(game(FULL, position, position)) == Phases(middlegame)


def test_an_endgame_begins_with_six_pieces() -> None:
    assert divide(game(FULL, TEN, SEVEN, SIX, SIX)) == Phases(1, 3)


def test_a_middlegame_that_is_an_endgame_at_once_is_none() -> None:
    assert divide(game(SIX, SIX)) == Phases(None, 0)


def test_no_phase_begins_with_the_last_position() -> None:
    assert divide(game(FULL, TEN)) == Phases()
    assert divide(game(FULL, TEN, SIX)) == Phases(1)
    assert divide(game(FULL, SIX)) == Phases()
    assert divide(game(SIX)) == Phases()
    assert divide([]) == Phases()


def test_nothing_is_read_beyond_the_position_after_the_endgame_began() -> None:
    boards = iter(game(FULL, TEN, SIX, SIX, FULL))
    assert divide(boards) == Phases(1, 2)
    assert [board.board_fen() for board in boards] == [FULL]


def played(moves: str, board: chess.Board) -> Iterator[chess.Board]:
    """One board that changes."""
    yield board
    for uci in moves.split():
        board.push_uci(uci)
        yield board


@pytest.mark.parity
def test_lichess_test_games_divide_where_lichess_says() -> None:
    cases = json.loads(shared_data("facts", "divider_cases.json").read_text())["cases"]
    assert len(cases) == 4
    for case in cases:
        board = chess.Board()
        boards = [board.copy()]
        for word in case["moves"].split():
            if not word[0].isdigit():
                board.push_san(word)
                boards.append(board.copy())
        phases = divide(boards)
        assert {"middle": phases.middlegame, "end": phases.endgame} == case["ref_port_value"], case["name"]
        assert phases.middlegame is not None
        assert phases.endgame is not None
        assert case["middle_between"][0] <= phases.middlegame <= case["middle_between"][1]
        assert case["end_between"][0] <= phases.endgame <= case["end_between"][1]


@pytest.mark.parity
def test_500_real_games_divide_as_on_lichess() -> None:
    for real, expected in lichess_games():
        phases = divide(played(real["uci"], chess.Board()))
        assert {"middle": phases.middlegame, "end": phases.endgame} == expected["division"], real["id"]
