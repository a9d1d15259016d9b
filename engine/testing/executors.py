"""Does an executor return every unit, searched or lost, exactly once?"""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from engine import system
from engine.contracts.messages import Done, Job, Lost, PluginSpec, Unit
from engine.errors import ConfigError, EvaluatorError
from engine.loading import evaluators
from engine.loading.registry import Registry
from engine.model import AnalysedGame, Limit, Position
from engine.plugin import Executor, ExecutorContext, WorkerState
from engine.testing.broken_law import BrokenLaw, silent
from engine.testing.examples import example_games
from engine.testing.fake_uci import fake_uci
from engine.workers.scoreboard import Scoreboard, scored
from engine.workers.worker import Searcher

__all__ = ["check_executor"]

_WORKERS = 2
_GAMES = 5
_MOST_UNITS = 1000
"""Units that an executor may take before it returns one."""
_CLOSING_SECONDS = 10.0


def check_executor(cls: type[Executor], *, patience: float = 60.0) -> int:
    """Check an executor with a real UCI program that crashes in one position; return the number of its units.

    Every unit comes back exactly once, as `Done` with an evaluation for each position or as `Lost` with a reason;
    the evaluations are those of a search in one process; the scoreboard has what `Done` says is counted; `wants`
    is bounded; an evaluator that is not the one of the job ends the run; `close` leaves no process or thread, also
    with units in hand.

    * **patience** - *(optional)* seconds without an outcome after which it counts as hung.

    Raises BrokenLaw at the first law that does not hold; ConfigError where UCI programs cannot be driven. What the
    executor itself raises passes through.
    """
    if not (cls.__doc__ or "").strip():
        raise BrokenLaw.of(cls, "the class has a docstring, its first line is its description", "there is none")
    if not system.can_drive_programs():
        raise ConfigError("executors are checked with a UCI program, which cannot be driven on Windows")
    units = list(_units(example_games()[:_GAMES]))
    poison = units[-1]
    with tempfile.TemporaryDirectory() as folder, silent(cls):
        fine, bad = (Path(folder) / name for name in ("fine", "bad"))
        job = _job(fake_uci(fine))
        expected = _searched_here(job, units)
        _check_run(cls, job, units, expected, patience)
        crashing = _job(fake_uci(bad, crash=poison.positions[0].board().fen()))
        _check_run(cls, crashing, units, {**expected, poison.id: None}, patience)
        _check_replaced(cls, job, units, patience)
        _check_bound(cls, job, units[0])
    return len(units)


def _units(games: Sequence[AnalysedGame]) -> Iterator[Unit]:
    """Yield units of one to three positions; the order within a unit matters to a warm hash."""
    serial = 0
    for number, game in enumerate(games, 1):
        moves = [ply.uci for ply in game.plies]
        plies = list(range(len(moves)))
        while plies:
            serial += 1
            part, plies = plies[: 1 + serial % 3], plies[1 + serial % 3 :]
            part.reverse()
            positions = tuple(Position(game.fen, tuple(moves[:ply])) for ply in part)
            yield Unit(serial, number, tuple(part), positions)


def _job(program: Path) -> Job:
    spec: PluginSpec = evaluators.resolve(Registry(), str(program), {})
    return Job(spec, Limit(nodes=500))


def _searched_here(job: Job, units: Sequence[Unit]) -> dict[int, Any]:
    evaluator = evaluators.make(job.evaluator)
    try:
        evaluator.start()
        searcher = Searcher(job, evaluator, None, 0)
        return {unit.id: searcher.search(unit).evaluations for unit in units}
    finally:
        evaluator.close()


def _check_run(
    cls: type[Executor], job: Job, units: Sequence[Unit], expected: dict[int, Any], patience: float
) -> None:
    """Check one run; None is expected of a unit that kills the program."""
    with _Running(cls, job) as running:
        outcomes = running.search(units, patience)
        for unit in units:
            outcome = outcomes[unit.id]
            if isinstance(outcome, Done):
                if outcome.evaluations != expected[unit.id]:
                    found = f"unit {unit.id} has {outcome.evaluations!r} for {expected[unit.id]!r}"
                    raise BrokenLaw.of(cls, "evaluations are those of a search of the unit alone", found)
            elif expected[unit.id] is not None:
                found = f"unit {unit.id}: {outcome.reason}"
                raise BrokenLaw.of(cls, "only a unit that crashes the program is lost", found)
            elif not outcome.reason.strip():
                raise BrokenLaw.of(cls, "what is lost has a reason in words", f"unit {unit.id} has none")
        running.check_scoreboard(units, outcomes)


