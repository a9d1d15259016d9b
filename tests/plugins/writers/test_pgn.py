"""Annotated PGN: what is added beside the moves, and what is replaced."""

from __future__ import annotations

import io

import chess.pgn
import pytest
from msgspec import structs

from engine.model import Epd, EvaluatorInfo, Limit, Origin, SkippedGame
from engine.plugin import RunInfo
from engine.testing import analysed_game, example_games
from engine_plugins.writers.pgn import PgnWriter
from tests.plugins.writers.rendering import INFO, read_text, render


def movetext(text: str) -> str:
    """The moves of the only game in one line."""
    return " ".join(text.split("\n\n")[1].split())


def annotate(pgn: str, evals: list[int | str | None], **arguments: object) -> str:
    return movetext(render(PgnWriter, [analysed_game(pgn, evals, **arguments)]))  # type: ignore[arg-type]


def tags(text: str) -> list[str]:
    return text.split("\n\n", maxsplit=1)[0].split("\n")


# -- what is added ------------------------------------------------------------------------------------------


def test_every_move_gets_whites_view_of_the_position_after_it() -> None:
    assert annotate("1. e4 e5 2. Nf3 Nc6 *", [30, 35, 40, "#-12", -5]) == (
        "1. e4 { [%eval 0.35] } 1... e5 { [%eval 0.40] } 2. Nf3 $4 { [%eval #-12] } { (0.40 → #-12) Blunder. } "
        "2... Nc6 $4 { [%eval -0.05] } { (#-12 → -0.05) Blunder. } *"
    )


def test_the_evaluation_stands_before_the_clock_in_one_comment() -> None:
    pgn = "1. e4 { [%clk 0:00:30] } e5 { good [%emt 0:00:01] } *"
    assert annotate(pgn, [0, 17, 5]) == (
        "1. e4 { [%eval 0.17] [%clk 0:00:30] } 1... e5 { [%eval 0.05] } { good [%emt 0:00:01] } *"
    )


def test_a_mating_move_has_no_evaluation_and_stalemate_is_zero() -> None:
    assert annotate("1. f3 e5 2. g4 Qh4# 0-1", [0, 0, 0, "#-1"]).endswith("2... Qh4# 0-1")
    stalemate = analysed_game("1. Qc7", [900], headers={"FEN": "k7/8/1K6/8/8/8/8/2Q5 w - - 0 1"})
    assert "1. Qc7 $4 { [%eval 0.00] } { (9.00 → 0.00) Blunder. }" in movetext(render(PgnWriter, [stalemate]))


def test_a_judged_move_gets_nag_comment_and_line() -> None:
    # 0.36 to -0.36 is the drop of the comment's own example: 6.6 Win%.
    game = analysed_game("1. d4 d5 2. Nh3 e6 *", [20, 25, 36, -36, -30])
    better = game.positions[2].evaluation
    assert better is not None
    line = structs.replace(better, pv=("g1f3", "g8f6", "c2c4"))
    positions = list(game.positions)
    positions[2] = structs.replace(positions[2], evaluation=line)
    game = structs.replace(game, positions=tuple(positions))
    assert movetext(render(PgnWriter, [game])) == (
        "1. d4 { [%eval 0.25] } 1... d5 { [%eval 0.36] } "
        "2. Nh3 $6 { [%eval -0.36] } { (0.36 → -0.36) Inaccuracy. Nf3 was best. } (2. Nf3 Nf6 3. c4) "
        "2... e6 { [%eval -0.30] } *"
    )


@pytest.mark.parametrize(
    ("after", "nag", "word"), [(-60, "$6", "Inaccuracy"), (-130, "$2", "Mistake"), (-400, "$4", "Blunder")]
)
def test_each_judgement_has_its_nag(after: int, nag: str, word: str) -> None:
    annotated = annotate("1. a3 *", [15, after], best={0: "e4"})
    figure = f"{after / 100:.2f}"
    comment = f"{{ (0.15 → {figure}) {word}. e4 was best. }}"
    assert annotated == f"1. a3 {nag} {{ [%eval {figure}] }} {comment} (1. e4) *"


