"""Calls of the operating system are in one package, which has fallbacks for what a system lacks."""

from __future__ import annotations

import ast
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import system
from engine.testing.fake_uci import fake_uci
from tests.support import DATA, PATIENCE

ROOT = Path(__file__).parents[3]
MODULES = {"fcntl", "resource", "msvcrt", "_winapi", "pty", "termios", "grp", "pwd"}
CALLS = {
    "killpg",
    "setsid",
    "setpgid",
    "setpgrp",
    "waitid",
    "fork",
    "forkpty",
    "prlimit",
    "prctl",
    "CDLL",
    "flock",
}
ARGUMENTS = {"process_group", "start_new_session", "preexec_fn"}


def asked(code: str) -> Iterator[str]:
    """Yield the calls of a module that Python does not promise on every system."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from MODULES & {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            yield from MODULES & {node.module or ""}
            yield from CALLS & {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute):
            yield from CALLS & {node.attr}
        elif isinstance(node, ast.Call):
            yield from ARGUMENTS & {keyword.arg for keyword in node.keywords}


def test_nobody_else_asks() -> None:
    here = {path for folder in ("engine", "plugins") for path in (ROOT / folder).rglob("*.py")}
    here.remove(ROOT / "engine" / "testing" / "_fake_processes.py")  # it misbehaves on purpose
    ours = {path for path in here if path.is_relative_to(ROOT / "engine" / "system")}
    forks = {
        path for path in here if path.is_relative_to(ROOT / "engine" / "positions" / "themes")
    }  # of the board
    found = {path.name: [*asked(path.read_text(encoding="utf-8"))] for path in sorted(here - ours - forks)}
    assert {name: calls for name, calls in found.items() if calls} == {}
    assert {"fcntl", "resource", "prctl", "killpg", "waitid", "process_group"} <= {
        call for path in ours for call in asked(path.read_text(encoding="utf-8"))
    }


@pytest.fixture
def poorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python processes that are started from now on have neither `fcntl` nor `resource`."""
    folder = tmp_path / "poorer"
    folder.mkdir()
    for name in ("fcntl", "resource"):
        (folder / f"{name}.py").write_text('raise ImportError("not on this system")\n')
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *os.environ.get("PYTHONPATH", "").split()]))


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_the_fallbacks(poorer: None, tmp_path: Path) -> None:
    code = (
        "import multiprocessing, os, sys\n"
        "from engine import system\n"
        "from engine.workers.scoreboard import Scoreboard\n"
        "context = multiprocessing.get_context('spawn')\n"
        "from engine.shared import KernelLock, SharedCounter\n"
        "from multiprocessing import Process, set_start_method\n"
        "set_start_method('spawn')\n"
        "with KernelLock() as taken: print(taken)\n"
        "counter = SharedCounter(2); counter.add(1, 5)\n"
        "process = Process(target=counter.add, args=(0, 2)); process.start(); process.join()\n"
        "print(counter.value)\n"
        "queue = system.task_queue(context)\n"
        "queue.put(b'unit'); print(queue.get(timeout=200)); system.close_reader(queue); system.abandon(queue)\n"
        "print(*[system.lock_file(open(sys.argv[1], 'a')) for _ in range(2)])\n"
        "guard = system.Guard(); program = guard.start(['/bin/cat'])\n"
        "guard.leave_no_core(); guard.limit_memory(1); print(program.poll()); guard.end()\n"
        "print(Scoreboard(context, workers=1).view().wins)\n"
    )
    ran = run("-W", "ignore", "-c", code, tmp_path / "file")
    assert (ran.stderr, ran.stdout.splitlines()) == (
        "",
        ["True", "7", "b'unit'", "unavailable unavailable", "None", "0"],
    )


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_poorer_system_analyses_all_the_same(poorer: None, tmp_path: Path, executor: str) -> None:
    source = tmp_path / "games.pgn"
    source.write_bytes(b"".join((DATA / "classics.pgn").read_bytes().partition(b"1-0\n")[:2]))
    arguments = ("analyze", source, "-e", fake_uci(tmp_path / "fake"), "--nodes", "10", "--executor", executor)
    ran = run("-m", "engine", *arguments, "-o", tmp_path / "out.pgn", "--workers", "1")
    assert ran.returncode == 0, ran.stderr
    assert "Traceback" not in ran.stderr
    assert "[%eval" in (tmp_path / "out.pgn").read_text()


