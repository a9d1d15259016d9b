"""A stateful model of the scheduler: whatever an executor does, every position is accounted for once.

The executor here is a plain list: hypothesis decides which unit is done, lost from outside or at fault next, and
when a game is opened. Scores are a function of the position, so the expected result is known before.
"""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Sequence

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from engine.cache.store import Cache
from engine.contracts.messages import Done, Job, Lost, Outcome, PluginSpec, Unit
from engine.model import AnalysedGame, Best, Evaluation, Limit, Origin, Position, Score, SourceGame
from engine.plugin import Executor, ExecutorContext
from engine.search.games import FinishedGame
from engine.search.scheduler import Scheduler, SearchTask
from engine.settings import Search
from engine.workers.scoreboard import Scoreboard, insert_best, scored
from tests.engine.search.client import PlainClient
from tests.engine.search.test_planner import game

MOVES = ["e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6", "b5a4", "g8f6", "e1g1", "f8e7", "f1e1", "b7b5"]
JOB = Job(PluginSpec("engine.evaluators", "none"), Limit(nodes=1), fingerprint="model")
SEARCH = Search(opening=3, chunk=4)


def evaluation(position: Position, poison: set[Position]) -> Evaluation | None:
    """The one answer there is for a position; None for one that cannot be searched."""
    if position in poison:
        return None
    score = sum(map(ord, position.fen + "".join(position.moves))) % 1200 - 600
    return Evaluation(Score(cp=score), ("a2a3",), 1, 1)


class Listed(Executor):
    """Holds what it was given until the model decides."""

    def __init__(self) -> None:
        super().__init__(ExecutorContext(JOB, 1, None))
        self.held: list[Unit] = []
        self.ready: list[Outcome] = []

    def wants(self) -> bool:
        return len(self.held) < 3

    def submit(self, unit: Unit) -> None:
        self.held.append(unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        taken, self.ready = self.ready, []
        return taken

    def close(self) -> None:
        self.held.clear()


class SchedulerMachine(RuleBasedStateMachine):
    @initialize(poison=st.sets(st.integers(0, 12), max_size=2))
    def start(self, poison: set[int]) -> None:
        self.executor = Listed()
        self.scoreboard = Scoreboard(multiprocessing.get_context("spawn"), workers=1, size=4)
        self.cache = Cache(None)
        self.client = PlainClient(self.executor)
        self.scheduler = Scheduler(SearchTask(JOB, SEARCH, 1), self.client, self.cache, self.scoreboard)
        self.numbers = itertools.count(1)
        self.opened: list[int] = []
        self.released: list[AnalysedGame] = []
        self.poison: set[Position] = set()
        whole = self._plan_of(SourceGame({}, game(" ".join(MOVES)).fen, moves=tuple(MOVES)))
        self.poison = {whole[ply] for ply in poison}

    @staticmethod
    def _plan_of(source: SourceGame) -> dict[int, Position]:
        from engine.search.planner import plan

        units = plan(Origin(0, "", 0), source, SEARCH, itertools.count(1)).units
        return {ply: position for unit in units for ply, position in zip(unit.plies, unit.positions, strict=True)}

    @precondition(lambda self: self.scheduler.has_room())
    @rule(plies=st.integers(0, len(MOVES)))
    def open(self, plies: int) -> None:
        number = next(self.numbers)
        self.scheduler.open(Origin(number, "x.pgn", number), game(" ".join(MOVES[:plies])))
        self.opened.append(number)
        self._step()

    @precondition(lambda self: self.executor.held)
    @rule(which=st.integers(0, 9))
    def answer(self, which: int) -> None:
        """A unit is searched; one with a poisonous position is lost instead."""
        unit = self.executor.held.pop(which % len(self.executor.held))
        found = [evaluation(position, self.poison) for position in unit.positions]
        if None in found:
            self.executor.ready.append(Lost(unit.id, found.index(None), "position", "poison"))
        else:
            self.executor.ready.append(Done(unit.id, tuple(one for one in found if one), counted=False))
        self._step()

    @precondition(lambda self: self.executor.held)
    @rule(which=st.integers(0, 9))
    def kill(self, which: int) -> None:
        unit = self.executor.held.pop(which % len(self.executor.held))
        self.executor.ready.append(Lost(unit.id, None, "outside", "killed"))
        self._step()

    @rule()
    def time_passes(self) -> None:
        self._step()

    def _step(self) -> None:
        for item in self.scheduler.step(0):
            assert isinstance(item, FinishedGame)
            self.released.append(item.game)

    @invariant()
    def games_leave_in_input_order_and_whole(self) -> None:
        if not hasattr(self, "released"):
            return
        assert [analysed.origin.game for analysed in self.released] == self.opened[: len(self.released)]

    def teardown(self) -> None:
        if not hasattr(self, "scheduler"):
            return
        while not self.scheduler.idle:
            self._step()
            if self.executor.held:
                self.answer(0)
        self._step()
        assert [analysed.origin.game for analysed in self.released] == self.opened
        self._the_scoreboard_is_a_recount()
        self.scheduler.close()
        self.cache.close()

    def _the_scoreboard_is_a_recount(self) -> None:
        wins, best, missing = 0, list[Best](), 0
        for analysed in self.released:
            asked = self._plan_of(game(" ".join(ply.uci for ply in analysed.plies)))
            for ply, position in enumerate(analysed.positions):
                assert position.evaluation == evaluation(asked[ply], self.poison)
                if position.evaluation is None:
                    assert position.missing == "quarantined"
                    missing += 1
                    continue
                entry, winning = scored(analysed.origin.game, ply, position.evaluation, JOB.winning_cp)
                wins += winning
                insert_best(best, entry, 4)
        view = self.scoreboard.view()
        assert (view.wins, list(view.best)) == (wins, best)
        assert len(self.client.failures) == missing


TestScheduler = SchedulerMachine.TestCase
TestScheduler.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
