"""The same for a program with an event loop, which nothing here blocks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from concurrent import futures
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from engine.api.analyzer import Analyzer
from engine.api.background import Background
from engine.api.run import check_games
from engine.api.stream import END, NOTHING, Event
from engine.api.wanted import AsyncSource, Wanted
from engine.input import inputs
from engine.model import AnalysedGame, Evaluation, EvaluatorInfo, Failure, Notice, RunResult
from engine.run.progress import Snapshot
from engine.settings import Settings
from engine.system.turns import waiting

T = TypeVar("T")


class AsyncRun:
    """What `AsyncAnalyzer.submit` returns: `Run` with `async for` and `await`.

    Whoever waits for it and is cancelled cancels it.

    >>> import asyncio, engine
    >>> async def main():
    ...     async with engine.AsyncAnalyzer(workers=1) as analyzer:
    ...         run = await analyzer.submit("1. e4 e5 *", nodes=1_000)
    ...         async for game in run:
    ...             print(game.origin.game, len(game.plies))
    ...         return await run.result()
    >>> asyncio.run(main()).counts.positions
    1 2
    3
    """

    def __init__(self, background: Background) -> None:
        """For `AsyncAnalyzer` only."""
        self._background = background

    async def __aiter__(self) -> AsyncIterator[AnalysedGame]:
        """The analysed games, then the run's error if it has one."""
        check_games(self._background)
        async for event in self.events():
            if isinstance(event, AnalysedGame):
                yield event

    async def events(self) -> AsyncIterator[Event]:
        """As `Run.events`."""
        stream = self._background.stream
        changed = asyncio.Event()
        leave = stream.listen(_from_thread(changed.set))
        stream.reading(1)
        try:
            while True:
                event = stream.take(wait=False)
                if event is END:
                    break
                if event is NOTHING:
                    await changed.wait()
                    changed.clear()
                    continue
                assert isinstance(event, AnalysedGame | Notice | Failure | Snapshot | RunResult)
                yield event
        except asyncio.CancelledError:
            self.cancel()
            raise
        finally:
            stream.reading(-1)
            leave()
        self._background.outcome()

    def snapshot(self) -> Snapshot:
        """As `Run.snapshot`."""
        return self._background.snapshot

    def cancel(self) -> None:
        """As `Run.cancel`; returns at once."""
        self._background.cancel()

    @property
    def done(self) -> bool:
        """As `Run.done`."""
        return self._background.done

    async def result(self, timeout: float | None = None) -> RunResult:  # noqa: ASYNC109 - as `Run.result`
        """As `Run.result`; its timeout does not cancel the run."""
        stream = self._background.stream
        stream.lift()
        ended = asyncio.Event()

        def look() -> None:
            if self._background.done:
                ended.set()

        leave = stream.listen(_from_thread(look))
        try:
            await asyncio.wait_for(ended.wait(), timeout)
        except TimeoutError:
            raise TimeoutError(f"the run has not ended within {timeout} seconds; cancel() ends it") from None
        except asyncio.CancelledError:
            self.cancel()
            raise
        finally:
            leave()
        return self._background.outcome()

    def __repr__(self) -> str:
        return f"<engine.AsyncRun: {self._background}>"

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return self._background.html()


