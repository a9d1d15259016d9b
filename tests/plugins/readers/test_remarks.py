"""Clocks, move times and evaluations in the comments of a PGN game."""

from __future__ import annotations

import io

import pytest

from engine.model import AnalysedPosition, Score, SourceGame
from engine_plugins.readers.pgn import PgnReader
from tests.support import shared_data


def read(moves: str, headers: str = '[White "A"]\n') -> SourceGame:
    reader = PgnReader()
    [raw] = reader.split(io.BytesIO(f"{headers}\n{moves}\n".encode()))
    game = reader.parse(raw)
    assert isinstance(game, SourceGame), game
    return game


def scores(game: SourceGame) -> list[Score | None]:
    """The mover's view of each position."""
    assert game.recording is not None
    return [None if p is None or p.evaluation is None else p.evaluation.score for p in game.recording.positions]


def test_lichess_writes_pawns_and_mates_from_whites_view() -> None:
    game = read("1. e4 { [%eval 0.24] [%clk 0:03:00] } 1... e5 { [%eval #-3] } 2. Nf3 { [%eval 1,22] } *")
    assert scores(game) == [None, Score(cp=-24), Score(mate=-3), Score(cp=-100)]
    assert game.clocks == (180.0, None, None)
    assert game.recording is not None
    position = game.recording.positions[3]
    assert position == AnalysedPosition(position.evaluation, recorded=True)  # type: ignore[union-attr]
    assert position.evaluation is not None
    assert (position.evaluation.depth, position.evaluation.best) == (22, None)


def test_the_position_before_the_first_move_and_a_game_that_black_begins() -> None:
    fen = '[FEN "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"]\n'
    game = read("{ [%eval 0.3] } 1... e5 { [%eval -0.4] } *", fen)
    assert scores(game) == [Score(cp=-30), Score(cp=-40)]


def test_a_mate_that_has_been_given_says_nothing_and_nor_does_what_follows_it() -> None:
    game = read("1. e4 { [%clk 0:01:00] [%eval #0] [%eval 0.3] } e5 { [%eval #x] [%eval 0.2] } *")
    assert scores(game) == [None, None, Score(cp=20)]


def test_what_no_program_writes_is_passed_over() -> None:
    game = read(f"1. e4 {{ [%clk {'1' * 5000}] [%eval {'1' * 5000}] [%emt 0:00:0x] }} *")
    assert (game.clocks, game.times, game.recording) == ((), (), None)


def test_the_first_of_two_evaluations_counts_and_variations_do_not() -> None:
    game = read("1. e4 { [%eval 0.2] } { [%eval 0.9] } ( 1. d4 { [%eval 5.0] } ) e5 { [%eval #0] } *")
    assert scores(game) == [None, Score(cp=-20), None]


def test_cutechess_speaks_of_the_position_before_the_move_from_the_movers_view() -> None:
    game = read("1. e4 {+0.71/22 1.2s} e5 {-0.30/21 0.5s} 2. Nf3 {+M5/30 2s} Nc6 {-M4/12} 3. Bb5 {book} *")
    assert scores(game) == [Score(cp=71), Score(cp=-30), Score(mate=3), Score(mate=-2), None, None]
    assert game.times == (1.2, 0.5, 2.0, None, None)
    assert game.recording is not None
    first = game.recording.positions[0]
    assert first is not None
    assert first.evaluation is not None
    assert (first.evaluation.best, first.evaluation.depth) == ("e2e4", 22)


def test_move_times() -> None:
    assert read("1. e4 {[%emt 0:00:07.5]} e5 {[%emt 0:01:00]} 2. d4 *").times == (7.5, 60.0, None)


@pytest.mark.parametrize(
    ("evals", "expected"),
    [
        (["8", "14", "60"], [8, 14, 60]),  # whole numbers, one of them large: centipawns
        (["8.0", "-4.0", "60.0"], [800, -400, 6000]),  # a point: pawns
        (["1", "0", "-2"], [100, 0, -200]),  # small whole numbers: pawns
    ],
)
def test_the_unit(evals: list[str], expected: list[int]) -> None:
    first, second, third = (f"{{[%eval {value},9]}}" for value in evals)
    moves = f"1. e4 {first} e5 {second} 2. Nf3 {third} *"
    white = [-cp if k % 2 else cp for k, cp in enumerate(expected, 1)]
    assert scores(read(moves))[1:] == [Score(cp=cp) for cp in white]


def test_centipawns_whose_neighbours_contradict_each_other_are_the_movers() -> None:
    game = read("1. e4 {[%eval 41,9]} e5 {[%eval -44,9]} 2. Nf3 {[%eval 39,9]} Nc6 {[%eval -38,9]} *")
    assert scores(game)[1:] == [Score(cp=-41), Score(cp=44), Score(cp=-39), Score(cp=38)]


@pytest.mark.parametrize("comment", ["[%eval]", "[%eval x]", "[%eval #]", "[%eval 99999999999]", "+x/22", "M/1"])
def test_what_is_no_evaluation_is_passed_over(comment: str) -> None:
    assert read(f"1. e4 {{{comment}}} e5 *").recording is None


@pytest.mark.parity
def test_a_real_file_in_centipawns() -> None:
    """The engine that lost saw itself behind: the mover's view is understood."""
    reader = PgnReader()
    with shared_data("engine", "redqueen_270_eval.pgn").open("rb") as file:
        raw = next(reader.split(file))
    game = reader.parse(raw)
    assert isinstance(game, SourceGame)
    assert game.headers["Result"] == "0-1"
    recorded = [
        (score.cp or 0) * (1 if k % 2 == 0 else -1) for k, score in enumerate(scores(game)) if score is not None
    ]
    assert len(recorded) == 61
    assert all(cp < 0 for cp in recorded[-20:])
    assert max(map(abs, recorded)) < 5000
