"""UCI as text: what is sent, what is believed of what comes back."""

from __future__ import annotations

import chess
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contracts.messages import pack
from engine.errors import AnalysisError, EvaluatorError, EvaluatorProtocolError, PositionRefused
from engine.model import PV_PLIES, Limit, Line, Position, Score
from engine_plugins.evaluators._uci_options import check_options, parse_option
from engine_plugins.evaluators._uci_text import go_command, position_command, read_search, setoption_command

START = Position(chess.STARTING_FEN)
NODES = Limit(nodes=1000)

OPTIONS = [
    option
    for option in map(
        parse_option,
        (
            "option name Hash type spin default 16 min 1 max 33554432",
            "option name Clear Hash type button",
            "option name Ponder type check default false",
            "option name EvalFile type string default nn type default.nnue",
            "option name Style type combo default Normal var Solid var Normal var Very Risky",
            "option name Debug Log File type string default",
            "option name MultiPV type spin default 1 min 1 max 500",
        ),
    )
    if option
]


# -- what is sent -------------------------------------------------------------------------------------------


def test_commands_are_the_protocols() -> None:
    assert position_command(Position("8/8/8/8/8/4k3/8/4K2R w K - 0 1", ("e1g1",))) == (
        "position fen 8/8/8/8/8/4k3/8/4K2R w K - 0 1 moves e1g1"
    )
    assert position_command(START) == f"position fen {chess.STARTING_FEN}"
    assert go_command(Limit(nodes=5, depth=3, time=200, multipv=4)) == "go nodes 5 depth 3 movetime 200"
    assert setoption_command("Hash", "16") == "setoption name Hash value 16"
    assert setoption_command("Clear Hash", "") == "setoption name Clear Hash"


def test_a_search_without_an_end_is_never_started() -> None:
    with pytest.raises(EvaluatorError, match="needs a limit"):
        go_command(Limit())


@pytest.mark.parametrize("text", ["w\nsetoption name Debug Log File value x", "w\0", "w\x1b[2J", "w\rquit", "♞"])
def test_a_position_stays_one_command(text: str) -> None:
    with pytest.raises(PositionRefused):
        position_command(Position(f"8/8/8/8/8/8/8/8 {text}"))
    with pytest.raises(PositionRefused):
        position_command(Position(chess.STARTING_FEN, (text,)))


# -- what comes back ----------------------------------------------------------------------------------------


def test_the_last_exact_line_counts() -> None:
    evaluation = read_search(
        [
            "info string NNUE evaluation using nn.nnue score cp 999",
            "info depth 1 seldepth 1 multipv 1 score cp 5 nodes 20 pv a2a3",
            "info depth 8 seldepth 9 multipv 1 score cp 31 nodes 900 nps 1 time 1 pv e2e4 e7e5 g1f3",
            "info depth 9 currmove d2d4 currmovenumber 2",
            "info depth 9 seldepth 9 multipv 1 score cp 44 lowerbound nodes 1003 pv e2e4",
            "bestmove e2e4 ponder e7e5",
            "info depth 99 score cp 7 nodes 7 pv h2h4",
        ],
        START,
        NODES,
    )
    assert (evaluation.score, evaluation.pv, evaluation.depth, evaluation.nodes) == (
        Score(cp=31),
        ("e2e4", "e7e5", "g1f3"),
        8,
        1003,
    )
    assert evaluation.lines == ()


def test_the_last_score_counts_bound_or_not_and_a_mate_that_was_found_stays() -> None:
    exact = "info depth 9 seldepth 12 multipv 1 score cp 41 nodes 4840 pv e2e4 e7e5"
    bound = "info depth 10 seldepth 17 multipv 1 score cp 25 lowerbound nodes 40008 pv e2e4"
    for lines, score in [
        ([exact, bound], Score(cp=25)),
        ([bound, exact], Score(cp=41)),
        ([exact, bound, "info depth 10 multipv 2 score cp -80 nodes 40009 pv d2d4"], Score(cp=25)),
        ([exact.replace("cp 41", "mate 4"), bound], Score(mate=4)),
        ([exact, bound.replace("cp 25", "mate 4")], Score(mate=4)),
        ([exact, bound.replace("cp 25", "mate -4")], Score(cp=41)),
        ([exact, bound.replace("cp 25 lowerbound", "mate 4 upperbound")], Score(cp=41)),
        ([exact, bound.replace("cp 25 lowerbound", "mate -4 upperbound")], Score(mate=-4)),
        ([exact, bound.replace("cp 25", "cp 999999999")], Score(cp=41)),
    ]:
        evaluation = read_search([*lines, "bestmove e2e4"], START, NODES, "last")
        assert evaluation.score == score
        assert (evaluation.pv, evaluation.depth) == (("e2e4", "e7e5"), 9)
    several = read_search([exact, bound, "bestmove e2e4"], START, Limit(nodes=1000, multipv=2), "last")
    assert several.score == Score(cp=41)


