"""The pace of a run's workers, measured on positions of its input while all of them are busy.

Every worker has one unit at a time, so what lies between handing it out and getting it back is its search. First
come many light searches, which show how positions differ, then heavier ones of the first of them, near what the
run will search. Nothing of it is kept.
"""

from __future__ import annotations

import itertools
import multiprocessing
import time
from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from engine.contracts.messages import Done, Job, Unit
from engine.errors import EvaluatorError
from engine.loading.evaluators import ChosenEvaluator
from engine.model import Limit
from engine.plugin import Executor, ExecutorContext
from engine.run.budget import Pace, fit
from engine.run.prepare import RunPlan
from engine.search.execution import Execution
from engine.workers.scoreboard import Scoreboard

LIGHT_NODES = 500
"""Nodes of the light searches."""
_LIGHT_SHARE = 0.2
_MIDDLE_NODES = 4_000
_MIDDLE_SHARE = 0.15
_TOGETHER = 12
"""Positions that each worker should search heavily at least, if they are there, and those of a unit at most."""
_MOST_DIFFERENT = 1.5
"""How many times as long some positions of an input may take in the mean as all; more is noise."""
_FIRST_NODES = 100
_PATIENCE = 120.0
"""Seconds after which workers that have not started are not waited for."""


Guess = Callable[[Pace, int], int]
"""Returns the nodes that a run will search, for a pace and the number of workers that search at the same time."""


class Measured(Struct, frozen=True):
    """What was measured."""

    pace: Pace
    workers: int
    """Workers that searched at the same time."""
    startup: float
    """Seconds until all workers had started."""


