"""AsyncAnalyzer and AsyncRun, in event loops of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

import engine
from engine.api.background import Background
from engine.errors import AnalyzerClosed, ConfigError, InputError
from tests.engine.api.rig import CLASSICS, MINI, NO_CACHE, fake, workers
from tests.support import FEW, PATIENCE


@pytest.mark.slow
def test_the_same_as_without_async(tmp_path: Path) -> None:
    program = fake(tmp_path)

    async def main() -> None:
        async with engine.AsyncAnalyzer(evaluator=program, workers=2, settings=NO_CACHE) as analyzer:
            shown: list[engine.Snapshot] = []
            result = await analyzer.analyze(FEW, nodes=50, progress=shown.append)
            assert result.reports == alone.reports
            assert shown[-1].positions == 105
            evaluation = await analyzer.evaluate("startpos", moves="e4", nodes=50)
            assert evaluation == engine.evaluate("startpos", moves="e4", nodes=50, evaluator=program)
            assert (await analyzer.evaluator()).name == result.evaluator.name
            run = await analyzer.submit(FEW, nodes=50)
            assert [game.origin.game async for game in run] == [1, 2, 3]
            assert (await run.result()).reports == alone.reports
            assert run.done
            assert run.snapshot().games == 3
            kinds = [type(event).__name__ async for event in (await analyzer.submit(MINI, nodes=10)).events()]
            assert kinds[-1] == "RunResult"

    alone = engine.analyze(FEW, nodes=50, evaluator=program, settings=NO_CACHE)
    asyncio.run(main())
    assert workers() == set()


def test_games_of_an_asynchronous_iterable_come_as_they_finish(tmp_path: Path) -> None:
    async def main() -> None:
        gate: asyncio.Queue[str | None] = asyncio.Queue()

        async def games() -> AsyncIterator[str]:
            while (game := await gate.get()) is not None:
                yield game

        async with engine.AsyncAnalyzer(evaluator=fake(tmp_path), workers=1) as analyzer:
            run = await analyzer.submit(games(), nodes=10)
            finished = aiter(run)
            for number in (1, 2):
                gate.put_nowait(MINI)
                assert (await asyncio.wait_for(anext(finished), PATIENCE)).origin.game == number
            gate.put_nowait(None)
            assert await anext(finished, None) is None
            assert (await run.result()).counts.analysed == 2

    asyncio.run(main())


def test_an_asynchronous_iterable_needs_it(tmp_path: Path) -> None:
    async def games() -> AsyncIterator[str]:
        yield MINI

    with pytest.raises(ConfigError, match="AsyncAnalyzer"):
        engine.analyze(games(), evaluator=fake(tmp_path))  # type: ignore[arg-type]


def test_an_asynchronous_iterable_that_raises_ends_the_run(tmp_path: Path) -> None:
    async def games() -> AsyncIterator[str]:
        yield MINI
        raise TimeoutError("the other side is silent")

    async def main() -> None:
        async with engine.AsyncAnalyzer(evaluator=fake(tmp_path), workers=1) as analyzer:
            with pytest.raises(InputError, match="the other side is silent"):
                await analyzer.analyze(games(), nodes=10)

    asyncio.run(main())


@pytest.mark.parametrize("how", ["analyze", "iterate", "result"])
def test_cancellation_cancels(tmp_path: Path, how: str) -> None:
    """Whoever waits is cancelled, and the run ends in good order; a source that never ends does not hold it."""

    async def main() -> None:
        begun = asyncio.Event()

        async def games() -> AsyncIterator[str]:
            yield MINI
            begun.set()
            await asyncio.Event().wait()

        async with engine.AsyncAnalyzer(evaluator=fake(tmp_path), workers=1) as analyzer:
            run = await analyzer.submit(games(), nodes=10) if how != "analyze" else None

            async def wait() -> None:
                if run is None:
                    await analyzer.analyze(games(), nodes=10)
                elif how == "iterate":
                    async for _ in run:
                        pass
                else:
                    await run.result()

            task = asyncio.create_task(wait())
            await asyncio.wait_for(begun.wait(), PATIENCE)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            if run is not None:
                assert (await asyncio.wait_for(run.result(), PATIENCE)).interrupted
            assert (await analyzer.evaluate(nodes=10)).nodes == 10

    asyncio.run(main())


def test_a_call_that_is_cancelled_when_its_run_has_just_begun_leaves_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task is cancelled in the moment between the end of the call's thread and the task's own next step."""
    cancelled: list[bool] = []
    cancel = Background.cancel

    def noted(self: Background) -> None:
        cancelled.append(True)  # not the run itself, which would be kept
        cancel(self)

    monkeypatch.setattr(Background, "cancel", noted)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        schedule = loop.call_soon_threadsafe

        def deliver_and_cancel(callback: Callable[..., None], *results: object) -> None:
            schedule(lambda: (callback(*results), task.cancel()))

        async with engine.AsyncAnalyzer(evaluator=fake(tmp_path), workers=1, settings=NO_CACHE) as analyzer:
            task = asyncio.create_task(analyzer.submit(MINI, nodes=10))
            with monkeypatch.context() as patch:
                patch.setattr(loop, "call_soon_threadsafe", deliver_and_cancel)
                with pytest.raises(asyncio.CancelledError):
                    await task
            assert len(cancelled) == 1

    asyncio.run(main())


def test_a_timeout_of_result_ends_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with engine.AsyncAnalyzer(evaluator=fake(tmp_path, 0.02), workers=1, settings=NO_CACHE) as analyzer:
            run = await analyzer.submit(MINI, nodes=10)
            with pytest.raises(TimeoutError, match="cancel"):
                await run.result(0.001)
            assert (await run.result()).ok

    asyncio.run(main())


def test_closing_ends_what_is_not_finished(tmp_path: Path) -> None:
    async def main() -> None:
        async with engine.AsyncAnalyzer(evaluator=fake(tmp_path, 5.0), workers=1, settings=NO_CACHE) as analyzer:
            run = await analyzer.submit(CLASSICS, nodes=10)
            events = run.events()
            await anext(events)
            await events.aclose()  # type: ignore[attr-defined]
        with pytest.raises(AnalyzerClosed):
            await run.result()
        with pytest.raises(AnalyzerClosed):
            await analyzer.submit(MINI)

    asyncio.run(main())
    assert workers() == set()


@pytest.mark.slow
def test_many_at_once(tmp_path: Path) -> None:
    """How long that holds up the event loop is measured by `tests.perf.embedding`."""

    async def main() -> None:
        async with engine.AsyncAnalyzer(evaluator=fake(tmp_path), workers=2, settings=NO_CACHE) as analyzer:
            results = await asyncio.gather(*(analyzer.analyze(MINI, nodes=10 + k) for k in range(20)))
            evaluations = await asyncio.gather(*(analyzer.evaluate(nodes=10 + k) for k in range(20)))
        assert [result.counts.positions for result in results] == [4] * 20
        assert [evaluation.nodes for evaluation in evaluations] == list(range(10, 30))

    asyncio.run(main())


def test_the_loop_s_own_threads_are_not_used(tmp_path: Path) -> None:
    async def main() -> None:
        async with engine.AsyncAnalyzer(evaluator=fake(tmp_path), workers=1) as analyzer:
            await analyzer.analyze(MINI, nodes=10)
            assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncio")]

    asyncio.run(main())
