"""What a run tells of itself in the files that it writes for `engine merge`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

import msgspec
from msgspec import structs

from engine.loading.registry import OURS
from engine.model import EvaluatorInfo, Failure
from engine.model.parts import SCHEMA, AggregatorState, PartEnd, PartHead, PlacedNotice, RunState
from engine.run.accounts import RunAccounts
from engine.run.aggregators import Aggregators
from engine.run.finish_words import left_out, missing_tags
from engine.run.plugin_options import AGGREGATORS, short_name
from engine.run.prepare import RunPlan

WHOLE = "1/1"
"""The shard of a run that takes all games."""
_RECORDED = (
    *("limit", "evaluator_options", "follow_up_evaluator", "follow_up_limit", "aggregators", "aggregator_options"),
    *("plugin_options", "search", "scoreboard", "players", "same", "filter", "max_games", "sample", "seed"),
    *("encoding", "keep_duplicates"),
)
"""Fields of the settings that decide what a run computes."""


def head_of(plan: RunPlan, evaluator: EvaluatorInfo) -> PartHead:
    """Return what is known of a run before its first game; of one that merges parts, what the whole is."""
    if plan.merged is not None:
        return structs.replace(plan.merged.head, shard=WHOLE)
    asked = structs.replace(plan.asked, limit=plan.settings.limit)
    recorded = {name: msgspec.to_builtins(getattr(asked, name)) for name in _RECORDED}
    recorded["evaluator"] = asked.evaluator_name
    joined = plan.known.joined
    return PartHead(
        schema=SCHEMA,
        version=version(OURS),
        shard=plan.settings.shard or WHOLE,
        inputs=tuple(source.name for source in plan.sources),
        settings=dict(sorted(recorded.items())),
        evaluator=structs.replace(evaluator, why="", notice=""),
        limit=plan.limit,
        adaptive=plan.is_adaptive,
        epd=any(source.reader == "epd" for source in plan.sources),
        aggregators=tuple(short_name(choice) for choice in plan.aggregator_plan.chosen),
        players=plan.settings.players,
        joined=None if joined is None else dict(joined.names),
        apart={} if joined is None else dict(joined.apart),
    )


def end_of(plan: RunPlan, accounts: RunAccounts, aggregators: Aggregators) -> PartEnd:
    """Return what is known of a run after its last game, before the notes on all games are said."""
    assert accounts.digest is not None
    crashed = {crash.message for crash in aggregators.crashes}
    follow_ups = accounts.counts.follow_ups
    return PartEnd(
        games=accounts.digest.games,
        checksum=accounts.digest.crc,
        counts=structs.replace(accounts.counts, seconds=0.0),
        notices=tuple(map(PlacedNotice, accounts.noticed_after, accounts.notices)),
        noted=tuple(accounts.notes.noted()),
        failures=tuple(failure for failure in accounts.failures if failure.reason not in crashed),
        missing_tags=tuple(missing_tags(plan)),
        left_out=tuple(left_out(plan)),
        follow_up_evaluator=accounts.follow_up_evaluator if follow_ups else None,
        follow_up_limits=tuple(sorted(accounts.follow_up_limits.items(), key=str)),
    )


def state_of(
    plan: RunPlan, head: PartHead, end: PartEnd, accounts: RunAccounts, aggregators: Aggregators
) -> RunState:
    """Return everything that reports are made of. An aggregator whose state is not JSON is reported by name."""
    wanted = any(target.writer.states for target in plan.targets.targets)
    states = dict(_states(plan, accounts, aggregators)) if wanted else {}
    recount = accounts.recount
    return RunState(
        head=head,
        end=end,
        wins=recount.wins,
        best=tuple(recount.best),
        scales=tuple(sorted(recount.scales)),
        unevaluated=aggregators.unevaluated,
        players=dict(sorted(aggregators.players.state().items())) if wanted else {},
        aggregators=states,
        crashes=tuple(aggregators.crashes),
    )


def _states(
    plan: RunPlan, accounts: RunAccounts, aggregators: Aggregators
) -> Iterator[tuple[str, AggregatorState]]:
    choices = {short_name(choice): choice for choice in plan.aggregator_plan.chosen}
    for name, state in aggregators.states():
        distribution = found = ""
        choice = choices.get(name)
        if isinstance(choice, str):
            info = plan.registry.info(AGGREGATORS, choice)
            distribution, found = info.distribution, info.version
        try:
            kept = AggregatorState(
                distribution=distribution,
                version=found,
                options=aggregators.options_of(name),
                state=msgspec.Raw(_json(state)),
            )
        except (TypeError, ValueError, RecursionError) as error:
            reason = f"aggregator {name}: its state is not JSON ({error}), so it is left out of what can be merged"
            accounts.fail(Failure(None, None, None, None, reason))
        else:
            yield name, kept


def _json(state: Any) -> bytes:
    """Return a state as JSON. Raises TypeError or ValueError for what the contract does not allow."""
    _check_keys(state)
    return json.dumps(state, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _check_keys(state: Any) -> None:
    if isinstance(state, Mapping):
        for key, value in state.items():
            if not isinstance(key, str):
                raise TypeError(f"a key is {type(key).__name__}")
            _check_keys(value)
    elif isinstance(state, list | tuple):
        for value in state:
            _check_keys(value)
