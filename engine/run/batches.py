"""Recorded games by the batch: parsed, analysed and folded whole in other processes, merged in input order.

Where nothing is searched all the work is Python's, so it is shared out by the batch of games. A batch comes back
as what it adds to the run: counts, notices, the aggregators' states, and its games where an output wants them.
Batches are merged in input order, so that everything a run says is what one process would have said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from engine.analysis.game import GameAnalyzer
from engine.input.filters import player_filter
from engine.input.games import Elsewhere, FilteredGame, ParsedGame, UnparsedGame, parse_game, skip_unplayable
from engine.loading.registry import Registry
from engine.model import AnalysedGame, Best, EvaluatorInfo, Failure, Notice, Origin, RunCounts, SkippedGame
from engine.model.parts import AggregatorCrash, NotedGames
from engine.output.encoding import Encoder, EncoderSpec, Piece
from engine.run.aggregators import Aggregators
from engine.run.labels import BoardLabels
from engine.run.notices import Notes, notes_on, notice_of_skipped, notices_of
from engine.run.readers import make_readers
from engine.run.recount import Recount
from engine.search.games import SearchedGame, all_known
from engine.search.planner import plan
from engine.settings import Search

BATCH_GAMES = 64
BATCH_BYTES = 1 << 20
"""A batch is as many games, or so much text, whichever is less."""
LEFT_OUT = 1_000
"""Games left out by a filter after which the games between them do not wait for more."""


class BatchJob(Struct, frozen=True):
    """Everything that the batches of a run have in common."""

    plugins: tuple[str, ...]
    readers: dict[str, dict[str, Any]]
    """Options of readers by name."""
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
    """Whether the games are to come back, for outputs and listeners."""
    encoders: tuple[EncoderSpec, ...]
    """The outputs whose games come back encoded."""
    labels_wanted: bool
    """Whether a screen wants names for the best scores."""
    searched: bool
    """Whether the batches are of games that the run has searched, `BatchItem`, instead of `UnparsedGame`."""
    nice: int
    """Added to the niceness of the processes."""


class BatchItem(Struct, frozen=True):
    """A game: analysed, skipped, or searched and not analysed yet."""

    game: AnalysedGame | None = None
    skipped: SkippedGame | None = None
    searched: SearchedGame | None = None


Batch = Sequence[UnparsedGame] | Sequence[BatchItem]
"""Games for another process."""


class BatchResult(Struct):
    """Everything that a batch adds to a run."""

    games: int
    """How many it has."""
    recount: Recount
    counts: RunCounts = msgspec.field(default_factory=RunCounts)
    notices: list[Notice] = []
    noted: list[NotedGames] = []
    labels: list[tuple[Best, str, str]] = []
    """Players and move of the best scores."""
    states: dict[str, bytes] = {}
    players: dict[str, int] = {}
    """Games by player's name."""
    crashes: list[AggregatorCrash] = []
    failures: list[Failure] = []
    unevaluated: int = 0
    items: list[BatchItem] = []
    encoded: list[list[Piece]] = []
    """The games, for each of the job's encoders."""


class BatchAnalyzer:
    """Analyses batches, in whatever process it is."""

    def __init__(self, job: BatchJob) -> None:
        self._job = job
        registry = Registry(job.plugins)
        self._readers = make_readers(registry, job.readers)
        self._aggregators = Aggregators.load(registry, job.aggregators, job.options)
        self._encoders = _encoders(job, registry)
        self._part: Aggregators | None = None
        """The aggregators of the batch before."""
        self._game_analyzer = GameAnalyzer(
            job.search, job.evaluator.scale, job.reads_input, player_filter(job.players) if job.players else None
        )

    def analyse(self, batch: Batch, on_game: Callable[[], object] = lambda: None) -> BatchResult:
        """Analyse and fold the games of a batch; `on_game` is called before each."""
        job = self._job
        result = BatchResult(len(batch), Recount(job.winning_cp, job.size))
        self._part = aggregators = self._aggregators.part(self._part)
        placed: dict[int, AnalysedGame] = {}
        games: list[AnalysedGame | SkippedGame] = []
        notes = Notes()
        for candidate in batch:
            on_game()
            game = self._analysed(candidate, result, notes)
            if isinstance(game, SkippedGame):
                result.notices.append(notice_of_skipped(game, result.counts))
                games.append(game)
                continue
            if result.recount.add(game, result.counts) is not None and job.labels_wanted:
                placed[game.origin.game] = game
            aggregators.add(game)
            if job.games_wanted or job.encoders:
                games.append(aggregators.remarked(game))
        _hand_back(games, result, job, self._encoders)
        result.noted = notes.noted()
        result.counts.recorded = 0 if job.searched else result.counts.positions
        if job.labels_wanted:
            labels = BoardLabels()
            for entry in result.recount.best:
                labels.learn(entry, placed[entry.game])
            result.labels = list(labels.of(result.recount.best, lambda _: None))
        result.players = aggregators.players.state()
        result.crashes = aggregators.crashes
        result.unevaluated = aggregators.unevaluated
        result.states = {name: msgspec.json.encode(state) for name, state in aggregators.states()}
        return result

    def _analysed(
        self, candidate: UnparsedGame | BatchItem, result: BatchResult, notes: Notes
    ) -> AnalysedGame | SkippedGame:
        if isinstance(candidate, BatchItem):  # the run has counted it, and its notices, when it read it
            if candidate.searched is not None:
                return self._game_analyzer.analyse(candidate.searched)
            known = candidate.game or candidate.skipped
            assert known is not None
            return known
        result.counts.read += 1
        item = skip_unplayable(parse_game(candidate, self._readers), self._job.evaluator)
        if isinstance(item, SkippedGame):
            return item
        notes.add(item.origin, notes_on(item.game))
        return self._analyse_game(item, result)

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


