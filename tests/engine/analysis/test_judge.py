"""Judging whole games: points of view, the first move, terminal positions, missing evaluations."""

from __future__ import annotations

import chess
import pytest

from engine.analysis.judge import analyse
from engine.model import AnalysedGame, AnalysedPosition, Evaluation, Origin, Score, SourceGame
from engine.testing import analysed_game
from tests.support import lichess_games

KINGS_AND_PAWN = {"FEN": "8/4k3/8/4K3/4P3/8/8/8 b - - 0 41", "SetUp": "1"}


def test_every_ply_is_judged_from_its_movers_view() -> None:
    game = analysed_game("1. e4 e5 2. Nf3 d5", [15, 10, 12, 15, 300])
    assert [ply.san for ply in game.plies] == ["e4", "e5", "Nf3", "d5"]
    assert [ply.loss for ply in game.plies] == [5, 2, 0, 285]
    assert [ply.judgement for ply in game.plies] == [None, None, None, "blunder"]
    assert game.plies[2].accuracy == 100
    assert (game.white.acpl, game.black.acpl) == (3, 144)
    assert (game.black.inaccuracies, game.black.mistakes, game.black.blunders) == (0, 0, 1)


def test_the_standard_start_counts_as_15_centipawns_whatever_was_found_there() -> None:
    game = analysed_game("1. e4 e5", [90, 15, 15])
    assert game.plies[0].loss == 0
    assert game.positions[0].evaluation is not None
    assert game.positions[0].evaluation.score == Score(cp=90)
    unknown = analysed_game("1. e4 e5", [None, -85, -85])
    assert unknown.plies[0].loss == 100


def test_a_set_up_position_starts_from_its_own_evaluation() -> None:
    game = analysed_game("41... Kd7 42. Kf6", [350, 450, 420], headers=KINGS_AND_PAWN)
    assert [ply.loss for ply in game.plies] == [100, 30]
    assert game.black.acpl == 100
    assert game.white.acpl == 30
    unknown = analysed_game("41... Kd7 42. Kf6", [None, 450, 420], headers=KINGS_AND_PAWN)
    assert [ply.loss for ply in unknown.plies] == [None, 30]
    assert unknown.black.acpl is None


def test_a_mating_move_has_no_figures() -> None:
    game = analysed_game("1. f3 e5 2. g4 Qh4#", [20, -60, -45, "#-1"])
    assert game.positions[-1] == AnalysedPosition(terminal="checkmate")
    last = game.plies[-1]
    assert (last.judgement, last.accuracy, last.loss) == (None, None, None)
    assert game.plies[2].judgement == "blunder"


def test_stalemate_is_zero_centipawns() -> None:
    game = analysed_game(
        "1. Kb6 Ka8 2. Qc7", [900, "#3", "#1"], headers={"FEN": "1k6/8/2K5/8/8/8/8/2Q5 w - - 10 70"}
    )
    assert game.positions[-1] == AnalysedPosition(terminal="stalemate")
    assert game.plies[-1].judgement == "blunder"
    assert game.plies[-1].loss == 1000


def test_nothing_is_said_beside_a_missing_evaluation() -> None:
    game = analysed_game("1. e4 e5 2. Nf3 Nc6 3. Bb5 a6", [15, 15, None, 300, 20, 15, 15])
    assert [ply.loss for ply in game.plies] == [0, None, None, 0, 5, 0]
    assert [ply.accuracy is None for ply in game.plies] == [False, True, True, False, False, False]
    assert [ply.judgement for ply in game.plies] == [None] * 6
    assert game.white.acpl == 3


def test_one_move_is_no_game_accuracy() -> None:
    game = analysed_game("1. e4", [15, -100])
    assert game.plies[0].accuracy is not None
    assert (game.white.accuracy, game.black.accuracy) == (None, None)
    assert game.white.acpl == 115


def test_clocks_and_castling() -> None:
    game = analysed_game(
        "1. O-O { [%clk 0:03:00] } O-O 2. e4 { [%clk 0:02:59.5] }",
        headers={"Variant": "Chess960", "FEN": "nrbbqkrn/pppppppp/8/8/8/8/PPPPPPPP/NRBBQKRN w GBgb - 0 1"},
    )
    assert [ply.clock for ply in game.plies] == [180.0, None, 179.5]
    assert [ply.uci for ply in game.plies] == ["f1g1", "f8g8", "e2e4"]
    assert game.variant == "chess960"
    assert analysed_game("1. e4").plies[0].clock is None


