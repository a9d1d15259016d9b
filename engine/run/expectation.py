"""How long a run is expected to take, found out in a moment: for a warning before a long one."""

from __future__ import annotations

from msgspec import Struct

from engine.loading.evaluators import ChosenEvaluator
from engine.run.opened_cache import open_cache
from engine.run.prepare import RunPlan
from engine.run.speed import measure_speed, search_seconds
from engine.run.workload import count_work

COUNTING_SECONDS = 1.0
"""Seconds in which games are counted; the others are estimated."""
_SLOWEST = 20_000
"""Nodes a second of a slow evaluator: the speed is measured where such a one would take long."""


class Expectation(Struct, frozen=True):
    """What the searches of a run are expected to cost."""

    positions: int
    """Positions to search."""
    seconds: float


def expect(plan: RunPlan, main: ChosenEvaluator, least: float) -> Expectation | None:
    """Return what a run is expected to cost.

    * **least** - seconds; None is returned where it takes fewer, or where it is not known.
    """
    again = [source.again() for source in plan.sources]
    sources = [source for source in again if source is not None]
    if main.spec is None or len(sources) < len(again) or (plan.limit.nodes is None and plan.limit.time is None):
        return None
    try:
        [work] = count_work(plan, main, sources, within=COUNTING_SECONDS)
    finally:
        for source in sources:
            source.close()
    cache = open_cache(plan.settings)
    try:
        cached = work.cached_share(cache, main.info.fingerprint, plan.limit)
    finally:
        cache.close()
    positions = work.to_search * work.times * (1 - cached)
    full = positions * work.share
    seconds = search_seconds(plan.limit, full, _SLOWEST, plan.workers)
    if plan.limit.time is None and seconds is not None and seconds >= least:
        seconds = search_seconds(plan.limit, full, measure_speed(main.spec), plan.workers)
    return Expectation(round(positions), seconds) if seconds is not None and seconds >= least else None
