"""One run: games in, evaluated by the scheduler, analysed, folded by aggregators and written, in input order.

Everything that can be wrong with a call is found by `Run(...)` before any work; `execute` then raises only for
what stops a run: no evaluator can be kept alive, an output cannot be written, no input held a game.
"""

from __future__ import annotations

import copy
import logging
import multiprocessing
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from msgspec import structs

from engine import system
from engine.analysis.game import Analyst
from engine.cache.store import Cache, default_path
from engine.contracts import options
from engine.contracts.messages import Job, PluginSpec
from engine.errors import ConfigError, EvaluatorError, InputError, PluginCrashed
from engine.input.filters import compile_filter, player_filter
from engine.input.inputs import expand
from engine.input.sources import Broken, Filtered, Game, Item, Selection, Waiting, candidates, playable, read
from engine.loading import evaluators
from engine.loading.registry import Registry
from engine.model import (
    AnalysedGame,
    Failure,
    Notice,
    Origin,
    RunCounts,
    RunResult,
    SkippedGame,
)
from engine.output.files import Outputs, Targets, open_outputs
from engine.plugin import Executor, ExecutorContext, Request, RunInfo, WorkerState, Writer
from engine.run.aggregators import Named, Strategies, selection
from engine.run.per_player import MOST, Handouts, by_player, split_answers
from engine.run.progress import Labels, Snapshot, passed_over, problems, share_read
from engine.run.recorded import Digested, Digestion, DigestJob, batches
from engine.run.recount import Tally
from engine.search import adaptive
from engine.search.planner import FollowUp, Plan, Positions
from engine.search.scheduler import Flow
from engine.settings import Settings
from engine.workers.scoreboard import Scoreboard

_log = logging.getLogger("engine")

DEFAULT_EVALUATOR = "stockfish"
NOBODY = PluginSpec("engine.evaluators", "recorded")
"""The job's evaluator where nothing is ever searched."""
MAX_NOTICES = 1_000
PROGRESS_SECONDS = 0.15
"""How often, at most, the progress callback is called: 4 to 8 times a second is what a screen can use."""
DIGESTED_BYTES = 4 << 20
"""Recorded games of fewer bytes are done before other processes have started."""


class Work(Protocol):
    """What the screen wants to know of who does the work."""

    @property
    def evaluated(self) -> int: ...

    @property
    def planned(self) -> int: ...

    def states(self) -> tuple[WorkerState, ...]: ...

    def plan_of(self, game: int) -> Plan | None: ...


Event = AnalysedGame | Notice | Failure
"""What happens in a run: a game leaves it, something about the input is found, something of ours failed."""


