"""All processes end when the parent is killed; none ends when it was only stopped."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.testing.fake_uci import fake_uci
from tests import processes
from tests.support import DATA, PATIENCE

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="looks for processes in /proc")

ROOT = Path(__file__).parents[2]
METHODS = ("spawn", "forkserver")
Said = dict[str, Any]


class Host:
    """A program that embeds the engine."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: Said = {}

    def until(self, condition: Callable[[Said], bool]) -> None:
        """Read what it says until the condition holds. Fails at its end."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said = json.loads(line)
            if condition(self.said):
                return
        pytest.fail(f"it ended before: {self.said}")

    def everybody(self) -> list[int]:
        return [self.process.pid, *processes.descendants(self.process.pid)]

    def workers(self) -> list[int]:
        """Workers, their programs and the guards of those."""
        return [pid for pid in self.everybody()[1:] if "resource_tracker" not in processes.command_of(pid)]


@contextmanager
def host(folder: Path, given: Said, **behaviour: Any) -> Iterator[Host]:
    fake = fake_uci(folder / "fake", log=str(folder / "log"), **behaviour)
    options = {"source": str(DATA / "classics.pgn"), "fake": str(fake), **given}
    command = [sys.executable, "-m", "tests.faults.host", json.dumps(options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Host(process)
        finally:
            process.kill()


def starting(said: Said) -> bool:
    return bool(said["states"])


def searching(said: Said) -> bool:
    return said["states"] == ["searching", "searching"]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("behaviour", "moment"),
    [
        ({"start_delay": 1.0}, starting),
        ({"delay": 0.01}, searching),
        ({"deaf": True, "ignore_quit": True, "child": True}, searching),
    ],
    ids=["starting", "searching", "deaf"],
)
def test_nobody_outlives_a_killed_parent(
    tmp_path: Path, behaviour: dict[str, Any], moment: Callable[[Said], bool], method: str
) -> None:
    with host(tmp_path, {"method": method}, **behaviour) as it:
        it.until(moment)
        left = it.everybody()
        assert len(left) > 3
        it.process.kill()
        assert processes.end_of(left) == []
    if method == "forkserver":
        # The standard library's socket has a name until its server is asked to end; known, and said in the README.
        [folder] = Path(tempfile.gettempdir()).glob("pymp-*")
        shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.in_turns
@pytest.mark.parametrize("method", METHODS)
def test_a_stopped_parent_kills_nobody_when_it_wakes(tmp_path: Path, method: str) -> None:
    with host(tmp_path, {"method": method, "jump": str(tmp_path / "jump")}, delay=0.005) as it:
        it.until(searching)
        workers = it.workers()
        pass_time(tmp_path / "jump", [it.process.pid])
        assert set(it.workers()) == set(workers)
        it.until(lambda said: "wins" in said)
        assert it.said["failures"] == []
        assert it.process.wait(PATIENCE) == 0
    assert programs_started(tmp_path) == 3  # the parent's trial, and one for each worker


@pytest.mark.in_turns
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.slow
def test_a_closed_lid_is_nobodys_fault(tmp_path: Path, method: str) -> None:
    """Everything stops for longer than the deadlines of the driver and of the pool, in the middle of searches."""
    with host(tmp_path, {"method": method, "jump": str(tmp_path / "jump")}, slow=20, slow_seconds=1.0) as it:
        it.until(searching)
        it.until(lambda said: said["positions"] >= 30)
        pass_time(tmp_path / "jump", it.everybody())
        it.until(lambda said: "wins" in said)
        assert it.said["failures"] == []
        assert it.process.wait(PATIENCE) == 0
    assert programs_started(tmp_path) == 3


def pass_time(jump: Path, pids: list[int]) -> None:
    """Stop the processes, let their clocks jump, and let them go on."""
    processes.kill(pids, signal.SIGSTOP)
    try:
        jump.touch()
    finally:
        processes.kill(pids, signal.SIGCONT)


def programs_started(folder: Path) -> int:
    return (folder / "log").read_text().splitlines().count("uci")
