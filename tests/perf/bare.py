"""Evaluators without a framework: the same searches in the same order, as text, and the answers are not parsed.

First `recorded_units` records what a worker would be sent. Then one loop for each core takes unit after unit from
a common list, all at the same time. The rate of a loop is measured while all of them search.
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
"""The `position` commands of a unit, in the order of the search."""

HASH = 16
"""Size of the hash table in MB, the default of the framework."""
WARM = ("position startpos", "go nodes 20000")
WAIT_SECONDS = 120.0


class Loops(Struct):
    """The work of all loops together."""

    nodes: int
    seconds: float
    """Seconds until the last loop ended."""
    rate: float
    """Nodes per second: the sum of the rates of the single loops."""


def recorded_units(source: Path) -> list[Unit]:
    """Return what one worker of `engine analyze` is sent for these games, unit by unit."""
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
    """Search all units with one bare loop for each core. Raises `Failed` when a loop fails."""
    path = searcher.path
    results = _embedded(units, go, cores) if path is None else _native(path, units, go, cores)
    nodes = sum(nodes for nodes, _ in results)
    rate = sum(nodes / seconds for nodes, seconds in results if seconds)
    return Loops(nodes, max(seconds for _, seconds in results), rate)


def _native(path: Path, units: Sequence[Unit], go: str, cores: int) -> list[tuple[int, float]]:
    """Run one native program for each core, driven by a thread that does nothing but wait for lines."""
    remaining = list(reversed(units))
    barrier = threading.Barrier(cores)
    results: list[tuple[int, float]] = []
    errors: list[BaseException] = []

    def loop() -> None:
        try:
            with contextlib.closing(NativeProgram(path)) as program:
                results.append(
                    _work(program.command, lambda: remaining.pop() if remaining else None, go, barrier.wait)
                )
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
    return results


class NativeProgram:
    """A UCI program that searches with one thread, driven by text."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
        )
        for text in ("uci", "setoption name Threads value 1", f"setoption name Hash value {HASH}"):
            self.command(text)

    def command(self, text: str) -> list[str]:
        """Send a command and return the lines up to the one that ends its answer."""
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
    """Run the embedded Stockfish in one process for each core, as the framework does."""
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
    command: Callable[[str], list[str]],
    take: Callable[[], Unit | None],
    go: str,
    start_together: Callable[[], object],
) -> tuple[int, float]:
    """Search units until `take` returns None; return the nodes searched and the seconds."""
    for text in WARM:
        command(text)
    start_together()
    nodes = 0
    started = time.perf_counter()
    while (unit := take()) is not None:
        command("ucinewgame")
        for position in unit:
            command(position)
            nodes += _nodes(command(go))
    return nodes, time.perf_counter() - started


def _nodes(lines: Sequence[str]) -> int:
    """Return the nodes of the last `info` line that has them; 0 without one."""
    for line in reversed(lines):
        words = line.split()
        if "nodes" in words:
            return int(words[words.index("nodes") + 1])
    return 0
