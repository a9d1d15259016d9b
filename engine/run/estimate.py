"""The cost of a run, estimated without doing it."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import time
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from engine import system
from engine.cache.store import unit_key
from engine.contracts.messages import PluginSpec
from engine.errors import AnalysisError
from engine.input.games import ParsedGame, read_games
from engine.loading import evaluators
from engine.model import Limit, Position
from engine.run.accounts import RunAccounts
from engine.run.prepare import prepare
from engine.run.searched import open_cache
from engine.run.start import choose_evaluators
from engine.search import adaptive
from engine.search.planner import plan
from engine.settings import Settings

PROBE_SECONDS = 0.7
TOGETHER_SECONDS = 60.0
"""How long processes that measure the speed together may take."""
PROBE = Position("r1bq1rk1/pp2bppp/2n1pn2/3p4/3P4/2NB1N2/PP3PPP/R1BQ1RK1 w - - 0 10")
"""A middlegame position; what the speed of one worker is measured on."""


class Estimate(Struct, frozen=True):
    """The figures that `--dry-run` prints."""

    games: int
    positions: int
    cached: int
    """Positions that the cache knows."""
    nodes_per_second: int
    """Speed of one worker by itself, measured on the spot."""
    seconds: float | None
    """Time for the other positions on all workers; None for a depth limit, whose nodes are not known before."""
    workers: int
    evaluator: str


def estimate(
    inputs: Sequence[Any], settings: Settings, on_game: Callable[[int], None] = lambda _: None
) -> Estimate:
    """Read the whole input, look every unit up in the cache, and measure one worker's speed.

    * **on_game** - *(optional)* called with the number of games read so far.

    Raises what `prepare` and `start` raise.
    """
    prepared = prepare(inputs, settings)
    evaluator = choose_evaluators(prepared, RunAccounts(prepared.new_recount(), None, keeps_labels=False)).main
    cache = open_cache(settings)
    games = positions = cached = 0
    ids = itertools.count()
    try:
        for item in read_games(prepared.sources, prepared.readers, prepared.selection):
            if not isinstance(item, ParsedGame):
                continue
            games += 1
            on_game(games)
            planned = plan(
                item.origin,
                item.game,
                settings.search,
                ids,
                use_recorded=evaluator.reads_input,
                can_search=evaluator.spec is not None,
            )
            for unit in planned.units:
                positions += len(unit.plies)
                if cache.get(unit_key(evaluator.info.fingerprint, prepared.first_limit, unit)) is not None:
                    cached += len(unit.plies)
    finally:
        cache.close()
    speed = measure_speed(evaluator.spec) if evaluator.spec is not None else 1
    share = adaptive.TYPICAL_SHARE if settings.search.adaptive else 1
    return Estimate(
        games,
        positions,
        cached,
        speed,
        _seconds(prepared.limit, round((positions - cached) * share), speed, prepared.workers),
        prepared.workers,
        evaluator.info.name,
    )


def _seconds(limit: Limit, positions: int, speed: int, workers: int) -> float | None:
    if limit.time is not None:
        return positions * limit.time / 1000 / workers
    if limit.nodes is not None:
        return positions * limit.nodes / speed / workers
    return None if positions else 0.0


def _probe_limit(trial: Limit) -> Limit:
    """Return a limit of a kind that the evaluator is tried with: it may not be able to count nodes."""
    if trial.nodes:
        return Limit(nodes=100_000)
    return Limit(time=300) if trial.time else Limit(depth=10)


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
