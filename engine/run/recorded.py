"""Recorded games, digested whole by other processes: parsed, analysed and folded there, merged here.

Where nothing is searched all the work is Python's, so it is shared out by the batch of games. A batch comes back
as what it adds to the run: counts, notices, the aggregators' states, and its games where an output wants them.
Batches are merged in input order, so that everything a run says is what one process would have said.

A process that dies costs its batches: they are digested again, in the end by the parent itself.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import msgspec
from msgspec import Struct

from engine import system
from engine.analysis.game import Analyst
from engine.input.filters import player_filter
from engine.input.sources import Candidate, parse, playable
from engine.loading.registry import Registry
from engine.model import AnalysedGame, Best, EvaluatorInfo, Notice, RunCounts, SkippedGame
from engine.plugin import WorkerState
from engine.run.aggregators import Crash, Strategies
from engine.run.progress import Labels, passed_over, problems
from engine.run.recount import Tally
from engine.search.planner import Plan, plan
from engine.settings import Search
from engine.system.turns import waiting

BATCH_GAMES = 64
BATCH_BYTES = 1 << 20
"""A batch is as many games, or so much text, whichever is less."""
_IN_FLIGHT = 3
"""Batches for each process: one that it works on, and some so that it never waits."""
_DEATHS = 3
"""After so many broken pools the parent digests the rest by itself."""


class DigestJob(Struct, frozen=True):
    """What every batch of a run has in common."""

    plugins: tuple[str, ...]
    aggregators: tuple[str, ...]
    options: dict[str, dict[str, Any]]
    players: tuple[str, ...]
    search: Search
    evaluator: EvaluatorInfo
    reads_input: bool
    winning_cp: int
    size: int
    """Of the best-scores board."""
    games_wanted: bool
    """Whether the games are to come back, for outputs."""
    labels_wanted: bool
    """Whether a screen names the best."""
    nice: int
    """Added to the niceness of the processes."""


class Item(Struct, frozen=True):
    """A game in its place."""

    game: AnalysedGame | None = None
    skipped: SkippedGame | None = None


class Digested(Struct):
    """What a batch adds to a run."""

    tally: Tally
    counts: RunCounts = msgspec.field(default_factory=RunCounts)
    notices: list[Notice] = []
    labels: list[tuple[Best, str, str]] = []
    """Of the tally's best: players and move."""
    states: dict[str, bytes] = {}
    crashes: list[Crash] = []
    unevaluated: int = 0
    items: list[Item] = []


class Digester:
    """Digests batches, in whatever process it is."""

    def __init__(self, job: DigestJob) -> None:
        self._job = job
        registry = Registry(job.plugins)
        self._readers = {name: cls() for name, cls in registry.load_all("engine.readers").items()}
        self._strategies = Strategies.build(registry, job.aggregators, job.options)
        self._part: Strategies | None = None
        """Those of the batch before."""
        self._analyst = Analyst(
            job.search, job.evaluator.scale, job.reads_input, player_filter(job.players) if job.players else None
        )

    def digest(self, batch: Sequence[Candidate]) -> Digested:
        job = self._job
        found = Digested(Tally(job.winning_cp, job.size))
        self._part = strategies = self._strategies.part(self._part)
        placed: dict[int, AnalysedGame] = {}
        for candidate in batch:
            found.counts.read += 1
            item = playable(parse(candidate, self._readers), job.evaluator)
            if isinstance(item, SkippedGame):
                found.notices.append(passed_over(item, found.counts))
                found.items += [Item(skipped=item)] if job.games_wanted else []
                continue
            planned = plan(
                item.origin, item.game, job.search, iter(()), use_recorded=job.reads_input, can_search=False
            )
            found.notices += problems(planned, found.counts)
            game = self._analyst.analyse(planned)
            if found.tally.add(game, found.counts) is not None and job.labels_wanted:
                placed[game.origin.game] = game
            strategies.add(game)
            found.items += [Item(game=game)] if job.games_wanted else []
        found.counts.recorded = found.counts.positions
        if job.labels_wanted:
            labels = Labels()
            for entry in found.tally.best:
                labels.learn(entry, placed[entry.game])
            found.labels = list(labels.of(found.tally.best, lambda _: None))
        found.crashes = strategies.crashes
        found.unevaluated = strategies.unevaluated
        found.states = {name: msgspec.json.encode(state) for name, state in strategies.states()}
        return found


