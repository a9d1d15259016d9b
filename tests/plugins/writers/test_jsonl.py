"""JSON Lines: the schema, White's view, and what is left out."""

from __future__ import annotations

import json
from typing import Any

from msgspec import structs

from engine.model import AnalysedGame, AnalysedPosition, Epd, Evaluation, Line, Score
from engine.testing import analysed_game
from engine.testing.builders import Eval
from engine_plugins.writers.jsonl import JsonlWriter
from tests.plugins.writers.rendering import render


def line(game: AnalysedGame) -> Any:
    text = render(JsonlWriter, [game])
    assert text.endswith("\n")
    assert text.count("\n") == 1
    return json.loads(text)


def test_a_whole_line() -> None:
    game = analysed_game(
        "1. e4 { [%clk 0:03:00] } e5 { [%clk 0:02:59.25] } *",
        [31, 25, -70],
        headers={"White": "Anna", "Result": "*"},
        best={1: "c5"},
        number=7,
    )
    first, second = game.plies
    assert render(JsonlWriter, [game]) == (
        '{"game":7,"file":"example.pgn","line":7,"variant":"standard","headers":{"White":"Anna","Result":"*"},'
        '"fen":"rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1","positions":['
        '{"eval":{"cp":31},"best":"e2e4","pv":["e2e4"],"depth":16,"nodes":100000},'
        '{"eval":{"cp":25},"best":"c7c5","pv":["c7c5"],"depth":16,"nodes":100000},'
        '{"eval":{"cp":-70},"best":"a2a3","pv":["a2a3"],"depth":16,"nodes":100000}],"plies":['
        f'{{"san":"e4","uci":"e2e4","judgement":null,"accuracy":{first.accuracy},"loss":{first.loss},"clock":180.0,'
        f'"time":null,"win_before":{first.win_before},"win_after":{first.win_after}}},'
        f'{{"san":"e5","uci":"e7e5","judgement":null,"accuracy":{second.accuracy},"loss":0,"clock":179.25,'
        f'"time":null,"win_before":{second.win_before},"win_after":{second.win_after}}}],'
        '"phases":{"middlegame":null,"endgame":null},"opening":{"eco":"C20","name":"King\'s Pawn Game","ply":2},'
        f'"white":{{"accuracy":{game.white.accuracy},"acpl":{game.white.acpl},'
        '"inaccuracies":0,"mistakes":0,"blunders":0},'
        f'"black":{{"accuracy":{game.black.accuracy},"acpl":0,"inaccuracies":0,"mistakes":0,"blunders":0}},'
        '"scale":1.0,"reconciled":false}\n'
    )


def test_scores_are_whites_also_with_black_to_move() -> None:
    evals: list[Eval] = [10, "#-2", "#3", -40]
    fen = "rnbqkbnr/pppp1ppp/8/4p3/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 2"
    for headers in ({}, {"FEN": fen}):
        game = analysed_game("Nf6 d3 d6" if headers else "1. e4 e5 2. d3", evals, headers=headers)
        found = [position["eval"] for position in line(game)["positions"]]
        assert found == [{"cp": 10}, {"mate": -2}, {"mate": 3}, {"cp": -40}]


def test_lines_of_multipv_are_whites_too() -> None:
    game = analysed_game("1. e4", [20, 30])
    lines = (Line(Score(cp=-30), ("e7e5", "g1f3"), 12), Line(Score(mate=-4), ("f7f6",), 11))
    black = AnalysedPosition(Evaluation(Score(cp=-30), ("e7e5", "g1f3"), 12, 999, lines))
    positions = line(structs.replace(game, positions=(game.positions[0], black)))["positions"]
    assert "lines" not in positions[0]
    assert positions[1]["eval"] == {"cp": 30}
    assert positions[1]["lines"] == [
        {"eval": {"cp": 30}, "pv": ["e7e5", "g1f3"], "depth": 12},
        {"eval": {"mate": 4}, "pv": ["f7f6"], "depth": 11},
    ]


def test_terminal_and_missing_positions() -> None:
    mate = line(analysed_game("1. f3 e5 2. g4 Qh4#", [0, None, 0, 0]))
    assert mate["positions"][4] == {"terminal": "checkmate"}
    assert mate["positions"][1] == {"missing": "input"}
    assert mate["plies"][3]["accuracy"] is None
    assert mate["plies"][0] == {
        "san": "f3", "uci": "f2f3", "judgement": None, "accuracy": None, "loss": None, "clock": None,
        "time": None, "win_before": None, "win_after": None,
    }  # fmt: skip


def test_only_an_epd_line_has_epd_and_only_a_cut_game_has_a_problem() -> None:
    epd = Epd(id="WAC.001", bm=("g3g6",))
    fen = "2rr3k/pp3pp1/1nnqbN1p/3pN3/2pP4/2P3Q1/PPB4P/R4RK1 w - - 0 1"
    record = line(analysed_game("", [500], headers={"FEN": fen}, epd=epd))
    assert record["epd"] == {"id": "WAC.001", "bm": ["g3g6"]}
    assert record["plies"] == []
    assert "problem" not in record
    cut = line(structs.replace(analysed_game("1. e4", [0, 0]), problem="`Qh8` illegal"))
    assert cut["problem"] == "`Qh8` illegal"
    assert "epd" not in cut


def test_hostile_text_stays_one_line_of_json() -> None:
    value = 'a"]\n[Result "1-0" \u2028 </script> \\ \udcff'
    game = analysed_game("1. e4", [0, 0], headers={"White": value})
    record = line(game)
    assert record["headers"]["White"] == value.replace("\udcff", "?")
    assert [position["eval"]["cp"] for position in record["positions"]] == [0, 0]
