"""The `uci` evaluator against the fake program and a real Stockfish: what works, and the end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.contracts.options import parse_options
from engine.errors import (
    EvaluatorCrashed,
)
from engine.model import Limit, Position, Score
from engine.testing.fake_uci import fake_uci
from engine_plugins.evaluators.stockfish import Stockfish
from engine_plugins.evaluators.uci import Uci, search_seconds, split_name
from tests.plugins.evaluators.uci_rig import AFTER_E4, NODES, START, Make, alive, end_of_all

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="UCI programs are driven on POSIX only")


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


def test_lines_are_logged_as_python_chess_logs_them(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    uci = make()
    with caplog.at_level("INFO", "engine.evaluators.uci"):
        uci.start()
    (started,) = caplog.messages
    process = started.partition(": started ")[0]
    assert re.fullmatch(r"<Process \(pid=\d+\)>", process)
    caplog.clear()
    with caplog.at_level("DEBUG", "engine.evaluators.uci"):
        uci.search(START, NODES)
        uci.close()
    sent = [message.partition(" << ")[2] for message in caplog.messages if " << " in message]
    assert sent == [f"position fen {START.fen}", "go nodes 1000", "isready"]
    assert f"{process}: >> readyok" in caplog.messages
    assert any(message.startswith(f"{process}: >> bestmove ") for message in caplog.messages)
    assert caplog.messages[-1] == f"{process}: ended with exit code 0"


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


# -- the end ------------------------------------------------------------------------------------------------


def test_close_may_be_called_at_any_time(make: Make) -> None:
    uci = make()
    uci.close()
    uci.start()
    uci.close()
    uci.close()
    with pytest.raises(EvaluatorCrashed, match="not running"):
        uci.clear()


@pytest.mark.parametrize("leaves", ["child", "session", "daemon"])
def test_close_ends_a_program_that_ignores_quit_and_all_that_it_has_started(make: Make, leaves: str) -> None:
    uci = make(ignore_quit=True, **{leaves: True})
    uci.start()
    uci.close()


@pytest.mark.skipif(sys.platform != "linux", reason="a daemon is found in /proc")
def test_a_daemon_dies_with_a_program_that_has_ended_by_itself(make: Make) -> None:
    uci = make(daemon=True, crash=1)
    uci.start()
    with pytest.raises(EvaluatorCrashed):
        uci.search(START, NODES)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("leaves", ["child", "daemon", "session"])
def test_a_program_does_not_outlive_a_killed_worker(tmp_path: Path, mark: str, leaves: str) -> None:
    path = fake_uci(tmp_path, ignore_quit=True, **{leaves: True})  # type: ignore[arg-type]
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
        # The worker, the guard, the program, and what it has started.
        assert len(handles) == (3 if leaves == "session" else 4)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert end_of_all(mark)


# -- a real one ---------------------------------------------------------------------------------------------


@pytest.fixture
def real() -> Iterator[Uci]:
    path = shutil.which("stockfish") or next(filter(os.path.exists, Stockfish.places), None)
    if path is None:
        pytest.skip("no native Stockfish on this machine: apt install stockfish")
    uci = Uci(parse_options(Uci.Options, {"path": path}, "uci"))
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
        Uci(parse_options(Uci.Options, options, "uci")).start()