class Warm(Protocol):
    """What several runs share, so that the next one need not build it again."""

    registry: Registry

    def choose(self, registry: Registry, name: str, values: Mapping[str, Any]) -> evaluators.Choice:
        """As `engine.loading.evaluators.choose`."""
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
        on_event: Callable[[Event], None] | None = None,
        warm: Warm | None = None,
    ) -> None:
        """Check everything. Raises ConfigError, InputError, PluginError, EvaluatorError or OutputError.

        `inputs` are what `engine.input.inputs` understands, `outputs` paths, or "-" for standard output in
        `output_format`. The run ends in good order when `stop` is set, or `stop_after` seconds after `execute` was
        called. `on_event` is told what happens, in the thread of `execute`. `warm` is what runs share.
        """
        self.settings = settings
        self._progress = progress
        self._listening = on_event is not None
        self._on_event: Callable[[Event], None] = on_event or (lambda _: None)
        self._choose = warm.choose if warm is not None else evaluators.choose
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
        writers = self.registry.load_all("engine.writers")

        def check(names: Sequence[str], force: bool) -> Targets:
            return open_outputs(
                names,
                format=output_format,
                force=force,
                writers=writers,
                inputs=[source.name for source in self._sources],
            )

        names, templates = by_player(outputs)
        targets = check(names, force)
        of_writers = self._writer_options(writers)
        self._handouts = (
            self._prepare_handouts(templates, check, aggregators, of_writers, force=force) if templates else None
        )
        all_targets = [targets, *([self._handouts.targets] if self._handouts else [])]
        wanted = [name for one in all_targets for name in one.reports]
        self._strategies = self._load_strategies(aggregators, wanted, self._plugin_crashed)
        self._only_shown = self._taken_along(aggregators, wanted) - {
            name for one in all_targets for name in one.searched_for
        }
        """Aggregators that are there for a writer alone which starts no search for them."""
        multipv, self.multipv_asked_by = self._strategies.multipv()
        self.limit = structs.replace(settings.limit, multipv=max(multipv, settings.limit.multipv))
        self.first_limit = adaptive.first_limit(self.limit) if settings.search.adaptive else self.limit
        """Of the first search of each position."""
        self.workers = settings.workers or system.cores()
        self._new_executor: Callable[[ExecutorContext], Executor] = (
            warm.executor if warm is not None else self.registry.load("engine.executors", settings.executor)
        )
        self._ours = all(
            self._readers[source.reader].analysed for source in self._sources if source.refused is None
        )
        self.evaluator = self._choose_evaluator()
        self._analyst = Analyst(
            settings.search, self.evaluator.info.scale, self.evaluator.reads_input, self._selection.players
        )
        self._info = RunInfo(self.evaluator.info, self.limit)
        self._outputs: Outputs = targets.begin(self._info, of_writers)
        self._labels = Labels()
        self._say_unmet_needs(self.limit.multipv)
        self._exhausted = False
        """The input is read to its end, or will not be."""
        self._interrupted = False
        self._opened = 0
        """Games handed to the flow."""
        self._cache_notice: str | None = None
        self._broken = False
        """An input ended before its end."""
        self._tally = self._new_tally()
        self._only: AnalysedGame | None = None
        """The first game, while there is no second."""

    def _choose_evaluator(self) -> evaluators.Choice:
        """The run's own; and where it searches nothing but aggregators want more, who answers them."""
        settings = self.settings
        chosen = self._choose(
            self.registry,
            "recorded" if self._ours and "," not in settings.evaluator else settings.evaluator,
            settings.evaluator_options,
        )
        asking = self._strategies.following_up()
        if settings.follow_up_evaluator is None:
            asking = [name for name in asking if name not in self._only_shown]
        self._for_follow_ups: evaluators.Choice | None = None
        self._can_follow_up = chosen.spec is not None
        if chosen.spec is not None:
            if settings.follow_up_evaluator is not None:
                raise ConfigError("--follow-up-evaluator is for runs that search nothing else")
        elif asking and settings.follow_up_evaluator != "none":
            self._for_follow_ups = self._choose_for_follow_ups(asking)
            self._can_follow_up = self._for_follow_ups is not None
        return chosen

    def _choose_for_follow_ups(self, asking: Sequence[str]) -> evaluators.Choice | None:
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

    def _set_for_writers(self) -> set[str]:
        """Names in `aggregator_options` that are writers': `--set` does not say whose an option is."""
        given = set(self.settings.aggregator_options) - set(self.registry.names("engine.aggregators"))
        return given & set(self.registry.names("engine.writers"))

    def _writer_options(self, writers: Mapping[str, type[Writer]]) -> dict[str, options.Options]:
        """Of all writers that were given some, checked."""
        given = {name: dict(of_one) for name, of_one in self.settings.writer_options.items()}
        for name in self._set_for_writers():
            given[name] = given.get(name, {}) | self.settings.aggregator_options[name]
        for name in given:
            if name not in writers:
                raise ConfigError(f"options for {name!r}: no writer is called that")
        return {
            name: options.build(writers[name].Options, of_one, f"writer {name}") for name, of_one in given.items()
        }

    def _load_strategies(
        self,
        asked: Sequence[Named] | None,
        wanted: Sequence[str],
        on_crash: Callable[[PluginCrashed, Origin | None], None],
    ) -> Strategies:
        """Those asked for, and those `wanted` by a writer."""
        chosen = self._selection_of(asked, wanted)
        of_writers = self._set_for_writers()
        values = {
            name: dict(of_one)
            for name, of_one in self.settings.aggregator_options.items()
            if name not in of_writers
        }
        for one in chosen:
            cls = self.registry.load("engine.aggregators", one) if isinstance(one, str) else one
            # One definition of a winning move, one folder of tablebases: whoever has the option gets the setting.
            shared = {"winning_cp": self.settings.scoreboard.winning_cp, "syzygy": self.settings.syzygy}
            for key, value in shared.items():
                if isinstance(one, str) and value is not None and options.has_field(cls.Options, key):
                    values.setdefault(one.rpartition(":")[2], {}).setdefault(key, value)
        self._chosen, self._options = chosen, values
        return Strategies.build(self.registry, chosen, values, on_crash)

    def _selection_of(self, asked: Sequence[Named] | None, wanted: Sequence[str]) -> list[Named]:
        epd = any(source.reader == "epd" for source in self._sources)
        asked = asked if asked is not None else self.settings.aggregators
        return selection(self.registry, asked, epd=epd, player=bool(self.settings.players), also=wanted)

    def _taken_along(self, asked: Sequence[Named] | None, wanted: Sequence[str]) -> set[str]:
        """Names of the aggregators that only writers want."""
        own = self._selection_of(asked, ())
        return {one for one in self._selection_of(asked, wanted)[len(own) :] if isinstance(one, str)}

    def _prepare_handouts(
        self,
        templates: Sequence[str],
        check: Callable[[Sequence[str], bool], Targets],
        aggregators: Sequence[Named] | None,
        of_writers: Mapping[str, options.Options],
        *,
        force: bool,
    ) -> Handouts:
        """Each player's aggregators are copies, made before the run's own have seen a game."""
        fresh = copy.deepcopy(aggregators)

        def strategies() -> Strategies:
            wanted = handouts.targets.reports
            return self._load_strategies(copy.deepcopy(fresh), wanted, self._handout_crashed)

        handouts = Handouts(
            templates,
            check=lambda names, probing: check(names, force or probing),
            aggregators=strategies,
            writer_options=of_writers,
            players=self.settings.players,
            tally=self._new_tally,
        )
        return handouts

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
            if self._digestible():
                self._digest_all()
            else:
                self._search_all()
            return self._finish()
        except BaseException:
            self._outputs.abandon()
            if self._handouts is not None:
                self._handouts.abandon()
            raise
        finally:
            for source in self._sources:
                source.close()
            self._scoreboard.close()

    # -- nothing to search: by the batch, in other processes --

    def _digestible(self) -> bool:
        """Whether there is nothing to search, and enough of it to be worth other processes."""
        asking = self._can_follow_up and self._strategies.following_up()
        by_name = all(isinstance(one, str) for one in self._chosen)
        enough = sum(source.size for source in self._sources) >= DIGESTED_BYTES
        return (
            self.evaluator.spec is None
            and not asking
            and self._handouts is None
            and by_name
            and enough
            and self.workers > 1
        )

    def _digest_all(self) -> None:
        job = DigestJob(
            plugins=self.registry.files,
            aggregators=tuple(one for one in self._chosen if isinstance(one, str)),
            options=self._options,
            players=self.settings.players,
            search=self.settings.search,
            evaluator=self.evaluator.info,
            reads_input=self.evaluator.reads_input,
            winning_cp=self.settings.scoreboard.winning_cp,
            size=self.settings.scoreboard.size,
            games_wanted=self._outputs.takes_games() or self._listening,
            labels_wanted=self._progress is not None,
            nice=self.settings.nice,
        )
        digestion = Digestion(job, workers=self.workers, start_method=self.settings.start_method)
        try:
            self._drive_digestion(digestion)
            self._show(digestion, last=True)
        finally:
            digestion.close()

    def _drive_digestion(self, digestion: Digestion) -> None:
        items = batches(candidates(self._sources, self._readers, self._selection))
        line: deque[Filtered | Broken | None] = deque()
        self._shown = 0.0
        while not self._exhausted or line:
            if self._stopping and not self._exhausted:
                self._interrupted = self._exhausted = True
            while not self._exhausted and digestion.hungry():
                item = next(items, None)
                if item is None:
                    self._exhausted = True
                elif isinstance(item, list):
                    digestion.submit(item)
                    line.append(None)
                elif isinstance(item, Waiting):
                    break
                else:
                    line.append(item)
            if line:
                head = line.popleft()
                if head is None:
                    self._merge(digestion.next())
                else:
                    self._pass_over(head)
            self._show(digestion)

    def _merge(self, found: Digested) -> None:
        for name in RunCounts.__struct_fields__:
            setattr(self.counts, name, getattr(self.counts, name) + getattr(found.counts, name))
        for notice in found.notices:
            self._notice(notice)
        self._scoreboard.record_batch(found.counts.positions, found.tally.wins, found.tally.best)
        self._tally.merge(found.tally)
        for label in found.labels:
            self._labels.know(*label)
        self._strategies.take(found.states, found.crashes, found.unevaluated)
        for item in found.items:
            if item.game is not None:
                self._write(partial(self._outputs.game, item.game), item.game)
                self._on_event(item.game)
            elif item.skipped is not None:
                self._write(partial(self._outputs.skipped, item.skipped), None)

    # -- something to search --

    def _search_all(self) -> None:
        cache = self.open_cache()
        flow = self._flow(cache)
        try:
            self._drive(flow)
            self._show(flow, last=True)
        finally:
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
                    flow.end()
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
        if isinstance(item, Filtered | Broken):
            self._pass_over(item)
            return
        self.counts.read += 1
        item = playable(item, self.evaluator.info)
        if isinstance(item, SkippedGame):
            flow.open(item)
        else:
            self._opened += 1
            opened = flow.open((item.origin, item.game))
            assert opened is not None
            for notice in problems(opened, self.counts):
                self._notice(notice)

    def _pass_over(self, item: Filtered | Broken) -> None:
        if isinstance(item, Broken):
            self._broken = True
            self._notice(Notice("damaged", item.file, item.line, None, item.reason))
            return
        self.counts.read += 1
        self.counts.filtered += 1

    def _release(self, item: Plan | SkippedGame) -> None:
        if isinstance(item, SkippedGame):
            self._notice(passed_over(item, self.counts))
            self._write(partial(self._outputs.skipped, item), None)
            return
        assert item.analysed is not None
        answers, of_handouts = split_answers(item.answers())
        game = structs.replace(item.analysed, answers=answers)
        self._account(game)
        self._strategies.add(game)
        self._write(partial(self._outputs.game, game), game)
        if self._handouts is not None:
            self._write(partial(self._handouts.add, game, of_handouts, self._info), game)
        self._on_event(game)

    def _doubtful(self, plan: Plan) -> set[int]:
        """Which positions the first pass has left in doubt; when there is none, the game is analysed."""
        game = self._analyst.analyse(plan)
        plies = adaptive.doubtful(game)
        plan.analysed = None if plies else game
        return plies

    def _follow_up(self, plan: Plan) -> dict[str, list[FollowUp | None]]:
        """Analyse a game whose positions are all known; what the aggregators want to be searched on top."""
        plan.analysed = game = plan.analysed or self._analyst.analyse(plan)
        if not self._can_follow_up:
            return {}
        sent = Positions(plan.game)

        def plan_one(request: Request) -> FollowUp | None:
            position = sent.after(request.ply, request.moves)
            limit = structs.replace(request.limit or self.settings.limit, multipv=request.multipv)
            return None if position is None else FollowUp(request.ply, position, limit)

        def asked(seen: AnalysedGame) -> dict[str, list[FollowUp | None]]:
            return self._strategies.follow_ups(seen, plan_one)

        wanted = asked(game)
        return wanted if self._handouts is None else {**wanted, **self._handouts.follow_ups(game, asked)}

    def _write(self, write: Callable[[], None], game: AnalysedGame | None) -> None:
        """A writer that crashes is reported; the others have written when it is."""
        try:
            write()
        except PluginCrashed as crash:
            self._plugin_crashed(crash, game.origin if game is not None else None)

    def _account(self, game: AnalysedGame) -> None:
        """The run's own recount, against which the scoreboard is checked at the end."""
        placed = self._tally.add(game, self.counts)
        self._only = game if self.counts.analysed == 1 else None
        if placed is not None and self._progress is not None:
            self._labels.learn(placed, game)

    def _new_tally(self) -> Tally:
        return Tally(self.settings.scoreboard.winning_cp, self.settings.scoreboard.size)

    def _finish(self) -> RunResult:
        tally = self._tally
        if self._interrupted:
            self._scoreboard.settle(tally.wins, tally.best)
        view = self._scoreboard.view()
        if self.settings.search.adaptive:
            # What a deeper search has corrected downwards may still stand on the board.
            self._scoreboard.settle(view.wins, tally.best)
            view = self._scoreboard.view()
        if (view.wins, view.best) != (tally.wins, tuple(tally.best)):
            what = (
                f"{view.wins} wins, the results {tally.wins}" if view.wins != tally.wins else "other best scores"
            )
            reason = f"the scoreboard says {what}; the reports are right, please tell the maintainers"
            self._failed(Failure(None, None, None, None, reason))
        self.counts.seconds = time.monotonic() - self._started
        self._check_that_there_were_games()
        if self._handouts is not None and self._handouts.left_out:
            text = f"files for the first {MOST} players only; --player NAME says whose you want"
            self._notice(Notice("warning", None, None, None, text))
        reports = self._strategies.reports(tally.scales)
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
            adaptive=self.settings.search.adaptive,
            game=self._only,
        )
        self._write(partial(self._outputs.finish, result), None)
        names = self._outputs.names()
        if self._handouts is not None:
            self._write(partial(self._handouts.finish, result), None)
            names += self._handouts.names()
        return structs.replace(result, failures=tuple(self._failures), outputs=tuple(names))

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
        job = Job(spec, self.first_limit, self.settings.scoreboard.winning_cp, self.settings.cpu)
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
            deepen=self._doubtful,
            deep_limit=self.limit if self.settings.search.adaptive else None,
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

    def _plugin_crashed(self, crash: PluginCrashed, origin: Origin | None) -> None:
        _log.debug(crash.message, exc_info=crash.__cause__)
        self._failed(
            Failure(
                origin.file if origin else None,
                origin.line if origin else None,
                origin.game if origin else None,
                None,
                crash.message,
            )
        )

    def _handout_crashed(self, crash: PluginCrashed, origin: Origin | None) -> None:
        """The same fault in every player's copy is told once."""
        what = crash.message.partition(" failed")[0]
        if not any(failure.reason.startswith(what) for failure in self._failures):
            self._plugin_crashed(crash, origin)

    # -- the screen --

    def _show(self, work: Work, *, last: bool = False) -> None:
        now = time.monotonic()
        if self._progress is None or (now - self._shown < PROGRESS_SECONDS and not last):
            return
        self._shown = now
        view = self._scoreboard.view()
        self._progress(
            Snapshot(
                games=self.counts.analysed,
                positions=work.evaluated,
                total=self._total(work),
                nodes=self.counts.nodes,
                cached=self.counts.cached,
                wins=view.wins,
                best=self._labels.of(view.best, work.plan_of),
                workers=work.states(),
                seconds=now - self._started,
                notices=tuple(self._notices),
                skipped=self.counts.damaged + self.counts.variant + self.counts.filtered,
                stopping=self._stopping,
            )
        )

    def _total(self, work: Work) -> int | None:
        if self._exhausted:
            return work.planned
        share = share_read(self._sources)
        if share is None or self._selection.sample:
            return None
        estimate = work.planned / share if share else None
        if self.settings.max_games and self._opened:
            enough = work.planned * self.settings.max_games / self._opened
            estimate = enough if estimate is None else min(estimate, enough)
        return int(estimate) if estimate else None