def _encoders(job: BatchJob, registry: Registry) -> list[Encoder]:
    return [Encoder(spec, registry.load("engine.writers", spec.writer)) for spec in job.encoders]


def _hand_back(
    games: Sequence[AnalysedGame | SkippedGame], result: BatchResult, job: BatchJob, encoders: Sequence[Encoder]
) -> None:
    """Put games into the result of their batch, themselves and encoded, as far as they are wanted."""
    if job.games_wanted:
        result.items = [
            BatchItem(skipped=game) if isinstance(game, SkippedGame) else BatchItem(game=game) for game in games
        ]
    result.encoded = [encoder.encode(games) for encoder in encoders]


def give_up(batch: Batch, job: BatchJob, reason: str) -> BatchResult:
    """Return what a batch adds to a run whose games cannot be analysed, because whatever does so ends."""
    result = BatchResult(len(batch), Recount(job.winning_cp, job.size))
    games: list[SkippedGame] = []
    for game in batch:
        origin, text = _identity(game)
        result.counts.read += not job.searched
        skipped = SkippedGame(origin, "damaged", reason, text)
        result.notices.append(notice_of_skipped(skipped, result.counts))
        result.failures.append(Failure(origin.file, origin.line, origin.game, None, reason))
        games.append(skipped)
    _hand_back(games, result, job, _encoders(job, Registry(job.plugins)))
    return result


def _identity(game: UnparsedGame | BatchItem) -> tuple[Origin, str]:
    """Return where a game comes from, and its text."""
    if isinstance(game, UnparsedGame):
        return game.origin, game.raw.data.decode("utf-8", "replace")
    if game.searched is not None:
        return game.searched.origin, game.searched.game.text
    known = game.game or game.skipped
    assert known is not None
    return known.origin, known.text


def pack_batch(batch: Batch) -> bytes:
    """Return a batch as it is sent."""
    return msgspec.msgpack.encode(batch)


def unpack_batch(packed: bytes, job: BatchJob) -> Batch:
    """Return the batch that was sent."""
    if job.searched:
        return msgspec.msgpack.decode(packed, type=list[BatchItem])
    return msgspec.msgpack.decode(packed, type=list[UnparsedGame])


def batches(items: Iterable[UnparsedGame | Any]) -> Iterator[list[UnparsedGame] | Any]:
    """Yield games by the batch, and what is no game in its place between them.

    Games that a filter left out are counted together and end no batch: nothing is said of them but how many.
    """
    batch: list[UnparsedGame] = []
    left_out: list[FilteredGame] = []
    size = 0
    for item in items:
        if isinstance(item, Elsewhere):
            yield item  # where it stands makes no difference, and it comes between most games of a shard
            continue
        if isinstance(item, FilteredGame):
            left_out.append(item)
            if len(left_out) < LEFT_OUT:
                continue
        elif isinstance(item, UnparsedGame):
            batch.append(item)
            size += len(item.raw.data)
            if len(batch) < BATCH_GAMES and size < BATCH_BYTES:
                continue
        yield from _ended(batch, left_out)
        batch, left_out, size = [], [], 0
        if not isinstance(item, UnparsedGame | FilteredGame):
            yield item
    yield from _ended(batch, left_out)


def _ended(batch: list[UnparsedGame], left_out: list[FilteredGame]) -> Iterator[list[UnparsedGame] | FilteredGame]:
    if left_out:
        yield FilteredGame(left_out[-1].origin, sum(item.games for item in left_out))
    if batch:
        yield batch