def measure_plan(  # noqa: PLR0913 - what is measured, for how long, and whether to stop
    plan: RunPlan,
    main: ChosenEvaluator,
    units: Sequence[Unit],
    seconds: float,
    guess: Guess,
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Measured:
    """Measure the pace of the workers that a run will have. The other arguments are those of `measure`."""
    assert main.spec is not None
    settings = plan.settings
    winning_cp = settings.scoreboard.winning_cp
    job = Job(main.spec, plan.limit, winning_cp, settings.cpu, settings.log_level, main.info.fingerprint)
    context = multiprocessing.get_context(settings.start_method)
    scoreboard = Scoreboard(context, workers=plan.workers, size=settings.scoreboard.size)

    def new_executor() -> Executor:
        return plan.new_executor(ExecutorContext(job, plan.workers, scoreboard, plan.executor_options))

    try:
        measuring = Measuring(new_executor, job, plan.workers, time.monotonic, stopped)
        try:
            return measure(measuring, units, plan.limit.multipv, seconds, guess)
        finally:
            measuring.close()
    finally:
        scoreboard.close()


class Measuring:
    """Has units searched, one at a time by each worker, and says how long each took."""

    def __init__(
        self,
        new_executor: Callable[[], Executor],
        job: Job,
        workers: int,
        clock: Callable[[], float],
        stopped: Callable[[], bool],
    ) -> None:
        """Start nothing yet; `clock` returns seconds."""
        self._workers = workers
        self.clock = clock
        self.stopped = stopped
        self.most_at_once = 1
        """Units that were searched at the same time, at most."""
        self._execution = Execution(new_executor, job, lambda _reason, _failure: None)
        self._ids = itertools.count(1)

    @property
    def workers(self) -> int:
        """How many units are searched at the same time: as the executor says, once there is one."""
        return self._execution.capacity() or self._workers

    def search(self, units: Sequence[Unit], limit: Limit, seconds: float) -> list[tuple[Unit, float]]:
        """Search units in turn, as many as are begun in so many seconds; return each with its own seconds.

        Raises EvaluatorError when no evaluator can be kept alive.
        """
        until = self.clock() + seconds
        waiting = iter(units)
        more = True
        begun: dict[int, tuple[Unit, float]] = {}
        found: list[tuple[Unit, float]] = []
        while not self.stopped():
            while more and len(begun) < self.workers and self.clock() < until and self._execution.wants():
                unit = next(waiting, None)
                if unit is None:
                    more = False
                    break
                sent = structs.replace(unit, id=next(self._ids), limit=limit)
                begun[sent.id] = unit, self.clock()
                self._execution.submit(sent, b"")
            if not begun and (not more or self.clock() >= until):
                break
            self.most_at_once = max(self.most_at_once, len(begun))
            outcomes = self._execution.collect(0.25)
            now = self.clock()
            for sent, _, outcome in outcomes:
                unit, since = begun.pop(sent.id)
                if isinstance(outcome, Done):
                    found.append((unit, now - since))
        return found

    def close(self) -> None:
        """Stop the workers at once."""
        self._execution.close()


def measure(
    measuring: Measuring,
    units: Sequence[Unit],
    multipv: int,
    seconds: float,
    guess: Guess,
) -> Measured:
    """Return the pace, measured for about so many seconds once the workers have started.

    * **units** - a sample, in random order.
    * **guess** - the heavy searches come as near to what it returns as there is time for.

    What it returns means nothing where it was stopped. Raises EvaluatorError where nothing could be searched, and
    when no evaluator can be kept alive.
    """
    started = measuring.clock()
    units = [_part(unit, number) for number, unit in enumerate(units)]
    first = [
        structs.replace(unit, plies=unit.plies[:1], positions=unit.positions[:1])
        for unit in itertools.islice(itertools.cycle(units), measuring.workers)
    ]
    measuring.search(first, Limit(nodes=_FIRST_NODES, multipv=multipv), _PATIENCE)
    startup = measuring.clock() - started
    light = measuring.search(units, Limit(nodes=LIGHT_NODES, multipv=multipv), seconds * _LIGHT_SHARE)
    if measuring.stopped():
        return Measured(Pace(0.0, 1.0), measuring.most_at_once, startup)
    if not light:
        raise EvaluatorError("no position could be searched to measure the speed; --nodes says what to search")
    # The time for a node falls by half and more at first, so how many fit is not seen from the light searches.
    middle = measuring.search(units, Limit(nodes=_MIDDLE_NODES, multipv=multipv), seconds * _MIDDLE_SHARE)
    points = [(LIGHT_NODES, mean(light))]
    if middle:
        points.append((_MIDDLE_NODES, _heavy_mean(light, middle)))
    rough = fit(points[0], points[-1])
    left = max(0.0, seconds - (measuring.clock() - started - startup))
    # What is begun is waited for, so half of the time is for beginning, and half for ending.
    fitting = int((left / (2 * _TOGETHER) - rough.position) / rough.node)
    nodes = max(2 * LIGHT_NODES, min(guess(rough, measuring.most_at_once), fitting))
    heavy = measuring.search(units, Limit(nodes=nodes, multipv=multipv), left / 2)
    if not heavy:
        return Measured(rough, measuring.most_at_once, startup)
    lighter = points[-1] if nodes >= 2 * _MIDDLE_NODES else points[0]
    pace = fit(lighter, (nodes, _heavy_mean(light, heavy)))
    return Measured(pace, measuring.most_at_once, startup)


def _part(unit: Unit, number: int) -> Unit:
    """Return at most `_TOGETHER` positions of a unit, of long ones now from here and now from there.

    Each is searched once with all of the nodes, in adaptive runs too.
    """
    first = number * _TOGETHER % max(1, len(unit.plies) - _TOGETHER + 1)
    part = slice(first, first + _TOGETHER)
    return structs.replace(unit, plies=unit.plies[part], positions=unit.positions[part], moves=())


def mean(found: Sequence[tuple[Unit, float]]) -> float:
    """Return the seconds for a position."""
    return sum(seconds for _, seconds in found) / sum(len(unit.plies) for unit, _ in found)


def _heavy_mean(light: Sequence[tuple[Unit, float]], heavy: Sequence[tuple[Unit, float]]) -> float:
    """Return the seconds for a position searched heavily, corrected where only some were.

    Positions that take long lightly take long heavily too, so the light searches of the same units say how the
    others would have been.
    """
    known = {unit.id: (unit, seconds) for unit, seconds in light}
    both = [unit.id for unit, _ in heavy if unit.id in known]
    if len(both) < len(heavy):
        return mean(heavy)
    ratio = mean(light) / mean([known[number] for number in both])
    return mean(heavy) * max(1 / _MOST_DIFFERENT, min(_MOST_DIFFERENT, ratio))