def batches(items: Iterable[Candidate | Any]) -> Iterator[list[Candidate] | Any]:
    """Games by the batch; what is no game comes in its place."""
    batch: list[Candidate] = []
    size = 0
    for item in items:
        if isinstance(item, Candidate):
            batch.append(item)
            size += len(item.raw.data)
            if len(batch) < BATCH_GAMES and size < BATCH_BYTES:
                continue
        if batch:
            yield batch
        batch, size = [], 0
        if not isinstance(item, Candidate):
            yield item
    if batch:
        yield batch


class Digestion:
    """Processes that digest, fed by one thread; what they found comes back in the order of the batches."""

    def __init__(self, job: DigestJob, *, workers: int, start_method: str) -> None:
        self._job = job
        self._workers = workers
        self._context = multiprocessing.get_context(start_method)
        self._pool: ProcessPoolExecutor | None = None
        self._deaths = 0
        self._here: Digester | None = None
        self._line: deque[tuple[bytes, Future[bytes] | None]] = deque()
        self.evaluated = self.planned = 0
        """Positions in the batches that have come back."""

    def hungry(self) -> bool:
        """Whether another batch would keep a process busy."""
        return len(self._line) < _IN_FLIGHT * self._workers

    def submit(self, batch: Sequence[Candidate]) -> None:
        packed = msgspec.msgpack.encode(batch)
        self._line.append((packed, self._send(packed)))

    def next(self) -> Digested:
        """What the oldest batch has become; waits for it."""
        found = self._oldest()
        self.evaluated += found.counts.positions
        self.planned = self.evaluated
        return found

    def _oldest(self) -> Digested:
        packed, future = self._line[0]
        while future is not None:
            try:
                with waiting():
                    answer = future.result()
                found = msgspec.msgpack.decode(answer, type=Digested)
            except BrokenProcessPool:
                future = self._again()
                continue
            self._line.popleft()
            return found
        self._line.popleft()
        self._here = self._here or Digester(self._job)
        return self._here.digest(msgspec.msgpack.decode(packed, type=list[Candidate]))

    def states(self) -> tuple[WorkerState, ...]:
        """No lines for the screen: each batch is over in a moment."""
        return ()

    def plan_of(self, game: int) -> Plan | None:  # noqa: ARG002 - as of a flow
        """No game is in flight here."""
        return None

    def close(self) -> None:
        """End the processes. Called more than once."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _send(self, packed: bytes) -> Future[bytes] | None:
        if self._deaths >= _DEATHS:
            return None
        if self._pool is None:
            encoded = msgspec.msgpack.encode(self._job)
            self._pool = ProcessPoolExecutor(self._workers, self._context, _start, (encoded,))
        try:
            with system.without_main():  # it may start a process
                return self._pool.submit(_digest, packed)
        except BrokenProcessPool:
            return None

    def _again(self) -> Future[bytes] | None:
        """A process has died: give everything that is in flight to new ones. The future of the oldest batch."""
        self._deaths += 1
        self.close()
        self._line = deque(
            (packed, future if future is not None and _is_good(future) else self._send(packed))
            for packed, future in self._line
        )
        return self._line[0][1]


def _is_good(future: Future[bytes]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


# -- in the other processes --

_digester: Digester | None = None


def _start(encoded: bytes) -> None:
    global _digester  # noqa: PLW0603 - what a process of a pool keeps between calls
    system.leave_signals_to_parent()
    system.end_with_parent()
    job = msgspec.msgpack.decode(encoded, type=DigestJob)
    system.apply_cpu_settings(1, nice=job.nice, pin=False)
    _digester = Digester(job)
    system.collect_seldom()


def _digest(packed: bytes) -> bytes:
    assert _digester is not None
    return msgspec.msgpack.encode(_digester.digest(msgspec.msgpack.decode(packed, type=list[Candidate])))