def test_the_annotator_is_evaluator_and_limit() -> None:
    game = analysed_game("1. e4", [0, 0])
    assert tags(render(PgnWriter, [game]))[-1] == '[Annotator "Stockfish 15.1, 100000 nodes"]'
    named = structs.replace(game, headers={"Annotator": "Anna"})
    assert tags(render(PgnWriter, [named]))[-1] == '[Annotator "Anna + Stockfish 15.1, 100000 nodes"]'
    other = RunInfo(EvaluatorInfo("Stockfish 19 lite", "19", "x"), Limit(depth=8, multipv=2))
    assert tags(render(PgnWriter, [game], other))[-1] == '[Annotator "Stockfish 19 lite, depth 8, multipv 2"]'


def test_an_epd_line_becomes_a_game_without_moves() -> None:
    fen = "2rr3k/pp3pp1/1nnqbN1p/3pN3/2pP4/2P3Q1/PPB4P/R4RK1 w - - 0 1"
    epd = Epd(id="WAC.001", bm=("g3g6",))
    text = render(PgnWriter, [analysed_game("", [750], headers={"FEN": fen}, epd=epd, best={0: "Qg6"})])
    assert tags(text)[0] == '[Event "WAC.001"]'
    assert f'[FEN "{fen}"]' in tags(text)
    assert movetext(text) == "{ [%eval 7.50] } { Best: Qg6. } *"
    again = render(PgnWriter, read_text(text))
    assert again.count("%eval") == again.count("Best:") == 1


def test_setup_and_variant_tags_are_there_when_needed() -> None:
    fen = "nrbbqkrn/pppppppp/8/8/8/8/PPPPPPPP/NRBBQKRN w GBgb - 0 1"
    game = analysed_game("1. O-O", [0, 0], headers={"FEN": fen, "Variant": "Chess960"})
    text = render(PgnWriter, [structs.replace(game, headers={"White": "Anna"})])
    assert [tag.split()[0] for tag in tags(text)] == [
        *("[Event", "[Site", "[Date", "[Round", "[White", "[Black", "[Result"),
        *("[Variant", "[SetUp", "[FEN", "[Annotator"),
    ]
    assert '[White "Anna"]' in tags(text)
    assert '[Date "????.??.??"]' in tags(text)
    read = chess.pgn.read_game(io.StringIO(text))
    assert read is not None
    assert read.errors == []
    assert read.board().chess960
    assert [move.uci() for move in read.mainline_moves()] == ["f1g1"]


# -- what is kept, and what is replaced ---------------------------------------------------------------------


def test_a_mark_from_the_input_is_not_joined_by_another() -> None:
    assert annotate("1. a3?! $16 *", [15, -400], best={0: "e4"}).startswith(
        "1. a3 $6 $16 { [%eval -4.00] } { (0.15"
    )
    assert "$4" not in annotate("1. a3!! *", [15, -400])
    assert annotate("1. a3 $16 *", [15, -400]).startswith("1. a3 $16 $4 ")


def test_a_variation_of_the_input_that_begins_with_the_best_move_is_enough() -> None:
    annotated = annotate("1. a3 (1. e4 $1 { best by test }) (1. d4) *", [15, -400], best={0: "e4"})
    assert annotated == (
        "1. a3 $4 { [%eval -4.00] } { (0.15 → -4.00) Blunder. e4 was best. } (1. e4 $1 { best by test }) (1. d4) *"
    )


def test_old_evaluations_are_replaced_and_other_commands_stay() -> None:
    pgn = "1. e4 { [%eval 0.99,23] [%csl Ge4][%cal Re2e4] [%clk 0:01:00] book } e5 { [%eval #5] } *"
    assert annotate(pgn, [0, 10, 20]) == (
        "1. e4 { [%eval 0.10] [%csl Ge4][%cal Re2e4] [%clk 0:01:00] book } 1... e5 { [%eval 0.20] } *"
    )


