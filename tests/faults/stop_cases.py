"""Points at which a command is kept waiting, each with what brings it there."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from engine.testing.fake_uci import fake_uci
from tests import processes
from tests.support import DATA, FEW, PATIENCE

CLASSICS = DATA / "classics.pgn"
CONTINUES = "the same command continues where it stopped"
SLEEPY = """
import time
from pathlib import Path
from engine.model import Report
from engine.plugin import Aggregator


class Sleepy(Aggregator):
    '''Waits for ever.'''

    def add(self, game):
        if WHERE == "add":
            self.sleep()

    def report(self):
        if WHERE == "report":
            self.sleep()
        return Report("Sleepy")

    def sleep(self):
        Path(MARK).touch()
        time.sleep(3600)
"""


class Case(Struct):
    """A command that is brought to a point where it is kept waiting."""

    arguments: list[str]
    arrived: Callable[[subprocess.Popen[bytes]], bool]
    stdin: int = subprocess.DEVNULL
    stdout: int = subprocess.PIPE
    env: dict[str, str] = {}
    says: str = CONTINUES


Make = Callable[[Path, ExitStack], Case]
CASES: dict[str, Make] = {}


def case(make: Make) -> Make:
    CASES[make.__name__.replace("_", " ")] = make
    return make


# -- when it is there ---------------------------------------------------------------------------------------


def hears(pid: int) -> bool:
    """Whether the process has handlers for signals."""
    return bool(signal_mask(pid, "SigCgt") >> (signal.SIGTERM - 1) & 1)


def signal_mask(pid: int, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in (processes.PROC / str(pid) / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1], 16)
    return 0


def idle() -> Callable[[subprocess.Popen[bytes]], bool]:
    """Return a condition: the command hears signals, and computes nothing for a while."""
    seen: list[int] = []

    def is_idle(process: subprocess.Popen[bytes]) -> bool:
        seen.append(ticks([process.pid, *processes.descendants(process.pid)]))
        return hears(process.pid) and len(seen) > 12 and len(set(seen[-12:])) == 1

    return is_idle


def busy_for(seconds: float) -> Callable[[subprocess.Popen[bytes]], bool]:
    """Return a condition: the youngest process of the command, or the command alone, has computed for so long."""

    def is_busy(process: subprocess.Popen[bytes]) -> bool:
        workers = [pid for pid in processes.descendants(process.pid) if "spawn_main" in processes.command_of(pid)]
        return hears(process.pid) and ticks(workers[-1:] or [process.pid]) > seconds * os.sysconf("SC_CLK_TCK")

    return is_busy


def ticks(pids: list[int]) -> int:
    """Return how long processes have used the processor."""
    used = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = (processes.PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            used += int(fields[11]) + int(fields[12])
    return used


def logged(log: Path, text: str, times: int = 1) -> Callable[[subprocess.Popen[bytes]], bool]:
    return lambda process: hears(process.pid) and log.exists() and log.read_text().count(text) >= times


def has_open(path: Path) -> Callable[[subprocess.Popen[bytes]], bool]:
    def is_open(process: subprocess.Popen[bytes]) -> bool:
        with contextlib.suppress(OSError):
            links = (processes.PROC / str(process.pid) / "fd").iterdir()
            return hears(process.pid) and any(os.path.realpath(link) == str(path) for link in links)
        return False

    return is_open


def analyze(*arguments: str | Path, fake: Path) -> list[str]:
    return ["analyze", *map(str, arguments), "-e", str(fake), "--nodes", "1000", "-j", "2"]


# -- where it waits -----------------------------------------------------------------------------------------


@case
def a_search_that_does_not_answer(folder: Path, _: ExitStack) -> Case:
    fake = fake_uci(folder / "fake", deaf=True, ignore_quit=True, log=str(folder / "log"))
    return Case(analyze(CLASSICS, "-o", folder / "out.pgn", fake=fake), logged(folder / "log", "go nodes 1000"))


@case
def a_program_that_is_killed_in_every_search(folder: Path, _: ExitStack) -> Case:
    fake = fake_uci(folder / "fake", kill=True, signal="SIGKILL", log=str(folder / "log"))
    return Case(analyze(CLASSICS, fake=fake), logged(folder / "log", "go nodes 1000", 3))


@case
def a_program_that_does_not_start(folder: Path, _: ExitStack) -> Case:
    fake = fake_uci(folder / "fake", start_delay=3600.0)
    return Case(analyze(CLASSICS, fake=fake), idle())


@case
def a_program_that_does_not_end(folder: Path, _: ExitStack) -> Case:
    fake = fake_uci(folder / "fake", ignore_quit=True, delay=0.05, log=str(folder / "log"))
    return Case(analyze(CLASSICS, fake=fake), logged(folder / "log", "go nodes 1000", 3))


@case
def workers_that_do_not_start(folder: Path, _: ExitStack) -> Case:
    fake = fake_uci(folder / "fake", log=str(folder / "log"))
    slow = f"""#!/bin/sh\n[ -e {folder}/once ] && sleep 3600\ntouch {folder}/once\nexec "$0.real"\n"""
    os.rename(fake, f"{fake}.real")  # noqa: PTH104
    os.rename(f"{fake}.json", f"{fake}.real.json")  # noqa: PTH104
    fake.write_text(slow)
    fake.chmod(0o755)
    return Case(analyze(CLASSICS, fake=fake), idle())


