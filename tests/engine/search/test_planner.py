from __future__ import annotations

import itertools

import chess
import pytest

from engine.model import AnalysedPosition, Origin, SourceGame
from engine.positions.refusal import refusal
from engine.search.games import PlannedGame
from engine.search.planner import cut_again, plan
from engine.settings import Search

START = chess.STARTING_FEN
RUY = (
    "e2e4 e7e5 g1f3 b8c6 f1b5 a7a6 b5a4 g8f6 e1g1 f8e7 f1e1 b7b5 a4b3 d7d6 c2c3 e8g8 h2h3 c6a5 b3c2 c7c5 d2d4 d8c7"
)


def game(moves: str, fen: str = START, variant: str = "standard") -> SourceGame:
    board = chess.Board(fen, chess960=variant == "chess960")
    sans = tuple(board.san_and_push(board.parse_uci(uci)) for uci in moves.split())
    return SourceGame({}, fen, variant, tuple(moves.split()), sans)  # type: ignore[arg-type]


def planned(source: SourceGame, **search: object) -> PlannedGame:
    return plan(Origin(1, "x.pgn", 1), source, Search(**search), itertools.count(1))  # type: ignore[arg-type]


def test_opening_positions_are_units_of_their_own_and_the_rest_chunks_backwards() -> None:
    found = planned(game(RUY))
    assert [unit.plies for unit in found.units[:10]] == [(k,) for k in range(10)]
    assert [unit.plies for unit in found.units[10:]] == [tuple(range(21, 9, -1)), (22,)]
    assert [unit.id for unit in found.units] == list(range(1, 13))


def test_in_adaptive_searches_a_game_is_a_unit_and_a_position_by_itself_gets_all_nodes() -> None:
    [whole] = planned(game(RUY), adaptive=True).units
    assert whole.plies == tuple(range(22, -1, -1))
    assert whole.moves[::-1] == (*RUY.split(), "")
    [alone] = planned(game(""), adaptive=True).units
    assert (alone.plies, alone.moves) == ((0,), ())
    assert alone == planned(game("")).units[0]


@pytest.mark.parametrize("moves", [RUY, "e2e4", ""])
def test_a_planned_game_can_be_cut_again(moves: str) -> None:
    adaptive, uniform = (planned(game(moves), adaptive=adaptive) for adaptive in (True, False))
    assert cut_again(uniform, Search(adaptive=True), itertools.count(1)) == adaptive.units
    assert cut_again(adaptive, Search(adaptive=False), itertools.count(1)) == uniform.units


def test_every_position_is_searched_exactly_once_and_is_the_right_one() -> None:
    source = game(RUY)
    found = planned(source, opening=3, chunk=5)
    board = chess.Board()
    expected = [board.fen()]
    for uci in source.moves:
        board.push_uci(uci)
        expected.append(board.fen())
    asked = {ply: pos for unit in found.units for ply, pos in zip(unit.plies, unit.positions, strict=True)}
    assert sorted(asked) == list(range(len(expected)))
    assert [asked[k].board().fen() for k in range(len(expected))] == expected


def test_what_is_sent_starts_after_the_last_irreversible_move() -> None:
    found = planned(game("e2e4 e7e5 g1f3 b8c6 f3g1 c6b8"))
    last = found.units[-1].positions[0]
    assert last.moves == ("g1f3", "b8c6", "f3g1", "c6b8")
    assert last.fen == "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 0 2"


def test_transposed_openings_send_the_same() -> None:
    one, two = planned(game("e2e4 e7e6 d2d4 d7d5")), planned(game("e2e4 e7e6 d2d4 d7d5 b1c3"))
    assert [u.positions for u in one.units[:5]] == [u.positions for u in two.units[:5]]


def test_fresh_policy_makes_every_position_a_unit() -> None:
    assert all(len(unit.plies) == 1 for unit in planned(game(RUY), policy="fresh").units)


def test_game_policy_makes_a_whole_game_a_unit() -> None:
    [unit] = planned(game(RUY), policy="game").units
    assert unit.plies == tuple(range(len(RUY.split()), -1, -1))


@pytest.mark.parametrize(
    ("moves", "fen", "terminal"),
    [
        ("f2f3 e7e5 g2g4 d8h4", START, "checkmate"),
        ("c1c7", "k7/8/1K6/8/8/8/8/2Q5 w - - 0 1", "stalemate"),
    ],
)
def test_positions_without_a_legal_move_are_not_searched(moves: str, fen: str, terminal: str) -> None:
    found = planned(game(moves, fen))
    last = len(moves.split())
    assert found.positions[last] == AnalysedPosition(terminal=terminal)  # type: ignore[arg-type]
    assert {ply for unit in found.units for ply in unit.plies} == set(range(last))


def test_dead_drawn_positions_are_searched_like_any_other() -> None:
    found = planned(game("d6c6", "4k3/8/3K4/8/8/8/8/8 w - - 99 80"))
    assert [unit.plies for unit in found.units] == [(0,), (1,)]


def test_chess960_is_sent_in_shredder_form() -> None:
    fen = "nrbbqnkr/pppppppp/8/8/8/8/PPPPPPPP/NRBBQNKR w HBhb - 0 1"
    source = game("f2f4 e7e5 f1g3 d8h4", fen, "chess960")
    first = planned(source).units[0].positions[0]
    assert first.chess960
    assert first.fen.split()[2] == "HBhb"


REFUSED = {
    "two white kings": "4k3/8/8/8/8/8/8/K3K3 w - - 0 1",
    "no king": "4k3/8/8/8/8/8/8/8 w - - 0 1",
    "opponent in check": "4k3/8/8/8/8/8/8/K3R3 w - - 0 1",
    "pawn on the last rank": "P3k3/8/8/8/8/8/8/K7 w - - 0 1",
    "nine white pawns": "4k3/8/8/8/8/P7/PPPPPPPP/K7 w - - 0 1",
    "a queen more than promotions allow": "4k3/8/8/8/8/8/PPPPPPPP/KQQ5 w - - 0 1",
    "castling right without rook": "4k3/8/8/8/8/8/8/4K3 w K - 0 1",
    "full move number": "4k3/8/8/8/8/8/8/4K2R w - - 0 100001",
}


@pytest.mark.parametrize("fen", REFUSED.values(), ids=REFUSED.keys())
def test_positions_that_crash_evaluators_are_refused_with_a_reason(fen: str) -> None:
    found = planned(SourceGame({}, fen))
    assert found.units == ()
    assert found.positions == (AnalysedPosition(missing="refused"),)
    [(ply, reason)] = found.refused
    assert ply == 0
    assert reason


def test_a_game_from_an_unsound_position_is_searched_once_it_is_sound() -> None:
    # Ten white pieces beyond what eight pawns allow, until one is captured.
    fen = "4k3/8/8/8/7b/8/PPPPPPPP/KQQ3R1 b - - 0 1"
    found = planned(game("h4f2 a2a3 f2g1", fen))
    assert [position is None for position in found.positions] == [False, True, True, True]
    assert all(refusal(p.board()) is None for unit in found.units for p in unit.positions)


def test_after_a_null_move_positions_are_sent_without_a_past() -> None:
    source = SourceGame({}, START, moves=("e2e4", "0000", "g1f3", "b8c6"), sans=("e4", "--", "Nf3", "Nc6"))
    found = planned(source)
    sent = [unit.positions[0] for unit in found.units]
    after_null = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR w KQkq - 1 2"
    assert [position.moves for position in sent] == [(), (), (), ("g1f3",), ("g1f3", "b8c6")]
    assert sent[2].fen == sent[4].fen == after_null
    assert not found.refused
