"""A program that uses the library, for mypy and pyright; it is checked and never run."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import assert_type

import chess
import chess.pgn

import engine
from engine.api import Event
from engine.model import (
    AnalysedGame,
    Evaluation,
    EvaluatorInfo,
    Explanation,
    Metric,
    Position,
    Report,
    RunResult,
    Score,
)
from engine.plugin import Aggregator, Evaluator, Sum
from engine.run.progress import Snapshot


class Checks(Aggregator):
    """How many checks?"""

    checks = Sum()

    def add(self, game: AnalysedGame) -> None:
        self.checks.add(sum("+" in ply.san for ply in game.plies))

    def report(self) -> Report:
        return Report("Checks", {"checks": Metric(self.checks.value, "Checks")})


class Nothing(Evaluator):
    """Says that everything is equal."""

    def start(self) -> EvaluatorInfo:
        return EvaluatorInfo("Nothing", "1", "nothing-1")

    def clear(self) -> None:
        pass

    def search(self, position: Position, limit: engine.Limit) -> Evaluation:
        return Evaluation(Score(cp=0), (), 0, 0)

    def close(self) -> None:
        pass


def games() -> Iterator[str | Path]:
    yield "1. e4 *"
    yield Path("games.pgn")


async def coming() -> AsyncIterator[bytes]:
    yield b"1. e4 *"


def show(snapshot: Snapshot) -> None:
    assert_type(snapshot.games, int)


def once() -> None:
    result = engine.analyze("games.pgn", nodes=1_000, aggregators=["wins", Checks, Checks()], progress=show)
    assert_type(result, RunResult)
    assert_type(result.reports["wins"], Report)
    engine.analyze(Path("games.pgn"), output=["o.pgn", Path("o.jsonl")])
    engine.analyze(b"1. e4 *")
    engine.analyze(io.StringIO("1. e4 *"))
    engine.analyze(io.BytesIO(b"1. e4 *"))
    engine.analyze(chess.pgn.Game())
    engine.analyze(chess.Board(), evaluator=Nothing, settings=engine.Settings(plugins=(Checks, "mine.py")))
    engine.analyze("a.pgn", evaluator=Nothing(Nothing.Options(hash=5)))
    engine.evaluate(chess.Board(), moves=[chess.Move.from_uci("e2e4"), "e5"])
    engine.Settings(players="Me")  # type: ignore[arg-type]
    engine.analyze(["a.pgn", "1. e4 *"], settings=engine.Settings(players=("Me",)))
    engine.analyze(games())
    engine.analyze(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    engine.analyze("games.pgn", node=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    evaluation = engine.evaluate("startpos", moves=["e4"], nodes=1_000)
    assert_type(evaluation, Evaluation)
    assert_type(evaluation.score, Score)
    assert_type(evaluation.best, str | None)
    for game in result.games:
        assert_type(engine.explain(game, 0), Explanation | None)


def warm() -> None:
    with engine.Analyzer(evaluator="stockfish", workers=2) as analyzer:
        assert_type(analyzer, engine.Analyzer)
        assert_type(analyzer.analyze(games(), depth=3, progress=engine.ProgressLine()), RunResult)
        assert_type(analyzer.evaluate("startpos"), Evaluation)
        assert_type(analyzer.evaluator, EvaluatorInfo)
        run = analyzer.submit("games.pgn", nodes=1_000, games=True)
        assert_type(run, engine.Run)
        for game in run:
            assert_type(game, AnalysedGame)
        for event in run.events():
            assert_type(event, Event)
        assert_type(run.snapshot(), Snapshot)
        assert_type(run.done, bool)
        assert_type(run.result(timeout=1.5), RunResult)
        analyzer.submit("games.pgn", node=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
        analyzer.submit("games.pgn", nodes="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        analyzer.submit(coming())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def with_a_loop() -> None:
    async with engine.AsyncAnalyzer() as analyzer:
        assert_type(await analyzer.analyze(coming(), nodes=1_000, progress=show), RunResult)
        assert_type(await analyzer.evaluate("startpos"), Evaluation)
        run = await analyzer.submit("games.pgn")
        assert_type(run, engine.AsyncRun)
        async for game in run:
            assert_type(game, AnalysedGame)
        async for event in run.events():
            assert_type(event, Event)
        assert_type(await run.result(), RunResult)


def errors() -> None:
    try:
        once()
    except engine.AnalysisError as error:
        assert_type(error.message, str)
        assert_type(error.exit_code, int)
    assert_type(engine.errors.ConfigError("wrong").message, str)
    assert_type(engine.__version__, str)