@case
def standard_input_that_says_nothing(folder: Path, stack: ExitStack) -> Case:
    return Case(analyze("-", fake=fake_uci(folder / "fake")), idle(), stdin=pipe(stack))


@case
def standard_input_that_says_no_more(folder: Path, stack: ExitStack) -> Case:
    reader = pipe(stack, FEW.encode())
    return Case(analyze("-", fake=fake_uci(folder / "fake")), idle(), stdin=reader)


@case
def a_fifo_without_a_writer(folder: Path, _: ExitStack) -> Case:
    os.mkfifo(folder / "games.pgn")
    return Case(analyze(folder / "games.pgn", fake=fake_uci(folder / "fake")), idle())


@case
def a_fifo_whose_writer_waits(folder: Path, stack: ExitStack) -> Case:
    os.mkfifo(folder / "games.pgn")
    writer = os.open(folder / "games.pgn", os.O_RDWR)
    stack.callback(os.close, writer)
    os.write(writer, FEW.encode()[:1000])
    return Case(analyze(folder / "games.pgn", fake=fake_uci(folder / "fake")), idle())


@case
def a_device_without_an_end(folder: Path, _: ExitStack) -> Case:
    fake = fake_uci(folder / "fake")
    return Case(analyze("/dev/zero", fake=fake), has_open(Path("/dev/zero")))


@case
def a_line_without_an_end(folder: Path, _: ExitStack) -> Case:
    games = folder / "games.pgn"
    with games.open("wb") as file:
        file.truncate(1 << 40)  # takes no space
    return Case(analyze(games, fake=fake_uci(folder / "fake")), has_open(games))


@case
def a_cache_that_is_locked(folder: Path, stack: ExitStack) -> Case:
    fake = fake_uci(folder / "fake", log=str(folder / "log"), delay=0.02)
    cache = folder / "units.sqlite"
    lock_when_searched(stack, cache, folder / "log", folder / "mark")
    return Case(analyze(CLASSICS, "--cache", cache, fake=fake), exists(folder / "mark"))


@case
def a_cache_that_is_locked_from_the_start(folder: Path, stack: ExitStack) -> Case:
    cache = folder / "units.sqlite"
    db = stack.enter_context(contextlib.closing(sqlite3.connect(cache, isolation_level=None)))
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN EXCLUSIVE")
    return Case(analyze(CLASSICS, "--cache", cache, fake=fake_uci(folder / "fake", deaf=True)), has_open(cache))


@case
def standard_output_that_nobody_reads(folder: Path, stack: ExitStack) -> Case:
    reader, writer = os.pipe()
    stack.callback(os.close, reader)
    stack.callback(os.close, writer)
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    arguments = [*analyze(CLASSICS, fake=fake_uci(folder / "fake")), "--format", "jsonl"]
    return Case(arguments, idle(), stdout=writer)


@case
def a_report_that_is_never_made(folder: Path, _: ExitStack) -> Case:
    arguments = analyze(DATA / "finishes.epd", "-a", "sleepy", fake=fake_uci(folder / "fake"))
    return Case([*arguments, "--plugin", sleepy(folder, "report")], exists(folder / "mark"))


