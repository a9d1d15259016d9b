"""What a run would cost, without doing it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from engine.cache.store import unit_key
from engine.contracts.messages import PluginSpec
from engine.input.games import ParsedGame
from engine.loading import evaluators
from engine.model import Limit, Position
from engine.run.run import Run
from engine.search import adaptive
from engine.search.planner import plan
from engine.settings import Settings

PROBE_SECONDS = 0.7
PROBE = Position("r1bq1rk1/pp2bppp/2n1pn2/3p4/3P4/2NB1N2/PP3PPP/R1BQ1RK1 w - - 0 10")
"""A middlegame position; what the speed of one worker is measured on."""


class Estimate(Struct, frozen=True):
    """What `--dry-run` prints."""

    games: int
    positions: int
    cached: int
    """Of the positions, how many the cache knows."""
    nodes_per_second: int
    """Of one worker by itself, measured on the spot."""
    seconds: float | None
    """For the rest on all workers; None for a depth limit, whose nodes nobody knows before."""
    workers: int
    evaluator: str


def estimate(
    inputs: Sequence[Any], settings: Settings, on_game: Callable[[int], None] = lambda _: None
) -> Estimate:
    """Read the whole input, look every unit up in the cache, and measure one worker's speed.

    Raises what `Run` raises.
    """
    run = Run(inputs, settings)
    cache = run.open_cache()
    games = positions = cached = 0
    ids = itertools.count()
    try:
        for item in run.items():
            if not isinstance(item, ParsedGame):
                continue
            games += 1
            on_game(games)
            planned = plan(
                item.origin,
                item.game,
                settings.search,
                ids,
                use_recorded=run.evaluator.reads_input,
                can_search=run.evaluator.spec is not None,
            )
            for unit in planned.units:
                positions += len(unit.plies)
                if cache.get(unit_key(run.evaluator.info.fingerprint, run.first_limit, unit)) is not None:
                    cached += len(unit.plies)
    finally:
        cache.close()
    speed = measure_speed(run.evaluator.spec) if run.evaluator.spec is not None else 1
    share = adaptive.TYPICAL_SHARE if settings.search.adaptive else 1
    return Estimate(
        games,
        positions,
        cached,
        speed,
        _seconds(run.limit, round((positions - cached) * share), speed, run.workers),
        run.workers,
        run.evaluator.info.name,
    )


def _seconds(limit: Limit, positions: int, speed: int, workers: int) -> float | None:
    if limit.time is not None:
        return positions * limit.time / 1000 / workers
    if limit.nodes is not None:
        return positions * limit.nodes / speed / workers
    return None if positions else 0.0


def measure_speed(spec: PluginSpec) -> int:
    """Nodes per second of one evaluator, over about a second."""
    evaluator = evaluators.make(spec)
    try:
        evaluator.start()
        evaluator.clear()
        nodes, started = 0, time.monotonic()
        while (spent := time.monotonic() - started) < PROBE_SECONDS:
            nodes += evaluator.search(PROBE, Limit(nodes=100_000)).nodes
            evaluator.clear()
        return max(1, int(nodes / spent)) if spent else 1
    finally:
        evaluator.close()
