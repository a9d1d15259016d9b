"""Live analysis: a stream of searches with more and more nodes, by few at a time, of which nothing is left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import chess
import pytest

from engine import AsyncAnalyzer, Evaluation, Score
from engine.errors import AnalyzerClosed, EvaluatorCrashed
from engine.model import EvaluatorInfo
from engine.system.paths import data_dir
from engine.web import deepening, seats
from engine.web.deepening import NODES, step
from engine.web.seats import SEATS, WAITING, Seats
from tests.engine.api.rig import fake
from tests.engine.web.visitors import Visitor, board_app, body
from tests.support import PATIENCE

HOUR = 3_600.0


class Thinker:
    """Stands for an AsyncAnalyzer: a search takes until it is let, or raises what it is given."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.closed = asyncio.Event()
        self.error: Exception | None = None

    async def evaluator(self) -> EvaluatorInfo:
        return EvaluatorInfo("Thinker 1", "1", "")

    async def evaluate(self, board: chess.Board, *, nodes: int, multipv: int) -> Evaluation:
        if self.error is not None:
            raise self.error
        waits = {asyncio.create_task(event.wait()) for event in (self.let, self.closed)}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in waits:
            task.cancel()
        if self.closed.is_set():
            raise AnalyzerClosed("closed")
        return Evaluation(Score(cp=10), ("e2e4",), 5, nodes)

    async def close(self) -> None:
        self.closed.set()


@asynccontextmanager
async def thinking(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Any, Seats, list[Thinker]]]:
    """Yield the application with seats at thinkers, the seats, and the thinkers that were made."""
    monkeypatch.setattr(seats, "PATIENCE", 0.01)
    made: list[Any] = []

    def make() -> Any:
        made.append(Thinker())
        return made[-1]

    places = Seats(make)
    try:
        yield board_app(places), places, made
    finally:
        await places.close()


@asynccontextmanager
async def opened(program: str) -> AsyncIterator[tuple[Any, Seats]]:
    """Yield the application with seats at a program, and the seats."""
    made = Seats(lambda: AsyncAnalyzer(evaluator=program, workers=1))
    try:
        yield board_app(made), made
    finally:
        await made.close()


async def eventually(reached: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not reached():  # noqa: ASYNC110 - a seat has no event for becoming free
            await asyncio.sleep(0.01)


def test_each_search_is_told_as_it_comes_and_a_second_visitor_finds_it_warm(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(fake(tmp_path)) as (app, _):
            heard = await Visitor(app, body("e2e4", lines=3)).all()
            assert heard.status == 200
            assert heard.kinds == ["started", "started", *["step"] * len(NODES), "end"]
            steps = [data for kind, data in heard.events if kind == "step"]
            assert [data["nodes"] for data in steps] == list(NODES)
            board = chess.Board()
            board.push_uci("e2e4")
            for line in steps[-1]["lines"]:
                after = board.copy()
                assert line["moves"][0]["number"] == "1..."
                for move in line["moves"]:
                    assert after.push_san(move["san"]).uci() == move["uci"]
            assert len(steps[-1]["lines"]) == 3
            again = await Visitor(app, body("e2e4")).all()
            assert again.kinds[:2] == ["started", "step"]

    asyncio.run(main())


@pytest.mark.parametrize(("fen", "words", "win"), [("w", "+1.50", 63.5), ("b", "-1.50", 36.5)])
def test_scores_are_in_whites_view(fen: str, words: str, win: float) -> None:
    board = chess.Board(f"4k3/8/8/8/8/8/8/4K2R {fen} - - 0 1")
    found = step(board, Evaluation(Score(cp=150), (), 9, 100))
    assert (found["score"], found["win"]) == (words, win)
    assert found["words"] == f"{words} for White at depth 9, 100 nodes."
    assert found["lines"][0]["score"] == words


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (body(fen="8/8/8/8/8/8/8/8 w - - 0 1"), "White has no king"),
        (body("f2f3,e7e5,g2g4,d8h4"), "nothing to search: checkmate"),
        (body("e2e5"), "'e2e5' is not a legal move"),
        (body(lines=6), "1 to 5 lines"),
        (body(lines=0), "1 to 5 lines"),
        (b'{"lines": "many"}', "Expected `int`"),
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b" " * 20_000, "longer than"),
        (b"\xff", "malformed"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_what_cannot_be_searched_is_refused_in_words(asked: bytes, words: str) -> None:
    async def main() -> None:
        made = Seats()
        heard = await Visitor(board_app(made), asked).all()
        assert heard.status == 400
        assert words in json.loads(heard.body)["trouble"]
        assert made.busy == 0

    asyncio.run(main())


def test_who_leaves_takes_the_search_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "PATIENCE", 0.01)

    async def main() -> None:
        async with opened(fake(tmp_path, HOUR)) as (app, made):
            visitor = Visitor(app, body())
            await visitor.until(lambda heard: heard.kinds.count("started") == 2)
            assert made.busy == 1
            await visitor.leave()
            await eventually(lambda: made.busy == 0)
            assert not any(seat.busy or seat.warm for seat in made.all)

    asyncio.run(main())


def test_a_short_search_ends_by_itself_and_its_worker_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with thinking(monkeypatch) as (app, made, thinkers):
            monkeypatch.setattr(seats, "PATIENCE", PATIENCE)
            visitor = Visitor(app, body())
            await visitor.until(lambda heard: heard.kinds.count("started") == 2)
            await visitor.leave()
            assert made.busy == 1  # until the search has ended
            thinkers[0].let.set()
            await eventually(lambda: made.busy == 0)
            assert not thinkers[0].closed.is_set()
            assert (await Visitor(app, body()).all()).kinds[-1] == "end"
            assert len(thinkers) == 1

    asyncio.run(main())


def test_a_worker_that_nobody_uses_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seats, "IDLE", 0.0)

    async def main() -> None:
        async with thinking(monkeypatch) as (app, made, thinkers):
            visitor = Visitor(app, body())
            await visitor.until(lambda heard: heard.kinds.count("started") == 2)
            thinkers[0].let.set()
            await visitor.all()
            await eventually(thinkers[0].closed.is_set)
            assert (made.busy, [seat.warm for seat in made.all]) == (0, [False, False])

    asyncio.run(main())


