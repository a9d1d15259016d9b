"""UCI as programs speak it: options and searches of Lc0, Fairy-Stockfish, Berserk, Ethereal and an older one."""

from __future__ import annotations

import sys
from pathlib import Path

import chess
import pytest
from msgspec import Struct

from engine.errors import EvaluatorError, EvaluatorProtocolError
from engine.model import Limit, Score
from engine_plugins.evaluators import _process
from engine_plugins.evaluators._process import awake
from engine_plugins.evaluators._uci_options import check_options, common_options, parse_option
from engine_plugins.evaluators._uci_text import read_search
from tests.plugins.evaluators.uci_rig import AFTER_E4, NODES, START, Make
from tests.support import PATIENCE

DRIVEN = pytest.mark.skipif(sys.platform == "win32", reason="UCI programs are driven on POSIX only")
AFTER_D4 = type(START)(chess.STARTING_FEN, ("d2d4",))


class Dialect(Struct):
    """How one program introduces itself and answers a search of the start position."""

    name: str
    options: str
    answer: str
    version: tuple[str, str]
    score: int
    pv: tuple[str, ...]
    depth: int
    nodes: int
    sent: dict[str, str]
    """What it is set to when it starts."""


LC0 = Dialect(
    name="Lc0 v0.31.2+git.unknown",
    options="""
option name WeightsFile type string default <autodiscover>
option name Backend type combo default blas var blas var eigen var trivial var random var check var demux
option name BackendOptions type string default
option name Threads type spin default 0 min 0 max 128
option name NNCacheSize type spin default 2000000 min 0 max 999999999
option name MinibatchSize type spin default 0 min 0 max 1024
option name CPuct type string default 1.745000
option name HistoryFill type combo default fen_only var no var fen_only var always
option name ScoreType type combo default WDL_mu var centipawn var centipawn_with_drawscore var Q var W-L var WDL_mu
option name Ponder type check default true
option name MultiPV type spin default 1 min 1 max 500
option name UCI_Chess960 type check default false
option name UCI_ShowWDL type check default false
option name SyzygyPath type string default
option name LogFile type string default
option name Clear Tree type button
""",
    answer="""
info string Found pb network file: /nets/791556.pb.gz
info string Creating backend [blas]...
info depth 1 seldepth 2 time 12 nodes 2 score cp 13 wdl 44 953 3 nps 166 tbhits 0 pv e2e4 e7e5
info depth 5 seldepth 14 time 640 nodes 404 score cp 19 wdl 62 914 24 nps 2558 tbhits 0 pv d2d4 g8f6 c2c4 e7e6
info string g2g4  (378 ) N:       3 (+ 0) (P:  0.57%) (WL: -0.26107) (D: 0.689) (M: 137.6) (Q: -0.26107) (V: -)
info string node  (  20) N:     404 (+ 2) (P: 100.0%) (WL:  0.03760) (D: 0.914) (M: 171.1) (Q: 0.03760)
bestmove d2d4 ponder g8f6
""",
    version=("Lc0", "0.31.2+git.unknown"),
    score=19,
    pv=("d2d4", "g8f6", "c2c4", "e7e6"),
    depth=5,
    nodes=404,
    sent={"Threads": "1"},
)
FAIRY = Dialect(
    name="Fairy-Stockfish 14.0.1 XQ",
    options="""
option name Debug Log File type string default
option name Threads type spin default 1 min 1 max 512
option name Hash type spin default 16 min 1 max 33554432
option name Clear Hash type button
option name Ponder type check default false
option name MultiPV type spin default 1 min 1 max 500
option name Skill Level type spin default 20 min -20 max 20
option name UCI_Chess960 type check default false
option name UCI_Variant type combo default chess var 3check var atomic var chess var crazyhouse var fischerandom
option name UCI_AnalyseMode type check default false
option name Protocol type combo default uci var uci var usi var ucci var ucicyclone var xboard
option name Use NNUE type check default true
option name VariantPath type string default <empty>
option name EvalFile type string default nn-3475407dc199.nnue
option name TsumeMode type check default false
""",
    answer="""
info string classical evaluation enabled
info depth 1 seldepth 1 multipv 1 score cp 66 nodes 20 nps 20000 tbhits 0 time 1 pv e2e4
info depth 9 seldepth 12 multipv 1 score cp 57 nodes 7132 nps 594333 hashfull 3 tbhits 0 time 12 pv e2e4 e7e5 g1f3
info depth 10 seldepth 12 multipv 1 score cp 66 lowerbound nodes 9200 hashfull 4 tbhits 0 time 15 pv e2e4
bestmove e2e4 ponder e7e5
""",
    version=("Fairy-Stockfish", "14.0.1"),
    score=57,
    pv=("e2e4", "e7e5", "g1f3"),
    depth=9,
    nodes=9200,
    sent={"Hash": "16", "Threads": "1"},
)
BERSERK = Dialect(
    name="Berserk 13",
    options="""
option name Hash type spin default 16 min 2 max 1048576
option name Threads type spin default 1 min 1 max 2048
option name SyzygyPath type string default <empty>
option name MultiPV type spin default 1 min 1 max 256
option name Ponder type check default false
option name UCI_ShowWDL type check default true
option name UCI_Chess960 type check default false
option name MoveOverhead type spin default 50 min 0 max 10000
option name Contempt type spin default 0 min -100 max 100
option name EvalFile type string default <empty>
""",
    answer="""
info depth 8 seldepth 11 multipv 1 score cp 38 wdl 93 872 35 nodes 2210 hashfull 0 tbhits 0 pv e2e4 e7e5
info depth 9 seldepth 13 multipv 1 score cp 21 upperbound wdl 71 880 49 nodes 3420 hashfull 0 tbhits 0 pv e2e4 e7e5
info depth 9 seldepth 13 multipv 1 score cp 27 wdl 78 877 45 nodes 4113 hashfull 0 tbhits 0 pv d2d4 d7d5 g1f3
bestmove d2d4 ponder d7d5
""",
    version=("Berserk", "13"),
    score=27,
    pv=("d2d4", "d7d5", "g1f3"),
    depth=9,
    nodes=4113,
    sent={"Hash": "16", "Threads": "1"},
)
ETHEREAL = Dialect(
    name="Ethereal 14.00 (NNUE)",
    options="""
option name Hash type spin default 16 min 2 max 131072
option name Threads type spin default 1 min 1 max 2048
option name EvalFile type string default <empty>
option name MultiPV type spin default 1 min 1 max 256
option name MoveOverhead type spin default 300 min 0 max 10000
option name SyzygyPath type string default <empty>
option name SyzygyProbeDepth type spin default 0 min 0 max 127
option name Ponder type check default false
option name AnalysisMode type check default false
option name UCI_Chess960 type check default false
info string licensed to nobody
""",
    answer="""
info depth 1 seldepth 1 multipv 1 score cp 44 time 0 nodes 21 nps 21000 tbhits 0 hashfull 0 pv g1f3
info depth 7 currmove h2h4 currmovenumber 14
info depth 7 seldepth 10 multipv 1 score cp 33 time 1 nodes 3390 nps 1695000 tbhits 0 hashfull 1 pv e2e4 c7c5 g1f3
info time 2 nodes 4200 nps 1400000 hashfull 1
bestmove e2e4 ponder c7c5
""",
    version=("Ethereal", "14.00"),
    score=33,
    pv=("e2e4", "c7c5", "g1f3"),
    depth=7,
    nodes=4200,
    sent={"Hash": "16", "Threads": "1"},
)
FRUIT = Dialect(
    name="Fruit 2.1",
    options="""
option name Hash type spin default 16 min 4 max 1024
option name Ponder type check default false
option name OwnBook type check default true
option name BookFile type string default book_small.bin
option name MultiPV type spin default 1 min 1 max 10
option name NullMove Pruning type combo default Fail High var Always var Fail High var Never
option name Passed Pawns type spin default 100 min 0 max 400
""",
    answer="""
info depth 4 seldepth 4 score cp 12 time 0 nodes 320 pv b1c3 d7d5
info depth 5
info depth 5 seldepth 9 score lowerbound cp 40 time 1 nodes 1002 pv g1f3
info depth 5 seldepth 9 score cp 25 time 1 nodes 1200 pv g1f3 d7d5
info currmove a2a3 currmovenumber 20
info depth 5 seldepth 9 score mate -0 time 1 nodes 1333 pv g1f3
bestmove g1f3
""",
    version=("Fruit", "2.1"),
    score=25,
    pv=("g1f3", "d7d5"),
    depth=5,
    nodes=1333,
    sent={"Hash": "16", "OwnBook": "false"},
)
DIALECTS = [LC0, FAIRY, BERSERK, ETHEREAL, FRUIT]


