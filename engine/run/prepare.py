"""Preparing a run: what is wrong with a call is found here, before anything is started or written."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from msgspec import Struct, structs

from engine import system
from engine.contracts.options import NoOptions, Options
from engine.errors import ConfigError
from engine.input.encodings import check_encoding
from engine.input.filters import compile_filter, player_filter
from engine.input.games import Selection
from engine.input.inputs import open_sources
from engine.input.parts import Parts
from engine.input.seen_names import SeenNames
from engine.input.seen_tags import SeenTags
from engine.input.sources import Source
from engine.loading import evaluators
from engine.loading.registry import Registry
from engine.model import Limit
from engine.output.files import Targets, check_outputs
from engine.output.names import PLAYER
from engine.plugin import Executor, ExecutorContext, Reader
from engine.run.aggregators import Aggregators, choose_aggregators
from engine.run.look_ahead import Known, look_ahead
from engine.run.merged_inputs import Needed, check_outputs_of_shard, find_parts, known_of, of_states
from engine.run.merged_settings import merged_settings, state_options
from engine.run.player_names import PlayerInput
from engine.run.player_templates import PlayerTemplates, by_player
from engine.run.players import Wanted
from engine.run.plugin_options import (
    EXECUTORS,
    AggregatorChoice,
    PluginOptions,
    Values,
    add_shared_settings,
    check_executor,
    check_used,
    evaluator_options,
    resolve_options,
    short_name,
    with_own_evaluator,
)
from engine.run.readers import make_readers
from engine.run.recount import Recount
from engine.settings import Settings
from engine.workers import adaptive

Choose = Callable[[Registry, str, Mapping[str, Any]], evaluators.ChosenEvaluator]
"""Choose an evaluator by its name and options, as `engine.loading.evaluators.choose` does."""

DEFAULT_EVALUATOR = "stockfish"
"""The evaluator of follow-up searches, unless another one is named."""

NewExecutor = Callable[[ExecutorContext], Executor]


class Resources(Protocol):
    """Plugins and workers that several runs share, so that the next one need not start them again."""

    registry: Registry

    def choose(self, registry: Registry, name: str, values: Mapping[str, Any]) -> evaluators.ChosenEvaluator:
        """Choose an evaluator, as `engine.loading.evaluators.choose` does."""
        ...

    def executor(self, context: ExecutorContext) -> Executor:
        """Return the executor of a run."""
        ...


class AggregatorPlan(Struct, frozen=True):
    """Which aggregators a run has, and with what options."""

    chosen: tuple[AggregatorChoice, ...]
    options: Values
    wanted: Wanted = Wanted()
    """Which players are one."""

    def load(self, registry: Registry) -> Aggregators:
        """Make the aggregators. Raises PluginError, ConfigError."""
        return Aggregators.load(registry, self.chosen, self.options, self.wanted)

    def copy(self) -> AggregatorPlan:
        """Return the same plan, with copies of the aggregators that were given as instances."""
        return structs.replace(self, chosen=copy.deepcopy(self.chosen))


class RunPlan(Struct, frozen=True):
    """A run that is checked. Nothing has been started, and nothing written."""

    settings: Settings
    registry: Registry
    choose: Choose
    new_executor: NewExecutor
    sources: tuple[Source, ...]
    readers: Mapping[str, Reader]
    selection: Selection
    targets: Targets
    """The outputs of the whole run."""
    player_templates: PlayerTemplates | None
    """The outputs of each player."""
    plugin_options: PluginOptions
    """The options that the settings give to plugins."""
    aggregator_plan: AggregatorPlan
    player_aggregator_plan: AggregatorPlan | None
    """The aggregators for the outputs of each player; None where there are none."""
    aggregators: Aggregators
    """Made by `aggregator_plan`; they have not seen a game."""
    only_shown: frozenset[str]
    """Aggregators that are there for a writer alone which starts no search for them."""
    limit: Limit
    """The limit of each search, with as many lines as an aggregator needs."""
    workers: int
    known: Known
    """What is known of the players before the run."""
    asked: Settings
    """The settings as they were given, with the names of the aggregators of the call."""
    merged: Parts | None
    """The parts of a run that are merged; None for a run that reads games."""
    adaptive_given: bool | None
    """`Settings.search.adaptive` as it was given; in `settings` here None has become what it means."""

    def __post_init__(self) -> None:
        """Raise ConfigError for adaptive searches with another limit than nodes, or a fresh hash each."""
        if self.settings.search.adaptive:
            adaptive.first_limit(self.limit)
            if self.settings.search.policy == "fresh":
                raise ConfigError(
                    "adaptive searches go on with the hash of the game; leave search.policy=fresh out"
                )

    def with_limit(self, limit: Limit) -> RunPlan:
        """Return the plan with another limit. It searches as many lines as it did.

        Raises ConfigError for a limit that adaptive searches do not take.
        """
        lines = structs.replace(limit, multipv=self.limit.multipv)
        plan = structs.replace(self, settings=_with_adaptive(self.settings, adaptive=False), limit=lines)
        settings = structs.replace(plan.settings, limit=limit)
        return structs.replace(plan, settings=_with_adaptive(settings, adaptive=plan.is_adaptive))

    @property
    def is_adaptive(self) -> bool:
        """Whether the searches are adaptive: as it was given, or else as the limit and the evaluator decide."""
        if self.adaptive_given is not None:
            return self.adaptive_given
        return self.evaluator_name != "recorded" and adaptive.by_default(self.settings.search, self.limit)

    @property
    def executor_options(self) -> Options:
        """Options of the executor."""
        return self.plugin_options.executors.get(short_name(self.settings.executor_name), NoOptions())

    @property
    def evaluator_name(self) -> str:
        """The evaluator to choose: games that we have analysed are not searched, unless a chain says so."""
        if self.merged is not None:
            return "recorded"
        readers = [self.readers[source.reader] for source in self.sources if source.refused is None]
        are_analysed = all(reader.analysed for reader in readers)
        name = self.settings.evaluator_name
        return "recorded" if are_analysed and "," not in name else name

    def choose_evaluator(self, name: str) -> evaluators.ChosenEvaluator:
        """Choose the evaluator `name` with the options that it has in this run.

        Raises EvaluatorError, ConfigError, PluginError.
        """
        check_executor(self.settings, self.registry, name)
        values = evaluator_options(self.settings, self.registry, name, self.plugin_options.evaluators)
        choice = self.choose(self.registry, name, evaluators.with_trial(values, self.limit))
        evaluators.check_reach(choice.spec, self.settings.executor_name)
        return choice

    def new_recount(self) -> Recount:
        """Return an empty recount."""
        return Recount(self.settings.scoreboard.winning_cp, self.settings.scoreboard.size)


def prepare(  # noqa: PLR0913 - the arguments of a run
    inputs: Sequence[Any],
    settings: Settings,
    *,
    aggregators: Sequence[AggregatorChoice] | None = None,
    outputs: Sequence[str] = (),
    output_format: str | None = None,
    force: bool = False,
    resources: Resources | None = None,
    games: frozenset[int] | None = None,
    parts: Needed | None = None,
) -> RunPlan:
    """Check everything about a run that can be checked without starting or writing anything.

    * **inputs** - what `engine.input.inputs` understands.
    * **aggregators** - *(optional)* in place of those of the settings.
    * **outputs** - *(optional)* paths, or `-` for standard output in `output_format`.
    * **force** - *(optional)* whether existing outputs are overwritten.
    * **resources**, **games** - *(optional)* what several runs share; numbers of the only games to take.
    * **parts** - *(optional)* which parts of a run have to be there; None: inputs need not be parts.

    Raises ConfigError, InputError, PluginError or OutputError.
    """
    registry = resources.registry if resources else Registry(settings.all_plugins)
    understood = _understand(inputs, settings, registry, outputs, parts)
    asked, settings, plugin_options = settings, understood.settings, understood.plugin_options
    sources, readers, known = understood.sources, understood.readers, understood.known
    selection = structs.replace(_selection(settings), games=games)
    inputs, writers = [source.name for source in sources], registry.load_all("engine.writers")
    check = partial(check_outputs, format=output_format, writers=writers, inputs=inputs)
    found_in = PlayerInput(sources, readers, selection, settings.players, known.names)
    targets, templates = _check_targets(outputs, check, found_in, plugin_options, force=force)
    all_targets = [targets, *([templates.targets] if templates else [])]
    choose, plan_of = _planners(registry, understood, targets, aggregators, asked)
    also = [name for some in all_targets for name in some.reports] + _if_named(targets, settings)
    aggregator_plan = plan_of(choose(also=also))
    player_plan = plan_of(choose(also=_of_a_player(templates.targets))).copy() if templates else None
    loaded = aggregator_plan.load(registry)
    return RunPlan(
        settings=_with_adaptive(settings, adaptive=False),
        registry=registry,
        choose=resources.choose if resources else evaluators.choose,
        sources=tuple(sources),
        readers=readers,
        selection=selection,
        targets=targets,
        player_templates=templates,
        plugin_options=plugin_options,
        aggregator_plan=aggregator_plan,
        player_aggregator_plan=player_plan,
        aggregators=loaded,
        only_shown=_only_shown(aggregator_plan.chosen[len(choose()) :], all_targets),
        limit=structs.replace(settings.limit, multipv=max(loaded.multipv()[0], settings.limit.multipv)),
        workers=settings.workers or system.cores(),
        known=known,
        asked=structs.replace(asked, aggregators=_names(aggregators) or asked.aggregators),
        merged=understood.merged,
        adaptive_given=settings.search.adaptive,
        new_executor=resources.executor if resources else registry.load(EXECUTORS, settings.executor_name),
    ).with_limit(settings.limit)


def _with_adaptive(settings: Settings, *, adaptive: bool) -> Settings:
    return structs.replace(settings, search=structs.replace(settings.search, adaptive=adaptive))


class _Understood(Struct, frozen=True):
    """What a call means, once its inputs are known."""

    settings: Settings
    """The settings of the run, with all names of its player."""
    plugin_options: PluginOptions
    sources: Sequence[Source]
    readers: Mapping[str, Reader]
    known: Known
    wanted: Wanted
    merged: Parts | None


def _understand(
    inputs: Sequence[Any], settings: Settings, registry: Registry, outputs: Sequence[str], needed: Needed | None
) -> _Understood:
    """Open the inputs, and find out whether they are parts to merge and what is known of the players.

    Raises InputError, ConfigError.
    """
    settings, options = _plugin_options(settings, registry)
    readers = make_readers(registry, options.readers)
    sources = _open(inputs, readers, settings.encoding)
    check_outputs_of_shard(settings, outputs)
    merged = find_parts(sources, readers, settings, needed)
    if merged is None:
        known, wanted, settings = _know_players(settings, sources, readers, outputs)
    else:
        settings = merged_settings(settings, merged.head, registry)
        settings, options = _plugin_options(settings, registry)
        known, wanted = known_of(merged, settings)
    return _Understood(settings, options, sources, readers, known, wanted, merged)


def _planners(
    registry: Registry,
    understood: _Understood,
    targets: Targets,
    named: Sequence[AggregatorChoice] | None,
    asked: Settings,
) -> tuple[Callable[..., list[AggregatorChoice]], Callable[..., AggregatorPlan]]:
    """Return what chooses the aggregators, and what makes a plan of them. `named` are those of the call."""
    settings, merged, wanted = understood.settings, understood.merged, understood.wanted
    if merged is not None and merged.states:
        plan_of = partial(_plan_of, registry, settings, state_options(merged), wanted)
        return partial(of_states, merged, named or asked.aggregators, targets), plan_of
    names = named if named is not None else settings.aggregators
    epd = merged.head.epd if merged is not None else any(source.reader == "epd" for source in understood.sources)
    choose = partial(choose_aggregators, registry, names, epd=epd, player=bool(settings.players))
    return choose, partial(_plan_of, registry, settings, understood.plugin_options.aggregators, wanted)


def _names(choices: Sequence[AggregatorChoice] | None) -> tuple[str, ...] | None:
    return None if choices is None else tuple(one if isinstance(one, str) else short_name(one) for one in choices)


def _if_named(targets: Targets, settings: Settings) -> list[str]:
    """Return the reports that outputs add where a player is named."""
    return list(targets.player_reports) if settings.players else []


def _of_a_player(targets: Targets) -> list[str]:
    return [*targets.reports, *targets.player_reports]


def _plugin_options(settings: Settings, registry: Registry) -> tuple[Settings, PluginOptions]:
    """Return the settings, with the executor's evaluator if it has one, and the options of all plugins."""
    settings = with_own_evaluator(settings, registry, DEFAULT_EVALUATOR)
    options = resolve_options(settings, registry)
    check_used(options, registry, settings, settings.follow_up_evaluator or DEFAULT_EVALUATOR)
    return settings, options


