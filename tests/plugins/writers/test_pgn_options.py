"""Annotated PGN: how much is written, as the options say."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs

from engine.plugin import RunInfo
from engine.testing import analysed_game
from engine_plugins.writers._annotations import PgnOptions
from engine_plugins.writers.pgn import PgnWriter
from tests.plugins.writers.rendering import INFO, read_text, render

MOVES = "1. a3 d5 2. g4 h6 *"
EVALS = [15, -60, -55, -400, -100]
BEST = {0: "e4", 2: "d4", 3: "Bxg4"}


def info(**arguments: Any) -> RunInfo:
    return structs.replace(INFO, options=PgnOptions(**arguments))


def movetext(pgn: str = MOVES, **arguments: Any) -> str:
    text = render(PgnWriter, [analysed_game(pgn, EVALS, best=BEST)], info(**arguments))  # type: ignore[arg-type]
    return " ".join(text.split("\n\n")[1].split())


def test_everything_but_the_depth_is_the_default() -> None:
    assert movetext() == movetext(judged="inaccuracy", nags=True, comments=True, line=12, evals=True, depth=False)
    assert movetext().startswith("1. a3 $6 { [%eval -0.60] } { (0.15 → -0.60) Inaccuracy. e4 was best. } (1. e4)")


def test_the_depth_goes_with_the_evaluation() -> None:
    game = analysed_game("1. e4 e5 *", [20, 30, "#4"])
    positions = [
        structs.replace(position, evaluation=structs.replace(position.evaluation, depth=depth))
        for position, depth in zip(game.positions, (11, 18, 0), strict=True)
        if position.evaluation is not None
    ]
    text = render(PgnWriter, [structs.replace(game, positions=tuple(positions))], info(depth=True))
    assert "1. e4 { [%eval 0.30,18] } 1... e5" in text
    assert "{ [%eval #4] }" in text  # a depth that nobody knows is not written
    read = read_text(text)[0]
    assert render(PgnWriter, [read], info(depth=True)).count("%eval") == 2


@pytest.mark.parametrize(("least", "marks"), [("inaccuracy", 3), ("mistake", 2), ("blunder", 2), ("none", 0)])
def test_only_what_is_bad_enough_is_judged(least: str, marks: int) -> None:
    text = movetext(judged=least)
    assert sum(text.count(f" {nag} ") for nag in ("$6", "$2", "$4")) == marks
    assert text.count("→") == marks
    assert text.count("(1. e4") + text.count("(2. d4") + text.count("(2... Bxg4") == marks
    assert text.count("%eval") == 4


def test_each_part_can_be_left_out() -> None:
    assert "$" not in movetext(nags=False)
    assert "→" not in movetext(comments=False)
    assert "$4" in movetext(comments=False)
    assert "%eval" not in movetext(evals=False)
    assert "→" in movetext(evals=False)
    assert "(1." not in movetext(line=0)
    assert "e4 was best" in movetext(line=0)
    assert movetext(judged="none", evals=False) == "1. a3 d5 2. g4 h6 *"


def test_the_line_is_as_long_as_asked_for() -> None:
    game = analysed_game(MOVES, EVALS, best=BEST)  # type: ignore[arg-type]
    evaluation = game.positions[0].evaluation
    assert evaluation is not None
    long = structs.replace(evaluation, pv=("e2e4", "e7e5", "g1f3", "b8c6", "f1b5"))
    game = structs.replace(
        game, positions=(structs.replace(game.positions[0], evaluation=long), *game.positions[1:])
    )
    for plies, line in ((1, "(1. e4)"), (3, "(1. e4 e5 2. Nf3)"), (12, "(1. e4 e5 2. Nf3 Nc6 3. Bb5)")):
        assert line in " ".join(render(PgnWriter, [game], info(line=plies)).split())


def test_what_is_not_written_is_not_taken_from_the_input() -> None:
    pgn = "1. a3 { [%eval 0.99,7] } $2 { (0.25 → 0.85) Mistake. c4 was best. } d5 2. g4 h6 *"
    assert "[%eval 0.99,7]" in movetext(pgn, evals=False)
    assert "(0.25 → 0.85) Mistake. c4 was best." in movetext(pgn, comments=False)
    assert "$2" in movetext(pgn, nags=False)


def test_clocks_of_games_that_were_no_pgn_are_written() -> None:
    game = analysed_game("1. e4 { [%clk 0:01:05.5] } e5 { [%clk 1:00:00] } 2. d4 *", [0, 0, 0, 0])
    text = render(PgnWriter, [structs.replace(game, text="")])
    assert "1. e4 { [%eval 0.00] [%clk 0:01:05.5] } 1... e5 { [%eval 0.00] [%clk 1:00:00] }\n2. d4" in text
    assert render(PgnWriter, read_text(text)).count("%clk") == 2


def every() -> Iterator[dict[str, Any]]:
    names = ("judged", "nags", "comments", "line", "evals", "depth")
    values = (
        ("inaccuracy", "blunder", "none"),
        (True, False),
        (True, False),
        (0, 3),
        (True, False),
        (True, False),
    )
    return (dict(zip(names, chosen, strict=True)) for chosen in itertools.product(*values))


def test_a_second_pass_changes_nothing_whatever_the_options() -> None:
    source = '[White "A"]\n\n1. e4 { hm } e5 2. Qh5?! (2. Nf3 $1) Nc6 3. Bc4 Nf6?? 4. Qxf7# { done } 1-0\n'
    for options in every():
        once = render(PgnWriter, read_text(source), info(**options))
        assert render(PgnWriter, read_text(once), info(**options)) == once, options