def test_an_old_evaluation_stays_where_there_is_no_new_one() -> None:
    assert annotate("1. e4 { [%eval 0.99] } e5 *", [0, None, 20]) == (
        "1. e4 { [%eval 0.99] } 1... e5 { [%eval 0.20] } *"
    )


def test_verdicts_of_an_earlier_pass_give_way() -> None:
    pgn = (
        "1. e4 e5?! { (0.25 → 0.85) Inaccuracy. c5 was best. } { [%eval 0.85] } (1... c5) "
        "2. a3?? { (0.50 → Mate in -3) Checkmate is now unavoidable. Nf3 was best. Oh dear. } *"
    )
    assert annotate(pgn, [20, 20, 25, 20]) == (
        "1. e4 { [%eval 0.20] } 1... e5 { [%eval 0.25] } (1... c5) 2. a3 { [%eval 0.20] } { Oh dear. } *"
    )


def test_comments_of_all_kinds_are_kept() -> None:
    pgn = (
        "{ Before } 1. e4 ; to the end } of the line\n"
        "% escaped\n"
        "$1 { two\nlines } (1. d4 { queen's } d5 (1... Nf6 2. c4 $5) 2. c4) { after } 1... e5 1/2-1/2"
    )
    annotated = annotate(pgn, [0, 0, 0])
    assert annotated == (
        "{ Before } 1. e4 $1 { [%eval 0.00] } { to the end of the line } { two lines } "
        "(1. d4 { queen's } 1... d5 (1... Nf6 2. c4 $5) 2. c4) { after } 1... e5 { [%eval 0.00] } 1/2-1/2"
    )


def test_moves_in_other_spellings_are_recognised() -> None:
    moves = "1.e2-e4 e7e5 2.Ng1f3 Nb8-c6 3.Bc4! Bf8:c5 4.0-0 N Ng8f6 5. d3 { quiet } (5. Nc3 0-0 6. d3) *"
    text = render(PgnWriter, read_text(f'[White "?"]\n\n{moves}'))
    game = chess.pgn.read_game(io.StringIO(text))
    assert game is not None
    assert [node.san() for node in game.mainline()] == ["e4", "e5", "Nf3", "Nc6", "Bc4", "Bc5", "O-O", "Nf6", "d3"]
    assert "{ N }" in text
    assert "{ quiet }" in text
    assert "(5. Nc3 O-O 6. d3)" in movetext(text)


def test_a_skipped_game_is_copied_as_it_stands() -> None:
    text = '[Event "x"]\n[Variant "Atomic"]\n\n1. Nf3 f6 2. Nd4 {odd } 1-0'
    skipped = SkippedGame(Origin(2, "games.pgn", 5), "variant", "Atomic", f"\n{text}\n\n")
    game = analysed_game("1. e4", [0, 0])
    assert render(PgnWriter, [game, skipped, game]).split("\n\n[Event", 2)[1] == text.removeprefix("[Event")


# -- a second time ------------------------------------------------------------------------------------------

LIVELY = """[Event "A \\"quoted\\" \\\\ name"]
[White "Réti"]
[Result "1-0"]

{ A comment before. } 1. e4 $1 { [%clk 0:10:00] } (1. d4 { solid } 1... d5 (1... Nf6 2. c4 (2. Bg5) e6)) 1... e5
2. Qh5?! ; early
Nc6 3. Bc4 Nf6?? { [%eval #1] } (3... g6 $1 4. Qf3) (3... Qe7) 4. Qxf7# { mate } 1-0
"""


def test_a_second_pass_changes_nothing() -> None:
    once = render(PgnWriter, read_text(LIVELY))
    assert render(PgnWriter, read_text(once)) == once


def test_nor_does_one_over_games_of_every_kind() -> None:
    once = render(PgnWriter, example_games())
    twice = render(PgnWriter, read_text(once))
    assert render(PgnWriter, read_text(twice)) == twice


def test_the_annotator_is_named_once() -> None:
    twice = render(PgnWriter, read_text(render(PgnWriter, read_text(LIVELY))))
    assert twice.count("Stockfish") == 1
    assert INFO.evaluator.name == "Stockfish"