def test_a_bound_counts_where_nothing_is_exact() -> None:
    evaluation = read_search(
        ["info depth 3 score cp 12 upperbound nodes 4 pv d2d4", "bestmove d2d4"], START, NODES
    )
    assert evaluation.score == Score(cp=12)


def test_the_best_move_rules_over_the_variation() -> None:
    evaluation = read_search(["info depth 3 score cp 12 nodes 4 pv d2d4 d7d5", "bestmove e2e4"], START, NODES)
    assert (evaluation.best, evaluation.pv) == ("e2e4", ("e2e4",))


def test_lines_are_in_the_programs_order_with_the_best_move_first() -> None:
    info = [
        "info depth 5 multipv 1 score cp 30 nodes 10 pv e2e4",
        "info depth 5 multipv 2 score cp 20 nodes 10 pv d2d4",
        "info depth 4 multipv 3 score mate 9 nodes 10 pv c2c4",
        "info depth 4 multipv 4 score cp 1 nodes 10 pv a2a3",
    ]
    limit = Limit(nodes=10, multipv=3)
    first, second = Line(Score(cp=30), ("e2e4",), 5), Line(Score(cp=20), ("d2d4",), 5)
    third = Line(Score(mate=9), ("c2c4",), 4)
    assert read_search([*info, "bestmove e2e4"], START, limit).lines == (first, second, third)
    other = read_search([*info, "bestmove d2d4"], START, limit)
    assert other.lines == (second, first, third)
    assert other.score == Score(cp=20)


def test_a_variation_is_kept_as_far_as_it_is_legal_and_short() -> None:
    shuffle = "g1f3 g8f6 f3g1 f6g8 " * 6
    cases = {
        "e2e4 e7e5 e4e5 g1f3": ("e2e4", "e7e5"),
        "e2e4 0000 d2d4": ("e2e4",),
        "e2e4 nonsense": ("e2e4",),
        shuffle: tuple(shuffle.split()[:PV_PLIES]),
    }
    for pv, kept in cases.items():
        line = f"info depth 5 score cp 30 nodes 10 pv {pv}"
        assert read_search([line, f"bestmove {kept[0]}"], START, NODES).pv == kept


def test_castling_is_written_as_the_position_says() -> None:
    fen = "4k3/8/8/8/8/8/8/4K2R w K - 0 1"
    lines = ["info depth 5 score cp 30 nodes 10 pv {0}", "bestmove {0}"]
    for sent in ("e1g1", "e1h1"):
        output = [line.format(sent) for line in lines]
        assert read_search(output, Position(fen), NODES).pv == ("e1g1",)
        assert read_search(output, Position(fen, chess960=True), NODES).pv == ("e1h1",)


def test_the_moves_of_the_position_are_played_first() -> None:
    lines = ["info depth 5 score mate -1 nodes 10 pv e7e5", "bestmove e7e5"]
    evaluation = read_search(lines, Position(chess.STARTING_FEN, ("e2e4",)), NODES)
    assert (evaluation.score, evaluation.best) == (Score(mate=-1), "e7e5")


