"""The speed of evaluators, measured on the spot."""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from typing import Any

from engine import system
from engine.contracts.messages import PluginSpec
from engine.errors import AnalysisError
from engine.loading import evaluators
from engine.model import Limit, Position

PROBE_SECONDS = 0.7
TOGETHER_SECONDS = 60.0
"""How long processes that measure the speed together may take."""
PROBE = Position("r1bq1rk1/pp2bppp/2n1pn2/3p4/3P4/2NB1N2/PP3PPP/R1BQ1RK1 w - - 0 10")
"""A middlegame position; what the speed of one worker is measured on."""


def _probe_limit(trial: Limit) -> Limit:
    """Return a limit of a kind that the evaluator is tried with: it may not be able to count nodes."""
    if trial.nodes:
        return Limit(nodes=100_000)
    return Limit(time=300) if trial.time else Limit(depth=10)


def search_seconds(limit: Limit, positions: float, speed: float, workers: int) -> float | None:
    """Return the seconds that searches take on all workers; None for a depth limit, whose nodes are not known.

    * **limit** - the limit of each search.
    * **speed** - nodes a second of one worker.
    """
    if limit.time is not None:
        return positions * limit.time / 1000 / workers
    if limit.nodes is not None:
        return positions * limit.nodes / speed / workers
    return None if positions else 0.0


def measure_speed(spec: PluginSpec) -> int:
    """Nodes per second of one evaluator, over about a second."""
    evaluator = evaluators.make(spec)
    limit = _probe_limit(getattr(evaluator.options, "trial", Limit(nodes=1)))
    try:
        evaluator.start()
        evaluator.clear()
        nodes, started = 0, time.monotonic()
        while (spent := time.monotonic() - started) < PROBE_SECONDS:
            nodes += evaluator.search(PROBE, limit).nodes
            evaluator.clear()
        return max(1, int(nodes / spent)) if spent else 1
    finally:
        evaluator.close()


def measure_speeds(spec: PluginSpec, count: int) -> list[int]:
    """Nodes per second of evaluators that search at the same time, each in a process; of those that answer."""
    context = multiprocessing.get_context("spawn")
    deadline = time.monotonic() + TOGETHER_SECONDS
    processes, speeds = [], []
    try:
        for _ in range(count):
            reader, writer = context.Pipe(duplex=False)
            process = context.Process(target=_measure, args=(spec, writer), daemon=True)
            processes.append((process, reader))
            with writer, system.without_main(), contextlib.suppress(OSError, EOFError):
                process.start()
        for _, reader in processes:
            with contextlib.suppress(EOFError, OSError):
                if reader.poll(max(0.0, deadline - time.monotonic())):
                    speeds.append(int(reader.recv_bytes()))
    finally:
        for process, reader in processes:
            if process.pid is not None:
                process.kill()
                process.join()
            reader.close()
    return speeds


def _measure(spec: PluginSpec, result: Any) -> None:
    system.leave_signals_to_parent()
    system.end_with_parent()
    with contextlib.suppress(AnalysisError):
        result.send_bytes(str(measure_speed(spec)).encode())
