"""One run: games in, evaluated by `engine.flow`, analysed, folded by aggregators and written, in input order.

Everything that can be wrong with a call is found by `Run(...)` before any work; `execute` then raises only for
what stops a run: no evaluator can be kept alive, an output cannot be written, no input held a game.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import structs

from engine import analysis, choice, options, system
from engine.cache import Cache, default_path
from engine.errors import InputError, PluginCrashed
from engine.filters import compile_filter, player_filter
from engine.flow import Flow
from engine.messages import Job
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
from engine.planner import Plan
from engine.plugin import Executor, ExecutorContext, RunInfo
from engine.progress import Labels, Snapshot, share_read
from engine.registry import Registry
from engine.scoreboard import Scoreboard, place, scored
from engine.settings import Settings
from engine.sources import Broken, Filtered, Game, Selection, expand, read
from engine.strategies import Named, Strategies, selection

_log = logging.getLogger("engine")

MAX_NOTICES = 1_000
PROGRESS_SECONDS = 0.15
"""How often, at most, the progress callback is called: 4 to 8 times a second is what a screen can use."""


class Run:
    """One call of analyze."""

    def __init__(
        self,
        inputs: Sequence[str],
        settings: Settings,
        *,
        aggregators: Sequence[Named] | None = None,
        outputs: Sequence[str] = (),
        output_format: str | None = None,
        force: bool = False,
        progress: Callable[[Snapshot], None] | None = None,
        stop: threading.Event | None = None,
        stop_after: float | None = None,
    ) -> None:
        """Check everything. Raises ConfigError, InputError, PluginError, EvaluatorError or OutputError.

        `outputs` are paths, or "-" for standard output in `output_format`. The run ends in good order when
        `stop` is set, or `stop_after` seconds after `execute` was called.
        """
        self.settings = settings
        self._progress = progress
        self.counts = RunCounts()
        self._failures: list[Failure] = []
        self._notices: list[Notice] = []
        self._stop = stop or threading.Event()
        self._stop_after = stop_after
        self.registry = Registry(settings.plugins)
        self._readers = {name: cls() for name, cls in self.registry.load_all("engine.readers").items()}
        self._sources = expand(inputs, self._readers)
        self._selection = Selection(
            filter=compile_filter(settings.filter) if settings.filter else None,
            players=player_filter(settings.players) if settings.players else None,
            limit=settings.max_games,
            sample=settings.sample,
            seed=settings.seed,
        )
        self._strategies = self._load_strategies(aggregators)
        multipv, self.multipv_asked_by = self._strategies.multipv()
        self.limit = structs.replace(settings.limit, multipv=max(multipv, settings.limit.multipv))
        self.workers = settings.workers or system.cores()
        self._executor_class: type[Executor] = self.registry.load("engine.executors", settings.executor)
        targets = open_outputs(
            outputs,
            format=output_format,
            force=force,
            writers=self.registry.load_all("engine.writers"),
            inputs=[source.name for source in self._sources],
        )
        self.evaluator = choice.choose(self.registry, settings.evaluator, settings.evaluator_options)
        self._outputs: Outputs = targets.begin(RunInfo(self.evaluator.info, self.limit))
        self._labels = Labels()
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

    def _load_strategies(self, asked: Sequence[Named] | None) -> Strategies:
        epd = any(source.reader == "epd" for source in self._sources)
        chosen = selection(self.registry, asked if asked is not None else self.settings.aggregators, epd=epd)
        values = {name: dict(of_one) for name, of_one in self.settings.aggregator_options.items()}
        for one in chosen:
            cls = self.registry.load("engine.aggregators", one) if isinstance(one, str) else one
            # One definition of a winning move: whoever has this option gets the scoreboard's setting.
            if isinstance(one, str) and options.has_field(cls.Options, "winning_cp"):
                of_one = values.setdefault(one.rpartition(":")[2], {})
                of_one.setdefault("winning_cp", self.settings.scoreboard.winning_cp)
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
                else:
                    self._open(flow, item)
            for whole in flow.step(PROGRESS_SECONDS):
                self._release(whole)
            self._show(flow)

    def items(self) -> Iterator[Game | SkippedGame | Filtered | Broken]:
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
        positions = [position for position in item.positions if position is not None]
        assert len(positions) == len(item.positions)
        game = analysis.analyse(
            item.origin, item.game, positions, view=self._view(item.game), scale=self.settings.search.scale
        )
        self._account(game)
        self._strategies.add(game)
        self._write(lambda: self._outputs.game(game), game)

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
        for ply, position in enumerate(game.positions):
            if position.evaluation is None:
                continue
            self.counts.positions += 1
            entry, winning = scored(
                game.origin.game, ply, position.evaluation, self.settings.scoreboard.winning_cp
            )
            self._wins += winning
            if place(self._best, entry, self.settings.scoreboard.size) and self._progress is not None:
                self._labels.learn(entry, game)

    def _finish(self) -> RunResult:
        if self._interrupted:
            self._scoreboard.settle(self._wins, self._best)
        view = self._scoreboard.view()
        if (view.wins, view.best) != (self._wins, tuple(self._best)):
            what = (
                f"{view.wins} wins, the results {self._wins}" if view.wins != self._wins else "other best scores"
            )
            reason = f"the scoreboard says {what}; the reports are right, please tell the maintainers"
            self._failures.append(Failure(None, None, None, None, reason))
        self.counts.seconds = time.monotonic() - self._started
        self._check_that_there_were_games()
        reports = self._strategies.reports()
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
        elif c.filtered == c.read and not self._interrupted:
            self._notice(Notice("warning", names, None, None, f"no game of {c.read:,} passed the filters"))
        elif (c.damaged or self._broken) and not (c.analysed or c.variant or c.filtered or self._interrupted):
            first = next(notice for notice in self._notices if notice.kind == "damaged")
            raise InputError(f"no readable game in {names}: {first.reason}")

    # -- parts --

    def _flow(self, cache: Cache) -> Flow:
        job = Job(self.evaluator.spec, self.limit, self.settings.scoreboard.winning_cp)
        context = ExecutorContext(job, self.workers, self._scoreboard)
        return Flow(
            job=job,
            fingerprint=self.evaluator.info.fingerprint,
            search=self.settings.search,
            workers=self.workers,
            cache=cache,
            scoreboard=self._scoreboard,
            executor=lambda: self._executor_class(context),
            counts=self.counts,
            on_failure=self._failures.append,
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

    def _plugin_crashed(self, crash: PluginCrashed, game: AnalysedGame | None) -> None:
        _log.debug(crash.message, exc_info=crash.__cause__)
        origin = game.origin if game is not None else None
        self._failures.append(
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
