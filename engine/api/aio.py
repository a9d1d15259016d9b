"""`Analyzer` and `Run` for a program with an event loop, which nothing here blocks."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from concurrent import futures
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

import chess

from engine.api.analyzer import ELSEWHERE_THAN_INIT, Analyzer, spelled_out_here
from engine.api.arguments import AsyncSource, Wanted, check_callback
from engine.api.background import Background
from engine.api.keywords import spelled_out
from engine.api.run import check_games
from engine.api.stream import NOTHING_YET, STREAM_END, Event
from engine.input import inputs
from engine.model import AnalysedGame, Evaluation, EvaluatorInfo, Failure, Notice, RunResult
from engine.run.progress import Snapshot
from engine.settings import EvaluatorChoice, Settings
from engine.system.turns import waiting

T = TypeVar("T")


class AsyncRun:
    """A run in a thread of its own, with `async for` and `await`; `AsyncAnalyzer.submit` returns it.

    Cancelling a task that waits for the run cancels the run.

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
        """Wrap a run; only `AsyncAnalyzer` does that."""
        self._background = background

    async def __aiter__(self) -> AsyncIterator[AnalysedGame]:
        """Yield the analysed games; then raise the run's error if it has one.

        Raises `ConfigError` for a run that was submitted with `games=False`.
        """
        check_games(self._background)
        async for event in self.events():
            if isinstance(event, AnalysedGame):
                yield event

    async def events(self) -> AsyncIterator[Event]:
        """Yield everything that happens, as `Run.events` does."""
        stream = self._background.stream
        changed = asyncio.Event()
        leave = stream.listen(_from_thread(changed.set))
        stream.add_reader()
        try:
            while True:
                event = stream.take(wait=False)
                if event is STREAM_END:
                    break
                if event is NOTHING_YET:
                    await changed.wait()
                    changed.clear()
                    continue
                assert isinstance(event, AnalysedGame | Notice | Failure | Snapshot | RunResult)
                yield event
        except asyncio.CancelledError:
            self.cancel()
            raise
        finally:
            stream.remove_reader()
            leave()
        self._background.outcome()

    def snapshot(self) -> Snapshot:
        """Return the run as it was at most 0.2 seconds ago."""
        return self._background.snapshot

    def cancel(self) -> None:
        """End the run in good order, as `Run.cancel` does. Return at once."""
        self._background.cancel()

    def pause(self) -> None:
        """Have nothing more searched until `resume`, as `Run.pause` does. Return at once."""
        self._background.pausing.pause()

    def resume(self) -> None:
        """Go on after `pause`. Return at once."""
        self._background.pausing.resume()

    @property
    def done(self) -> bool:
        """Whether the run has ended: with a result, interrupted, or with an error."""
        return self._background.done

    async def result(self, timeout: float | None = None) -> RunResult:  # noqa: ASYNC109 - as `Run.result`
        """Wait for the end of the run and return its result.

        * **timeout** - *(optional)* seconds to wait at most; for ever when left out. The run is not cancelled
          by it.

        Raises the error that ended the run, and `TimeoutError` when the run has not ended by then.
        """
        stream = self._background.stream
        stream.release_run()
        ended = asyncio.Event()

        def check_end() -> None:
            if self._background.done:
                ended.set()

        leave = stream.listen(_from_thread(check_end))
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
        """Return the run as a notebook shows it."""
        return self._background.html()