SCORE = "info depth 5 score cp 30 nodes 10 pv e2e4"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([], "without a best move"),
        ([SCORE], "without a best move"),
        (["bestmove e2e4"], "no score"),
        (["info depth 5 nodes 10 pv e2e4", "bestmove e2e4"], "no score"),
        (["info depth 5 multipv 2 score cp 3 pv e2e4", "bestmove e2e4"], "no score"),
        ([SCORE, "bestmove (none)"], "illegal best move"),
        ([SCORE, "bestmove 0000"], "illegal best move"),
        ([SCORE, "bestmove e2e5"], "illegal best move"),
        ([SCORE, "bestmove"], "illegal best move"),
        ([SCORE, "bestmove \x1b[2J"], "illegal best move"),
        (["info score cp 1000000000000 pv e2e4", "bestmove e2e4"], "implausible score"),
        (["info score cp -100001 pv e2e4", "bestmove e2e4"], "implausible score"),
        (["info score mate 0 pv e2e4", "bestmove e2e4"], "implausible score"),
        (["info score mate 1001 pv e2e4", "bestmove e2e4"], "implausible score"),
        (["info score cp", "bestmove e2e4"], "implausible score"),
        (["info score cp nan pv e2e4", "bestmove e2e4"], "implausible score"),
        ([f"info score cp {'9' * 5000} pv e2e4", "bestmove e2e4"], "implausible score"),
        (["info depth 5 score wdl 1 2 3 pv e2e4", "bestmove e2e4"], "implausible score"),
        ([f"info depth {'9' * 30} score cp 3 pv e2e4", "bestmove e2e4"], "implausible depth 999"),
        (["info depth 10001 score cp 3 pv e2e4", "bestmove e2e4"], "implausible depth 10001"),
        ([f"info depth {'9' * 5000} score cp 3 pv e2e4", "bestmove e2e4"], "implausible depth 999"),
        ([f"info depth 5 score cp 3 nodes {'9' * 30} pv e2e4", "bestmove e2e4"], "implausible nodes 999"),
        ([f"info depth 5 score cp 3 nodes +{10**15 + 1} pv e2e4", "bestmove e2e4"], "implausible nodes"),
        ([f"info depth 5 multipv {'9' * 5000} score cp 3 pv e2e4", "bestmove e2e4"], "implausible multipv"),
        ([f"info score cp {'9' * 30} pv e2e4", "bestmove e2e4"], "implausible score"),
    ],
)
def test_nonsense_is_an_error_of_one_printable_line(lines: list[str], reason: str) -> None:
    with pytest.raises(EvaluatorProtocolError, match=reason) as caught:
        read_search(lines, START, NODES)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


VOCABULARY = "info depth score cp mate pv multipv nodes bestmove e2e4 e7e5 0000 (none) 1 -3 0 string lowerbound x"
WORDS = st.sampled_from([*VOCABULARY.split(), "9" * 18, "9" * 30, "9" * 5000])


@given(st.lists(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=12).map(" ".join)), max_size=6))
def test_whatever_a_program_says_is_an_evaluation_or_an_error(lines: list[str]) -> None:
    try:
        evaluation = read_search(lines, START, NODES)
    except AnalysisError:
        return
    board = START.board()
    for move in evaluation.pv:
        board.push_uci(move)
    assert evaluation.pv
    assert (evaluation.score.cp is None) != (evaluation.score.mate is None)
    assert pack(evaluation), "it can be sent to the parent and kept"


# -- options ------------------------------------------------------------------------------------------------


def test_option_lines_are_read_whatever_their_names() -> None:
    by_name = {option.name: option for option in OPTIONS}
    assert (by_name["Hash"].min, by_name["Hash"].max, by_name["Hash"].default) == (1, 33554432, "16")
    assert by_name["Clear Hash"].type == "button"
    assert by_name["EvalFile"].default == "nn type default.nnue"
    assert by_name["Style"].choices == ("Solid", "Normal", "Very Risky")
    assert by_name["Debug Log File"].default == ""


@pytest.mark.parametrize(
    "line", ["", "option", "option name", "option name type spin", "info depth 1", "id name x"]
)
def test_other_lines_are_no_options(line: str) -> None:
    assert parse_option(line) is None


def test_options_come_back_in_the_programs_spelling() -> None:
    values = {"hash": "64", "PONDER": "True", "style": "very risky", "clear hash": "", "EvalFile": "my net.nnue"}
    assert check_options(values, OPTIONS) == {
        "Hash": "64",
        "Ponder": "true",
        "Style": "Very Risky",
        "Clear Hash": "",
        "EvalFile": "my net.nnue",
    }


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("Hsh", "16", "did you mean 'Hash'"),
        ("Quantum", "16", "it has: Hash, Clear Hash"),
        ("Hash", "0", "from 1 to 33554432"),
        ("Hash", "33554433", "from 1 to 33554432"),
        ("Hash", "1_6", "whole number"),
        ("Hash", "9" * 5000, "whole number"),
        ("Hash", "sixteen", "whole number"),
        ("Ponder", "yes", "true or false"),
        ("Style", "Wild", "one of Solid, Normal, Very Risky"),
        ("Clear Hash", "now", "it is a button"),
        ("EvalFile", "x\nquit", "control characters"),
        ("EvalFile\0", "x", "control characters"),
        ("EvalFile", "\x1b[2J", "control characters"),
        ("debug log FILE", "log.txt", "would write a file"),
        ("MultiPV", "3", "--multipv"),
        ("UCI_Chess960", "true", "follows from the position"),
    ],
)
def test_a_wrong_option_is_said_before_any_search(name: str, value: str, reason: str) -> None:
    with pytest.raises(EvaluatorError, match=reason) as caught:
        check_options({name: value}, OPTIONS)
    assert str(caught.value).isprintable()
