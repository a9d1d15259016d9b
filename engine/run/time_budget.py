"""A time budget (`--for 30m`): the nodes that a run can afford, chosen before its search begins.

The input is counted, the workers' pace is measured on some of its positions, and the nodes are chosen so that the
run ends in time. What is chosen is one `--nodes N`, so the same analysis can be had again. The searches are
adaptive unless the settings say otherwise, whatever the nodes: in the same time they judge better. What the cache
knows is not counted as done: it is known for certain nodes only. But where it has most of what was searched with
nearly as many nodes as fit, these are chosen.

A run that is stopped goes on with the same nodes (`chosen_nodes`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from engine.errors import ConfigError
from engine.input.sources import Source
from engine.loading.evaluators import ChosenEvaluator
from engine.model import Limit
from engine.run import chosen_nodes
from engine.run.budget import (
    LEAST_NODES,
    Pace,
    busiest,
    near,
    nodes_for,
    seconds_for,
    spelled,
)
from engine.run.opened_cache import open_cache
from engine.run.pace import Measured, measure_plan
from engine.run.prepare import RunPlan
from engine.run.workload import Workload, count_work
from engine.settings import Settings

LOGGER = logging.getLogger("engine.run")

LEAST_SECONDS = 5.0
"""A shorter budget is over before the workers have started."""
PLACEHOLDER = 100_000
"""Nodes of a plan until they are chosen."""
FINISHING = 0.4
"""Seconds after the last search: reports are made and printed, outputs put into place."""
_MEASURING_SHARE = 0.12
_MEASURING = 15.0
"""Seconds that are measured at most."""
_COUNTING_SHARE = 0.03
_COUNTING = 3.0, 60.0
_READING = 2.5
"""The parent reads, analyses and writes for so many times as long as it counts."""
_MOST_CACHED = 0.5
"""Share of the positions from which on what the cache knows decides between numbers of nodes."""
_FEW = 40
_ALL = 0.999
_SOME = 0.01


class TimeBudget(Struct, frozen=True):
    """The time that a run may take."""

    seconds: float
    said: str
    """As the user has said it: `30m`."""
    since: float
    """When it began (`time.monotonic`)."""
    former: Limit = Limit(nodes=PLACEHOLDER)
    """The limit of the settings, which stays where nothing is searched."""

    @property
    def replaced(self) -> str:
        """The limit that the user has set elsewhere and that is not used, as the end of a sentence."""
        limit = structs.replace(self.former, multipv=1)
        return "" if limit == Limit(nodes=PLACEHOLDER) else f", in place of {limit.words}"


class Settled(Struct, frozen=True):
    """What became of a budget."""

    plan: RunPlan
    """The plan with the nodes."""
    said: str
    """What people should know of it."""
    key: str = ""
    """Under which the choice is remembered until the run is complete; empty where nothing was chosen."""


def settle(
    plan: RunPlan, main: ChosenEvaluator, budget: TimeBudget, stopped: Callable[[], bool] = lambda: False
) -> Settled:
    """Choose the nodes of a plan.

    Raises ConfigError for an input that can be read only once and for a budget that is too short; EvaluatorError.
    """
    asked = f"--for {budget.said}"
    if main.spec is None:
        plan = plan.with_limit(budget.former)
        return Settled(plan, f"{asked} has nothing to choose: the evaluations are taken from the input")
    sources = opened_again(plan)
    unbudgeted, plan = plan, as_budgeted(plan)
    key = chosen_nodes.key_of(plan, main.info.fingerprint, budget.seconds)
    nodes = chosen_nodes.recall(key)
    if nodes is not None:
        plan = with_nodes(plan, nodes)
        words = f"{asked} is {flags(plan)} here, as in the run that was stopped"
        return Settled(plan, words + budget.replaced, key)
    work = counted(plan, main, sources, budget.seconds)
    if not work.to_search:
        return Settled(unbudgeted.with_limit(budget.former), f"{asked}: there is no position to search")
    measured = measured_for(plan, main, work, budget.seconds, stopped)
    if stopped():
        return Settled(plan, "")
    LOGGER.info(
        "measured: %.2f ms a position and %.2f us a node on %d workers, which started in %.1f s; %d positions",
        *(1e3 * measured.pace.position, 1e6 * measured.pace.node, measured.workers, measured.startup),
        work.to_search * work.times,
    )
    left = budget.seconds - (time.monotonic() - budget.since) - around(plan, work, measured)
    nodes = _nodes(work, measured, left)
    if nodes < LEAST_NODES:
        raise ConfigError(_too_short(work, measured, asked, budget.seconds - left))
    nodes, cached = as_cached(plan, main, work, nodes)
    chosen_nodes.note(key, nodes)
    plan = with_nodes(plan, nodes)
    words = f"{asked} is {flags(plan)} here{budget.replaced}"
    if cached >= _ALL:
        words += ", and the cache has all of it: nothing is left to search"
    elif cached >= _SOME:
        words += f", and the cache has {100 * cached:.0f}% of it: it takes that much less"
    asking = plan.aggregators.following_up()
    if asking:
        words += f"; follow-up searches for {' and '.join(asking)} come on top"
    return Settled(plan, words, key)


def as_budgeted(plan: RunPlan) -> RunPlan:
    """Return a plan that searches as it does for a time budget: adaptively, unless its settings say otherwise."""
    if plan.adaptive_given is not None or not plan.with_limit(Limit(nodes=PLACEHOLDER)).is_adaptive:
        return plan.with_limit(Limit(nodes=PLACEHOLDER, multipv=plan.settings.limit.multipv))
    return structs.replace(plan, adaptive_given=True).with_limit(Limit(nodes=PLACEHOLDER))


def what_fits(plan: RunPlan, work: Workload, measured: Measured, seconds: float) -> int:
    """Return the nodes that fit into so many seconds; 0 where not even the fewest do."""
    nodes = _nodes(work, measured, seconds - around(plan, work, measured))
    return nodes if nodes >= LEAST_NODES else 0


def counted(plan: RunPlan, main: ChosenEvaluator, sources: Sequence[Source], seconds: float) -> Workload:
    """Count what a plan has to search, for a small part of so many seconds; the rest is estimated."""
    least, most = _COUNTING
    try:
        [work] = count_work(plan, main, sources, within=min(most, max(least, _COUNTING_SHARE * seconds)))
    finally:
        for source in sources:
            source.close()
    return work


def measured_for(
    plan: RunPlan,
    main: ChosenEvaluator,
    work: Workload,
    seconds: float,
    stopped: Callable[[], bool] = lambda: False,
) -> Measured:
    """Measure the pace for a run of so many seconds. Raises EvaluatorError."""

    def guess(pace: Pace, workers: int) -> int:
        return round(_nodes(work, Measured(pace, workers, 0.0), seconds) * work.share)

    measuring = min(_MEASURING, _MEASURING_SHARE * seconds)
    return measure_plan(plan, main, work.sample, measuring, guess, stopped=stopped)


def around(plan: RunPlan, work: Workload, measured: Measured) -> float:
    """Return the seconds of a run in which its workers do not search."""
    return measured.startup + FINISHING + _READING * work.seconds * work.times / plan.workers


def opened_again(plan: RunPlan) -> list[Source]:
    """Return the sources of a plan, opened a second time. Raises ConfigError where that cannot be."""
    sources: list[Source] = []
    for source in plan.sources:
        again = source.again()
        if again is None:
            for opened in sources:
                opened.close()
            name = "standard input" if source.name == "-" else source.name
            raise ConfigError(
                f"a time budget counts the games first, and {name} can be read only once: save it to a file, "
                "or name the nodes"
            )
        sources.append(again)
    return sources


def with_placeholder(settings: Settings) -> Settings:
    """Return settings with a number of nodes until they are chosen."""
    return structs.replace(settings, limit=Limit(nodes=PLACEHOLDER, multipv=settings.limit.multipv))


def with_nodes(plan: RunPlan, nodes: int) -> RunPlan:
    """Return a plan as `--nodes` makes it."""
    plan = plan.with_limit(Limit(nodes=nodes, multipv=plan.settings.limit.multipv))
    return structs.replace(plan, settings=structs.replace(plan.settings, follow_up_limit=Limit(nodes=nodes)))


def _nodes(work: Workload, measured: Measured, seconds: float) -> int:
    if seconds <= 0:
        return 0
    return nodes_for(seconds, _longest(work, measured), measured.pace, work.share)


def _longest(work: Workload, measured: Measured) -> float:
    return busiest(work.sizes, measured.workers) * work.times


def _too_short(work: Workload, measured: Measured, asked: str, around: float) -> str:
    enough = around + seconds_for(1_000, _longest(work, measured), measured.pace, work.share)
    minutes = max(1, -(-int(enough * 1.1) // 60))
    positions = f"{int(work.to_search * work.times):,} positions"
    return (
        f"{asked} is too short for {positions}; --for {minutes}m gives each about 1,000 nodes, "
        "and --sample or --limit takes fewer games"
    )


def as_cached(plan: RunPlan, main: ChosenEvaluator, work: Workload, nodes: int) -> tuple[int, float]:
    """Return the nodes, or close ones with which most was searched before, and the share that the cache has.

    * **nodes** - as many as fit.
    """
    cache = open_cache(plan.settings)
    try:

        def share(number: int, most: int) -> float:
            limit = with_nodes(plan, number).limit
            return work.cached_share(cache, main.info.fingerprint, limit, most)

        shares = {number: share(number, _FEW) for number in near(nodes)}
        best = max(shares, key=lambda number: shares[number])
        if shares[best] < _MOST_CACHED or shares[best] <= shares[nodes]:
            best = nodes
        return best, share(best, len(work.sample)) if shares[best] else 0.0
    finally:
        cache.close()


def flags(plan: RunPlan) -> str:
    """Return the flags of the command that searches as a plan does."""
    nodes = f"--nodes {spelled(plan.limit.nodes or 0)}"
    if plan.is_adaptive:
        return f"{nodes} --adaptive"
    return nodes if plan.adaptive_given is None else f"{nodes} --no-adaptive"