class AsyncAnalyzer:
    """`Analyzer` for asyncio: the same names, to be awaited. Sources may be asynchronous iterables, too.

    All methods belong to the event loop that they are called in. Cancelling whoever waits for an analysis or an
    evaluation cancels it; what is being searched is finished in the background.

    >>> import asyncio, engine
    >>> async def main():
    ...     async with engine.AsyncAnalyzer(workers=1) as analyzer:
    ...         result = await analyzer.analyze("games.pgn", nodes=1_000)
    ...         found = await analyzer.evaluate("startpos", moves="f3 e5 g4", nodes=1_000)
    ...         return result.counts.analysed, found.best
    >>> asyncio.run(main())
    (2, 'd8h4')
    """

    def __init__(
        self, *, evaluator: str | None = None, workers: int | None = None, settings: Settings | None = None
    ) -> None:
        """As `Analyzer`."""
        self._analyzer = Analyzer(evaluator=evaluator, workers=workers, settings=settings)

    async def analyze(
        self,
        source: AsyncSource,
        /,
        *,
        progress: Callable[[Snapshot], None] | None = None,
        **wanted: Unpack[Wanted],
    ) -> RunResult:
        """As `Analyzer.analyze`. `progress` is called in the event loop."""
        run = await self.submit(source, games=False, **wanted)
        try:
            async for event in run.events():
                if progress is not None and isinstance(event, Snapshot):
                    progress(event)
            return await run.result()
        except BaseException:
            run.cancel()
            raise

    async def submit(
        self,
        source: AsyncSource,
        /,
        *,
        games: bool = True,
        progress: Callable[[Snapshot], None] | None = None,
        **wanted: Unpack[Wanted],
    ) -> AsyncRun:
        """As `Analyzer.submit`. `progress` is called in the event loop."""
        inputs = _inputs(source)
        shown = _from_thread_with(progress) if progress is not None else None
        background = await _in_thread(
            lambda: self._analyzer._submit(inputs, games=games, progress=shown, wanted=wanted),  # noqa: SLF001 - its other half
            Background.cancel,
        )
        return AsyncRun(background)

    async def evaluate(
        self,
        fen: str = "startpos",
        /,
        *,
        moves: Sequence[str] | str = (),
        nodes: int | None = None,
        depth: int | None = None,
        time: int | None = None,
        multipv: int = 1,
    ) -> Evaluation:
        """As `Analyzer.evaluate`."""
        future = await _in_thread(
            lambda: self._analyzer._evaluate(  # noqa: SLF001 - its other half
                fen, moves, nodes=nodes, depth=depth, time=time, multipv=multipv
            ),
            futures.Future.cancel,
        )
        return await asyncio.wrap_future(future)

    async def evaluator(self) -> EvaluatorInfo:
        """As `Analyzer.evaluator`, which may have to start it."""
        return await _in_thread(lambda: self._analyzer.evaluator)

    async def close(self) -> None:
        """As `Analyzer.close`."""
        await _in_thread(self._analyzer.close)

    async def __aenter__(self) -> Self:
        self._analyzer.__enter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(self.close())

    def __repr__(self) -> str:
        return repr(self._analyzer).replace("Analyzer", "AsyncAnalyzer", 1)


class _AsyncSupply:
    """An asynchronous iterable as a supply: its items are made by the event loop, one ahead of need."""

    def __init__(self, items: AsyncIterable[Any], loop: asyncio.AbstractEventLoop) -> None:
        self._items = items
        self._loop = loop
        self._iterator: AsyncIterator[Any] | None = None
        self._next: futures.Future[Any] | None = None

    def take(self, timeout: float) -> Any:
        if self._next is None:
            self._next = asyncio.run_coroutine_threadsafe(self._draw(), self._loop)
        try:
            with waiting():
                item = self._next.result(timeout)
        except futures.CancelledError:
            return inputs.INPUT_END
        except TimeoutError:
            if not self._next.done():
                return inputs.NOT_YET
            raise
        self._next = None
        return item

    def close(self) -> None:
        if self._next is not None:
            self._next.cancel()

    async def _draw(self) -> Any:
        if self._iterator is None:
            self._iterator = aiter(self._items)
        return await anext(self._iterator, inputs.INPUT_END)


def _inputs(source: AsyncSource) -> list[Any]:
    if isinstance(source, AsyncIterable):
        return [_AsyncSupply(source, asyncio.get_running_loop())]
    return inputs.pump_iterables(inputs.list_inputs(source))


def _from_thread(call: Callable[[], object]) -> Callable[[], None]:
    """`call` in this event loop, whoever asks for it; nothing when the loop is gone."""
    shown = _from_thread_with(lambda _: call())
    return lambda: shown(None)


def _from_thread_with(call: Callable[[T], object]) -> Callable[[T], None]:
    loop = asyncio.get_running_loop()

    def ask(value: T) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(call, value)

    return ask


async def _in_thread(work: Callable[[], T], give_up: Callable[[T], object] = lambda _: None) -> T:
    """What `work` returns, done in a thread of its own that ends with it.

    When this is cancelled, `give_up` gets what it returns all the same.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def deliver(result: T | None, error: BaseException | None) -> None:
        if future.cancelled():
            if error is None:
                give_up(result)  # type: ignore[arg-type]  # with no error there is a result
        elif error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # the same

    def run() -> None:
        result: T | None = None
        failed: BaseException | None = None
        try:
            result = work()
        except BaseException as error:
            failed = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(deliver, result, failed)

    threading.Thread(target=run, name="engine-call", daemon=True).start()
    return await future
