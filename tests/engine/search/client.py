"""A client of the scheduler that wants nothing but evaluations."""

from __future__ import annotations

from engine.analysis import judge
from engine.model import AnalysedGame, Failure, RunCounts, SourceGame
from engine.plugin import Executor
from engine.search.games import AnsweredGame, FollowUps, SearchedGame


class PlainClient:
    """Judges games without reconciliation, and keeps the failures."""

    def __init__(self, executor: Executor) -> None:
        self.counts = RunCounts()
        self.asks_on_top = True
        self.failures: list[Failure] = []
        self._executor = executor

    def new_executor(self) -> Executor:
        return self._executor

    def analyse(self, game: SearchedGame) -> AnalysedGame:
        return judge.analyse(game.origin, game.game, game.positions)

    def follow_ups(self, source: SourceGame, game: AnalysedGame) -> FollowUps:
        return {}

    def further(self, game: AnsweredGame) -> FollowUps:
        return {}

    def search_failed(self, failure: Failure) -> None:
        self.failures.append(failure)

    def warn(self, reason: str) -> None:
        raise AssertionError(reason)
