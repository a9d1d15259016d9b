"""Whatever a command is doing: SIGINT, SIGTERM and --stop-after end it within five seconds, in good order."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci
from tests import processes
from tests.support import PATIENCE

from .stop_cases import (
    CASES,
    CLASSICS,
    CONTINUES,
    Case,
    a_search_that_does_not_answer,
    analyze,
    busy_for,
    signal_mask,
)

pytestmark = [
    pytest.mark.skipif(not processes.HAS_PROC, reason="looks for processes in /proc"),
    pytest.mark.timeout(2 * PATIENCE),
]

SECONDS = 5.0
"""How long a command may take to end after it was asked to, on a machine that has time for it."""
START_SECONDS = 0.8
"""How long `engine --version` takes on such a machine, at most."""


@contextlib.contextmanager
def started(made: Case, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "engine", *made.arguments, *arguments]
    env = {**os.environ, **made.env}
    if not env.get("ENGINE_STOCKFISH_WASM"):
        env.pop("ENGINE_STOCKFISH_WASM", None)
    with subprocess.Popen(
        command, stdin=made.stdin, stdout=made.stdout, stderr=subprocess.PIPE, env=env
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(made: Case, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not made.arrived(process):
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.03)


def slowness() -> float:
    """Return how many times as long as on such a machine a command takes now; 1 where it is not busy."""
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", "engine", "--version"], stdout=subprocess.DEVNULL, check=True)
    return max(1.0, (time.monotonic() - begun) / START_SECONDS)


def ended_in_time(process: subprocess.Popen[bytes], begun: float, before: float = 0.0) -> tuple[bytes, bool]:
    """Wait for the end; return what was said, and whether it came in time.

    How busy the machine is counts while the command is late, and once more when it has ended.

    * **before** - the seconds after which it is asked to end.
    """
    said, slowest = b"", 1.0
    while process.returncode is None:
        late = time.monotonic() - begun - before - SECONDS
        assert late < PATIENCE, "it does not end"
        if late >= 0.0:
            slowest = max(slowest, slowness())
        with contextlib.suppress(subprocess.TimeoutExpired):
            _, said = process.communicate(timeout=max(0.1, -late))
    seconds = time.monotonic() - begun
    if seconds >= before + SECONDS:
        slowest = max(slowest, slowness())
    return said, seconds < (before + SECONDS) * slowest


CHEAP = {("SIGTERM", "a program that is killed in every search"), ("SIGINT", "standard input that says nothing")}
"""Rows that are tried each time. Of the others CI tries every state with one of the signals, the storms with the
other."""


def marks(row: int, number: str, name: str) -> list[pytest.MarkDecorator]:
    if (number, name) in CHEAP:
        return []
    return [pytest.mark.slow if (number == "SIGTERM") == row % 2 else pytest.mark.storm]


ROWS = [
    pytest.param(name, number, id=f"{number}: {name}", marks=marks(row, number, name))
    for row, name in enumerate(CASES)
    for number in ("SIGINT", "SIGTERM")
]
WITHOUT_RUN = {name for name in CASES if name.startswith(("the ", "an estimate", "a download that does not end"))}


@pytest.mark.parametrize(("name", "number"), ROWS)
def test_a_signal_ends_it_in_time(tmp_path: Path, name: str, number: str) -> None:
    with ExitStack() as stack:
        made = CASES[name](tmp_path, stack)
        with started(made) as process:
            wait_until(made, process)
            begun = time.monotonic()
            process.send_signal(signal.Signals[number])
            said, in_time = ended_in_time(process, begun)
    assert process.returncode == {"SIGINT": 130, "SIGTERM": 143}[number], said.decode()
    assert "Traceback" not in said.decode()
    assert made.says in said.decode()
    assert in_time


STOPPED = ("a search that does not answer", "a fifo without a writer", "a report that is never made")
"""States that CI ends with --stop-after too; the storms try it in all."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name in STOPPED else pytest.mark.storm)
        for name in sorted(CASES.keys() - WITHOUT_RUN)
    ],
)
def test_so_does_stop_after(tmp_path: Path, name: str) -> None:
    """The two seconds begin with the command, and once more with the run."""
    with ExitStack() as stack:
        made = CASES[name](tmp_path, stack)
        begun = time.monotonic()
        with started(made, "--stop-after", "2s") as process:
            said, in_time = ended_in_time(process, begun, before=2 * 2 + 2)
    assert process.returncode == 0, said.decode()
    assert "Traceback" not in said.decode()
    assert f"stopped as asked; {CONTINUES}" in said.decode()
    assert in_time