def _open(inputs: Sequence[Any], readers: Mapping[str, Reader], encoding: str | None) -> list[Source]:
    """Open the inputs, to be read in an encoding if one is named. Raises InputError, ConfigError."""
    sources = open_sources(inputs, readers)
    if encoding is not None:
        check_encoding(encoding)
        for source in sources:
            source.encoding = encoding
    return sources


def _check_targets(
    outputs: Sequence[str],
    check: Callable[..., Targets],
    found_in: PlayerInput,
    plugin_options: PluginOptions,
    *,
    force: bool,
) -> tuple[Targets, PlayerTemplates | None]:
    """Return the outputs of the whole run and those of each player. Raises as `check_outputs`."""
    own_names, template_names = by_player(outputs)
    targets = check(own_names, force=force)
    if not template_names:
        return targets, None
    return targets, PlayerTemplates.of(
        template_names, check, found_in, targets, options=plugin_options.writers, force=force
    )


def _know_players(
    settings: Settings, sources: Sequence[Source], readers: Mapping[str, Reader], outputs: Sequence[str]
) -> tuple[Known, Wanted, Settings]:
    """Return what the input tells of the players, what is wanted of names, and the settings with all names.

    Raises ConfigError.
    """
    wanted = Wanted.of(settings)
    players = tuple(wanted.declared.with_others(settings.players))
    _selection(structs.replace(settings, players=players))  # says what is wrong with it before anything is read
    known = look_ahead(sources, readers, players, wanted, files=any(PLAYER in name for name in outputs))
    settings = structs.replace(settings, players=known.players)
    return known, structs.replace(wanted, known=known.joined), settings


def _plan_of(
    registry: Registry, settings: Settings, values: Values, wanted: Wanted, chosen: Sequence[AggregatorChoice]
) -> AggregatorPlan:
    """Return a plan of the chosen aggregators, with the settings that they share."""
    return AggregatorPlan(tuple(chosen), add_shared_settings(values, settings, registry, chosen), wanted)


def _only_shown(added: Sequence[AggregatorChoice], targets: Sequence[Targets]) -> frozenset[str]:
    """Return those of the aggregators added for writers for which no writer wants searches."""
    searched_for = {name for some in targets for name in some.searched_for}
    return frozenset({short_name(choice) for choice in added} - searched_for)


def _selection(settings: Settings) -> Selection:
    player = player_filter(settings.players) if settings.players else None
    filter_ = compile_filter(settings.filter, player) if settings.filter else None
    return Selection(
        filter=filter_,
        players=player,
        seen_tags=SeenTags(filter_.tags) if filter_ is not None and filter_.tags else None,
        seen=SeenNames(settings.players) if settings.players else None,
        limit=settings.max_games,
        sample=settings.sample,
        seed=settings.seed,
        keep_duplicates=settings.keep_duplicates,
        shard=settings.shard,
    )
