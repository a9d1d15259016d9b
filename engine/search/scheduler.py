"""From games to evaluated games: planner, cache, executor and assembler, driven by one thread.

    open(game) -> units -> [cache] -> executor -> [cache] -> assembler -> step() yields whole games in input order

Bounded at every step: games are opened while `hungry()`, units are handed out while the executor wants them.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from engine import scoring
from engine.cache.store import Cache, unit_key
from engine.contracts.messages import Done, Job, Lost, Unit
from engine.model import Evaluation, Failure, Limit, Origin, RunCounts, SkippedGame, SourceGame
from engine.plugin import Executor, WorkerState
from engine.search import planner
from engine.search.assembler import Assembler
from engine.search.retries import GiveUp, Retries
from engine.settings import Search
from engine.workers.scoreboard import Scoreboard, scored

GAMES_PER_WORKER = 8
"""Games in flight, at most, beside two for every run."""
WAITING_PER_WORKER = 16
"""Units that wait for an executor, so that none of its workers does; and so many that short ones for all of them
are left when the end of the input is found. Measured: with 4, one of two workers was idle in the last 0.7 s of a
run at 100k nodes.
"""


class Flow:
    """The games in flight and what is being searched for them."""

    def __init__(
        self,
        *,
        job: Job,
        fingerprint: str,
        search: Search,
        workers: int,
        cache: Cache,
        scoreboard: Scoreboard,
        executor: Callable[[], Executor],
        counts: RunCounts,
        on_failure: Callable[[Failure], None],
        use_recorded: bool = False,
        can_search: bool = True,
        deepen: Callable[[planner.Plan], Collection[int]] = lambda _: (),
        deep_limit: Limit | None = None,
        follow_up: Callable[[planner.Plan], Mapping[str, Sequence[planner.FollowUp | None]]] = lambda _: {},
    ) -> None:
        """`executor` is called at the first unit that the cache does not know: a cached run starts no worker.

        `use_recorded` and `can_search` are as in `planner.plan`. `deepen` is called once for each game that the
        first pass has gone through, and says which positions are to be searched again, with `deep_limit`;
        `follow_up` after that, once for each game whose
        positions are all known, and says what its aggregators want to be searched on top.
        """
        self._use_recorded = use_recorded
        self._can_search = can_search
        self._deepen = deepen
        self._deep_limit = deep_limit
        self._follow_up = follow_up
        self._job = job
        self._fingerprint = fingerprint
        self._search = search
        self._workers = workers
        self._cache = cache
        self._scoreboard = scoreboard
        self._make_executor = executor
        self._executor: Executor | None = None
        self._counts = counts
        self._on_failure = on_failure
        self._ids = itertools.count(1)
        self._assembler = Assembler()
        self._retries = Retries(lambda: next(self._ids))
        self._waiting: deque[Unit] = deque()
        self._ended = False
        """Whether no other game will be opened."""
        self._in_hand: dict[int, tuple[Unit, bytes]] = {}
        """Units the executor has, and what the cache will call them."""
        self._missed: tuple[int, bytes] = (0, b"")
        """The unit that the cache was asked for last and does not know, and its key."""
        self.planned = 0
        """Positions to evaluate in all games opened so far."""
        self._drained = False
        self.left = False
        """Whether something was not handed out because of `drain`."""
        self.evaluated = 0
        """Of those, how many are done: searched, cached or given up."""

    # -- in --

    def hungry(self) -> bool:
        """Whether another game should be opened."""
        return (
            len(self._assembler) < 2 + GAMES_PER_WORKER * self._workers
            and len(self._waiting) < WAITING_PER_WORKER * self._workers
        )

    def open(self, item: tuple[Origin, SourceGame] | SkippedGame) -> planner.Plan | None:
        """The next game of the input; its plan, unless it is skipped."""
        if isinstance(item, SkippedGame):
            self._assembler.open(item)
            return None
        plan = planner.plan(
            *item, self._search, self._ids, use_recorded=self._use_recorded, can_search=self._can_search
        )
        self._enter_recorded(plan)
        self._assembler.open(plan)
        self._waiting.extend(plan.units)
        self.planned += sum(len(unit.plies) for unit in plan.units)
        return plan

    def end(self) -> None:
        """No other game will be opened: the longest units first, so that the last ones are short and no worker
        waits long for another one. What lets a game leave stays in front.
        """
        self._ended = True
        self._waiting = deque(sorted(self._waiting, key=lambda unit: (not unit.extra, -len(unit.plies))))

    def _enter_recorded(self, plan: planner.Plan) -> None:
        """Evaluations of the input, which nobody searches, count like cached ones."""
        recorded = [
            (ply, position.found)
            for ply, position in enumerate(plan.positions)
            if position is not None and position.found is not None
        ]
        self._count(plan.origin.game, recorded)
        self.planned += len(recorded)
        self.evaluated += len(recorded)
        self._counts.recorded += len(recorded)

    def _count(self, game: int, found: Sequence[tuple[int, Evaluation]]) -> None:
        if found:
            winning_cp = self._job.winning_cp
            self._scoreboard.record_unsearched(
                [scored(game, ply, evaluation, winning_cp) for ply, evaluation in found]
            )

    def drain(self) -> bool:
        """Hand out nothing more; what is in hand is still taken. True when something was left.

        A game that becomes whole afterwards and wants follow-up searches is left too.
        """
        self._drained = True
        self.left = self.left or bool(self._waiting)
        self._waiting.clear()
        return self.left

    # -- through and out --

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is being searched."""
        return not self._waiting and not self._in_hand

    def step(self, timeout: float) -> Iterator[planner.Plan | SkippedGame]:
        """Hand out, wait up to `timeout` seconds for results, and yield the games that became whole.

        Raises EvaluatorError when no evaluator can be kept alive.
        """
        self._hand_out()
        if self._in_hand and self._executor is not None:
            self._take(self._executor.collect(timeout))
        for plan in self._assembler.whole():
            self._follow(plan)
        yield from self._assembler.released()

    def _follow(self, plan: planner.Plan) -> None:
        """What aggregators want of a game comes before other games, so that it can leave."""
        units = [] if plan.deepened else self._deeper(plan)
        units = units or planner.follow_ups(plan, self._follow_up(plan), self._ids)
        self._assembler.follow(plan, units)
        if self._drained:
            self.left = self.left or bool(units)
            return
        self._waiting.extendleft(reversed(units))
        self.planned += sum(len(unit.plies) for unit in units)
        self._counts.follow_ups += sum(unit.follow_up for unit in units)

    def _deeper(self, plan: planner.Plan) -> list[Unit]:
        plan.deepened = True
        if self._deep_limit is None:
            return []
        return planner.deeper(plan, self._deepen(plan), self._deep_limit, self._search, self._ids)

    def _hand_out(self) -> None:
        budget = 64 * self._workers  # a fully cached input must still come up for air
        while self._waiting and budget:
            budget -= 1
            unit = self._waiting[0]
            if unit.id != self._missed[0]:
                key = self._key(unit)
                known = self._cache.get(key)
                if known is not None and len(known) == len(unit.plies):
                    self._waiting.popleft()
                    self._accept(unit, known, searched=False, counted=False)
                    continue
                self._missed = unit.id, key
            if self._executor is None:
                self._executor = self._make_executor()
            if not self._executor.wants() or self._keeps_back():
                return
            self._in_hand[unit.id] = self._waiting.popleft(), self._missed[1]
            self._executor.submit(unit)

    def _keeps_back(self) -> bool:
        """Whether the last units are to wait for whoever is free first, instead of behind another one. Measured on
        16 games at 100k nodes: of two workers one was idle for 1.0 of the last seconds without that.
        """
        return self._ended and len(self._waiting) <= self._workers <= len(self._in_hand)

    def _take(self, outcomes: Sequence[Done | Lost]) -> None:
        done = [(*self._in_hand.pop(o.unit), o) for o in outcomes if isinstance(o, Done)]
        # Durable first, accepted after: what a run has reported is never searched again.
        if done:
            self._cache.put((key, outcome.evaluations) for _, key, outcome in done)
        for unit, _, outcome in done:
            self._accept(unit, outcome.evaluations, searched=True, counted=outcome.counted)
        for lost in outcomes:
            if isinstance(lost, Lost):
                self._lose(self._in_hand.pop(lost.unit)[0], lost)

    def _accept(self, unit: Unit, evaluations: Sequence[Evaluation], *, searched: bool, counted: bool) -> None:
        self._retries.done(unit)
        if unit.deeper:
            self._recount(unit, evaluations)
        self._assembler.accept(unit.id, evaluations)
        self.evaluated += len(evaluations)
        if searched:
            self._counts.searched += len(evaluations)
            self._counts.nodes += sum(evaluation.nodes for evaluation in evaluations)
        else:
            self._counts.cached += len(evaluations)
        if not counted and not unit.extra:
            self._count(unit.game, list(zip(unit.plies, evaluations, strict=True)))

    def _recount(self, unit: Unit, evaluations: Sequence[Evaluation]) -> None:
        """A deeper search takes the place of the first one: the counter gets the difference."""
        plan = self._assembler.plan_of(unit.game)
        assert plan is not None
        difference = 0
        for ply, evaluation in zip(unit.plies, evaluations, strict=True):
            before = plan.positions[ply]
            assert before is not None
            difference += scoring.is_winning(evaluation.score, self._job.winning_cp)
            difference -= before.found is not None and scoring.is_winning(before.found.score, self._job.winning_cp)
        self._scoreboard.adjust_wins(difference)

    def _lose(self, unit: Unit, lost: Lost) -> None:
        decision = self._retries.lost(unit, lost)
        if isinstance(decision, GiveUp):
            plan = self._assembler.plan_of(unit.game)
            assert plan is not None
            self._assembler.quarantine(unit.id)
            self._counts.quarantined += 1
            self.evaluated += 1
            what = "follow-up search" if unit.follow_up else "deeper search" if unit.deeper else "position"
            reason = f"{what} given up: {decision.reason}"
            self._on_failure(Failure(plan.origin.file, plan.origin.line, unit.game, unit.plies[0], reason))
            return
        if decision.units != (unit,):
            self._assembler.replace(unit, decision.units)
        self._waiting.extendleft(reversed(decision.units))

    def _key(self, unit: Unit) -> bytes:
        return unit_key(self._fingerprint, unit.limit or self._job.limit, unit)

    # -- around --

    def states(self) -> tuple[WorkerState, ...]:
        """A line per worker."""
        return tuple(self._executor.states()) if self._executor is not None else ()

    def plan_of(self, game: int) -> planner.Plan | None:
        """The plan of a game in flight."""
        return self._assembler.plan_of(game)

    def close(self) -> None:
        """Stop the executor at once."""
        if self._executor is not None:
            self._executor.close()
            self._executor = None
