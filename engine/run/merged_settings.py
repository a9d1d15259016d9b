"""The settings of a run that merges parts: what decides its figures is what the parts say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import structs

from engine.errors import AnalysisError, ConfigError, InputError
from engine.input.parts import Parts
from engine.loading.registry import Registry
from engine.model.parts import AggregatorState, PartHead
from engine.output.encoding import encodes
from engine.output.target import Target
from engine.plugin import Writer
from engine.run.plugin_options import AGGREGATORS, WRITERS, AggregatorChoice, Values, short_name
from engine.settings import Settings

_KEPT = ("search", "scoreboard", "players", "same")
"""Fields of the settings that a merge takes from the parts as they are."""
_FILE = "(file)"


def chooses_games(settings: Settings, parts: Parts) -> bool:
    """Return whether the settings choose among the games, so that they are not merged to what the run was."""
    named = set(settings.players) - {*parts.head.players, *parts.head.settings.get("players", ())}
    chosen = (settings.filter, settings.max_games, settings.sample, settings.shard)
    return bool(named) or any(choice is not None for choice in chosen)


def merged_settings(settings: Settings, head: PartHead, registry: Registry) -> Settings:
    """Return the settings with which parts are merged: theirs, and for everything else those of the call.

    Raises InputError for settings in a file that are none.
    """
    recorded = head.settings
    try:
        fields: dict[str, Any] = {name: recorded[name] for name in _KEPT if name in recorded}
        base = Settings(
            **fields,
            aggregators=_tuple(recorded.get("aggregators")),
            aggregator_options=recorded.get("aggregator_options") or {},
            plugin_options=_for_reports(recorded.get("plugin_options") or {}, registry),
            limit=head.limit,
        )
    except (AnalysisError, TypeError, AttributeError) as error:
        raise InputError(f"the settings in a part are not understood: {error}") from None
    return structs.replace(
        settings,
        evaluator="recorded",
        evaluator_options={},
        follow_up_evaluator=None,
        follow_up_limit=None,
        limit=base.limit,
        search=structs.replace(base.search, reconcile=None, adaptive=None),
        scoreboard=base.scoreboard,
        players=head.players,
        same=base.same,
        aggregators=settings.aggregators if settings.aggregators is not None else base.aggregators,
        aggregator_options=_over(base.aggregator_options, settings.aggregator_options),
        plugin_options=_over(base.plugin_options, settings.plugin_options),
    )


def _tuple(names: Any) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _for_reports(options: Values, registry: Registry) -> Values:
    """Return the options of aggregators and writers; the others were for the searches."""
    return {
        name: values
        for name, values in options.items()
        if {AGGREGATORS, WRITERS} & {*registry.namespaces_of(name)}
    }


def _over(first: Values, over: Values) -> Values:
    return {name: {**first.get(name, {}), **over.get(name, {})} for name in {**first, **over}}


# -- states --


def state_choices(parts: Parts, asked: Sequence[AggregatorChoice] | None) -> list[AggregatorChoice]:
    """Return the aggregators of which all the states are there, or those of them that are asked for.

    Raises ConfigError for one that is asked for and not there, InputError for states that do not fit together.
    """
    states = _states(parts)
    if asked is None:
        return [_choice(name, state) for name, state in states.items()]
    chosen: list[AggregatorChoice] = []
    for choice in asked:
        name = short_name(choice.lstrip("+") if isinstance(choice, str) else choice)
        if name not in states:
            raise ConfigError(
                f"{parts.states[0][0]} has no state of the aggregator {name}; it has {', '.join(states)}; "
                f"make the shards with -a +{name}"
            )
        chosen.append(_choice(name, states[name]) if isinstance(choice, str) else choice)
    return chosen


def state_options(parts: Parts) -> Values:
    """Return the options with which the states were counted."""
    return {name: dict(state.options) for name, state in _states(parts).items()}


def check_reports_only(targets: Sequence[Target]) -> None:
    """Check that no output needs the games, which states do not have. Raises ConfigError."""
    for target in targets:
        writer = target.writer
        if encodes(writer) or writer.game is not Writer.game:
            raise ConfigError(
                f"{target.name} has the games, and states have only what reports are made of: write .md, .json, "
                ".reports.csv or .state.json, or merge the .jsonl of the shards"
            )


def _states(parts: Parts) -> dict[str, AggregatorState]:
    """Return a state of each aggregator, after checking that those of all parts fit together."""
    first_name, first = parts.states[0]
    for file, state in parts.states[1:]:
        crashed = {crash.name for each in (first, state) for crash in each.crashes}
        for name in {*first.aggregators, *state.aggregators} - crashed:
            both = [each.aggregators.get(name) for each in (first, state)]
            facts = [None if one is None else (one.distribution, one.version, one.options) for one in both]
            if facts[0] != facts[1]:
                missing = [f for f, one in zip((first_name, file), both, strict=True) if one is None]
                how = f"{missing[0]} has none" if missing else "their versions or options differ"
                raise InputError(f"the states of {name} in {first_name} and {file} do not fit together: {how}")
    return {name: one for _, state in reversed(parts.states) for name, one in state.aggregators.items()}


def _choice(name: str, state: AggregatorState) -> str:
    return f"{state.distribution}:{name}" if state.distribution not in ("", _FILE) else name
