"""One run: games in, evaluated by `engine.flow`, analysed, folded by aggregators and written, in input order.

Everything that can be wrong with a call is found by `Run(...)` before any work; `execute` then raises only for
what stops a run: no evaluator can be kept alive, an output cannot be written, no input held a game.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import structs

from engine import analysis, choice, options, system
from engine.cache import Cache, default_path
from engine.errors import ConfigError, EvaluatorError, InputError, PluginCrashed
from engine.filters import compile_filter, player_filter
from engine.flow import Flow
from engine.given import expand
from engine.messages import Job, PluginSpec
from engine.model import (
    AnalysedGame,
    Best,
    Color,
    Failure,
    Notice,
    Origin,
    RunCounts,
    RunResult,
    SkippedGame,
    SourceGame,
)
from engine.outputs import Outputs, open_outputs
from engine.planner import FollowUp, Plan, Positions, used_recording
from engine.plugin import Executor, ExecutorContext, Request, RunInfo
from engine.progress import Labels, Snapshot, share_read
from engine.reconcile import before_reconciliation, reconcile
from engine.registry import Registry
from engine.scoreboard import Scoreboard, place, scored
from engine.settings import Settings
from engine.sources import Broken, Filtered, Game, Item, Selection, Waiting, read
from engine.strategies import Named, Strategies, selection

_log = logging.getLogger("engine")

DEFAULT_EVALUATOR = "stockfish"
NOBODY = PluginSpec("engine.evaluators", "recorded")
"""The job's evaluator where nothing is ever searched."""
MAX_NOTICES = 1_000
PROGRESS_SECONDS = 0.15
"""How often, at most, the progress callback is called: 4 to 8 times a second is what a screen can use."""


Event = AnalysedGame | Notice | Failure
"""What happens in a run: a game leaves it, something about the input is found, something of ours failed."""


class Warm(Protocol):
    """What several runs share, so that the next one need not build it again."""

    registry: Registry

    def choose(self, registry: Registry, name: str, values: Mapping[str, Any]) -> choice.Choice:
        """As `engine.choice.choose`."""
        ...

    def executor(self, context: ExecutorContext) -> Executor:
        """The one for a run."""
        ...


