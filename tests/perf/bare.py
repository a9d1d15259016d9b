"""Evaluators without a framework: the same searches in the same order, text in and text out, nothing looked at.

What a worker would be sent is recorded first (`recorded_units`); then one loop for each core takes unit after unit
from a common list, all at once. The rate of a loop counts while all of them search.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.model import Position
from tests.perf import runs
from tests.perf.evaluators import Searcher
from tests.perf.report import Failed

Unit = list[str]
"""`position` commands, in the order of the search."""

HASH = 16
"""Megabytes, as the framework's default."""
WARM = ("position startpos", "go nodes 20000")
WAIT_SECONDS = 120.0


class Loops(Struct):
    """What the loops did together."""

    nodes: int
    seconds: float
    """Until the last one ended."""
    rate: float
    """Nodes a second: the sum of the loops' own rates."""


def recorded_units(source: Path) -> list[Unit]:
    """What one worker of `engine analyze` is sent for these games, unit by unit."""
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        log = Path(name, "log")
        # An evaluator that costs nothing answers; what is sent does not depend on the answers.
        variables = {"PERF_LOG": str(log)}
        runs.analyze(
            source, "-j", "1", evaluator="instant", plugin=runs.INSTANT, timed=True, extra=variables
        )  # fmt: skip
        units: list[Unit] = []
        for line in log.read_bytes().splitlines():
            position = msgspec.json.decode(line, type=Position | None)
            if position is None:
                units.append([])
            else:
                units[-1].append(_command(position))
    return [unit for unit in units if unit]


def _command(position: Position) -> str:
    moves = f" moves {' '.join(position.moves)}" if position.moves else ""
    return f"position fen {position.fen}{moves}"


def loops(searcher: Searcher, units: Sequence[Unit], go: str, cores: int) -> Loops:
    """Search all units with as many bare loops as cores. Raises Failed."""
    path = searcher.path
    found = _embedded(units, go, cores) if path is None else _native(path, units, go, cores)
    nodes = sum(nodes for nodes, _ in found)
    rate = sum(nodes / seconds for nodes, seconds in found if seconds)
    return Loops(nodes, max(seconds for _, seconds in found), rate)


def _native(path: Path, units: Sequence[Unit], go: str, cores: int) -> list[tuple[int, float]]:
    """A thread for each program; it waits for lines and does nothing else."""
    left = list(reversed(units))
    barrier = threading.Barrier(cores)
    found: list[tuple[int, float]] = []
    errors: list[BaseException] = []

    def loop() -> None:
        try:
            with contextlib.closing(NativeProgram(path)) as program:
                found.append(_work(program.command, lambda: left.pop() if left else None, go, barrier.wait))
        except BaseException as error:
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=loop) for _ in range(cores)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise Failed(f"{path}: {errors[0]}")
    return found


class NativeProgram:
    """A UCI program with one thread, driven by text."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
        )
        for text in ("uci", "setoption name Threads value 1", f"setoption name Hash value {HASH}"):
            self.command(text)

    def command(self, text: str) -> list[str]:
        """Send it and return the lines until it is done."""
        assert self._process.stdin is not None
        end = {"uci": "uciok", "go": "bestmove"}.get(text.split(maxsplit=1)[0], "readyok")
        asked = "" if end != "readyok" else "isready\n"
        # A position needs no answer.
        if text.startswith("position"):
            self._process.stdin.write(f"{text}\n")
            return []
        self._process.stdin.write(f"{text}\n{asked}")
        return self._until(end)

    def _until(self, end: str) -> list[str]:
        assert self._process.stdout is not None
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if line.startswith(end):
                return lines
        raise Failed(f"it ended before {end}")

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def _embedded(units: Sequence[Unit], go: str, cores: int) -> list[tuple[int, float]]:
    """A process for each instance, as in the framework."""
    context = multiprocessing.get_context("spawn")
    tasks, results = context.SimpleQueue(), context.SimpleQueue()
    barrier = context.Barrier(cores)
    arguments = (tasks, results, barrier, go)
    processes = [context.Process(target=_embedded_loop, args=arguments, daemon=True) for _ in range(cores)]

    def feed() -> None:
        for item in [*units, *[None] * cores]:
            tasks.put(item)

    threading.Thread(target=feed, daemon=True).start()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise Failed("a bare loop of the embedded Stockfish failed")
    return [results.get() for _ in processes]


def _embedded_loop(
    tasks: SimpleQueue[Unit | None], results: SimpleQueue[tuple[int, float]], barrier: Barrier, go: str
) -> None:
    from engine.system.paths import cache_dir
    from engine_plugins.evaluators import _fetch, _wasm

    program = _wasm.Program(_wasm.load(_fetch.ensure(), _fetch.SHA256, cache_dir() / "compiled"))
    program.command(f"setoption name Hash value {HASH}")
    results.put(_work(program.command, tasks.get, go, lambda: barrier.wait(WAIT_SECONDS)))


def _work(
    command: Callable[[str], list[str]], take: Callable[[], Unit | None], go: str, together: Callable[[], object]
) -> tuple[int, float]:
    """Nodes searched, and seconds."""
    for text in WARM:
        command(text)
    together()
    nodes = 0
    started = time.perf_counter()
    while (unit := take()) is not None:
        command("ucinewgame")
        for place in unit:
            command(place)
            nodes += _nodes(command(go))
    return nodes, time.perf_counter() - started


def _nodes(lines: Sequence[str]) -> int:
    """Of the last `info` that says it."""
    for line in reversed(lines):
        words = line.split()
        if "nodes" in words:
            return int(words[words.index("nodes") + 1])
    return 0
