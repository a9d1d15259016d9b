"""Annotated PGN from damaged and hostile input: always PGN, one game a game, nothing lost that can be kept."""

from __future__ import annotations

import io

import chess.pgn
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine.model import AnalysedGame
from engine.testing import analysed_game
from engine_plugins.writers.pgn import PgnWriter
from tests.plugins.writers.rendering import read_text, render
from tests.support import assert_linear


def parse(text: str) -> chess.pgn.Game:
    """The only game in `text`, which must be without errors."""
    stream = io.StringIO(text)
    game = chess.pgn.read_game(stream)
    assert game is not None
    assert game.errors == []
    assert chess.pgn.read_game(stream) is None
    return game


def annotate(text: str) -> str:
    return render(PgnWriter, read_text(text))


def moves(game: chess.pgn.Game) -> list[str]:
    return [node.san() for node in game.mainline()]


def ucis(game: AnalysedGame) -> list[str]:
    return [ply.uci for ply in game.plies]


def test_tags_cannot_be_injected() -> None:
    hostile = 'a"]\n[Result "0-1"]\n\n1. d4 \\ \x1b[31m\x00'
    text = render(PgnWriter, [analysed_game("1. e4", [0, 0], headers={"Black": hostile, 'Bad"]\n[X "': "y"})])
    game = parse(text)
    assert game.headers["Result"] == "*"
    assert text.count("[Result") == 2  # the tag, and the words inside Black's
    assert '[Black "a\\"][Result \\"0-1\\"]1. d4 \\\\ [31m"]' in text.split("\n")
    assert moves(game) == ["e4"]
    (again,) = read_text(text)
    assert isinstance(again, AnalysedGame)
    assert again.headers["Black"] == 'a"][Result "0-1"]1. d4 \\ [31m'


def test_comments_cannot_end_early_or_begin_a_line_that_means_something() -> None:
    words = " ".join(["%escape", ";rest", '[Event "x"]'] * 30)
    text = annotate(f"1. e4 ; }} 1... d5 {{ {words}\n1... e5 {{ {words}\n{words} }} *")
    assert moves(parse(text)) == ["e4", "e5"]
    body = text.split("\n\n")[1].split("\n")
    assert not [line for line in body if line.startswith(("[", "%", ";"))]


def test_the_moves_of_a_cut_game_are_kept_and_the_rest_is_a_comment() -> None:
    text = annotate(
        '[White "Anna"]\n\n1. e4 e5 { fine [%clk 0:01:00] } 2. Qh8 { [%clk 0:00:59] } Nc6 (2... d6) 1-0'
    )
    game = parse(text)
    assert moves(game) == ["e4", "e5"]
    comment = " ".join(game.end().comment.split())
    assert comment.endswith("2. Qh8 [clk 0:00:59] Nc6 (2... d6)")
    assert "fine" in comment
    assert "illegal" in comment
    assert game.end().clock() == 60
    assert annotate(text) == text


def test_what_follows_the_result_is_not_lost() -> None:
    game = parse(annotate("1. e4 e5 1-0 2. Nf3"))
    assert moves(game) == ["e4", "e5"]
    assert "2. Nf3" in game.end().comment


def test_an_illegal_move_in_a_variation_costs_only_the_rest_of_it() -> None:
    text = annotate(
        "1. e4 (1. d4 d5 2. Kh8 (2. c4 c6) { no } Qd6) (1. Ke8 { nor this }) 1... e5 (1... zz Nf6) 2. Nf3 *"
    )
    game = parse(text)
    assert moves(game) == ["e4", "e5", "Nf3"]
    first = game.variations[1]
    assert [first.san(), *(node.san() for node in first.mainline())] == ["d4", "d5"]
    assert " ".join(first.end().comment.split()) == "Kh8 (2. c4 c6) no Qd6"
    assert "Ke8 nor this" in " ".join(game.variations[0].comment.split())
    assert game.variations[0].variations[1].starting_comment == "zz"
    assert annotate(text) == text