class Run:
    """One call of analyze."""

    def __init__(
        self,
        inputs: Sequence[Any],
        settings: Settings,
        *,
        aggregators: Sequence[Named] | None = None,
        outputs: Sequence[str] = (),
        output_format: str | None = None,
        force: bool = False,
        progress: Callable[[Snapshot], None] | None = None,
        stop: threading.Event | None = None,
        stop_after: float | None = None,
        on_event: Callable[[Event], None] = lambda _: None,
        warm: Warm | None = None,
    ) -> None:
        """Check everything. Raises ConfigError, InputError, PluginError, EvaluatorError or OutputError.

        `inputs` are what `engine.given` understands, `outputs` paths, or "-" for standard output in
        `output_format`. The run ends in good order when `stop` is set, or `stop_after` seconds after `execute` was
        called. `on_event` is told what happens, in the thread of `execute`. `warm` is what runs share.
        """
        self.settings = settings
        self._progress = progress
        self._on_event = on_event
        self._choose = warm.choose if warm is not None else choice.choose
        self.counts = RunCounts()
        self._failures: list[Failure] = []
        self._notices: list[Notice] = []
        self._stop = stop or threading.Event()
        self._stop_after = stop_after
        self.registry = warm.registry if warm is not None else Registry(settings.plugins)
        self._readers = {name: cls() for name, cls in self.registry.load_all("engine.readers").items()}
        self._sources = expand(inputs, self._readers)
        self._selection = Selection(
            filter=compile_filter(settings.filter) if settings.filter else None,
            players=player_filter(settings.players) if settings.players else None,
            limit=settings.max_games,
            sample=settings.sample,
            seed=settings.seed,
        )
        targets = open_outputs(
            outputs,
            format=output_format,
            force=force,
            writers=self.registry.load_all("engine.writers"),
            inputs=[source.name for source in self._sources],
        )
        self._strategies = self._load_strategies(aggregators, targets.reports)
        multipv, self.multipv_asked_by = self._strategies.multipv()
        self.limit = structs.replace(settings.limit, multipv=max(multipv, settings.limit.multipv))
        self.workers = settings.workers or system.cores()
        self._new_executor: Callable[[ExecutorContext], Executor] = (
            warm.executor if warm is not None else self.registry.load("engine.executors", settings.executor)
        )
        self._ours = all(
            self._readers[source.reader].analysed for source in self._sources if source.refused is None
        )
        self.evaluator = self._choose_evaluator()
        self._outputs: Outputs = targets.begin(RunInfo(self.evaluator.info, self.limit))
        self._labels = Labels()
        self._scales: set[float] = set()
        """Of the analysed games, for the reports to say."""
        self._say_unmet_needs(self.limit.multipv)
        self._exhausted = False
        """The input is read to its end, or will not be."""
        self._interrupted = False
        self._opened = 0
        """Games handed to the flow."""
        self._cache_notice: str | None = None
        self._broken = False
        """An input ended before its end."""
        self._wins = 0
        self._best: list[Best] = []

    def _choose_evaluator(self) -> choice.Choice:
        """The run's own; and where it searches nothing but aggregators want more, who answers them."""
        settings = self.settings
        chosen = self._choose(
            self.registry,
            "recorded" if self._ours and "," not in settings.evaluator else settings.evaluator,
            settings.evaluator_options,
        )
        asking = self._strategies.following_up()
        self._for_follow_ups: choice.Choice | None = None
        self._can_follow_up = chosen.spec is not None
        if chosen.spec is not None:
            if settings.follow_up_evaluator is not None:
                raise ConfigError("--follow-up-evaluator is for runs that search nothing else")
        elif asking and settings.follow_up_evaluator != "none":
            self._for_follow_ups = self._choose_for_follow_ups(asking)
            self._can_follow_up = self._for_follow_ups is not None
        return chosen

    def _choose_for_follow_ups(self, asking: Sequence[str]) -> choice.Choice | None:
        settings = self.settings
        try:
            return self._choose(
                self.registry, settings.follow_up_evaluator or DEFAULT_EVALUATOR, settings.evaluator_options
            )
        except EvaluatorError as error:
            if settings.follow_up_evaluator is not None:
                raise
            self._warn(f"{', '.join(asking)}: no follow-up searches, because {error.message}")
            return None

    def _say_unmet_needs(self, multipv: int) -> None:
        """What evaluator or input cannot give to the aggregators, before any work."""
        if multipv > 1 and self.evaluator.spec is None:
            who = self.multipv_asked_by or "the limit"
            self._warn(f"{who} asks for {multipv} lines of each position; recorded evaluations have one")
        elif self.multipv_asked_by and multipv > self.settings.limit.multipv:
            self._warn(f"{self.multipv_asked_by} needs {multipv} lines of each position, which changes the scores")
        wanting = self._strategies.wanting_clocks()
        if wanting and self._sources and not any(source.has_clocks() for source in self._sources):
            self._warn(f"{', '.join(wanting)}: the first games of the input have no clocks")

    def _warn(self, text: str) -> None:
        self._notice(Notice("warning", None, None, None, text))

    def _load_strategies(self, asked: Sequence[Named] | None, wanted: Sequence[str]) -> Strategies:
        """Those asked for, and those `wanted` by a writer."""
        epd = any(source.reader == "epd" for source in self._sources)
        asked = asked if asked is not None else self.settings.aggregators
        chosen = selection(self.registry, asked, epd=epd, also=wanted)
        values = {name: dict(of_one) for name, of_one in self.settings.aggregator_options.items()}
        for one in chosen:
            cls = self.registry.load("engine.aggregators", one) if isinstance(one, str) else one
            # One definition of a winning move, one folder of tablebases: whoever has the option gets the setting.
            shared = {"winning_cp": self.settings.scoreboard.winning_cp, "syzygy": self.settings.syzygy}
            for key, value in shared.items():
                if isinstance(one, str) and value is not None and options.has_field(cls.Options, key):
                    values.setdefault(one.rpartition(":")[2], {}).setdefault(key, value)
        return Strategies(self.registry, chosen, values, self._plugin_crashed)

    # -- the run --

    def execute(self) -> RunResult:
        """Do it. Raises EvaluatorError, OutputError, InputError; `abandon` the outputs is done for you."""
        self._started = time.monotonic()
        self._scoreboard = Scoreboard(
            multiprocessing.get_context(self.settings.start_method),
            workers=self.workers,
            size=self.settings.scoreboard.size,
        )
        try:
            self._search_all()
            return self._finish()
        except BaseException:
            self._outputs.abandon()
            raise
        finally:
            self._scoreboard.close()

    def _search_all(self) -> None:
        cache = self.open_cache()
        flow = self._flow(cache)
        try:
            self._drive(flow)
            self._show(flow, last=True)
        finally:
            for source in self._sources:
                source.close()
            flow.close()
            cache.close()
            if cache.notice not in (None, self._cache_notice):
                self._notice(Notice("warning", None, None, None, cache.notice or ""))

    @property
    def _stopping(self) -> bool:
        late = self._stop_after is not None and time.monotonic() - self._started >= self._stop_after
        return late or self._stop.is_set()

    def _drive(self, flow: Flow) -> None:
        items = self.items()
        self._shown = 0.0
        while not (self._exhausted and flow.idle):
            if self._stopping and not self._interrupted:
                # What is in hand is finished; nothing more is read or handed out.
                self._interrupted = flow.drain() or not self._exhausted
                self._exhausted = True
            while not self._exhausted and flow.hungry() and not self._stopping:
                item = next(items, None)
                if item is None:
                    self._exhausted = True
                elif isinstance(item, Waiting):
                    break
                else:
                    self._open(flow, item)
            for whole in flow.step(PROGRESS_SECONDS):
                self._release(whole)
            self._show(flow)
        self._interrupted = self._interrupted or flow.left

    def items(self) -> Iterator[Item]:
        return read(self._sources, self._readers, self._selection)

    def _open(self, flow: Flow, item: Game | SkippedGame | Filtered | Broken) -> None:
        if isinstance(item, Broken):
            self._broken = True
            self._notice(Notice("damaged", item.file, item.line, None, item.reason))
            return
        self.counts.read += 1
        if isinstance(item, Filtered):
            self.counts.filtered += 1
        elif isinstance(item, SkippedGame):
            flow.open(item)
        elif item.game.variant not in self.evaluator.info.variants:
            reason = f"{self.evaluator.info.name} does not play {item.game.variant}"
            flow.open(SkippedGame(item.origin, "variant", reason, item.game.text))
        else:
            self._opened += 1
            opened = flow.open((item.origin, item.game))
            self._report_problems(item.origin, item.game, opened)

    def _report_problems(self, origin: Origin, game: SourceGame, opened: Plan | None) -> None:
        if game.problem is not None:
            # An EPD line has nothing to cut: a wrong `bm` leaves the position as it is.
            cut = game.epd is None
            self.counts.cut += cut
            line = game.problem_line or origin.line
            self._notice(Notice("cut" if cut else "warning", origin.file, line, origin.game, game.problem))
        refused = opened.refused if opened is not None else []
        self.counts.refused += len(refused)
        for ply, reason in refused[:1]:
            more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
            text = f"position {ply} is not one that can be searched: {reason}{more}"
            self._notice(Notice("refused", origin.file, origin.line, origin.game, text))

    def _release(self, item: Plan | SkippedGame) -> None:
        if isinstance(item, SkippedGame):
            if item.kind == "variant":
                self.counts.variant += 1
            else:
                self.counts.damaged += 1
            origin = item.origin
            self._notice(Notice(item.kind, origin.file, origin.line, origin.game, item.reason))
            self._write(lambda: self._outputs.skipped(item), None)
            return
        assert item.analysed is not None
        game = structs.replace(item.analysed, answers=item.answers())
        self._account(game)
        self._strategies.add(game)
        self._write(lambda: self._outputs.game(game), game)
        self._on_event(game)

    def _follow_up(self, plan: Plan) -> dict[str, list[FollowUp | None]]:
        """Analyse a game whose positions are all known; what the aggregators want to be searched on top."""
        plan.analysed = game = self._analyse(plan)
        if not self._can_follow_up:
            return {}
        sent = Positions(plan.game)

        def plan_one(request: Request) -> FollowUp | None:
            position = sent.after(request.ply, request.moves)
            limit = structs.replace(request.limit or self.settings.limit, multipv=request.multipv)
            return None if position is None else FollowUp(request.ply, position, limit)

        return self._strategies.follow_ups(game, plan_one)

    def _analyse(self, plan: Plan) -> AnalysedGame:
        search, evaluator = self.settings.search, self.evaluator
        recording = used_recording(plan.game, use_recorded=evaluator.reads_input)
        scale = recording.scale if recording is not None and recording.ours else evaluator.info.scale
        reconciles = recording.reconciled if recording is not None and recording.ours else True
        reconciles = reconciles if search.reconcile is None else search.reconcile
        positions = [before_reconciliation(position) for position in plan.positions if position is not None]
        assert len(positions) == len(plan.positions)
        searched = any(position.evaluation and not position.recorded for position in positions)
        if reconciles and searched:
            positions = reconcile(plan.game.moves, positions)
        return analysis.analyse(
            plan.origin,
            plan.game,
            positions,
            view=self._view(plan.game),
            scale=(search.scale or scale) if searched else 1.0,
            reconciled=reconciles and searched,
        )

    def _write(self, write: Callable[[], None], game: AnalysedGame | None) -> None:
        """A writer that crashes is reported; the others have written when it is."""
        try:
            write()
        except PluginCrashed as crash:
            self._plugin_crashed(crash, game)

    def _view(self, game: SourceGame) -> tuple[Color, ...]:
        players = self._selection.players
        return players(game.headers) if players is not None else ("white", "black")

    def _account(self, game: AnalysedGame) -> None:
        """The run's own recount, against which the scoreboard is checked at the end."""
        self.counts.analysed += 1
        evaluated = self.counts.positions
        for ply, position in enumerate(game.positions):
            if position.found is None:
                continue
            self.counts.positions += 1
            entry, winning = scored(game.origin.game, ply, position.found, self.settings.scoreboard.winning_cp)
            self._wins += winning
            if place(self._best, entry, self.settings.scoreboard.size) and self._progress is not None:
                self._labels.learn(entry, game)
        if self.counts.positions == evaluated:
            self.counts.unevaluated += 1
        else:
            self._scales.add(game.scale)

    def _finish(self) -> RunResult:
        if self._interrupted:
            self._scoreboard.settle(self._wins, self._best)
        view = self._scoreboard.view()
        if (view.wins, view.best) != (self._wins, tuple(self._best)):
            what = (
                f"{view.wins} wins, the results {self._wins}" if view.wins != self._wins else "other best scores"
            )
            reason = f"the scoreboard says {what}; the reports are right, please tell the maintainers"
            self._failed(Failure(None, None, None, None, reason))
        self.counts.seconds = time.monotonic() - self._started
        self._check_that_there_were_games()
        reports = self._strategies.reports(self._scales)
        result = RunResult(
            reports=reports,
            wins=view.wins,
            best=view.best,
            evaluator=self.evaluator.info,
            limit=self.limit,
            counts=self.counts,
            failures=tuple(self._failures),
            notices=tuple(self._notices),
            outputs=(),
            interrupted=self._interrupted,
        )
        self._write(lambda: self._outputs.finish(result), None)
        return structs.replace(result, failures=tuple(self._failures), outputs=tuple(self._outputs.names()))

    def _check_that_there_were_games(self) -> None:
        """A wrong file is an error; an empty one, or one of which nothing was wanted, is not."""
        c = self.counts
        names = ", ".join(source.name for source in self._sources)
        if c.read == 0 and not self._broken and not self._interrupted:
            self._notice(Notice("warning", names, None, None, "no game in it"))
        elif c.read and c.filtered == c.read and not self._interrupted:
            self._notice(Notice("warning", names, None, None, f"no game of {c.read:,} passed the filters"))
        elif (c.damaged or self._broken) and not (c.analysed or c.variant or c.filtered or self._interrupted):
            first = next(notice for notice in self._notices if notice.kind == "damaged")
            raise InputError(f"no readable game in {names}: {first.reason}")

    # -- parts --

    def _flow(self, cache: Cache) -> Flow:
        chosen = self.evaluator if self.evaluator.spec is not None else self._for_follow_ups
        spec = chosen.spec if chosen is not None and chosen.spec is not None else NOBODY
        job = Job(spec, self.limit, self.settings.scoreboard.winning_cp)
        context = ExecutorContext(job, self.workers, self._scoreboard)
        return Flow(
            job=job,
            fingerprint=(chosen or self.evaluator).info.fingerprint,
            search=self.settings.search,
            workers=self.workers,
            cache=cache,
            scoreboard=self._scoreboard,
            executor=lambda: self._new_executor(context),
            counts=self.counts,
            on_failure=self._failed,
            use_recorded=self.evaluator.reads_input,
            can_search=self.evaluator.spec is not None,
            follow_up=self._follow_up,
        )

    def open_cache(self) -> Cache:
        if self.settings.cache == "":
            return Cache(None)
        cache = Cache(Path(self.settings.cache) if self.settings.cache else default_path())
        self._cache_notice = cache.notice
        if cache.notice:
            self._notice(Notice("warning", None, None, None, cache.notice))
        return cache

    def _notice(self, notice: Notice) -> None:
        self.counts.notices += 1
        if len(self._notices) < MAX_NOTICES:
            self._notices.append(notice)
            self._on_event(notice)

    def _failed(self, failure: Failure) -> None:
        self._failures.append(failure)
        self._on_event(failure)

    def _plugin_crashed(self, crash: PluginCrashed, game: AnalysedGame | None) -> None:
        _log.debug(crash.message, exc_info=crash.__cause__)
        origin = game.origin if game is not None else None
        self._failed(
            Failure(
                origin.file if origin else None,
                origin.line if origin else None,
                origin.game if origin else None,
                None,
                crash.message,
            )
        )

    # -- the screen --

    def _show(self, flow: Flow, *, last: bool = False) -> None:
        now = time.monotonic()
        if self._progress is None or (now - self._shown < PROGRESS_SECONDS and not last):
            return
        self._shown = now
        view = self._scoreboard.view()
        self._progress(
            Snapshot(
                games=self.counts.analysed,
                positions=flow.evaluated,
                total=self._total(flow),
                nodes=self.counts.nodes,
                cached=self.counts.cached,
                wins=view.wins,
                best=self._labels.of(view.best, flow.plan_of),
                workers=flow.states(),
                seconds=now - self._started,
                notices=tuple(self._notices),
                skipped=self.counts.damaged + self.counts.variant + self.counts.filtered,
                stopping=self._stopping,
            )
        )

    def _total(self, flow: Flow) -> int | None:
        if self._exhausted:
            return flow.planned
        share = share_read(self._sources)
        if share is None or self._selection.sample:
            return None
        estimate = flow.planned / share if share else None
        if self.settings.max_games and self._opened:
            enough = flow.planned * self.settings.max_games / self._opened
            estimate = enough if estimate is None else min(estimate, enough)
        return int(estimate) if estimate else None
