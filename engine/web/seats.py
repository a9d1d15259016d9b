"""Seats at the evaluator: how many visitors may have a position searched at once, each with a worker of its own.

A visitor who leaves in the middle of a search frees the seat within a second: the search has ended by then, or its
worker is ended. Otherwise workers stay warm for the next visitor, for five minutes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import chess

from engine.api.aio import AsyncAnalyzer
from engine.errors import AnalyzerClosed
from engine.model import Evaluation

SEATS = 2
"""Visitors who are served at once."""
WAITING = 8
"""Visitors who may wait for a seat; more are told to come again."""
IDLE = 300.0
"""Seconds after which a worker is ended that nobody has used."""
PATIENCE = 1.0
"""Seconds that a search may still take after its visitor has left."""


class Full(Exception):
    """An analysis that cannot wait: all places of the queue are taken."""


class Seat:
    """One worker, made when it is first needed."""

    def __init__(self, make: Callable[[], AsyncAnalyzer], lent: AsyncAnalyzer | None = None) -> None:
        self.make = make
        self._lent = lent
        self._analyzer = lent
        self._search: asyncio.Task[Evaluation] | None = None

    @property
    def warm(self) -> bool:
        """Whether there is a worker from an earlier visitor."""
        return self._analyzer is not None

    @property
    def busy(self) -> bool:
        """Whether a search is going on."""
        return self._search is not None and not self._search.done()

    async def name(self) -> str:
        """Start the evaluator and return its name and version. Raises ConfigError, EvaluatorError, PluginError."""
        info = await self._open().evaluator()
        return info.name if info.version in info.name else f"{info.name} {info.version}"

    async def search(self, board: chess.Board, nodes: int, lines: int) -> Evaluation:
        """Return the evaluation of a position.

        * **board** - the position, with the moves before it on its stack.
        * **nodes** - nodes to search.
        * **lines** - how many best moves get a line.

        Raises PositionRefused, EvaluatorError, AnalyzerClosed. When this is cancelled, `leave` ends the search.
        """
        self._search = asyncio.create_task(self._open().evaluate(board, nodes=nodes, multipv=lines))
        return await asyncio.shield(self._search)

    async def leave(self) -> None:
        """See to it that nothing is searched any more. Somebody else's worker finishes its search first."""
        search, self._search = self._search, None
        if search is None:
            return
        await asyncio.wait({search}, timeout=None if self._lent else PATIENCE)
        if not search.done():
            await self.close()
        await asyncio.wait({search})
        if not search.cancelled():
            search.exception()  # so that nobody misses it

    async def close(self) -> None:
        """End the worker, unless it is somebody else's."""
        analyzer, self._analyzer = self._analyzer, self._lent
        if analyzer is not self._lent and analyzer is not None:
            await analyzer.close()

    def _open(self) -> AsyncAnalyzer:
        if self._analyzer is None:
            self._analyzer = self.make()
        return self._analyzer


class Seats:
    """A number of seats, and those who wait for one, first come first served. It belongs to one event loop."""

    def __init__(
        self, make: Callable[[], AsyncAnalyzer] | None = None, *, lent: AsyncAnalyzer | None = None
    ) -> None:
        """Make seats without starting anything.

        * **make** - *(optional)* makes the Analyzer of one seat; one worker with the usual evaluator.
        * **lent** - *(optional)* an Analyzer for all seats, which its owner closes.
        """
        self._free = [Seat(make or _usual, lent) for _ in range(SEATS)]
        self.all = tuple(self._free)
        """The seats, free or not."""
        self._waiting: deque[asyncio.Future[Seat]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        """What goes on beside the visitors: searches that end, workers that are ended."""
        self._resting: dict[Seat, asyncio.TimerHandle] = {}
        self._closed = False

    @property
    def busy(self) -> int:
        """How many seats are taken, those included whose visitor has left and whose search has not ended yet."""
        return len(self.all) - len(self._free)

    @property
    def full(self) -> bool:
        """Whether the next visitor has to wait."""
        return not self._free

    @property
    def waiting(self) -> int:
        """How many wait for a seat."""
        return len(self._waiting)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[Seat]:
        """Wait for a seat and keep it. Raises Full, AnalyzerClosed."""
        seat = await self._take()
        try:
            yield seat
        finally:
            self._begin(self._give_back(seat))

    async def close(self) -> None:
        """End all workers at once, and send away who waits."""
        self._closed = True
        while self._waiting:
            self._waiting.popleft().set_exception(_closed())
        for seat in self.all:
            await seat.close()
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        for timer in self._resting.values():
            timer.cancel()
        self._resting.clear()

    async def _take(self) -> Seat:
        if self._closed:
            raise _closed()
        if self._free:
            warm = next((seat for seat in self._free if seat.warm), self._free[0])
            self._free.remove(warm)
            if (timer := self._resting.pop(warm, None)) is not None:
                timer.cancel()
            return warm
        if len(self._waiting) >= WAITING:
            raise Full
        place: asyncio.Future[Seat] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            return await place
        except BaseException:
            if place in self._waiting:
                self._waiting.remove(place)
            elif place.done() and not place.cancelled() and place.exception() is None:
                self._pass_on(place.result())
            raise

    async def _give_back(self, seat: Seat) -> None:
        try:
            await seat.leave()
        finally:
            self._pass_on(seat)

    def _pass_on(self, seat: Seat) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(seat)
                return
        self._free.append(seat)
        loop = asyncio.get_running_loop()
        self._resting[seat] = loop.call_later(IDLE, lambda: self._begin(seat.close()))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _usual() -> AsyncAnalyzer:
    return AsyncAnalyzer(workers=1)


def _closed() -> AnalyzerClosed:
    return AnalyzerClosed("the server is ending")
