"""A run whose positions are searched, found in the cache, or few enough to be done in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import structs

from engine.analysis.game import GameAnalyzer
from engine.contracts.messages import Job, PluginSpec
from engine.errors import AnalysisError, PluginLoadError
from engine.input.games import ParsedGame, PassedOver, parse_games, skip_unplayable
from engine.input.sources import BrokenSource
from engine.model import AnalysedGame, Failure, RunCounts, SkippedGame, SourceGame
from engine.plugin import Executor, ExecutorContext
from engine.run.finishing import Finisher
from engine.run.follow_ups import asked, follows_up, limit_of
from engine.run.notices import notes_on, notices_of
from engine.run.opened_cache import open_cache
from engine.run.per_player import seen_with
from engine.run.reporter import PROGRESS_SECONDS
from engine.run.started import Parts, StartedRun
from engine.search.games import AnsweredGame, FollowUp, FollowUps, RequestKey, SearchedGame
from engine.search.planner import Positions
from engine.search.scheduler import Scheduler, SearchTask

Searches = dict[str, list[FollowUp | None]]
"""Searches asked for, by aggregator."""
NO_EVALUATOR = PluginSpec("engine.evaluators", "recorded")
"""The job's evaluator where nothing is ever searched."""


class SearchedRun(StartedRun):
    """One run, through scheduler, workers and cache. It is the scheduler's `Client`."""

    def __init__(self, parts: Parts, *, games_wanted: bool) -> None:
        """`games_wanted`: whether a listener takes the games themselves."""
        super().__init__(parts)
        self.asks_on_top = parts.evaluators.follow_ups is not None and follows_up(parts.plan)
        self._finisher = Finisher(parts, self.analyse, games_wanted=games_wanted)
        self.counts: RunCounts = self._accounts.counts
        main = self._evaluators.main
        self._game_analyzer = GameAnalyzer(
            self._plan.settings.search, main.info.scale, main.reads_input, self._plan.selection.players
        )
        answering = self._evaluators.follow_ups or main
        self._answer_scale = self._plan.settings.search.scale or answering.info.scale

    def _work(self) -> None:
        if self.announcement is not None:
            self._accounts.announce(self.announcement)
        cache = open_cache(self._plan.settings, self._is_stopping)
        opened_with = cache.notice
        if cache.notice:
            self._accounts.warn(cache.notice)
        self._task = self._search_task()
        scheduler = Scheduler(self._task, self, cache, self._scoreboard)
        try:
            self._drive(scheduler)
            self._report(scheduler, last=True)
        finally:
            self._finisher.close()
            scheduler.close()
            cache.close()
            if cache.notice not in (None, opened_with):
                self._accounts.warn(cache.notice or "")

    def _search_task(self) -> SearchTask:
        plan, evaluators = self._plan, self._evaluators
        searching = evaluators.main if evaluators.main.spec is not None else evaluators.follow_ups
        spec = searching.spec if searching is not None and searching.spec is not None else NO_EVALUATOR
        settings = plan.settings
        return SearchTask(
            job=Job(
                spec,
                plan.limit,
                settings.scoreboard.winning_cp,
                settings.cpu,
                settings.log_level,
                (searching or evaluators.main).info.fingerprint,
            ),
            search=settings.search,
            workers=plan.workers,
            use_recorded=evaluators.main.reads_input,
            can_search=evaluators.main.spec is not None,
            verify=settings.verify,
        )

    # -- games in and out --

    def _drive(self, scheduler: Scheduler) -> None:
        plan, progress, finisher = self._plan, self._progress, self._finisher
        items = parse_games(self._select(), plan.readers)

        def has_room() -> bool:
            return not scheduler.paused and scheduler.has_room() and finisher.has_room()

        while not (progress.exhausted and scheduler.idle and (finisher.idle or self._overdue)):
            if self._is_stopping() and not self._interrupted:
                # What is in hand may be finished; nothing more is read or handed out.
                self._interrupted = scheduler.drain() or not progress.exhausted
                progress.exhausted = True
            if self._overdue:
                scheduler.give_up()
            scheduler.paused = self._is_paused()
            reads_on = self._read(items, has_room, partial(self._open, scheduler), scheduler.end)
            for game in scheduler.step(0.0 if reads_on else PROGRESS_SECONDS):
                finisher.take(game)
            waits = scheduler.idle and (progress.exhausted or not finisher.has_room())
            finisher.step(PROGRESS_SECONDS if waits else 0.0, last=progress.exhausted and scheduler.idle)
            self._report(scheduler)
            if scheduler.paused and not scheduler.searching:
                self._stop.pause.rest(PROGRESS_SECONDS)
        self._interrupted = self._interrupted or scheduler.left or not finisher.idle

    def _open(self, scheduler: Scheduler, item: ParsedGame | SkippedGame | PassedOver | BrokenSource) -> None:
        if isinstance(item, PassedOver | BrokenSource):
            self._accounts.pass_over(item)
            return
        self.counts.read += 1
        item = skip_unplayable(item, self._evaluators.main.info)
        if isinstance(item, SkippedGame):
            scheduler.skip(item)
            return
        self._progress.opened += 1
        self._accounts.notes.add(item.origin, notes_on(item.game))
        planned = scheduler.open(item.origin, item.game)
        for notice in notices_of(planned, self.counts):
            self._accounts.notice(notice)

    # -- what the scheduler asks --

    def new_executor(self) -> Executor:
        """Start the workers."""
        plan = self._plan
        context = ExecutorContext(self._task.job, plan.workers, self._scoreboard, plan.executor_options, self.warn)
        try:
            return plan.new_executor(context)
        except AnalysisError:
            raise
        except Exception as error:
            name = plan.settings.executor_name
            raise PluginLoadError(f"executor {name} cannot be made: {type(error).__name__}: {error}") from error

    def analyse(self, game: SearchedGame) -> AnalysedGame:
        """Judge the moves of a game."""
        analysed = self._game_analyzer.analyse(game)
        if analysed.answer_scale == self._answer_scale or self._plan.merged is not None:
            return analysed
        return structs.replace(analysed, answer_scale=self._answer_scale)

    def follow_ups(self, source: SourceGame, game: AnalysedGame) -> FollowUps:
        """Ask the aggregators, for the run's own view of the game and for each player's."""
        if self._evaluators.follow_ups is None:
            return {}
        ask = self._asking(source, rounds=0)
        own: dict[RequestKey, Sequence[FollowUp | None]] = {
            RequestKey(name, game.view): searches for name, searches in ask(game).items()
        }
        players = self._delivery.player_outputs
        return own if players is None else {**own, **players.follow_ups(game, ask)}

    def further(self, game: AnsweredGame) -> FollowUps:
        """Ask those who have got answers, in each view, what follows from them."""
        ask = self._asking(game.source, game.rounds)
        views = dict.fromkeys(key.view for key in game.answers)
        return {
            RequestKey(name, view): searches
            for view in views
            for name, searches in ask(seen_with(game.game, game.answers, view)).items()
        }

    def _asking(self, source: SourceGame, rounds: int) -> Callable[[AnalysedGame], Searches]:
        """Return what asks the aggregators for searches of a view of a game."""
        positions = Positions(source)
        limit = limit_of(source, self._plan.settings, searched=self._evaluators.main.spec is not None)

        def ask(seen: AnalysedGame) -> Searches:
            searches = asked(self._delivery.aggregators, seen, limit, positions, rounds)
            for search in (search for found in searches.values() for search in found if search is not None):
                self._accounts.follow_up_limits[structs.replace(search.limit, multipv=1)] += 1
            return searches

        return ask

    def search_failed(self, failure: Failure) -> None:
        """Report a position that is given up, or a fault of the executor."""
        self._accounts.fail(failure)

    def warn(self, reason: str) -> None:
        """Report what people should know while the search goes on."""
        self._accounts.warn(reason)