def lines_of(text: str) -> list[str]:
    return text.strip().splitlines()


@DRIVEN
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_a_program_is_understood_as_it_is(make: Make, tmp_path: Path, dialect: Dialect) -> None:
    log = tmp_path / "log"
    uci = make(name=dialect.name, options=lines_of(dialect.options), answer=lines_of(dialect.answer), log=str(log))
    info = uci.start()
    assert (info.name, info.version) == dialect.version
    found = uci.search(START, NODES)
    assert (found.score, found.pv) == (Score(cp=dialect.score), dialect.pv)
    assert (found.depth, found.nodes) == (dialect.depth, dialect.nodes)
    sent = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("setoption")]
    assert sent == [f"setoption name {name} value {value}" for name, value in dialect.sent.items()]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_option_of_a_program_keeps_its_default(dialect: Dialect) -> None:
    offered = [option for option in map(parse_option, lines_of(dialect.options)) if option]
    assert len(offered) == dialect.options.count("option name")
    for option in offered:
        if option.type in ("check", "combo", "spin"):
            assert option.default
            if option.name not in ("MultiPV", "UCI_Chess960"):
                assert check_options({option.name: option.default}, offered) == {option.name: option.default}


# -- options ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["OwnBook", "Own Book", "UseBook", "Use_Book", "OpeningBook", "ownbook"])
def test_a_book_is_switched_off(name: str) -> None:
    option = parse_option(f"option name {name} type check default true")
    assert option
    assert common_options([option], 16) == {name: "false"}