def test_others_wait_and_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with thinking(monkeypatch) as (app, made, _):
            first = [Visitor(app, body()) for _ in range(SEATS)]
            for visitor in first:
                await visitor.until(lambda heard: heard.kinds.count("started") == 2)
            later: list[Visitor] = []
            while len(later) < WAITING:  # one after the other, so that it is known who comes first
                later.append(Visitor(app, body()))
                await later[-1].until(lambda heard: heard.kinds == ["waiting"])
            refused = await Visitor(app, body()).all()
            assert refused.kinds == ["waiting", "trouble"]
            assert "Too many people wait" in refused.events[-1][1]["words"]
            await later[1].leave()
            assert made.waiting == WAITING - 1
            await first[0].leave()
            await later[0].until(lambda heard: heard.kinds == ["waiting", "started", "started"])
            assert made.waiting == WAITING - 2
            await made.close()
            for visitor in (first[1], *later[2:]):
                heard = await visitor.all()
                assert heard.kinds[-1] == "trouble"
                assert heard.events[-1][1]["words"] in ("The server is ending.", "Closed.")

    asyncio.run(main())


def test_time_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deepening, "SECONDS", 0.05)

    async def main() -> None:
        async with thinking(monkeypatch) as (app, made, _):
            heard = await Visitor(app, body()).all()
            assert heard.events[-1] == (
                "end",
                {"words": "Ended after 0 seconds, which is the most that one analysis may take."},
            )
            await eventually(lambda: made.busy == 0)

    asyncio.run(main())


def test_a_long_search_sends_something_so_that_leaving_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deepening, "BEAT", 0.01)

    async def main() -> None:
        async with thinking(monkeypatch) as (app, _, _):
            visitor = Visitor(app, body())
            await visitor.until(lambda heard: heard.body.count(b": still searching\n\n") > 2)
            await visitor.leave()

    asyncio.run(main())


def test_an_evaluator_that_is_missing_is_said_with_the_way_out(tmp_path: Path) -> None:
    data_dir().mkdir(parents=True)
    (data_dir() / "stockfish-path.txt").write_text(str(tmp_path / "gone"))

    async def main() -> None:
        made = Seats()
        heard = await Visitor(board_app(made), body()).all()
        assert heard.kinds == ["started", "trouble"]
        assert "engine setup" in heard.events[-1][1]["words"]
        await eventually(lambda: made.busy == 0)
        await made.close()

    asyncio.run(main())


def test_an_evaluator_that_dies_is_started_anew_for_the_next_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with thinking(monkeypatch) as (app, _, thinkers):
            visitor = Visitor(app, body())
            await visitor.until(lambda heard: heard.kinds.count("started") == 2)
            thinkers[0].error = EvaluatorCrashed("out of ideas")
            thinkers[0].let.set()
            heard = await visitor.all()
            assert heard.kinds[-2:] == ["step", "trouble"]
            assert heard.events[-1][1]["words"] == "Out of ideas."
            again = Visitor(app, body())
            await again.until(lambda heard: heard.kinds.count("started") == 2)
            assert len(thinkers) == 2
            await again.leave()

    asyncio.run(main())


@pytest.mark.slow
def test_an_analyzer_that_was_given_stays_its_owners(tmp_path: Path) -> None:
    async def main() -> None:
        async with AsyncAnalyzer(evaluator=fake(tmp_path), workers=1) as analyzer:
            app = board_app(analyzer)
            heard = await Visitor(app, body()).all()
            assert heard.kinds[-1] == "end"
            await app.state.site.analyzer.close()
            assert (await analyzer.evaluate("startpos", nodes=10)).nodes == 10

    asyncio.run(main())