def test_scale_changes_what_rests_on_win_percent_and_nothing_else() -> None:
    plain = analysed_game("1. e4 e5 2. Nf3 Nc6", [15, 15, 15, -85, -85])
    scaled = analysed_game("1. e4 e5 2. Nf3 Nc6", [15, 15, 15, -85, -85], scale=1.32)
    assert plain.plies[2].judgement == "inaccuracy"
    assert scaled.plies[2].judgement == "mistake"
    assert scaled.plies[2].accuracy < plain.plies[2].accuracy  # type: ignore[operator]
    assert [ply.loss for ply in scaled.plies] == [ply.loss for ply in plain.plies]
    assert scaled.positions == plain.positions


def test_what_the_reader_found_is_handed_on() -> None:
    source = SourceGame(
        headers={"White": "Anna"},
        fen=chess.STARTING_FEN,
        moves=("e2e4",),
        sans=("e4",),
        text="1. e4 Zz9",
        problem="Zz9",
    )
    missing = AnalysedPosition(missing="quarantined")
    game = analyse(Origin(7, "a.pgn", 12), source, [missing, missing], view=("black",))
    assert game.origin == Origin(7, "a.pgn", 12)
    assert (game.text, game.problem, game.view, game.player("white")) == ("1. e4 Zz9", "Zz9", ("black",), "Anna")
    assert game.positions == (missing, missing)


def test_positions_must_fit_the_moves() -> None:
    source = SourceGame(headers={}, fen=chess.STARTING_FEN, moves=("e2e4",), sans=("e4",))
    with pytest.raises(ValueError, match="1 positions for 1 moves"):
        analyse(Origin(1, "a.pgn", 1), source, [AnalysedPosition(missing="input")])


def _from_lichess(record: dict[str, object]) -> AnalysedGame:
    moves, sans = str(record["uci"]).split(), str(record["moves"]).split()
    positions = [AnalysedPosition(missing="input")]
    evals: list[dict[str, int]] = record["analysis"]  # type: ignore[assignment]
    for k, recorded in enumerate(evals, start=1):
        white = Score(cp=recorded.get("eval"), mate=recorded.get("mate"))
        score = -white if k % 2 else white
        positions.append(AnalysedPosition(Evaluation(score, pv=("e2e4",), depth=1, nodes=1)))
    while len(positions) < len(moves) + 1:
        positions.append(AnalysedPosition(missing="input"))
    source = SourceGame(headers={}, fen=chess.STARTING_FEN, moves=tuple(moves), sans=tuple(sans))
    return analyse(Origin(1, "games.ndjson", 1), source, positions)


@pytest.mark.parity
def test_parity_with_lichess_on_500_analysed_games() -> None:
    plies = sides = 0
    games = lichess_games()
    for record, expected in games:
        game = _from_lichess(record)
        judgements = [name and name.lower() for name in expected["judgements"]]
        # What the file says nothing of has no judgement either: mating moves.
        judgements += [None] * (len(game.plies) - len(judgements))
        assert [ply.judgement for ply in game.plies] == judgements, record["id"]
        plies += len(judgements)
        for color in ("white", "black"):
            side, summary = game.side(color), expected["summary"][color]
            assert side.acpl == summary["acpl"], record["id"]
            assert side.accuracy == pytest.approx(summary["accuracy"], abs=0.0011), record["id"]
            assert side.inaccuracies == summary["inaccuracy"], record["id"]
            assert side.mistakes == summary["mistake"], record["id"]
            assert side.blunders == summary["blunder"], record["id"]
            sides += 1
    assert (len(games), sides) == (500, 1000)
    assert plies > 30_000


def test_a_null_move_is_judged_by_nobody() -> None:
    game = analysed_game("1. e4 e5 2. Nf3 -- 3. Bc4 Nc6", [15, 20, 20, 20, 400, 380, 390])
    null = game.plies[3]
    assert (null.san, null.uci) == ("--", "0000")
    assert (null.judgement, null.accuracy, null.loss, null.win_before, null.win_after) == (None,) * 5
    assert game.black.blunders == 0
    assert game.black.acpl == 5  # of two moves that lose 0 and 10 centipawns, not the 380 of the null move
    assert game.plies[4].judgement is None
    assert game.plies[4].accuracy is not None
