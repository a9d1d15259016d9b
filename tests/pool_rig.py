"""A pool of real workers for tests, and the results that it returned."""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.contracts.messages import Done, Job, Lost, PluginSpec, Unit
from engine.loading import evaluators
from engine.loading.registry import Registry
from engine.model import Best, Evaluation, Limit, Origin
from engine.plugin import ExecutorContext
from engine.search.planner import plan
from engine.settings import Search
from engine.testing.fake_uci import fake_uci
from engine.workers import worker
from engine.workers.pool import Pool
from engine.workers.scoreboard import Scoreboard, insert_best, scored
from tests.engine.search.test_planner import RUY, game
from tests.support import PATIENCE

WINNING = 50
"""Smallest winning score in centipawns; the fake program's noise reaches it in a quarter of a quiet game."""


def units(games: int = 1) -> list[Unit]:
    """Return the units of a number of equal games: 23 positions in 12 units each."""
    ids = itertools.count(1)
    return [
        unit
        for number in range(1, games + 1)
        for unit in plan(Origin(number, "x.pgn", 1), game(RUY), Search(), ids).units
    ]


UNITS = units()
Found = dict[int, tuple[Evaluation, ...]]
"""Evaluations by unit."""


def fake_spec(folder: Path, options: dict[str, Any] | None = None, **behaviour: Any) -> PluginSpec:
    """Return the spec from which workers build an evaluator that drives a fake UCI program."""
    program = fake_uci(folder, **behaviour)
    return evaluators.resolve(Registry(), str(program), {"search_timeout": PATIENCE, **(options or {})})


class Rig:
    """Searches units until all are done, and checks the scoreboard against their results."""

    def __init__(
        self,
        spec: PluginSpec,
        workers: int = 2,
        method: str = "spawn",
        limit: Limit | None = None,
        fingerprint: str = "",
    ) -> None:
        self.scoreboard = Scoreboard(multiprocessing.get_context(method), workers=workers)
        job = Job(spec, Limit(nodes=1000), WINNING, fingerprint=fingerprint)
        self.pool = Pool(ExecutorContext(job, workers, self.scoreboard), method)
        self.done: dict[int, Done] = {}
        self.lost: list[Lost] = []
        self._units: dict[int, Unit] = {}

    def search(self, to_search: list[Unit], *, again: bool = True) -> None:
        """Search until all units are done; unless `again`, lost ones are left out."""
        self._units |= {unit.id: unit for unit in to_search}
        waiting, open_ids = list(to_search), {unit.id for unit in to_search}
        while open_ids:
            while waiting and self.pool.wants():
                self.pool.submit(waiting.pop(0))
            for outcome in self.pool.collect(1.0):
                if isinstance(outcome, Done):
                    assert outcome.unit not in self.done
                    self.done[outcome.unit] = outcome
                    open_ids.remove(outcome.unit)
                    continue
                self.lost.append(outcome)
                if again:
                    waiting.append(self._units[outcome.unit])
                else:
                    open_ids.remove(outcome.unit)

    def evaluations(self) -> dict[int, tuple[Evaluation, ...]]:
        return {unit: done.evaluations for unit, done in sorted(self.done.items())}

    def wins(self) -> int:
        return self._recount()[0]

    def assert_exact(self) -> None:
        """Assert that the scoreboard equals a recount of the accepted results."""
        view = self.scoreboard.view()
        assert (view.wins, list(view.best)) == self._recount()

    def _recount(self) -> tuple[int, list[Best]]:
        wins, best = 0, list[Best]()
        for number, done in self.done.items():
            unit = self._units[number]
            for ply, evaluation in zip(unit.plies, done.evaluations, strict=True):
                entry, winning = scored(unit.game, ply, evaluation, WINNING)
                wins += winning
                insert_best(best, entry, self.scoreboard.size)
        return wins, best

    def pids(self) -> list[int]:
        return [child.pid for child in multiprocessing.active_children() if child.pid]


@pytest.fixture
def rigs() -> Iterator[list[Rig]]:
    """The rigs that a test appends are closed after it, and then no process is left."""
    made: list[Rig] = []
    yield made
    for rig in made:
        rig.pool.close()
    made.clear()
    assert not multiprocessing.active_children()


Make = Callable[..., Rig]


def main_of(monkeypatch: pytest.MonkeyPatch, main: Callable[..., None], *arguments: object) -> None:
    """Let worker processes run `main` instead of `worker.main`."""
    monkeypatch.setattr(worker, "main", partial(main, *arguments))