@pytest.mark.parametrize(
    "open_end", ["1. e4 (1. d4 d5 (1... Nf6 2. c4", "1. e4 { never closed", "1. e4 ((((", "1. e4 ))) *"]
)
def test_what_is_never_closed_is_closed(open_end: str) -> None:
    text = annotate(f'[Event "a"]\n\n{open_end}\n\n[Event "b"]\n\n1. c4 *')
    stream = io.StringIO(text)
    games = [chess.pgn.read_game(stream), chess.pgn.read_game(stream)]
    assert [moves(game) for game in games if game] == [["e4"], ["c4"]]
    assert annotate(text) == text


def test_depth_and_number_cost_no_stack() -> None:
    depth = 5_000
    nested = "1. e4 " + "(1. d4 " * depth + ")" * depth
    text = annotate(f"{nested} 1... e5 {'{ so } ' * depth}*")
    game = parse(text)
    assert moves(game) == ["e4", "e5"]
    assert text.count("(") == depth
    assert text.count(")") == depth
    assert game.end().comment.split().count("so") == depth


@pytest.mark.parametrize(
    ("unit", "text"), [("[%eval ", "{ %s }"), ("(0.1 → ", "%s"), ("(", "%s")], ids=["commands", "words", "nothing"]
)
def test_the_work_is_linear_whatever_the_text(unit: str, text: str) -> None:
    """It would take a minute if each piece were tried or copied for every other one."""
    assert_linear(lambda size: annotate(f"1. e4 {text % (unit * (size // len(unit)))} e5 *"), 200_000)


def test_every_analysed_move_is_written_whatever_the_text_says() -> None:
    game = structs.replace(
        analysed_game("1. e4 e5 2. Nf3 Nc6", [0] * 5), text="1. d4 { odd } Nf6 (1... d5) 2. Nf3 *"
    )
    assert moves(parse(render(PgnWriter, [game]))) == ["e4", "e5", "Nf3", "Nc6"]


def test_text_that_no_file_can_hold_is_written_all_the_same() -> None:
    game = analysed_game("1. e4", [0, 0], headers={"White": "\udcff\ud800"})
    game = structs.replace(game, text="1. e4 { \udcff\x1b[0m\u2028 } *", problem="\udcfe")
    assert moves(parse(render(PgnWriter, [game]))) == ["e4"]


def test_lines_are_at_most_80_columns() -> None:
    long = "word ( of ) " * 90
    text = annotate(f"1. e4 {{ {long} [%clk 0:00:30] }} (1. d4 {{ {long} }}) 1... e5 *")
    assert max(map(len, text.split("\n"))) == 80
    assert " ".join(text.split()).count(" ( of ) ") == 180
    assert annotate(text) == text


PIECES = st.sampled_from(
    [
        *("1.", "1...", "2.", "e4", "e5", "Nf3", "Nc6", "d4", "d5", "Qh8", "0-0", "O-O", "e2e4", "--", "Z0"),
        *("(", ")", "((", "))", "{", "}", "{a}", ";", "[", "]", "%", "\n", "\n\n", "<x>"),
        *("$1", "$4", "$999999999999", "!", "??", "N", "+-", "=", "e.p.", "zz", "1-0", "*", "1/2-1/2"),
        *("[%eval", "[%clk", "[%eval_1]", "{ [%eval 0.1] [%clk 0:00:01] }", '[Event "x"]'),
        "{ (0.1 → 0.2) Blunder. e4 was best. }",
    ]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(PIECES, max_size=25))
def test_any_soup_becomes_pgn_that_stays_as_it_is(pieces: list[str]) -> None:
    games = read_text('[White "Anna"]\n\n1. e4 ' + " ".join(pieces))
    text = render(PgnWriter, games)
    again = read_text(text)
    whole = [game for game in games if isinstance(game, AnalysedGame)]
    assert [ucis(game) for game in again if isinstance(game, AnalysedGame)] == [ucis(game) for game in whole]
    assert not any(isinstance(game, AnalysedGame) and game.problem for game in again)
    if len(whole) == len(games):
        assert render(PgnWriter, again) == text
