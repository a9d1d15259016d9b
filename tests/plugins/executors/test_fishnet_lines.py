"""The lines of moves that carry the positions of units to clients of fishnet."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence

import chess
import chess.pgn
import pytest

from engine.model import Origin, Position, SourceGame
from engine.search.planner import plan
from engine.settings import Search
from engine_plugins.executors._fishnet.lines import Line, lines_of
from tests.support import DATA

START = chess.STARTING_FEN
CHESS960 = "4k1r1/pppp1ppp/8/8/8/8/PPPP1PPP/4K1R1 w Gg - 0 1"


def units_of(board: chess.Board, moves: Sequence[str], **search: object) -> list[tuple[Position, ...]]:
    fen = board.fen(shredder=board.chess960)
    sans = []
    for uci in moves:
        move = board.parse_uci(uci)
        sans.append(board.san(move) if move else "--")
        board.push(move)
    variant = "chess960" if board.chess960 else "standard"
    game = SourceGame({}, fen, variant, tuple(moves), tuple(sans))  # type: ignore[arg-type]
    planned = plan(Origin(1, "x.pgn", 1), game, Search(**search), itertools.count(1))  # type: ignore[arg-type]
    return [unit.positions for unit in planned.units]


def check(positions: Sequence[Position], line: Line) -> None:
    """Each place of a line is the position that it stands for, with all repetitions that its own past has."""
    assert list(line.places) == sorted(line.places, reverse=True)
    assert len(line.moves) == line.places[0]
    for index, place in zip(line.indices, line.places, strict=True):
        sent, own = positions[index], Position(line.root.fen, line.moves[:place], line.root.chess960)
        assert own.board().fen() == sent.board().fen()
        assert len(own.moves) >= len(sent.moves)


def classics() -> list[list[str]]:
    file = io.StringIO((DATA / "classics.pgn").read_text(encoding="utf-8"))
    games = iter(lambda: chess.pgn.read_game(file), None)
    return [[move.uci() for move in game.mainline_moves()] for game in games if game is not None]


def test_every_unit_of_a_game_is_one_line() -> None:
    games = classics()[:4]
    assert len(games) == 4
    for search in ({}, {"adaptive": True}):
        for moves in games:
            for positions in units_of(chess.Board(), moves, **search):
                every = range(len(positions))
                [line] = lines_of(positions, every, 500)
                assert line.indices == tuple(every)
                check(positions, line)


def test_some_positions_of_a_unit_share_its_lines() -> None:
    [positions] = units_of(chess.Board(), max(classics(), key=len), adaptive=True)
    chosen = [1, 2, 9, 10, 30]
    [line] = lines_of(positions, chosen, 500)
    assert line.indices == tuple(chosen)
    check(positions, line)
    parts = list(lines_of(positions, chosen, 2))
    assert [part.indices for part in parts] == [(1, 2), (9, 10), (30,)]
    for part in parts:
        check(positions, part)


def test_castling_of_chess960_stays_king_takes_rook() -> None:
    board = chess.Board(CHESS960, chess960=True)
    [positions] = units_of(board, ["a2a3", "a7a6", "e1g1", "e8g8"], policy="game")
    [line] = lines_of(positions, range(len(positions)), 500)
    assert line.moves[-2:] == ("e1g1", "e8g8")
    assert line.root.chess960
    check(positions, line)


@pytest.mark.parametrize("gone", [1, 3])
def test_a_line_ends_where_moves_are_not_known(gone: int) -> None:
    # A capture is irreversible, so that what is before a position that is left out is not in the one after it.
    moves = ["e2e4", "d7d5", "e4d5", "d8d5", "b1c3"]
    [positions] = units_of(chess.Board(), moves, policy="game")
    some = [position for index, position in enumerate(positions) if index != gone]
    lines = list(lines_of(some, range(len(some)), 500))
    assert [index for line in lines for index in line.indices] == list(range(len(some)))
    assert len(lines) == 2
    for line in lines:
        check(some, line)


def test_nothing_leads_over_a_null_move() -> None:
    [positions] = units_of(chess.Board(), ["e2e4", "0000", "d2d4"], policy="game")
    lines = list(lines_of(positions, range(len(positions)), 500))
    assert [line.moves for line in lines] == [("d2d4",), ("e2e4",)]
