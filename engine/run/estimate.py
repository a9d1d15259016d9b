"""The cost of a run, estimated without doing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from engine.cache.store import unit_key
from engine.contracts.messages import Unit
from engine.model import Limit
from engine.run.accounts import RunAccounts
from engine.run.follow_ups import Forecast, foresee
from engine.run.opened_cache import open_cache
from engine.run.prepare import prepare
from engine.run.speed import measure_speed
from engine.run.start import choose_evaluators
from engine.run.time_budget import measured_for, what_fits
from engine.run.workload import count_work
from engine.search import adaptive
from engine.settings import Settings


class Estimate(Struct, frozen=True):
    """The figures that `--dry-run` prints."""

    games: int
    positions: int
    cached: int
    """Positions that the cache knows."""
    nodes_per_second: int
    """Speed of one worker, measured on the spot: of several busy ones where `fitting` was asked for."""
    seconds: float | None
    """Time for the other positions on all workers; None for a depth limit, whose nodes are not known before."""
    workers: int
    evaluator: str
    asking: tuple[str, ...] = ()
    """Aggregators that ask for follow-up searches."""
    follow_ups: int | None = None
    """Follow-up searches, which `seconds` includes; None where they depend on what the searches find."""
    follow_ups_cached: int = 0
    """Those of them that the cache knows."""
    follow_up_evaluator: str = ""
    """Who makes them, where nothing else is searched."""
    fitting: tuple[int, ...] = ()
    """Nodes a position that fit into each time that was asked about; 0: not even the fewest do."""


def estimate(
    inputs: Sequence[Any],
    settings: Settings,
    on_game: Callable[[int], None] = lambda _: None,
    budgets: Sequence[float] = (),
) -> Estimate:
    """Read the whole input, look every unit up in the cache, and measure the speed.

    * **on_game** - *(optional)* called with the number of games read so far.
    * **budgets** - *(optional)* times in seconds; the estimate says how many nodes fit into each.

    Raises what `prepare` and `start` raise.
    """
    prepared = prepare(inputs, settings)
    chosen = choose_evaluators(prepared, RunAccounts(prepared.new_recount(), None, keeps_labels=False))
    evaluator = chosen.main
    cache = open_cache(settings)
    games = cached = 0

    def look_up(units: Sequence[Unit]) -> None:
        nonlocal games, cached
        games += 1
        on_game(games)
        for unit in units:
            if cache.get(unit_key(evaluator.info.fingerprint, prepared.first_limit, unit)) is not None:
                cached += len(unit.plies)

    try:
        work = count_work(prepared, evaluator, prepared.sources, on_game=look_up)
    finally:
        cache.close()
    positions = work.positions
    asking = tuple(prepared.aggregators.following_up()) if chosen.follow_ups is not None else ()
    searcher = chosen.follow_ups if evaluator.spec is None else evaluator
    forecast = None
    if evaluator.spec is None and searcher is not None and asking:
        forecast = foresee(prepared, evaluator, searcher, games=None)
    spec = searcher.spec if searcher is not None else None
    measured = None
    if budgets and evaluator.spec is not None and prepared.limit.nodes is not None and work.to_search:
        measured = measured_for(prepared, evaluator, work, min(budgets))
        speed = max(1, round(prepared.limit.nodes / measured.pace.seconds(prepared.limit.nodes)))
    else:
        speed = measure_speed(spec) if spec is not None and (evaluator.spec or forecast) else 1
    share = adaptive.TYPICAL_SHARE if settings.search.adaptive else 1
    seconds = _seconds(prepared.limit, round((positions - cached) * share), speed, prepared.workers)
    return Estimate(
        games,
        positions,
        cached,
        speed,
        seconds if forecast is None else _seconds_of(forecast, speed, prepared.workers),
        prepared.workers,
        evaluator.info.name,
        asking,
        forecast.searches + forecast.cached if forecast is not None and forecast.times is not None else None,
        forecast.cached if forecast is not None else 0,
        searcher.info.name if forecast is not None and searcher is not None else "",
        tuple(what_fits(prepared, work, measured, budget) for budget in budgets) if measured is not None else (),
    )


def _seconds_of(forecast: Forecast, speed: int, workers: int) -> float | None:
    """Return the time that follow-up searches take; None where a limit does not say it."""
    seconds = 0.0
    for limit, searches in forecast.limits.items():
        more = _seconds(limit, searches, speed, workers)
        if more is None:
            return None
        seconds += more
    return seconds if forecast.times is not None else None


def _seconds(limit: Limit, positions: int, speed: int, workers: int) -> float | None:
    if limit.time is not None:
        return positions * limit.time / 1000 / workers
    if limit.nodes is not None:
        return positions * limit.nodes / speed / workers
    return None if positions else 0.0