def test_a_file_is_no_switch_of_a_book() -> None:
    option = parse_option("option name OwnBook type string default book.bin")
    assert option
    assert common_options([option], 16) == {}


@DRIVEN
def test_a_book_stays_when_the_user_wants_it(make: Make) -> None:
    uci = make(book=True)
    uci.start()
    assert uci.search(START, NODES).nodes == 1000
    uci = make(book=True, evaluator={"uci": {"OwnBook": "true"}})
    uci.start()
    with pytest.raises(EvaluatorProtocolError, match=r"no score before 'bestmove .*book"):
        uci.search(START, NODES)


@pytest.mark.parametrize(("bounds", "megabytes", "sent"), [("1 max 8", 16, "8"), ("32 max 64", 16, "32")])
def test_the_usual_hash_is_what_the_program_can_have(bounds: str, megabytes: int, sent: str) -> None:
    option = parse_option(f"option name Hash type spin default 32 min {bounds}")
    assert option
    assert common_options([option], megabytes) == {"Hash": sent}


def test_a_hash_that_the_user_wants_is_not_changed() -> None:
    option = parse_option("option name Hash type spin default 4 min 1 max 64")
    assert option
    with pytest.raises(EvaluatorError, match="from 1 to 64"):
        check_options(common_options([option], 128), [option])


def test_another_variant_is_not_analysed_as_chess() -> None:
    offered = [option for option in map(parse_option, lines_of(FAIRY.options)) if option]
    assert check_options({"UCI_Variant": "chess"}, offered) == {"UCI_Variant": "chess"}
    with pytest.raises(EvaluatorError, match="'UCI_Variant' = 'atomic': games are analysed as chess only"):
        check_options({"UCI_Variant": "atomic"}, offered)


# -- searches -----------------------------------------------------------------------------------------------


def test_lines_that_changed_their_order_within_a_depth_are_one_a_move() -> None:
    found = read_search(
        [
            "info depth 6 multipv 1 score cp 30 nodes 900 pv e2e4 e7e5",
            "info depth 6 multipv 2 score cp 25 nodes 900 pv d2d4 d7d5",
            "info depth 6 multipv 3 score cp 20 nodes 900 pv g1f3",
            "info depth 7 multipv 1 score cp 41 nodes 1000 pv d2d4 g8f6",
            "bestmove d2d4",
        ],
        START,
        Limit(nodes=1000, multipv=3),
    )
    assert [(line.score.cp, line.pv, line.depth) for line in found.lines] == [
        (41, ("d2d4", "g8f6"), 7),
        (30, ("e2e4", "e7e5"), 6),
        (20, ("g1f3",), 6),
    ]


