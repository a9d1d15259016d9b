"""The fake UCI program, as a driver sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import chess
import chess.engine
import pytest

from engine.testing.fake_uci import fake_uci
from tests.support import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX program")


def talk(path: Path, *commands: str, code: int = 0) -> list[str]:
    """Send the commands and then the end of input, and return the answers."""
    text = "".join(command + "\n" for command in commands)
    done = subprocess.run([str(path)], input=text, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout.splitlines()


def test_it_introduces_itself(tmp_path: Path) -> None:
    lines = talk(fake_uci(tmp_path, name="Fake 9"), "uci", "isready", "quit")
    assert lines[0] == "id name Fake 9"
    assert lines[-2:] == ["uciok", "readyok"]


def test_python_chess_can_drive_it(tmp_path: Path) -> None:
    board = chess.Board()
    with chess.engine.SimpleEngine.popen_uci(str(fake_uci(tmp_path))) as program:
        for _ in range(6):
            info = program.analyse(board, chess.engine.Limit(nodes=500), multipv=2)
            assert [line["multipv"] for line in info] == [1, 2]
            moves = [line["pv"][0] for line in info]
            assert len(set(moves)) == 2
            board.push(moves[0])
    assert board.ply() == 6


def test_an_answer_is_a_function_of_everything_since_ucinewgame(tmp_path: Path) -> None:
    one, two = ["position startpos moves e2e4", "go nodes 9"], ["position startpos moves d2d4", "go nodes 9"]
    warm = fake_uci(tmp_path / "warm")
    forwards, backwards = talk(warm, *one, *two), talk(warm, *two, *one)
    assert talk(warm, *one, *two) == forwards
    assert forwards[:3] != backwards[3:]
    assert talk(warm, *two, "ucinewgame", *one, *two)[3:] == forwards
    cold = fake_uci(tmp_path / "cold", hash_sensitive=False)
    assert talk(cold, *one, *two)[:3] == talk(cold, *two, *one)[3:]


@pytest.mark.parametrize("change", [["go nodes 10"], ["setoption name MultiPV value 2", "go nodes 9"]])
def test_the_limit_and_multipv_change_the_answer(tmp_path: Path, change: list[str]) -> None:
    fake = fake_uci(tmp_path)
    assert talk(fake, "go nodes 9", "go nodes 9")[-1] != "" != talk(fake, *change)[1]
    assert talk(fake, "go nodes 9")[1].split(" nodes ")[0] != talk(fake, *change)[1].split(" nodes ")[0]


def test_it_finds_a_mate_in_one(tmp_path: Path) -> None:
    lines = talk(fake_uci(tmp_path), "position fen 6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1", "go depth 3")
    assert "score mate 1 " in lines[-2]
    assert lines[-1] == "bestmove a1a8"


def test_it_dies_of_an_impossible_position(tmp_path: Path) -> None:
    assert talk(fake_uci(tmp_path), "position fen 8/8/8/8/8/8/8/8 w - - 0 1", "go nodes 1", code=1) == []


def test_a_fault_comes_at_its_search_and_so_many_times(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path, no_bestmove=2, times=2)
    searches = ["position startpos", "go nodes 1", "go nodes 5", "go nodes 5", "go nodes 5"]

    def best() -> list[bool]:
        return [line == "bestmove (none)" for line in talk(fake, *searches) if line.startswith("bestmove")]

    assert [best(), best(), best()] == [[False, False, True, False], [False, False, True, False], [False] * 4]


def test_a_fault_comes_at_its_position(tmp_path: Path) -> None:
    fen = "4k3/8/8/8/8/8/8/4K2R w K - 0 1"
    fake = fake_uci(tmp_path, crash="4k3/8/8/8", exit_code=7)
    assert len(talk(fake, "position startpos", "go nodes 2", f"position fen {fen}", "go nodes 2", code=7)) == 3


def test_a_fault_comes_when_the_test_wants_it(tmp_path: Path) -> None:
    now = tmp_path / "now"
    fake = fake_uci(tmp_path, null_bestmove=f"@{now}")
    assert talk(fake, "go nodes 5")[-1] != "bestmove 0000"
    now.touch()
    assert talk(fake, "go nodes 5")[-1] == "bestmove 0000"


def test_a_child_of_its_own_outlives_it(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path, fork=1)
    with subprocess.Popen([str(fake)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0) as process:
        try:
            assert process.stdin
            assert process.stdout
            process.stdin.write(b"go nodes 5\n")
            process.stdin.flush()
            while not process.stdout.readline().startswith(b"bestmove"):
                pass
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        finally:
            os.killpg(process.pid, signal.SIGKILL)
    assert len(children) == 1


def test_stop_ends_a_hang_but_not_deafness(tmp_path: Path) -> None:
    assert talk(fake_uci(tmp_path / "hang", hang=True), "go infinite", "stop")[-1].startswith("bestmove ")
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [str(fake_uci(tmp_path / "deaf", deaf=True))],
            input=b"go infinite\nstop\nquit\n",
            timeout=0.5,
            check=False,
        )


def test_commands_are_logged(tmp_path: Path) -> None:
    log = tmp_path / "commands"
    talk(fake_uci(tmp_path, log=str(log)), "uci", "go nodes 3", "quit")
    assert log.read_text(encoding="utf-8").split("\n") == ["uci", "go nodes 3", "quit", ""]


def test_the_module_is_a_program_too() -> None:
    command = [sys.executable, "-m", "engine.testing.fake_uci", "name=Other 3", "--crash=1", "exit-code=9"]
    done = subprocess.run(command, input=b"uci\ngo nodes 3\n", capture_output=True, timeout=PATIENCE, check=False)
    assert done.stdout.startswith(b"id name Other 3\n")
    assert done.returncode == 9
    wrong = subprocess.run([*command[:3], "crush=1"], capture_output=True, timeout=PATIENCE, check=False)
    assert wrong.returncode == 2
    assert b"unknown behaviour: crush" in wrong.stderr
