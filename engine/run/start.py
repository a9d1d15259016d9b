"""Starting a prepared run: the evaluator is tried, the outputs are opened, and the kind of run is decided."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from msgspec import Struct

from engine.errors import ConfigError, EvaluatorError
from engine.input.shards import InputDigest
from engine.loading.evaluators import ChosenEvaluator
from engine.model import Notice
from engine.output.files import Outputs
from engine.plugin import RunInfo
from engine.run.accounts import RunAccounts, RunEvent
from engine.run.aggregators import Aggregators
from engine.run.delivery import Delivery
from engine.run.follow_ups import announcement, follows_up
from engine.run.jobs import can_be_shared_out
from engine.run.merged_accounts import warnings_of
from engine.run.merged_states import MergedStatesRun
from engine.run.part_facts import head_of
from engine.run.pause import Pause
from engine.run.per_player import PlayerOutputs
from engine.run.player_names import PlayerNames
from engine.run.plugin_options import without_effect
from engine.run.prepare import DEFAULT_EVALUATOR, RunPlan
from engine.run.progress import Snapshot
from engine.run.recorded import RecordedRun
from engine.run.reporter import ProgressReporter
from engine.run.searched import SearchedRun
from engine.run.standing import Tally, are_one
from engine.run.started import Evaluators, Parts, StartedRun, StopConditions
from engine.run.time_budget import TimeBudget, settle

BATCHED_BYTES = 4 << 20
"""Recorded games of fewer bytes are done before other processes have started."""


class Listeners(Struct, frozen=True):
    """Whoever is told what happens, in the thread that executes the run."""

    progress: Callable[[Snapshot], None] | None = None
    """Called 4 to 8 times a second."""
    on_event: Callable[[RunEvent], None] | None = None
    games: int = 0
    """Number of analysed games that the result keeps; of a run with more of them it keeps none."""

    @property
    def takes_games(self) -> bool:
        """Whether anybody takes the games themselves."""
        return self.on_event is not None or self.games > 0


def start(  # noqa: PLR0913 - the ways to end a run, or to have it rest
    plan: RunPlan,
    listeners: Listeners | None = None,
    *,
    stop: threading.Event | None = None,
    stop_after: float | None = None,
    pause: Pause | None = None,
    budget: TimeBudget | None = None,
) -> StartedRun:
    """Try the evaluator and open the outputs. The run is done by `execute` of what this returns.

    * **listeners** - *(optional)* who is told what happens.
    * **stop** - *(optional)* ends the run in good order once it is set.
    * **stop_after** - *(optional)* does so after so many seconds of `execute`.
    * **pause** - *(optional)* pauses the run.
    * **budget** - *(optional)* the time for which the nodes of the plan are chosen.

    Raises EvaluatorError, ConfigError, PluginError or OutputError.
    """
    listeners = listeners or Listeners()
    accounts = _accounts(plan, listeners)
    if plan.settings.shard is not None or plan.targets.keep_states:
        accounts.digest = InputDigest()
    evaluators = choose_evaluators(plan, accounts)
    stop, pause = stop or threading.Event(), pause or Pause()
    settled = settle(plan, evaluators.main, budget, stop.is_set) if budget is not None else None
    if settled is not None:
        plan = settled.plan
    for choice in {evaluators.main.info.notice, evaluators.follow_ups and evaluators.follow_ups.info.notice}:
        if choice:
            accounts.notice(Notice("note", None, None, None, choice))
    limit = plan.limit if plan.merged is None else plan.merged.head.limit
    info = RunInfo(
        evaluators.main.info,
        limit,
        players=plan.settings.players,
        part=head_of(plan, evaluators.main.info) if plan.settings.shard is not None else None,
    )
    _warn_of_unmet_needs(plan, evaluators.main, accounts)  # may read, and wait: nothing is open yet
    outputs = plan.targets.open(info, plan.plugin_options.writers)
    delivery = _delivery(plan, accounts, outputs, info)
    parts = Parts(
        plan,
        evaluators,
        accounts,
        delivery,
        _reporter(plan, listeners, accounts, pause, asks=evaluators.follow_ups is not None),
        StopConditions(stop, stop_after, pause),
    )
    run = _run_of(parts, games_wanted=listeners.takes_games)
    if settled is not None:
        run.settled = settled
        run.announcement = "; ".join(filter(None, (settled.said, run.announcement))) or None
    return run


def _reporter(
    plan: RunPlan, listeners: Listeners, accounts: RunAccounts, pause: Pause, *, asks: bool
) -> ProgressReporter:
    return ProgressReporter(
        listeners.progress,
        accounts,
        plan.sources,
        max_games=plan.settings.max_games,
        sampled=bool(plan.selection.sample),
        follows_up=asks and follows_up(plan),
        pause=pause,
    )


def _accounts(plan: RunPlan, listeners: Listeners) -> RunAccounts:
    accounts = RunAccounts(
        plan.new_recount(),
        listeners.on_event,
        keeps_labels=listeners.progress is not None,
        keeps_games=listeners.games,
    )
    wanted = plan.aggregator_plan.wanted
    if listeners.progress is not None and are_one(plan.settings.players, wanted):
        accounts.tally = Tally(wanted)
    plan.aggregators.on_crash = accounts.plugin_crashed
    per_player = plan.player_templates.targets.targets if plan.player_templates else ()
    idle = without_effect(plan.plugin_options, [*plan.targets.targets, *per_player])
    for note in (*plan.known.notes, *idle):
        accounts.notice(Notice("note", None, None, None, note))
    return accounts


def _run_of(parts: Parts, *, games_wanted: bool) -> StartedRun:
    plan, evaluators = parts.plan, parts.evaluators
    if plan.merged is not None and plan.merged.states:
        return MergedStatesRun(parts)
    if _is_batched(plan, evaluators):
        return RecordedRun(parts, games_wanted=games_wanted)
    run = SearchedRun(parts, games_wanted=games_wanted)
    if evaluators.main.spec is None and evaluators.follow_ups is not None:
        parts.accounts.follow_up_evaluator = evaluators.follow_ups.info
        run.announcement = announcement(plan, evaluators.main, evaluators.follow_ups)
    return run


def choose_evaluators(plan: RunPlan, accounts: RunAccounts) -> Evaluators:
    """Start the evaluator once to learn who it is.

    Where it searches nothing and aggregators want follow-up searches, another one is found that answers those.
    Raises EvaluatorError, ConfigError, PluginError.
    """
    settings = plan.settings
    if plan.merged is not None:
        return Evaluators(ChosenEvaluator(None, plan.merged.head.evaluator, reads_input=True), None)
    main = plan.choose_evaluator(plan.evaluator_name)
    if main.spec is not None:
        if settings.follow_up_evaluator is not None:
            raise ConfigError("--follow-up-evaluator is for runs that search nothing else")
        return Evaluators(main, main)
    asking = plan.aggregators.following_up()
    if settings.follow_up_evaluator is None:
        asking = [name for name in asking if name not in plan.only_shown]
    if not asking or settings.follow_up_evaluator == "none":
        return Evaluators(main, None)
    return Evaluators(main, _choose_for_follow_ups(plan, asking, accounts))


def _choose_for_follow_ups(plan: RunPlan, asking: Sequence[str], accounts: RunAccounts) -> ChosenEvaluator | None:
    settings = plan.settings
    name = settings.follow_up_evaluator or DEFAULT_EVALUATOR
    try:
        return plan.choose_evaluator(name)
    except EvaluatorError as error:
        if settings.follow_up_evaluator is not None:
            raise
        accounts.warn(f"{', '.join(asking)}: no follow-up searches, because {error.message}")
        return None


def _warn_of_unmet_needs(plan: RunPlan, evaluator: ChosenEvaluator, accounts: RunAccounts) -> None:
    """Say what the evaluator or the input cannot give to the aggregators, before any work."""
    if plan.merged is not None:
        for warning in warnings_of(plan):
            accounts.warn(warning)
        return  # the parts have said the rest
    multipv = plan.limit.multipv
    _, asked_by = plan.aggregators.multipv()
    if multipv > 1 and evaluator.spec is None:
        accounts.warn(
            f"{asked_by or 'the limit'} asks for {multipv} lines of each position; recorded evaluations have one"
        )
    elif asked_by and multipv > plan.settings.limit.multipv:
        accounts.warn(f"{asked_by} needs {multipv} lines of each position, which changes the scores")
    wanting = plan.aggregators.wanting_clocks()
    if wanting and plan.sources and not any(source.has_clocks() for source in plan.sources):
        accounts.warn(f"{', '.join(wanting)}: the first games of the input have no clocks")


def _delivery(plan: RunPlan, accounts: RunAccounts, outputs: Outputs, info: RunInfo) -> Delivery:
    def new_aggregators() -> Aggregators:
        assert plan.player_aggregator_plan is not None
        aggregators = plan.player_aggregator_plan.copy().load(plan.registry)
        aggregators.on_crash = accounts.player_plugin_crashed
        return aggregators

    player_outputs = None
    if plan.player_templates is not None:
        player_outputs = PlayerOutputs(
            plan.player_templates,
            new_aggregators=new_aggregators,
            new_recount=plan.new_recount,
            writer_options=plan.plugin_options.writers,
            names=PlayerNames(plan.settings.players, plan.known.names),
        )
    delivery = Delivery(accounts, plan.aggregators, outputs, player_outputs, info)
    try:
        if player_outputs is not None:
            player_outputs.claim()
    except BaseException:
        delivery.abandon()
        raise
    return delivery


def _is_batched(plan: RunPlan, evaluators: Evaluators) -> bool:
    """Whether there is nothing to search, and enough of it to be worth other processes."""
    return (
        evaluators.main.spec is None
        and can_be_shared_out(plan, evaluators)
        and sum(source.size for source in plan.sources) >= BATCHED_BYTES
    )
