"""The `uci` evaluator against the fake program: each fault is a typed error in time, and nothing is left."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import chess
import pytest

from engine.contracts.options import build
from engine.errors import (
    EvaluatorCrashed,
    EvaluatorError,
    EvaluatorNotFound,
    EvaluatorProtocolError,
    EvaluatorTimeout,
    PositionRefused,
)
from engine.model import Limit, Position, Score
from engine.testing.fake_uci import fake_uci
from engine_plugins.evaluators import _process
from engine_plugins.evaluators._process import Process, awake
from engine_plugins.evaluators.stockfish import Stockfish
from engine_plugins.evaluators.uci import Uci, search_seconds, split_name
from tests.support import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="UCI programs are driven on POSIX only")

START = Position(chess.STARTING_FEN)
AFTER_E4 = Position(chess.STARTING_FEN, ("e2e4",))
NODES = Limit(nodes=1000)
Make = Callable[..., Uci]


def alive(mark: str) -> dict[int, int]:
    """pidfds by pid of the processes that were started with `mark` in their environment."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = os.pidfd_open(int(entry.name))
            except OSError:
                continue
    return found


def end_of_all(mark: str) -> bool:
    """Wait for the end of all of them, and return whether it came."""
    deadline = time.monotonic() + PATIENCE
    ended = True
    for handle in alive(mark).values():
        ended &= bool(select.select([handle], [], [], max(0.0, deadline - time.monotonic()))[0])
        os.close(handle)
    return ended


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stands in the environment of every process that the test starts."""
    mark = f"UCI_TEST_MARK={tmp_path}"
    monkeypatch.setenv(*mark.split("=", 1))
    return mark


@pytest.fixture
def make(tmp_path: Path, mark: str) -> Iterator[Make]:
    """Makes evaluators of a fake program; afterwards closes them and looks for what is left."""
    made: list[Uci] = []

    def new(*, evaluator: dict[str, Any] | None = None, **behaviour: Any) -> Uci:
        path = fake_uci(tmp_path / f"fake{len(made)}", **behaviour)
        uci = Uci(build(Uci.Options, {"path": str(path), **(evaluator or {})}, "uci"))
        made.append(uci)
        return uci

    yield new
    for uci in made:
        uci.close()
    if sys.platform == "linux":
        assert end_of_all(mark)


# -- what works ---------------------------------------------------------------------------------------------


def test_start_says_who_it_is(make: Make) -> None:
    info = make(name="Fake Fish 2.1").start()
    assert (info.name, info.version, info.variants) == ("Fake Fish", "2.1", ("standard", "chess960"))
    assert make(chess960=False).start().variants == ("standard",)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Stockfish 15.1", ("Stockfish", "15.1")),
        ("Stockfish dev-20260101-abcdef", ("Stockfish", "dev-20260101-abcdef")),
        ("Lc0 v0.31.0+git", ("Lc0", "0.31.0+git")),
        ("Some Thing", ("Some Thing", "")),
        ("7th Heaven", ("7th Heaven", "")),
    ],
)
def test_versions_are_found_in_names(name: str, expected: tuple[str, str]) -> None:
    assert split_name(name) == expected


def test_an_answer_depends_on_what_was_searched_since_clear(make: Make) -> None:
    uci = make()
    uci.start()
    uci.clear()
    first = [uci.search(position, NODES) for position in (START, AFTER_E4)]
    uci.clear()
    assert [uci.search(position, NODES) for position in (START, AFTER_E4)] == first
    assert uci.search(AFTER_E4, NODES) != first[1]
    for found, position in zip(first, (START, AFTER_E4), strict=True):
        board = position.board()
        for move in found.pv:
            board.push_uci(move)
        assert found.nodes == 1000


def test_multipv_and_chess960_are_set_when_they_change(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "log"
    uci = make(log=str(log))
    uci.start()
    castling = Position("4k3/8/8/8/8/8/8/4K2R w H - 0 1", ("e1h1",), chess960=True)
    assert len(uci.search(START, Limit(nodes=9, multipv=3)).lines) == 3
    assert len(uci.search(AFTER_E4, Limit(nodes=9, multipv=3)).lines) == 3
    assert uci.search(castling, NODES).lines == ()
    assert uci.search(START, NODES).lines == ()
    uci.close()
    sent = log.read_text(encoding="utf-8").splitlines()
    assert [line for line in sent if "MultiPV" in line or "960" in line] == [
        "setoption name MultiPV value 3",
        "setoption name UCI_Chess960 value true",
        "setoption name MultiPV value 1",
        "setoption name UCI_Chess960 value false",
    ]


def test_options_are_sent_before_the_first_search(make: Make, tmp_path: Path) -> None:
    log = tmp_path / "log"
    make(log=str(log), evaluator={"hash": 64, "uci": {"threads": "2", "Clear Hash": ""}}).start()
    sent = log.read_text(encoding="utf-8").splitlines()
    assert sent[:5] == [
        "uci",
        "setoption name Hash value 64",
        "setoption name Threads value 2",
        "setoption name Clear Hash",
        "isready",
    ]


def test_the_fingerprint_is_of_all_that_changes_a_result(make: Make, tmp_path: Path) -> None:
    net = tmp_path / "net"
    net.write_bytes(b"1")
    with_net = {"uci": {"EvalFile": str(net)}}
    same = [make(), make(delay=0.001, crash=100), make(evaluator={"why": "because", "start_timeout": 9})]
    other = [
        make(name="Fake UCI 1.1"),
        make(evaluator={"hash": 32}),
        make(evaluator={"uci": {"Style": "Solid"}}),
        make(evaluator=with_net),
    ]
    prints = [uci.start().fingerprint for uci in [*same, *other]]
    net.write_bytes(b"2")
    prints.append(make(evaluator=with_net).start().fingerprint)
    assert len(set(prints[:3])) == 1
    assert len(set(prints[2:])) == 6


@pytest.mark.parametrize("fault", ["garbage", "long_line"])
def test_noise_changes_nothing(make: Make, fault: str) -> None:
    found = []
    for behaviour in ({}, {fault: True}):
        uci = make(**behaviour)
        uci.start()
        found.append(uci.search(START, NODES))
    assert found[0] == found[1]


def test_an_illegal_variation_is_cut(make: Make) -> None:
    uci = make(illegal_pv=True)
    uci.start()
    assert len(uci.search(START, NODES).pv) == 2


def test_a_program_that_starts_slowly_is_waited_for(make: Make) -> None:
    assert make(start_delay=0.3).start().name == "Fake UCI"


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [
        (Limit(nodes=100), 30),
        (Limit(nodes=1_000_000), 100),
        (Limit(depth=20), 600),
        (Limit(time=500), 10.5),
        (Limit(time=500, depth=30), 10.5),
    ],
)
def test_deadlines_follow_from_the_limit(limit: Limit, seconds: float) -> None:
    assert search_seconds(limit) == seconds


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
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_fault_is_a_typed_error_in_time(
    make: Make, behaviour: dict[str, Any], error: type[EvaluatorError], reason: str
) -> None:
    silent = behaviour.keys() & {"hang", "deaf", "delay"}
    uci = make(**behaviour, evaluator={"search_timeout": 0.5 if silent else PATIENCE})
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
            Uci(build(Uci.Options, {"path": path}, "uci")).start()


# -- the end ------------------------------------------------------------------------------------------------


def test_close_may_be_called_at_any_time(make: Make) -> None:
    uci = make()
    uci.close()
    uci.start()
    uci.close()
    uci.close()
    with pytest.raises(EvaluatorCrashed, match="not running"):
        uci.clear()


def test_close_ends_a_program_that_ignores_quit_and_its_children(make: Make) -> None:
    uci = make(ignore_quit=True, child=True)
    uci.start()
    uci.close()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_program_does_not_outlive_a_killed_worker(tmp_path: Path, mark: str) -> None:
    path = fake_uci(tmp_path, ignore_quit=True, child=True)
    worker = (
        "import os, sys\n"
        "from engine_plugins.evaluators.uci import Uci, UciOptions\n"
        "uci = Uci(UciOptions(path=sys.argv[1]))\n"
        "uci.start()\n"
        "print('started', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", worker, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"started\n"
        handles = alive(mark)
        for handle in handles.values():
            os.close(handle)
        assert len(handles) == 4  # the worker, the guard, the program, its child
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert end_of_all(mark)


# -- a real one ---------------------------------------------------------------------------------------------


@pytest.fixture
def real() -> Iterator[Uci]:
    path = shutil.which("stockfish") or next(filter(os.path.exists, Stockfish.places), None)
    if path is None:
        pytest.skip("no native Stockfish on this machine: apt install stockfish")
    uci = Uci(build(Uci.Options, {"path": path}, "uci"))
    yield uci
    uci.close()


@pytest.mark.stockfish
def test_a_real_stockfish_is_understood(real: Uci) -> None:
    assert real.start().name == "Stockfish"
    positions = [AFTER_E4, START, Position("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1")]
    limit = Limit(nodes=20_000)
    runs = []
    for _ in range(2):
        real.clear()
        runs.append([real.search(position, limit) for position in positions])
    assert runs[0] == runs[1]
    assert (runs[0][2].score, runs[0][2].pv) == (Score(mate=1), ("a1a8",))
    lines = real.search(START, Limit(depth=6, multipv=3)).lines
    assert len({line.pv[0] for line in lines}) == 3
    castled = Position("4k3/8/8/8/8/8/8/4K2R w H - 0 1", ("e1h1",), chess960=True)
    assert real.search(castled, limit).best in {move.uci() for move in castled.board().legal_moves}


@pytest.mark.stockfish
def test_a_real_stockfish_without_its_network_fails_at_the_start(real: Uci, tmp_path: Path) -> None:
    options = {"path": real.options.path, "uci": {"EvalFile": str(tmp_path / "missing.nnue")}}
    with pytest.raises(EvaluatorCrashed, match=r"(?i)network"):
        Uci(build(Uci.Options, options, "uci")).start()
