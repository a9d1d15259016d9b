"""What the scheduler hands out, and when. `tests/faults/test_scheduler_model.py` shows that nothing gets lost."""

import multiprocessing
from collections import deque
from collections.abc import Sequence

import pytest

from engine.cache.store import Cache
from engine.contracts.messages import Done, Job, Outcome, PluginSpec, Unit
from engine.model import Evaluation, Limit, Origin, Score
from engine.plugin import Executor, ExecutorContext
from engine.search.scheduler import Scheduler, SearchTask
from engine.settings import Search
from engine.workers.scoreboard import Scoreboard
from tests.engine.search.client import PlainClient
from tests.engine.search.test_planner import game

MOVES = "e2e4 e7e5 g1f3 b8c6 f1b5 a7a6 b5a4 g8f6 e1g1 f8e7"
FOUND = Evaluation(Score(cp=1), ("a2a3",), 1, 1)
JOB = Job(PluginSpec("engine.evaluators", "none"), Limit(nodes=1), fingerprint="none")


class Eager(Executor):
    """Takes all that it can get; nothing is searched before it is told to."""

    def __init__(self) -> None:
        super().__init__(ExecutorContext(JOB, 1, None))
        self.given: list[Unit] = []
        self.found: list[Outcome] = []

    def wants(self) -> bool:
        return True

    def submit(self, unit: Unit) -> None:
        self.given.append(unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        found, self.found = self.found, []
        return found

    def finish(self) -> None:
        """All that it was given."""
        self.found = [Done(unit.id, (FOUND,) * len(unit.plies), counted=False) for unit in self.given]

    def close(self) -> None:
        """Nothing runs."""


class Steady(Eager):
    """Holds two units for each worker, and searches the oldest one at a time."""

    def __init__(self, workers: int) -> None:
        super().__init__()
        self._workers = workers
        self._held: deque[Unit] = deque()

    def wants(self) -> bool:
        return len(self._held) < 2 * self._workers

    def submit(self, unit: Unit) -> None:
        super().submit(unit)
        self._held.append(unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        unit = self._held.popleft()
        return [Done(unit.id, (FOUND,) * len(unit.plies), counted=False)]


def scheduler_with(executor: Executor, search: Search, workers: int) -> Scheduler:
    scoreboard = Scoreboard(multiprocessing.get_context("spawn"), workers=workers, size=1)
    return Scheduler(SearchTask(JOB, search, workers), PlainClient(executor), Cache(None), scoreboard)


def handed_out(*, ended: bool, finished: bool = False) -> list[tuple[int, int]]:
    """Game and number of positions of every unit of two games, in order; `finished`: of those that are handed out
    after the others have been searched.
    """
    executor = Eager()
    scheduler = scheduler_with(executor, Search(opening=2, chunk=4), workers=1)
    for number in (1, 2):
        scheduler.open(Origin(number, "x.pgn", number), game(MOVES))
    if ended:
        scheduler.end()
    list(scheduler.step(0))
    if finished:
        executor.finish()
        executor.given = []
        list(scheduler.step(0))
        list(scheduler.step(0))
    return [(unit.game, len(unit.plies)) for unit in executor.given]


def test_units_are_handed_out_in_the_order_of_the_games() -> None:
    assert [number for number, _ in handed_out(ended=False)] == [1] * 5 + [2] * 5
    assert [size for _, size in handed_out(ended=False)[:5]] == [1, 1, 4, 4, 1]


def test_the_last_units_of_a_run_are_short() -> None:
    """No worker then waits long for another one."""
    assert handed_out(ended=True) == [(1, 4), (1, 4), (2, 4), (2, 4)] + 3 * [(1, 1)] + 2 * [(2, 1)]


def test_the_last_unit_of_each_worker_waits_for_whoever_is_free() -> None:
    assert handed_out(ended=True, finished=True) == [(2, 1)]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_the_end_of_the_input_is_known_while_there_are_short_units_left(workers: int) -> None:
    executor = Steady(workers)
    scheduler = scheduler_with(executor, Search(), workers)
    games = enumerate((f"{file}2{file}{rank}" for file in "abdegh" for rank in "34"), 1)
    ended = False
    while not (ended and scheduler.idle):
        while not ended and scheduler.has_room():
            number, first = next(games, (0, ""))
            if first:
                moves = " ".join([first, *["g8f6 b1c3 f6g8 c3b1"] * 24])
                scheduler.open(Origin(number, "x.pgn", number), game(moves))
            else:
                ended = True
                scheduler.end()
        list(scheduler.step(0))
    assert [len(unit.plies) for unit in executor.given[-2 * workers :]] == [1] * 2 * workers
