"""The cost of a run, estimated without doing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, structs

from engine.cache.keys import unit_key
from engine.contracts.messages import Unit
from engine.loading.evaluators import ChosenEvaluator
from engine.run.accounts import RunAccounts
from engine.run.follow_ups import Forecast, foresee
from engine.run.opened_cache import open_cache
from engine.run.prepare import RunPlan, prepare
from engine.run.speed import measure_speed, search_seconds
from engine.run.start import choose_evaluators
from engine.run.time_budget import (
    as_budgeted,
    as_cached,
    flags,
    measured_for,
    what_fits,
    with_nodes,
    with_placeholder,
)
from engine.run.workload import Workload, count_work
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
    adaptive: bool = False
    """Whether these searches are adaptive."""
    fitting: tuple[str, ...] = ()
    """Flags for the nodes that fit into each time that was asked about; empty where not even the fewest do."""
    chosen: str | None = None
    """Flags for the nodes chosen for the time budget, which the other figures are about; empty where not even the
    fewest fit, None: there is no budget, or nothing to search."""


def estimate(
    inputs: Sequence[Any],
    settings: Settings,
    on_game: Callable[[int], None] = lambda _: None,
    budgets: Sequence[float] = (),
    *,
    budget: float | None = None,
) -> Estimate:
    """Read the whole input, look every unit up in the cache, and measure the speed.

    * **on_game** - *(optional)* called with the number of games read so far.
    * **budgets** - *(optional)* times in seconds; the estimate says how many nodes fit into each.
    * **budget** - *(optional)* seconds for which nodes are chosen, in place of the limit of the settings.

    Raises what `prepare` and `start` raise.
    """
    prepared = prepare(inputs, settings if budget is None else with_placeholder(settings))
    chosen = choose_evaluators(prepared, RunAccounts(prepared.new_recount(), None, keeps_labels=False))
    evaluator = chosen.main
    if budget is not None and evaluator.spec is None:
        prepared, budget = prepared.with_limit(settings.limit), None
    budgeted = as_budgeted(prepared)
    works, cached = _count(prepared, budgeted, evaluator, on_game, looks_up=budget is None)
    work = works[0]
    positions = work.positions
    asking = tuple(prepared.aggregators.following_up()) if chosen.follow_ups is not None else ()
    searcher = chosen.follow_ups if evaluator.spec is None else evaluator
    forecast = None
    if evaluator.spec is None and searcher is not None and asking:
        forecast = foresee(prepared, evaluator, searcher, games=None)
    spec = searcher.spec if searcher is not None else None
    to_search = positions - cached
    if budgets and evaluator.spec is not None and prepared.limit.nodes is not None and work.to_search:
        found = _measure(budgeted, evaluator, works[-1], budgets, budget, each=prepared.limit.nodes * work.share)
    else:
        found = _Found(measure_speed(spec) if spec is not None and (evaluator.spec or forecast) else 1)
    if found.plan is not None:
        prepared, work = found.plan, works[-1]
        cached, to_search = round(found.known * positions), round((1 - found.known) * work.to_search)
    seconds = search_seconds(prepared.limit, round(to_search * work.share), found.speed, prepared.workers)
    return Estimate(
        work.games,
        positions,
        cached,
        found.speed,
        seconds if forecast is None else _seconds_of(forecast, found.speed, prepared.workers),
        prepared.workers,
        evaluator.info.name,
        asking,
        forecast.searches + forecast.cached if forecast is not None and forecast.times is not None else None,
        forecast.cached if forecast is not None else 0,
        searcher.info.name if forecast is not None and searcher is not None else "",
        prepared.is_adaptive and evaluator.spec is not None,
        found.fitting,
        found.chosen,
    )


def _count(
    plan: RunPlan, budgeted: RunPlan, main: ChosenEvaluator, on_game: Callable[[int], None], *, looks_up: bool
) -> tuple[tuple[Workload, ...], int]:
    """Return what is to be searched and how many of the positions are cached, 0 unless these are looked up.

    Where a run with a budget searches in another way, what it has to search comes second.
    """
    cache = open_cache(plan.settings)
    games = cached = 0

    def look_up(units: Sequence[Unit]) -> None:
        nonlocal games, cached
        games += 1
        on_game(games)
        for unit in units if looks_up else ():
            if cache.get(unit_key(main.info.fingerprint, plan.limit, unit)) is not None:
                cached += len(unit.plies)

    also = [] if budgeted.settings.search == plan.settings.search else [budgeted.settings.search]
    try:
        works = count_work(plan, main, plan.sources, on_game=look_up, also=also)
    finally:
        cache.close()
    return works, cached


class _Found(Struct, frozen=True):
    """The speed of a worker, and what fits into times."""

    speed: int
    fitting: tuple[str, ...] = ()
    chosen: str | None = None
    plan: RunPlan | None = None
    """The plan with the chosen nodes."""
    known: float = 0.0
    """Share that the cache has of the searches with the chosen nodes."""


def _measure(  # noqa: PLR0913 - what is measured, and what it is asked for
    plan: RunPlan,
    main: ChosenEvaluator,
    work: Workload,
    budgets: Sequence[float],
    budget: float | None,
    *,
    each: float,
) -> _Found:
    """Measure busy workers, and choose the nodes for a time budget.

    * **plan** - the run with a budget.
    * **work** - what it has to search.
    * **each** - nodes that a position takes in the mean where there is no budget.
    """
    measured = measured_for(plan, main, work, min(budgets) if budget is None else budget)
    found = _Found(1, tuple(_flags(plan, what_fits(plan, work, measured, each)) for each in budgets))
    if budget is not None:
        nodes = what_fits(plan, work, measured, budget)
        found = structs.replace(found, chosen="")
        if nodes:
            nodes, known = as_cached(plan, main, work, nodes)
            chosen, each = with_nodes(plan, nodes), nodes * work.share
            found = structs.replace(found, chosen=flags(chosen), plan=chosen, known=known)
    return structs.replace(found, speed=max(1, round(each / measured.pace.seconds(each))))


def _flags(plan: RunPlan, nodes: int) -> str:
    return flags(with_nodes(plan, nodes)) if nodes else ""


def _seconds_of(forecast: Forecast, speed: int, workers: int) -> float | None:
    """Return the time that follow-up searches take; None where a limit does not say it."""
    seconds = 0.0
    for limit, searches in forecast.limits.items():
        more = search_seconds(limit, searches, speed, workers)
        if more is None:
            return None
        seconds += more
    return seconds if forecast.times is not None else None