class AsyncAnalyzer:
    """`Analyzer` for asyncio: the same names, to be awaited. Sources may be asynchronous iterables, too.

    * **evaluator** - *(optional)* the name of an evaluator, the path of a UCI program, or a class or instance of
      `engine.plugin.Evaluator`; `stockfish`.
    * **workers** - *(optional)* how many positions are searched at once; as many as this process may use cores.
    * **settings** - *(optional)* the settings of every call that has none of its own, as in `Analyzer`.

    All methods belong to the event loop that they are called in. Cancelling a task that waits for an analysis or
    an evaluation cancels that; what is being searched is finished in the background.

    Raises `ConfigError`, `PluginLoadError`. Whether the evaluator works shows in the first call.

    >>> import asyncio, engine
    >>> async def main():
    ...     async with engine.AsyncAnalyzer(workers=1) as analyzer:
    ...         result = await analyzer.analyze("games.pgn", nodes=1_000)
    ...         evaluation = await analyzer.evaluate("startpos", moves="f3 e5 g4", nodes=1_000)
    ...         return result.counts.analysed, evaluation.best
    >>> asyncio.run(main())
    (2, 'd8h4')
    """

    @spelled_out(elsewhere=ELSEWHERE_THAN_INIT)
    def __init__(
        self,
        *,
        evaluator: EvaluatorChoice | None = None,
        workers: int | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Check the settings and load the plugins. Raises ConfigError, PluginLoadError."""
        self._analyzer = Analyzer(evaluator=evaluator, workers=workers, settings=settings)

    @spelled_out_here
    async def analyze(
        self,
        source: AsyncSource,
        /,
        *,
        games: bool | None = None,
        progress: Callable[[Snapshot], None] | None = None,
        **arguments: Unpack[Wanted],
    ) -> RunResult:
        """Analyse every game of `source` and return the reports.

        * **source** - as in `engine.analyze`, or an asynchronous iterable of such sources.
        * **games** - *(optional)* as in `engine.analyze`.
        * **progress** - *(optional)* called with snapshots, in the event loop.
        * **arguments** - *(optional)* as in `Analyzer.analyze`.

        Raises what `Analyzer.analyze` raises.
        """
        check_callback(progress)
        run = await self._submit(source, games=False, kept=games, progress=None, arguments=arguments)
        try:
            async for event in run.events():
                if progress is not None and isinstance(event, Snapshot):
                    progress(event)
            return await run.result()
        except BaseException:
            run.cancel()
            raise

    @spelled_out_here
    async def submit(
        self,
        source: AsyncSource,
        /,
        *,
        games: bool = True,
        progress: Callable[[Snapshot], None] | None = None,
        **arguments: Unpack[Wanted],
    ) -> AsyncRun:
        """Begin a run in the background and return its handle.

        * **source** - as in `engine.analyze`, or an asynchronous iterable of such sources.
        * **games** - *(optional)* whether analysed games are kept until they are iterated; True.
        * **progress** - *(optional)* called with snapshots, in the event loop.
        * **arguments** - *(optional)* as in `Analyzer.analyze`.

        What is wrong with the call is raised here; an error that ends the run is raised by `AsyncRun.result`.
        """
        check_callback(progress)
        return await self._submit(source, games=games, kept=False, progress=progress, arguments=arguments)

    async def _submit(
        self,
        source: AsyncSource,
        *,
        games: bool,
        kept: bool | None,
        progress: Callable[[Snapshot], None] | None,
        arguments: Wanted,
    ) -> AsyncRun:
        inputs = _inputs(source)
        on_progress = _from_thread_with(progress) if progress is not None else None
        background = await _in_thread(
            lambda: self._analyzer._submit(  # noqa: SLF001 - its other half
                inputs, games=games, kept=kept, progress=on_progress, arguments=arguments
            ),
            Background.cancel,
        )
        return AsyncRun(background)

    @spelled_out_here
    async def evaluate(  # noqa: PLR0913 - the arguments of engine.evaluate
        self,
        fen: str | chess.Board = "startpos",
        /,
        *,
        moves: Sequence[str | chess.Move] | str = (),
        nodes: int | None = None,
        depth: int | None = None,
        time: int | None = None,
        multipv: int = 1,
    ) -> Evaluation:
        """Search one position, before the units of runs, and return its evaluation.

        The arguments are those of `engine.evaluate`. Raises what that raises, and `AnalyzerClosed`.
        """
        future = await _in_thread(
            lambda: self._analyzer._evaluate(  # noqa: SLF001 - its other half
                fen, moves, nodes=nodes, depth=depth, time=time, multipv=multipv
            ),
            futures.Future.cancel,
        )
        return await asyncio.wrap_future(future)

    async def evaluator(self) -> EvaluatorInfo:
        """Return the evaluator's name and version; it is started once to ask.

        Raises `EvaluatorError`, `PluginError`, `AnalyzerClosed`.
        """
        return await _in_thread(lambda: self._analyzer.evaluator)

    async def close(self) -> None:
        """End the workers at once, cancel what is not finished, and leave nothing behind.

        A run that still needed workers ends with `AnalyzerClosed`. May be called more than once.
        """
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
    """An asynchronous iterable as a supply of games: the event loop makes its items, one at a time."""

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
    """Return a function that any thread may call to have `call` called in this event loop.

    It does nothing when the loop is closed.
    """
    schedule = _from_thread_with(lambda _: call())
    return lambda: schedule(None)


def _from_thread_with(call: Callable[[T], object]) -> Callable[[T], None]:
    """Return a function like that of `_from_thread`, for a `call` with an argument."""
    loop = asyncio.get_running_loop()

    def schedule(value: T) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(call, value)

    return schedule


async def _in_thread(work: Callable[[], T], give_up: Callable[[T], object] = lambda _: None) -> T:
    """Call `work` in a thread of its own and return its result, or raise its error.

    When the task that waits is cancelled, `give_up` is called with the result once there is one.
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
    try:
        return await future
    except asyncio.CancelledError:
        # A task may be cancelled after the result was delivered and before it goes on.
        if future.done() and not future.cancelled() and future.exception() is None:
            give_up(future.result())
        raise
