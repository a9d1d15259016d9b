"""Recorded games by the batch: parsed, analysed and folded whole in other processes, merged in input order.

Where nothing is searched all the work is Python's, so it is shared out by the batch of games. A batch comes back
as what it adds to the run: counts, notices, the aggregators' states, and its games where an output wants them.
Batches are merged in input order, so that everything a run says is what one process would have said.

When a process dies its batches are analysed again, in the end by the parent itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import msgspec
from msgspec import Struct

from engine import system
from engine.analysis.game import GameAnalyzer
from engine.input.filters import player_filter
from engine.input.games import ParsedGame, UnparsedGame, parse_game, skip_unplayable
from engine.loading.registry import Registry
from engine.model import AnalysedGame, Best, EvaluatorInfo, Notice, RunCounts, SkippedGame, SourceGame
from engine.plugin import WorkerState
from engine.run.accounts import LOGGER
from engine.run.aggregators import Aggregators, Crash
from engine.run.labels import BoardLabels
from engine.run.notices import notice_of_skipped, notices_of
from engine.run.recount import Recount
from engine.search.games import all_known
from engine.search.planner import plan
from engine.settings import Search
from engine.system.turns import waiting

BATCH_GAMES = 64
BATCH_BYTES = 1 << 20
"""A batch is as many games, or so much text, whichever is less."""
_IN_FLIGHT = 3
"""Batches for each process: one that it works on, and some so that it never waits."""
_DEATHS = 3
"""After so many broken pools the parent analyses the rest by itself."""


class BatchJob(Struct, frozen=True):
    """Everything that the batches of a run have in common."""

    plugins: tuple[str, ...]
    aggregators: tuple[str, ...]
    options: dict[str, dict[str, Any]]
    players: tuple[str, ...]
    search: Search
    evaluator: EvaluatorInfo
    reads_input: bool
    winning_cp: int
    size: int
    """Lines of the best-scores board."""
    games_wanted: bool
    """Whether the games are to come back, for outputs."""
    labels_wanted: bool
    """Whether a screen wants names for the best scores."""
    nice: int
    """Added to the niceness of the processes."""


class BatchItem(Struct, frozen=True):
    """A game, analysed or skipped."""

    game: AnalysedGame | None = None
    skipped: SkippedGame | None = None


class BatchResult(Struct):
    """Everything that a batch adds to a run."""

    recount: Recount
    counts: RunCounts = msgspec.field(default_factory=RunCounts)
    notices: list[Notice] = []
    labels: list[tuple[Best, str, str]] = []
    """Players and move of the best scores."""
    states: dict[str, bytes] = {}
    crashes: list[Crash] = []
    unevaluated: int = 0
    items: list[BatchItem] = []


class BatchAnalyzer:
    """Analyses batches, in whatever process it is."""

    def __init__(self, job: BatchJob) -> None:
        self._job = job
        registry = Registry(job.plugins)
        self._readers = {name: cls() for name, cls in registry.load_all("engine.readers").items()}
        self._aggregators = Aggregators.load(registry, job.aggregators, job.options)
        self._part: Aggregators | None = None
        """The aggregators of the batch before."""
        self._game_analyzer = GameAnalyzer(
            job.search, job.evaluator.scale, job.reads_input, player_filter(job.players) if job.players else None
        )

    def analyse(self, batch: Sequence[UnparsedGame]) -> BatchResult:
        """Parse, analyse and fold the games of a batch."""
        job = self._job
        result = BatchResult(Recount(job.winning_cp, job.size))
        self._part = aggregators = self._aggregators.part(self._part)
        placed: dict[int, AnalysedGame] = {}
        for candidate in batch:
            result.counts.read += 1
            item = skip_unplayable(parse_game(candidate, self._readers), job.evaluator)
            if isinstance(item, SkippedGame):
                result.notices.append(notice_of_skipped(item, result.counts))
                result.items += [BatchItem(skipped=item)] if job.games_wanted else []
                continue
            game = self._analyse_game(item, result)
            if result.recount.add(game, result.counts) is not None and job.labels_wanted:
                placed[game.origin.game] = game
            aggregators.add(game)
            result.items += [BatchItem(game=game)] if job.games_wanted else []
        result.counts.recorded = result.counts.positions
        if job.labels_wanted:
            labels = BoardLabels()
            for entry in result.recount.best:
                labels.learn(entry, placed[entry.game])
            result.labels = list(labels.of(result.recount.best, lambda _: None))
        result.crashes = aggregators.crashes
        result.unevaluated = aggregators.unevaluated
        result.states = {name: msgspec.json.encode(state) for name, state in aggregators.states()}
        return result

    def _analyse_game(self, item: ParsedGame, result: BatchResult) -> AnalysedGame:
        planned = plan(
            item.origin,
            item.game,
            self._job.search,
            iter(()),
            use_recorded=self._job.reads_input,
            can_search=False,
        )
        result.notices += notices_of(planned, result.counts)
        return self._game_analyzer.analyse(all_known(planned))


def batches(items: Iterable[UnparsedGame | Any]) -> Iterator[list[UnparsedGame] | Any]:
    """Yield games by the batch, and what is no game in its place between them."""
    batch: list[UnparsedGame] = []
    size = 0
    for item in items:
        if isinstance(item, UnparsedGame):
            batch.append(item)
            size += len(item.raw.data)
            if len(batch) < BATCH_GAMES and size < BATCH_BYTES:
                continue
        if batch:
            yield batch
        batch, size = [], 0
        if not isinstance(item, UnparsedGame):
            yield item
    if batch:
        yield batch


class BatchPool:
    """Processes that analyse batches, fed by one thread; results come back in the order of the batches."""

    def __init__(self, job: BatchJob, *, workers: int, start_method: str) -> None:
        self._job = job
        self._workers = workers
        self._context = system.pool_context(start_method)
        self._pool: ProcessPoolExecutor | None = None
        self._deaths = 0
        self._here: BatchAnalyzer | None = None
        self._line: deque[tuple[bytes, Future[bytes] | None]] = deque()
        self.evaluated = self.planned = 0
        """Positions in the batches that have come back."""

    def has_room(self) -> bool:
        """Whether another batch would keep a process busy."""
        return len(self._line) < _IN_FLIGHT * self._workers

    def submit(self, batch: Sequence[UnparsedGame]) -> None:
        """Hand out a batch."""
        packed = msgspec.msgpack.encode(batch)
        self._line.append((packed, self._send(packed)))

    def next(self) -> BatchResult:
        """Wait for the oldest batch and return its result."""
        result = self._oldest()
        self.evaluated += result.counts.positions
        self.planned = self.evaluated
        return result

    def _oldest(self) -> BatchResult:
        packed, future = self._line[0]
        while future is not None:
            try:
                with waiting():
                    answer = future.result()
                result = msgspec.msgpack.decode(answer, type=BatchResult)
            except BrokenProcessPool:
                future = self._again()
                continue
            self._line.popleft()
            return result
        self._line.popleft()
        self._here = self._here or BatchAnalyzer(self._job)
        return self._here.analyse(msgspec.msgpack.decode(packed, type=list[UnparsedGame]))

    def states(self) -> tuple[WorkerState, ...]:
        """Return no lines for the screen: each batch is over in a moment."""
        return ()

    def game(self, number: int) -> SourceGame | None:  # noqa: ARG002 - as the scheduler's
        """Return None: no game is in flight here."""
        return None

    def close(self) -> None:
        """End the processes. May be called more than once."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _send(self, packed: bytes) -> Future[bytes] | None:
        if self._deaths >= _DEATHS:
            return None
        try:
            with system.without_main():  # both may start a process
                if self._pool is None:
                    encoded = msgspec.msgpack.encode(self._job)
                    self._pool = ProcessPoolExecutor(self._workers, self._context, _start, (encoded,))
                return self._pool.submit(_analyse, packed)
        except BrokenProcessPool:
            return None
        except (OSError, NotImplementedError) as error:  # no lock that is shared, or no process
            LOGGER.info("batches are analysed in this process: %s", error)
            self._deaths = _DEATHS
            return None

    def _again(self) -> Future[bytes] | None:
        """Give everything in flight to new processes after one has died; return the oldest batch's future."""
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

_analyzer: BatchAnalyzer | None = None


def _start(encoded: bytes) -> None:
    global _analyzer  # noqa: PLW0603 - what a process of a pool keeps between calls
    system.leave_signals_to_parent()
    system.end_with_parent()
    job = msgspec.msgpack.decode(encoded, type=BatchJob)
    system.apply_cpu_settings(1, nice=job.nice, pin=False)
    _analyzer = BatchAnalyzer(job)
    system.collect_seldom()


def _analyse(packed: bytes) -> bytes:
    assert _analyzer is not None
    return msgspec.msgpack.encode(_analyzer.analyse(msgspec.msgpack.decode(packed, type=list[UnparsedGame])))
