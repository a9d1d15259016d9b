"""The `uci` evaluator against the fake program: each fault is a typed error in time, and nothing is left."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import chess
import pytest

from engine.contracts.options import parse_options
from engine.errors import (
    EvaluatorCrashed,
    EvaluatorError,
    EvaluatorNotFound,
    EvaluatorProtocolError,
    EvaluatorTimeout,
    PositionRefused,
)
from engine.model import Limit, Position
from engine_plugins.evaluators import _process
from engine_plugins.evaluators._process import Process, awake
from engine_plugins.evaluators.uci import Uci
from tests.plugins.evaluators.uci_rig import AFTER_E4, NODES, START, Make
from tests.support import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="UCI programs are driven on POSIX only")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads and limits memory as Linux does")


# -- faults in a search -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "error", "reason"),
    [
        (
            {"crash": 1, "exit_code": 3, "last_words": "out of \x1b[2Jluck"},
            EvaluatorCrashed,
            r"exit code 3: .*luck$",
        ),
        ({"crash": 1, "exit_code": 0}, EvaluatorCrashed, "exit code 0"),
        ({"crash": 1, "exit_code": 132}, EvaluatorCrashed, "SIGILL.*does not fit this CPU"),
        ({"kill": 1}, EvaluatorCrashed, "SIGSEGV"),
        ({"kill": 1, "signal": "SIGILL"}, EvaluatorCrashed, "SIGILL.*does not fit this CPU"),
        ({"cut": 1}, EvaluatorCrashed, "exit code 0"),
        ({"hang": 1}, EvaluatorTimeout, "did not answer 'go nodes 1000' in time"),
        ({"deaf": 1, "ignore_quit": True, "child": True}, EvaluatorTimeout, "did not answer"),
        ({"delay": 3600.0}, EvaluatorTimeout, "did not answer"),
        ({"close_stdout": 1}, EvaluatorProtocolError, "closed its output"),
        ({"illegal_bestmove": 1}, EvaluatorProtocolError, "illegal best move 'a1h6'"),
        ({"no_bestmove": 1}, EvaluatorProtocolError, "illegal best move"),
        ({"no_score": 1}, EvaluatorProtocolError, "no score"),
        ({"absurd_score": 1}, EvaluatorProtocolError, "implausible score"),
        ({"mate_zero": 1}, EvaluatorProtocolError, "implausible score"),
        ({"double_bestmove": 1}, EvaluatorProtocolError, "desync"),
        ({"flood": 1}, EvaluatorProtocolError, "output flood"),
        ({"short_lines": 1}, EvaluatorProtocolError, "output flood: more than 32 MiB or 250,000 lines after 'go"),
        pytest.param({"share": 1}, EvaluatorCrashed, "took [0-9]+ MB of memory, more than 160 MB", marks=LINUX),
        pytest.param({"together": 1}, EvaluatorCrashed, "took [0-9]+ MB of memory, more than 160", marks=LINUX),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_fault_is_a_typed_error_in_time(
    make: Make, behaviour: dict[str, Any], error: type[EvaluatorError], reason: str
) -> None:
    silent = behaviour.keys() & {"hang", "deaf", "delay"}
    uci = make(**behaviour, evaluator={"search_timeout": 0.5 if silent else PATIENCE, "memory": 160})
    uci.start()
    with pytest.raises(error, match=reason) as caught:
        uci.search(START, NODES)
    assert type(caught.value) is error
    assert str(caught.value).isprintable()
    with pytest.raises(EvaluatorCrashed, match="not running"):
        uci.search(START, NODES)


def test_a_death_is_seen_at_the_deadline_when_a_child_keeps_the_output_open(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    uci = make(kill=1, child=True, evaluator={"search_timeout": PATIENCE})
    uci.start()
    program = uci._process._program  # type: ignore[union-attr]
    late = 10 * PATIENCE
    monkeypatch.setattr(_process, "awake", lambda: awake() + (late if program.poll() is not None else 0.0))
    with pytest.raises(EvaluatorCrashed, match="SIGSEGV"):
        uci.search(START, NODES)


@LINUX
@pytest.mark.parametrize("behaviour", [{"short_lines": 1}, {"flood": 1}, {"start_flood": True}])
def test_a_flood_costs_little_memory(make: Make, behaviour: dict[str, Any]) -> None:
    def memory(name: str) -> int:
        return int(Path("/proc/self/status").read_text().partition(f"{name}:")[2].split()[0]) >> 10

    Path("/proc/self/clear_refs").write_text("5")  # the peak is that of now
    before = memory("VmHWM")
    uci = make(**behaviour)

    def work() -> None:
        uci.start()
        uci.search(START, NODES)

    with pytest.raises(EvaluatorProtocolError, match="flood"):
        work()
    assert memory("VmHWM") < before + 120


def test_a_late_answer_is_not_taken_for_the_next_one(make: Make) -> None:
    uci = make(late_bestmove=1)
    uci.start()
    uci.search(START, NODES)
    with pytest.raises(EvaluatorProtocolError, match="desync"):
        uci.search(AFTER_E4, NODES)


def test_an_evaluator_can_be_started_again_after_a_fault(make: Make) -> None:
    uci = make(crash=2, times=1)
    uci.start()
    uci.clear()
    first = uci.search(START, NODES)
    with pytest.raises(EvaluatorCrashed):
        uci.search(AFTER_E4, NODES)
    uci.start()
    uci.clear()
    assert uci.search(START, NODES) == first
    uci.search(AFTER_E4, NODES)


def test_a_program_that_does_not_read_is_not_waited_for(tmp_path: Path) -> None:
    program = tmp_path / "deaf"
    program.write_text("#!/bin/sh\nexec sleep 3600\n", encoding="utf-8")
    program.chmod(0o755)
    process = Process(program)
    try:
        with pytest.raises(EvaluatorTimeout, match="'position"):
            process.send(awake() + 0.2, "position " + "x" * 1_000_000)
    finally:
        process.close(politely=False)


def test_what_cannot_be_played_is_refused_and_the_program_lives(make: Make) -> None:
    uci = make(chess960=False)
    uci.start()
    with pytest.raises(PositionRefused):
        uci.search(Position(chess.STARTING_FEN, chess960=True), NODES)
    with pytest.raises(EvaluatorError, match="at most 500 lines"):
        uci.search(START, Limit(nodes=9, multipv=501))
    assert uci.search(START, NODES).nodes == 1000


# -- faults at the start ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "evaluator", "error", "reason"),
    [
        (
            {"no_uciok": True},
            {"start_timeout": 0.4},
            EvaluatorTimeout,
            "did not answer 'uci'.*start_timeout is 0.4 s",
        ),
        ({"no_readyok": True}, {"start_timeout": 0.4}, EvaluatorTimeout, "start_timeout is 0.4 s"),
        ({"start_delay": 3600.0}, {"start_timeout": 0.4}, EvaluatorTimeout, "start_timeout is 0.4 s"),
        ({"start_crash": 127, "last_words": "no libfoo.so"}, {}, EvaluatorCrashed, "exit code 127: no libfoo.so"),
        ({"no_net": True}, {}, EvaluatorCrashed, "the network file was not found"),
        ({"start_flood": True}, {}, EvaluatorProtocolError, "output flood: .*10,000 lines after 'uci'"),
        ({}, {"hash": 4096}, EvaluatorError, "'Hash' = '4096': expected a whole number from 1 to 1024"),
        ({}, {"uci": {"Treads": "2"}}, EvaluatorError, "did you mean 'Threads'"),
        ({}, {"uci": {"Threads": "99"}}, EvaluatorError, "from 1 to 8"),
        ({}, {"uci": {"Debug Log File": "x"}}, EvaluatorError, "would write a file"),
        ({}, {"uci": {"EvalFile": "a\nquit"}}, EvaluatorError, "control characters"),
    ],
)
def test_a_program_that_cannot_be_used_says_why(
    make: Make, behaviour: dict[str, Any], evaluator: dict[str, Any], error: type[EvaluatorError], reason: str
) -> None:
    with pytest.raises(error, match=reason) as caught:
        make(**behaviour, evaluator=evaluator).start()
    assert str(caught.value).isprintable()
    assert "fake-uci" in str(caught.value)


def test_what_is_no_program_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, foreign, orphan = (tmp_path / name for name in ("plain", "foreign", "orphan"))
    plain.write_text("text", encoding="utf-8")
    foreign.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(60))
    foreign.chmod(0o755)
    orphan.write_text(f"#!{tmp_path}/no-such-interpreter\n", encoding="utf-8")
    orphan.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    for path, error, reason in (
        (str(tmp_path / "missing"), EvaluatorNotFound, "no such file"),
        ("missing", EvaluatorNotFound, "on PATH"),
        (str(tmp_path), EvaluatorError, "not a program but a folder"),
        ("plain", EvaluatorError, "not executable"),
        (str(foreign), EvaluatorError, "not a program for this machine"),
        (str(orphan), EvaluatorError, "interpreter"),
    ):
        with pytest.raises(error, match=reason):
            Uci(parse_options(Uci.Options, {"path": path}, "uci")).start()
