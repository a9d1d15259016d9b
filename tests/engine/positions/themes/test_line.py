"""Lines: what they keep, what they refuse, what they say of their moves."""

from __future__ import annotations

import chess
import pytest

from engine.positions.themes import Line
from tests.engine.positions.themes.lines import line, puzzle

PASSING = "4k3/8/8/3pP3/8/8/8/4K2R w K d6 0 2"


def test_a_line_has_the_positions_between_its_moves() -> None:
    found = line(chess.STARTING_FEN, "e2e4 e7e5 g1f3")
    assert [board.turn for board in found.boards] == [chess.WHITE, chess.BLACK, chess.WHITE, chess.BLACK]
    assert found.solver == chess.WHITE
    assert list(found.solver_plies) == [0, 2]
    assert found.last.piece_type_at(chess.F3) == chess.KNIGHT


def test_an_illegal_move_and_no_move_are_refused() -> None:
    with pytest.raises(ValueError, match="illegal move in a line: e2e5"):
        line(chess.STARTING_FEN, "e2e5")
    with pytest.raises(ValueError, match="at least one move"):
        line(chess.STARTING_FEN, "")


def test_the_board_that_was_given_does_not_change() -> None:
    board = chess.Board()
    Line.of(board, [chess.Move.from_uci("e2e4")])
    assert board == chess.Board()


def test_the_move_before_is_known_from_the_board_or_the_position_before() -> None:
    played = puzzle(chess.STARTING_FEN, "e2e4 e7e5")
    assert played.flaw == chess.Move.from_uci("e2e4")
    told = Line.of(played.boards[0], played.moves, chess.Board())
    assert told.flaw == played.flaw
    assert told.opponent_move(0) == (chess.Board(), chess.Move.from_uci("e2e4"))
    assert line(played.boards[0].fen(), "e7e5").flaw is None


def test_a_position_before_from_another_game_has_no_move_to_the_first() -> None:
    assert Line.of(chess.Board(), [chess.Move.from_uci("e2e4")], chess.Board()).flaw is None


def test_captures_in_passing_and_castling() -> None:
    assert line(PASSING, "e5d6").captured(0) == chess.PAWN
    assert line(PASSING, "e1g1").captured(0) is None
    assert line(PASSING, "e1g1").moved(0) == chess.KING


def test_a_mate_of_the_opponent_is_none_of_the_solver() -> None:
    assert line("6k1/5ppp/8/8/8/8/8/3RK3 w - - 0 1", "d1d8").is_mate
    assert not line(chess.STARTING_FEN, "f2f3 e7e5 g2g4 d8h4").is_mate
