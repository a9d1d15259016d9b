"""The last stage of a searched run: games whose positions are known are analysed, folded and written in order.

The parent does that itself, until it is what takes the time, as where searches cost next to nothing. From then on
another process does it by the batch, as for recorded games (`batch_pool`), and the parent only puts in order what
comes back. A batch in which a plugin fails is done again by the parent, and so is everything after it: a plugin
that is put aside in one process would go on in the other.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from msgspec import structs

from engine.model import AnalysedGame, SkippedGame
from engine.run.batch_pool import BatchPool
from engine.run.batches import BATCH_GAMES, BatchItem, BatchResult
from engine.run.jobs import batch_job, can_be_shared_out
from engine.run.started import Parts
from engine.search.games import FinishedGame, SearchedGame

SECONDS_HERE = 0.3
"""Seconds that the parent spends on this before another process is worth its start."""
SHARE = 0.1
"""Share of the time from which on it is."""
BATCH_POSITIONS = 2_000
"""Positions of a batch, at most, but for a longer game."""
HOLD_SECONDS = 0.5
"""How long a game may wait for others of its batch."""

Batch = list[BatchItem]


class Finisher:
    """Takes the games of a run in input order."""

    def __init__(
        self, parts: Parts, analyse: Callable[[SearchedGame], AnalysedGame], *, games_wanted: bool
    ) -> None:
        """Begin in this process.

        * **analyse** - judges the moves of a game.
        * **games_wanted** - whether a listener takes the games themselves, which therefore stay here.
        """
        self._parts = parts
        self._analyse = analyse
        wanted = games_wanted or parts.delivery.outputs.needs_games() or parts.accounts.tally is not None
        self._may_share = not wanted and can_be_shared_out(parts.plan, parts.evaluators)
        self._seconds = 0.0
        """What the games have cost so far that were done here."""
        self._began_at: float | None = None
        self._pool: BatchPool | None = None
        self._gathered: Batch = []
        """Games of the next batch."""
        self._positions = 0
        """Positions of those."""
        self._gathered_at = 0.0
        """When the first of them came."""
        self._waiting: deque[Batch] = deque()
        """Batches that the process has not taken yet."""
        self._in_hand: deque[Batch] = deque()
        """Batches that it has."""

    @property
    def idle(self) -> bool:
        """Whether every game has been delivered."""
        return not (self._gathered or self._waiting or self._in_hand)

    def has_room(self) -> bool:
        """Whether it keeps up with the games."""
        return not self._waiting

    def take(self, finished: FinishedGame | SkippedGame) -> None:
        """Take the next game."""
        if self._pool is None:
            self._do_here(finished)
            if self._may_share and self._costs_much():
                self._start()
            return
        if not self._gathered:
            self._gathered_at = time.monotonic()
        if isinstance(finished, SkippedGame):
            self._gathered.append(BatchItem(skipped=finished))
        elif isinstance(finished.game, SearchedGame):
            self._gathered.append(BatchItem(searched=finished.game))
        else:
            self._gathered.append(BatchItem(game=finished.game))
        self._positions += 0 if isinstance(finished, SkippedGame) else len(finished.game.positions)
        if len(self._gathered) >= BATCH_GAMES or self._positions >= BATCH_POSITIONS:
            self._close_batch()

    def step(self, timeout: float, *, last: bool) -> None:
        """Deliver what has come back.

        * **timeout** - seconds to wait for something.
        * **last** - whether no game is searched any more, so that a batch need not wait for others.
        """
        if self._gathered and (last or time.monotonic() - self._gathered_at > HOLD_SECONDS):
            self._close_batch()
        while self._pool is not None and self._in_hand:
            result = self._pool.next(timeout)
            if result is None:
                return
            timeout = 0.0
            self._merge(result)
            self._hand_out()

    def close(self) -> None:
        """End the process, if there is one."""
        if self._pool is not None:
            self._pool.close()

    # -- here --

    def _do_here(self, finished: FinishedGame | SkippedGame) -> None:
        began = time.monotonic()
        if self._began_at is None:
            self._began_at = began
        if isinstance(finished, SkippedGame):
            self._parts.delivery.skip(finished)
        else:
            game = finished.game
            known = self._analyse(game) if isinstance(game, SearchedGame) else game
            self._parts.delivery.game(structs.replace(finished, game=known))
        self._seconds += time.monotonic() - began

    def _costs_much(self) -> bool:
        if self._began_at is None or self._seconds < SECONDS_HERE or self._parts.delivery.aggregators.crashes:
            return False
        return self._seconds > SHARE * (time.monotonic() - self._began_at)

    def _go_on_here(self) -> None:
        """Do everything that is not delivered yet here, and what comes after it."""
        assert self._pool is not None
        self._pool.close()
        self._pool, self._may_share = None, False
        self._parts.delivery.outputs.encode_here()
        for batch in (*self._in_hand, *self._waiting, self._gathered):
            for item in batch:
                game = item.game or item.searched
                self._do_here(FinishedGame(game, {}) if game is not None else _skipped(item))
        self._in_hand.clear()
        self._waiting.clear()
        self._gathered = []

    # -- elsewhere --

    def _start(self) -> None:
        job = batch_job(self._parts, searched=True, games_wanted=False)
        self._pool = BatchPool(job, workers=1, start_method=self._parts.plan.settings.start_method)

    def _close_batch(self) -> None:
        self._waiting.append(self._gathered)
        self._gathered, self._positions = [], 0
        self._hand_out()

    def _hand_out(self) -> None:
        while self._pool is not None and self._waiting and self._pool.has_room():
            batch = self._waiting.popleft()
            self._in_hand.append(batch)
            self._pool.submit(batch)

    def _merge(self, result: BatchResult) -> None:
        if result.crashes or any(piece.crash is not None for pieces in result.encoded for piece in pieces):
            self._go_on_here()
            return
        batch = self._in_hand[0]
        del batch[: result.games]  # a batch that ended its process comes back in parts
        if not batch:
            self._in_hand.popleft()
        self._parts.delivery.batch(result)


def _skipped(item: BatchItem) -> SkippedGame:
    assert item.skipped is not None
    return item.skipped
