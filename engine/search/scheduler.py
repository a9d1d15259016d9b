"""The scheduler: planner, cache, executor and assembler, driven by one thread.

    open(game) -> units -> [cache] -> executor -> [cache] -> assembler -> step() yields games in input order

Bounded at every step: games are opened while `has_room()`, units are handed out while the executor wants them.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from engine.cache.store import Cache
from engine.contracts.messages import Done, Job, Lost, Outcome, Unit
from engine.errors import EvaluatorError
from engine.model import (
    AnalysedGame,
    Evaluation,
    Failure,
    Origin,
    RunCounts,
    SkippedGame,
    SourceGame,
)
from engine.plugin import Executor, WorkerState
from engine.search import planner
from engine.search.assembler import Assembler
from engine.search.execution import Execution
from engine.search.games import (
    NO_ANSWERS,
    AnsweredGame,
    Answers,
    FinishedGame,
    FollowUps,
    FollowUpTally,
    FollowUpUnits,
    PlannedGame,
    SearchedGame,
)
from engine.search.lookups import Lookups
from engine.search.retries import GiveUp, Retries
from engine.search.verify import Verifier, difference
from engine.settings import Search
from engine.workers import adaptive
from engine.workers.scoreboard import Scoreboard, scored

GAMES_PER_WORKER = 8
"""Games in flight for each worker, at most, and two for every run."""
WAITING_PER_WORKER = 16
"""Units that wait for an executor, for each worker: enough that short ones for all of them are left when the end
of the input is found. Measured: with 4, one of two workers was idle in the last 0.7 s of a run at 100k nodes.
"""


class SearchTask(Struct, frozen=True):
    """The searches of a run: who makes them, how, and of what."""

    job: Job
    """Its fingerprint is part of the keys of the cache."""
    search: Search
    workers: int
    use_recorded: bool = False
    """Whether evaluations in the input are used that another program wrote."""
    can_search: bool = True
    """Whether positions without an evaluation can be searched."""
    verify: float = 0.0
    """Share of what the cache knows that is searched again and compared."""


class Client(Protocol):
    """Whoever wants the games searched, and what the scheduler asks of it."""

    counts: RunCounts
    """The scheduler adds to what it knows of."""
    asks_on_top: bool
    """Whether it may want follow-up searches."""

    def new_executor(self) -> Executor:
        """Start the workers. Called at the first unit that the cache does not know."""
        ...

    def analyse(self, game: SearchedGame) -> AnalysedGame:
        """Judge the moves of a game whose positions are known, where follow-up searches depend on it."""
        ...

    def follow_ups(self, source: SourceGame, game: AnalysedGame) -> FollowUps:
        """Return what aggregators want to be searched on top. Called once a game."""
        ...

    def further(self, game: AnsweredGame) -> FollowUps:
        """Return what they want to be searched because of the answers. Called until they want nothing more."""
        ...

    def search_failed(self, failure: Failure) -> None:
        """Take note of a position that is given up or the cache knows otherwise, or of a fault of the executor."""
        ...

    def warn(self, reason: str) -> None:
        """Take note of what people should know while the search goes on."""
        ...


class Scheduler:
    """The games in flight, and what is being searched for them."""

    def __init__(self, task: SearchTask, client: Client, cache: Cache, scoreboard: Scoreboard) -> None:
        self._task = task
        self._client = client
        self._lookups = Lookups(cache, task.job)
        self._scoreboard = scoreboard
        self._execution = Execution(client.new_executor, task.job, self._report)
        self._ids = itertools.count(1)
        self._assembler = Assembler()
        self._retries = Retries(lambda: next(self._ids))
        self._waiting: deque[Unit] = deque()
        self._ended = False
        """Whether no other game will be opened."""
        self._missed = 0
        """The number of the unit that the cache was asked for last and that must be searched."""
        self._verifier = Verifier(task.verify)
        self.planned = 0
        """Positions to evaluate in all games opened so far; each once."""
        self.evaluated = 0
        """Positions that are done: searched, cached or given up."""
        self.cached = 0
        """Evaluations that came from the cache, whatever they are for."""
        self.follow_ups = FollowUpTally()
        self._cached: dict[int, int] = {}
        """Positions whose evaluation came from the cache, by game in flight."""
        self._drained = False
        self.paused = False
        """Whether nothing is handed out for now."""
        self.left = False
        """Whether something was not searched because of `drain` or `give_up`."""

    # -- in --

    @property
    def _workers(self) -> int:
        return self._execution.capacity() or self._task.workers

    def has_room(self) -> bool:
        """Whether another game should be opened."""
        return (
            len(self._assembler) < 2 + GAMES_PER_WORKER * self._workers
            and len(self._waiting) < WAITING_PER_WORKER * self._workers
        )

    def open(self, origin: Origin, game: SourceGame) -> PlannedGame:
        """Plan the next game of the input."""
        task = self._task
        planned = planner.plan(
            origin, game, task.search, self._ids, use_recorded=task.use_recorded, can_search=task.can_search
        )
        self._enter_recorded(planned)
        self._assembler.open(planned)
        self._waiting.extend(planned.units)
        self.planned += sum(len(unit.plies) for unit in planned.units)
        return planned

    def skip(self, game: SkippedGame) -> None:
        """Put a game that is not analysed in its place among the others."""
        self._assembler.open(game)

    def end(self) -> None:
        """Say that no other game will be opened.

        From now on the longest units go first, so that the last ones are short and no worker waits long for
        another one. Follow-ups, which let a game leave, stay in front.
        """
        self._ended = True
        self._waiting = deque(sorted(self._waiting, key=lambda unit: (not unit.follow_up, -len(unit.plies))))

    def _enter_recorded(self, game: PlannedGame) -> None:
        """Count evaluations of the input like cached ones."""
        recorded = [
            (ply, position.found)
            for ply, position in enumerate(game.positions)
            if position is not None and position.found is not None
        ]
        self._count(game.origin.game, recorded)
        self.planned += len(recorded)
        self.evaluated += len(recorded)
        self._client.counts.recorded += len(recorded)

    def _count(self, game: int, evaluations: Sequence[tuple[int, Evaluation]]) -> None:
        if evaluations:
            winning_cp = self._task.job.winning_cp
            self._scoreboard.record_unsearched(
                [scored(game, ply, evaluation, winning_cp) for ply, evaluation in evaluations]
            )

    def drain(self) -> bool:
        """Hand out nothing more, and return whether something was left. What is in hand is still taken.

        What is lost from now on is not searched again. A game that is searched afterwards and wants other searches
        is left too.
        """
        self._drained = True
        self.left = self.left or bool(self._waiting)
        self._waiting.clear()
        return self.left

    def give_up(self) -> None:
        """Leave what is in hand too."""
        self.drain()
        self.left = self.left or bool(self._execution.in_hand)
        self._execution.in_hand.clear()

    # -- through and out --

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is being searched."""
        return not self._waiting and not self._execution.in_hand

    @property
    def searching(self) -> bool:
        """Something is being searched."""
        return bool(self._execution.in_hand)

    def step(self, timeout: float) -> Iterator[FinishedGame | SkippedGame]:
        """Hand out units, wait up to `timeout` seconds for results, and yield the games that are finished.

        Raises EvaluatorError when no evaluator can be kept alive.
        """
        self._hand_out()
        if self._execution.in_hand:
            self._take(self._collect(timeout))
        for game in self._assembler.searched():
            self._go_on(game)
        for answered in self._assembler.answered():
            self._ask_on_top(answered.game, self._client.further(answered), answered.answers)
        for finished in self._assembler.finished():
            if isinstance(finished, FinishedGame):
                self._client.counts.cached += self._cached.pop(finished.game.origin.game, 0)
            yield finished

    def _collect(self, timeout: float) -> Sequence[tuple[Unit, bytes, Outcome]]:
        try:
            return self._execution.collect(timeout)
        except EvaluatorError:
            if not self._drained:
                raise
            self.give_up()
            return ()

    def _go_on(self, game: SearchedGame) -> None:
        """Have the follow-ups of a game searched, which depend on its analysis."""
        if not self._client.asks_on_top:
            self._assembler.answer(game, FollowUpUnits())
            return
        analysed = self._client.analyse(game)
        self._ask_on_top(analysed, self._client.follow_ups(game.game, analysed), NO_ANSWERS)
        self.follow_ups.asked += sum(position.evaluation is not None for position in analysed.positions)

    def _ask_on_top(self, game: AnalysedGame, wanted: FollowUps, earlier: Answers) -> None:
        """Have a round of follow-ups searched, or none if nothing is wanted any more."""
        follow_ups = planner.follow_up_units(game.origin.game, wanted, self._ids)
        self._assembler.answer(game, follow_ups, earlier)
        self._enqueue_first(follow_ups.units)

    def _enqueue_first(self, units: Sequence[Unit]) -> None:
        """Put the extra units of a game before those of other games, so that it can leave."""
        if self._drained:
            self.left = self.left or bool(units)
            return
        self._waiting.extendleft(reversed(units))
        self.follow_ups.planned += len(units)

    def _hand_out(self) -> None:
        budget = 64 * self._workers  # a fully cached input must still come up for air
        while self._waiting and budget and not self.paused:
            budget -= 1
            unit = self._waiting[0]
            key, known = self._lookups.first(self._waiting)
            if unit.id != self._missed:
                usable = known is not None and len(known) == len(unit.plies)
                if known is not None and usable and not self._verifier.wants(unit, key, known):
                    self._waiting.popleft()
                    self._accept(unit, known, searched=False, counted=False)
                    continue
                self._missed = unit.id
            if not self._execution.wants() or self._keeps_back():
                return
            self._execution.submit(self._waiting.popleft(), key)

    def _keeps_back(self) -> bool:
        """Whether the last units wait here for the first worker that is free, instead of behind another unit.

        Measured on 16 games at 100k nodes: without that one of two workers was idle for 1.0 of the last seconds.
        """
        return self._ended and len(self._waiting) <= self._workers <= len(self._execution.in_hand)

    def _take(self, outcomes: Sequence[tuple[Unit, bytes, Outcome]]) -> None:
        done = [(unit, key, outcome) for unit, key, outcome in outcomes if isinstance(outcome, Done)]
        # Durable first, accepted after: what a run has reported is never searched again.
        if done:
            self._lookups.put([(key, outcome.evaluations) for _, key, outcome in done])
        for unit, _, outcome in done:
            self._verify(unit, outcome.evaluations)
            self._accept(unit, outcome.evaluations, searched=True, counted=outcome.counted)
        for unit, _, lost in outcomes:
            if isinstance(lost, Lost):
                self._lose(unit, lost)

    def _verify(self, unit: Unit, evaluations: Sequence[Evaluation]) -> None:
        """Compare the evaluations with what the cache knew, if that was to be verified, and tell the client."""
        known = self._verifier.take(unit)
        if known is None:
            return
        self._client.counts.verified += len(known)
        different = difference(unit, known, evaluations)
        if different is not None and self._verifier.tells():
            self._fail(unit, *different)

    def _fail(self, unit: Unit, ply: int, reason: str) -> None:
        planned = self._assembler.planned(unit.game)
        assert planned is not None
        self._client.search_failed(Failure(planned.origin.file, planned.origin.line, unit.game, ply, reason))

    def _report(self, reason: str, failure: bool) -> None:
        if failure:
            self._client.search_failed(Failure(None, None, None, None, reason))
        else:
            self._client.warn(reason)

    def _accept(self, unit: Unit, evaluations: Sequence[Evaluation], *, searched: bool, counted: bool) -> None:
        counts = self._client.counts
        self._retries.done(unit)
        self._assembler.accept(unit.id, evaluations)
        self._count_done(unit, len(evaluations))
        counts.follow_ups += unit.follow_up
        if unit.moves:
            limit = self._task.job.limit
            counts.deeper += sum(adaptive.was_in_doubt(evaluation, limit) for evaluation in evaluations)
        if searched:
            counts.searched += len(evaluations)
            counts.nodes += sum(evaluation.nodes for evaluation in evaluations)
        else:
            self.cached += len(evaluations)
            counts.follow_ups_cached += unit.follow_up
            if not unit.follow_up:
                self._cached[unit.game] = self._cached.get(unit.game, 0) + len(evaluations)
        if not counted and not unit.follow_up:
            self._count(unit.game, list(zip(unit.plies, evaluations, strict=True)))

    def _count_done(self, unit: Unit, evaluations: int) -> None:
        if unit.follow_up:
            self.follow_ups.done += 1
        else:
            self.evaluated += evaluations

    def _lose(self, unit: Unit, lost: Lost) -> None:
        if self._drained:
            self.left = True
            return
        decision = self._retries.lost(unit, lost)
        gone = isinstance(decision, GiveUp) or decision.units != (unit,)
        if gone and (known := self._verifier.take(unit)) is not None:
            self._fail(unit, unit.plies[lost.index or 0], f"in the cache, but not searched again: {lost.reason}")
            self._accept(unit, known, searched=False, counted=False)
            return
        if isinstance(decision, GiveUp):
            kind = "follow-up search" if unit.follow_up else "position"
            self._fail(unit, unit.plies[0], f"{kind} given up: {decision.reason}")
            self._assembler.quarantine(unit.id)
            self._client.counts.quarantined += 1
            self._count_done(unit, 1)
            return
        if decision.units != (unit,):
            self._assembler.replace(unit, decision.units)
            if unit.moves:
                reason = f"searched no deeper where a judgement is in doubt: {lost.reason}"
                self._fail(unit, unit.plies[lost.index or 0], reason)
        self._waiting.extendleft(reversed(decision.units))

    # -- around --

    def states(self) -> tuple[WorkerState, ...]:
        """Return a line for each worker, for the screen."""
        return self._execution.states()

    def game(self, number: int) -> SourceGame | None:
        """Return a game in flight."""
        planned = self._assembler.planned(number)
        return planned.game if planned is not None else None

    def close(self) -> None:
        """Stop the executor at once."""
        self._execution.close()