@case
def batches_that_are_never_analysed(folder: Path, _: ExitStack) -> Case:
    game = '[White "A"]\n[Black "B"]\n[Result "*"]\n\n1. e4 { [%eval 0.2] } e5 { [%eval 0.3] } *\n\n'
    (folder / "games.pgn").write_text(game * (5 * (1 << 20) // len(game)))
    arguments = ["analyze", str(folder / "games.pgn"), "-e", "recorded", "-a", "sleepy", "-j", "2"]
    return Case([*arguments, "--plugin", sleepy(folder, "add")], exists(folder / "mark"))


@case
def a_download_that_does_not_begin(folder: Path, _: ExitStack) -> Case:
    npm(folder, f"touch {folder}/mark; exec sleep 3600")
    path = f"{folder}:{os.environ['PATH']}"
    arguments = ["analyze", str(CLASSICS), "-e", "embedded"]
    return Case(arguments, exists(folder / "mark"), env={"PATH": path, "ENGINE_STOCKFISH_WASM": ""})


@case
def a_download_that_does_not_end(folder: Path, stack: ExitStack) -> Case:
    port = trickle(stack, folder / "mark")
    npm(folder, f"[ $1 = --version ] && echo 10 || echo http://127.0.0.1:{port}/stockfish.tgz")
    path = f"{folder}:{os.environ['PATH']}"
    env = {"PATH": path, "ENGINE_STOCKFISH_WASM": "", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return Case(["setup"], exists(folder / "mark"), env=env, says="stopped")


@case
def an_estimate_of_what_never_comes(folder: Path, stack: ExitStack) -> Case:
    arguments = [*analyze("-", fake=fake_uci(folder / "fake")), "--dry-run"]
    return Case(arguments, idle(), stdin=pipe(stack), says="stopped")


@case
def an_estimate_whose_program_does_not_answer(folder: Path, _: ExitStack) -> Case:
    fake = fake_uci(folder / "fake", deaf=True, log=str(folder / "log"))
    arguments = [*analyze(CLASSICS, "--no-cache", fake=fake), "--dry-run"]
    return Case(arguments, logged(folder / "log", "go nodes 100"), says="stopped")


@case
def the_evaluation_of_one_position(folder: Path, _: ExitStack) -> Case:
    fake = fake_uci(folder / "fake", deaf=True, ignore_quit=True, log=str(folder / "log"))
    return Case(["evaluate", "-e", str(fake)], logged(folder / "log", "go nodes 1000000"), says="stopped")


@case
def the_doctor_whose_processes_do_not_answer(folder: Path, _: ExitStack) -> Case:
    fake = fake_uci(folder / "fake", deaf=f"@{folder}/now", log=str(folder / "log"), delay=1.0)
    log = folder / "log"

    def arrived(process: subprocess.Popen[bytes]) -> bool:
        if log.exists() and "go nodes 100000" in log.read_text():
            (folder / "now").touch()
        return log.exists() and log.read_text().count("go nodes 100000") > 1 and hears(process.pid)

    return Case(["doctor", "-e", str(fake)], arrived, says="stopped")


# -- what they need -----------------------------------------------------------------------------------------


def pipe(stack: ExitStack, data: bytes = b"") -> int:
    """Return the reading end of a pipe that stays open."""
    reader, writer = os.pipe()
    stack.callback(os.close, writer)
    stack.callback(os.close, reader)
    os.write(writer, data)
    return reader


def exists(path: Path) -> Callable[[subprocess.Popen[bytes]], bool]:
    return lambda process: path.exists() and hears(process.pid)


def sleepy(folder: Path, where: str) -> str:
    plugin = folder / "sleepy.py"
    plugin.write_text(f"WHERE, MARK = {where!r}, {str(folder / 'mark')!r}\n{SLEEPY}")
    return str(plugin)


def npm(folder: Path, script: str) -> None:
    (folder / "npm").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "npm").chmod(0o755)


def trickle(stack: ExitStack, mark: Path) -> int:
    """Serve a file that does not end, a byte at a time; return the port."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 161000000\r\n\r\n\x1f\x8b")
                mark.touch()
                while not stop.wait(0.5):
                    connection.sendall(b"\x00")

    thread = threading.Thread(target=serve)
    thread.start()

    def close() -> None:
        stop.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()

    stack.callback(close)
    port: int = server.getsockname()[1]
    return port


def lock_when_searched(stack: ExitStack, cache: Path, log: Path, mark: Path) -> None:
    """Lock a cache for ever once something has been searched."""
    stop = threading.Event()

    def lock() -> None:
        while not stop.wait(0.01):
            if log.exists() and "go nodes 1000\n" in log.read_text():
                with contextlib.closing(sqlite3.connect(cache, isolation_level=None, timeout=PATIENCE)) as db:
                    db.execute("BEGIN IMMEDIATE")
                    mark.touch()
                    stop.wait()

    thread = threading.Thread(target=lock)
    thread.start()
    stack.callback(thread.join)
    stack.callback(stop.set)