@pytest.mark.slow
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_the_second_signal_ends_it_at_once(tmp_path: Path, number: str) -> None:
    with ExitStack() as stack:
        made = a_search_that_does_not_answer(tmp_path, stack)
        with started(made) as process:
            wait_until(made, process)
            process.send_signal(signal.Signals[number])
            process.send_signal(signal.Signals[number])
            _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == {"SIGINT": 130, "SIGTERM": 143}[number]
    assert "Traceback" not in said.decode()


@pytest.mark.slow
@pytest.mark.stockfish
@pytest.mark.parametrize("command", [["evaluate"], ["analyze", str(CLASSICS), "-j", "2", "--no-cache"]])
def test_so_does_a_signal_to_a_search_inside_python(
    stockfish_wasm: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.setenv("ENGINE_STOCKFISH_WASM", str(stockfish_wasm))
    made = Case([*command, "-e", "embedded", "--nodes", "100000M"], busy_for(3.0))
    with started(made) as process:
        wait_until(made, process)
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        said, in_time = ended_in_time(process, begun)
    assert process.returncode == 130, said.decode()
    assert "Traceback" not in said.decode()
    assert in_time


@pytest.mark.slow
def test_what_was_ignored_when_we_were_started_stays_ignored(tmp_path: Path) -> None:
    """Signals are ignored so by `nohup` and a script's `&`; in the workers too, and in their programs."""
    log = tmp_path / "log"
    fake = fake_uci(tmp_path / "fake", delay=0.01, log=str(log))
    command = [sys.executable, "-m", "engine", *analyze(CLASSICS, "--limit", "2", "-q", fake=fake)]
    shell = f"trap '' INT HUP; exec {shlex.join(command)}"
    with subprocess.Popen(["/bin/sh", "-c", shell], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            while not (log.exists() and "go nodes 1000\n" in log.read_text()):
                assert process.poll() is None
                time.sleep(0.02)
            everybody = [process.pid, *processes.descendants(process.pid)]
            everybody = [pid for pid in everybody if "resource_tracker" not in processes.command_of(pid)]
            ignored = [signal_mask(pid, "SigIgn") for pid in everybody]
            processes.kill([process.pid], signal.SIGINT)
            processes.kill([process.pid], signal.SIGHUP)
            _, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert len(ignored) > 4
    for number in (signal.SIGINT, signal.SIGHUP):
        assert all(mask >> (number - 1) & 1 for mask in ignored if mask)
    assert process.returncode == 0, said.decode()
    assert "interrupted" not in said.decode()


_ASYNC = """
import asyncio, json, sys, time
import engine

async def main(source, fake, log):
    async with engine.AsyncAnalyzer(evaluator=fake, workers=1, settings=engine.Settings(cache="")) as analyzer:
        run = await analyzer.submit(source, nodes=1000)
        while not (log and "go nodes 1000" in open(log).read()) and not (not log and run.snapshot().seconds > 0):
            await asyncio.sleep(0.05)
        begun = time.monotonic()
        run.cancel()
        result = await run.result()
        print(json.dumps([time.monotonic() - begun, result.interrupted]))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("state", ["search", "fifo"])
def test_so_does_cancel_in_an_event_loop(tmp_path: Path, state: str) -> None:
    log = tmp_path / "log"
    log.touch()
    fake = fake_uci(tmp_path / "fake", deaf=True, log=str(log))
    source = CLASSICS
    if state == "fifo":
        source = tmp_path / "games.pgn"
        os.mkfifo(source)
    words = [str(source), str(fake), str(log) if state == "search" else ""]
    ran = subprocess.run(
        [sys.executable, "-c", _ASYNC, *words], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ran.returncode == 0, ran.stderr
    seconds, interrupted = json.loads(ran.stdout)
    assert interrupted
    assert seconds < SECONDS or seconds < SECONDS * slowness()