def _check_replaced(cls: type[Executor], job: Job, units: Sequence[Unit], patience: float) -> None:
    other = Job(job.evaluator, job.limit, fingerprint="of another program")
    law = "an evaluator that is not the one of the job ends the run with an EvaluatorError"
    with _Running(cls, other) as running:
        try:
            running.search(units[:1], patience)
        except EvaluatorError:
            return
    raise BrokenLaw.of(cls, law, "it searched", "Start it with engine.workers.worker.start_evaluator.")


def _check_bound(cls: type[Executor], job: Job, unit: Unit) -> None:
    with _Running(cls, job) as running:
        for serial in range(1, _MOST_UNITS + 1):
            if not running.executor.wants():
                return
            running.executor.submit(Unit(serial, unit.game, unit.plies, unit.positions))
    raise BrokenLaw.of(cls, "wants is bounded, so that memory is", f"it took {_MOST_UNITS:,} units at once")


class _Running:
    """An executor of its own scoreboard, closed at the end."""

    def __init__(self, cls: type[Executor], job: Job) -> None:
        self._cls = cls
        self._before = set(multiprocessing.active_children()) | set(threading.enumerate())
        self._scoreboard = Scoreboard(multiprocessing.get_context("spawn"), workers=_WORKERS)
        self._job = job
        self.executor = cls(ExecutorContext(job, _WORKERS, self._scoreboard))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        begun = time.monotonic()
        self.executor.close()
        self._scoreboard.close()
        if kind is not None:
            return
        seconds = time.monotonic() - begun
        left: list[Any] = [child for child in multiprocessing.active_children() if child not in self._before]
        for thread in set(threading.enumerate()) - self._before:
            thread.join(_CLOSING_SECONDS)  # of a queue, for example, which ends by itself
            left += [thread] if thread.is_alive() else []
        if seconds > _CLOSING_SECONDS:
            raise BrokenLaw.of(self._cls, "close stops at once", f"it took more than {_CLOSING_SECONDS:g} seconds")
        if left:
            found = f"there is {', '.join(map(str, left))}"
            raise BrokenLaw.of(self._cls, "close leaves no process and no thread behind", found)

    def search(self, units: Sequence[Unit], patience: float) -> dict[int, Done | Lost]:
        """Have the units searched, and return their outcomes."""
        waiting, outcomes = list(units), dict[int, Done | Lost]()
        heard = time.monotonic()
        while len(outcomes) < len(units):
            while waiting and self.executor.wants():
                self.executor.submit(waiting.pop(0))
            given = {unit.id: unit for unit in units[: len(units) - len(waiting)]}
            for outcome in self.executor.collect(0.5):
                heard = time.monotonic()
                self._check(outcome, given, outcomes)
                outcomes[outcome.unit] = outcome
            if not all(isinstance(state, WorkerState) for state in self.executor.states()):
                raise BrokenLaw.of(self._cls, "states yields WorkerState", f"{list(self.executor.states())!r}")
            if time.monotonic() - heard > patience:
                lacking = sorted({unit.id for unit in units} - outcomes.keys())
                found = f"nothing came in {patience:g} seconds; units {lacking} are open"
                raise BrokenLaw.of(self._cls, "every unit comes back, searched or lost", found)
        return outcomes

    def _check(self, outcome: Any, given: dict[int, Unit], outcomes: dict[int, Done | Lost]) -> None:
        law = "collect returns Done or Lost, once for each unit"
        if not isinstance(outcome, Done | Lost):
            raise BrokenLaw.of(self._cls, law, f"it returned {outcome!r}")
        if outcome.unit not in given or outcome.unit in outcomes:
            why = "twice" if outcome.unit in outcomes else "which was not submitted"
            raise BrokenLaw.of(self._cls, law, f"it returned unit {outcome.unit} {why}")
        if isinstance(outcome, Done) and len(outcome.evaluations) != len(given[outcome.unit].plies):
            found = f"unit {outcome.unit} has {len(outcome.evaluations)} evaluations"
            raise BrokenLaw.of(self._cls, "Done has an evaluation for each position of its unit", found)

    def check_scoreboard(self, units: Sequence[Unit], outcomes: dict[int, Done | Lost]) -> None:
        """Compare the counter with the outcomes that say that they have been counted."""
        wins = 0
        for unit in units:
            outcome = outcomes[unit.id]
            if isinstance(outcome, Done) and outcome.counted:
                pairs = zip(unit.plies, outcome.evaluations, strict=True)
                wins += sum(scored(unit.game, ply, found, self._job.winning_cp)[1] for ply, found in pairs)
        if (shown := self._scoreboard.view().wins) != wins:
            found = f"it shows {shown} winning moves for {wins}"
            raise BrokenLaw.of(self._cls, "the scoreboard has what is counted, and nothing that was lost", found)