def test_lines_may_come_in_any_order() -> None:
    found = read_search(
        [
            "info depth 6 multipv 3 score cp 20 nodes 900 pv g1f3",
            "info depth 6 multipv 2 score cp 25 nodes 900 pv d2d4 d7d5",
            "info depth 6 score cp 30 nodes 900 tbhits 0 multipv 1 pv e2e4 e7e5",
            "bestmove e2e4",
        ],
        START,
        Limit(nodes=1000, multipv=3),
    )
    assert [line.pv[0] for line in found.lines] == ["e2e4", "d2d4", "g1f3"]


@pytest.mark.parametrize("zero", ["mate 0", "mate -0", "mate +0", "wdl 340 420 240"])
def test_a_score_that_says_nothing_does_not_hide_one_that_does(zero: str) -> None:
    lines = ["info depth 8 score cp 17 nodes 900 pv e2e4 e7e5", f"info depth 9 score {zero} nodes 990 pv d2d4"]
    found = read_search([*lines, "bestmove e2e4"], START, NODES)
    assert (found.score, found.depth, found.nodes) == (Score(cp=17), 8, 990)
    with pytest.raises(EvaluatorProtocolError, match="implausible score"):
        read_search([lines[1], "bestmove d2d4"], START, NODES)


def test_win_draw_and_loss_alone_are_no_score_and_the_way_out_is_named() -> None:
    with pytest.raises(EvaluatorProtocolError, match=r"win, draw and loss alone: .*--uci"):
        read_search(["info depth 5 score wdl 340 420 240 nodes 9 pv e2e4", "bestmove e2e4"], START, NODES)


@pytest.mark.parametrize("bound", ["lowerbound", "upperbound"])
def test_a_bound_may_stand_before_its_score(bound: str) -> None:
    line = f"info depth 5 score {bound} cp 40 nodes 9 pv e2e4"
    assert read_search([line, "bestmove e2e4"], START, NODES).score == Score(cp=40)


def test_a_promotion_may_be_written_with_a_capital() -> None:
    position = type(START)("8/4P1k1/8/8/8/8/6K1/8 w - - 0 1")
    found = read_search(["info depth 5 score cp 990 nodes 9 pv e7e8Q g7f6", "bestmove e7e8Q"], position, NODES)
    assert found.pv == ("e7e8q", "g7f6")


def test_mates_of_either_side() -> None:
    for text, mate in (("mate 3", 3), ("mate +3", 3), ("mate -2", -2)):
        lines = [f"info depth 5 score {text} wdl 1000 0 0 nodes 9 hashfull 0 pv e7e5", "bestmove e7e5 ponder d2d4"]
        assert read_search(lines, AFTER_E4, NODES).score == Score(mate=mate)


# -- limits -------------------------------------------------------------------------------------------------


@DRIVEN
@pytest.mark.parametrize(
    ("trial", "limit", "commands"),
    [
        ({"depth": 1}, Limit(depth=5), ["go depth 1", "go depth 5"]),
        ({"time": 100}, Limit(time=10), ["go movetime 100", "go movetime 10"]),
        ({"nodes": 1, "depth": 1}, Limit(depth=5), ["go nodes 1 depth 1", "go depth 5"]),
    ],
)
def test_the_trial_has_the_kinds_of_limit_of_the_run(
    make: Make, tmp_path: Path, trial: dict[str, int], limit: Limit, commands: list[str]
) -> None:
    log = tmp_path / "log"
    uci = make(no_nodes="nodes" not in trial, log=str(log), evaluator={"trial": trial})
    uci.start()
    assert uci.search(AFTER_D4, limit).best
    sent = [line for line in log.read_text(encoding="utf-8").splitlines() if line.startswith("go")]
    assert sent == commands


@DRIVEN
def test_the_trial_changes_no_fingerprint(make: Make) -> None:
    assert make().start().fingerprint == make(evaluator={"trial": {"depth": 1}}).start().fingerprint


@DRIVEN
def test_a_program_that_cannot_count_nodes_says_what_helps(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"

    def late_after_the_search() -> float:
        is_searching = log.exists() and "go nodes 1\n" in log.read_text(encoding="utf-8")
        return awake() + (2 * PATIENCE if is_searching else 0.0)

    monkeypatch.setattr(_process, "awake", late_after_the_search)
    with pytest.raises(EvaluatorError, match=r"'go nodes 1' in time; start_timeout is 300 s; .*--depth or --time"):
        make(no_nodes=True, log=str(log), evaluator={"start_timeout": PATIENCE}).start()