def test_a_producer_waits_for_nobody_and_what_it_puts_keeps_its_order() -> None:
    """Short items go into the pipe until it is full; then, and for a long item, there is a thread."""
    queue = system.task_queue(multiprocessing.get_context("spawn"))
    threads = threading.active_count()
    queue.put(b"short")
    assert threading.active_count() == threads
    items = [bytes([n]) * 3_000 for n in range(100)]
    for item in (*items, b"long" * 50_000):
        queue.put(item)
    assert threading.active_count() == threads + 1
    assert [queue.get() for _ in range(102)] == [b"short", *items, b"long" * 50_000]
    system.close_reader(queue)
    system.abandon(queue)


def _no_library(name: str | None) -> object:
    raise TypeError(name)


@pytest.mark.parametrize("library", [lambda _: object(), _no_library])
def test_memory_is_given_back_where_that_can_be(library: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctypes.CDLL", library)
    monkeypatch.setattr("engine.system.heap._SECONDS", 0.0)
    system.keep_heap_small()
    system.give_back()


def test_a_file_is_locked_for_one_at_a_time(tmp_path: Path) -> None:
    with open(tmp_path / "file", "w") as mine, open(tmp_path / "file") as other:
        assert system.lock_file(mine) == "held"
        assert system.lock_file(other) == "busy"
        mine.close()
        assert system.lock_file(other.fileno()) == "held"


def test_a_clock_that_stands_still_while_asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    clock = system.AwakeClock(longest=2.0)
    told = []
    for passed in (1.5, 2.0, 60.0, 1.0):
        now[0] += passed
        told.append(clock())
    assert told == [101.5, 103.5, 103.5, 104.5]


@pytest.mark.parametrize(
    ("exit_code", "words", "blame"),
    [
        (0, "exit code 0", "position"),
        (3, "exit code 3", "position"),
        (-signal.SIGSEGV, "SIGSEGV", "position"),
        (-signal.SIGKILL, "SIGKILL", "outside"),
        (-signal.SIGTERM, "SIGTERM", "outside"),
        (-120, "signal 120", "position"),
        (None, "still running", "position"),
    ],
)
def test_how_a_process_ended(exit_code: int | None, words: str, blame: str) -> None:
    assert (system.name_signal(exit_code), system.blame(exit_code)) == (words, blame)


@pytest.mark.parametrize("polls", [True, False])
def test_waiting_for_pipes_and_processes(polls: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not polls:
        monkeypatch.delattr("selectors.PollSelector", raising=False)
    waiter = system.Waiter()
    assert waiter.wait(0.0) == []
    (mine, theirs), (other, others) = (multiprocessing.Pipe(duplex=False) for _ in range(2))
    process = multiprocessing.get_context("spawn").Process(target=theirs.close)
    with mine, theirs, other, others:
        for waitable, owner in ((mine, "one"), (other, None)):
            waiter.add(waitable, owner)
        assert other in waiter
        assert waiter.wait(0.0) == []
        others.send_bytes(b"word")
        assert waiter.wait(60.0) == [None]
        waiter.remove(other)
        assert other not in waiter
        assert waiter.wait(0.0) == []
        process.start()
        waiter.add(process.sentinel, "one")
        assert waiter.wait(60.0) == ["one"]
        theirs.send_bytes(b"word")
        assert waiter.wait(60.0) == ["one"], "both of its waitables, told once"
        waiter.remove(process.sentinel)
        process.join()
        process.close()
        theirs.close()
        mine.recv_bytes()
        assert waiter.wait(60.0) == ["one"], "the end of a pipe is heard"
        waiter.remove(mine)
