"""Plugins that are broken, one in each way, and games beside which they are used."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import chess

from engine.model import AnalysedGame, Evaluation, EvaluatorInfo, Limit, Position, Report, Score, SourceGame
from engine.plugin import (
    Aggregator,
    Done,
    Evaluator,
    Executor,
    ExecutorContext,
    Outcome,
    RawGame,
    Reader,
    Unit,
    Unreadable,
    Writer,
)
from engine.workers.worker import Searcher, start_evaluator

TEN = "".join(f'[White "Good {n}"]\n\n1. {move} *\n\n' for n, move in enumerate(
    ["e4 e5", "d4 d5", "c4 c5", "f4 f5", "g3 g6", "b3 b6", "a3 a6", "h3 h6", "Nf3 Nf6", "Nc3 Nc6"]
))  # fmt: skip
"""Ten good games, in which h2h3 and h7h6 are played once."""


# -- readers ------------------------------------------------------------------------------------------------


class WrongReader(Reader):
    """Every line is a game that is wrong in the way that the line says."""

    suffixes = (".wrong",)

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        for number, line in enumerate(stream, 1):
            if line == b"split\n":
                yield None  # type: ignore[misc]
            yield RawGame(line, number)

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        fault = raw.data.decode().strip()
        games: dict[str, Any] = {
            "none": None,
            "illegal": SourceGame({}, chess.STARTING_FEN, moves=("e2e5",), sans=("e5",)),
            "no move": SourceGame({}, chess.STARTING_FEN, moves=("rubbish",), sans=("e4",)),
            "wrong san": SourceGame({}, chess.STARTING_FEN, moves=("e2e4",), sans=("d4",)),
            "few sans": SourceGame({}, chess.STARTING_FEN, moves=("e2e4", "e7e5"), sans=("e4",)),
            "fen": SourceGame({}, "no fen", moves=()),
            "types": SourceGame({"White": 5}, chess.STARTING_FEN),  # type: ignore[dict-item]
            "clocks": SourceGame({}, chess.STARTING_FEN, moves=("e2e4",), sans=("e4",), clocks=(1.0, 2.0)),
            "reason": Unreadable("damaged", None, "text"),  # type: ignore[arg-type]
        }
        if fault == "raise":
            raise RuntimeError("broken")
        return games[fault]  # type: ignore[no-any-return]


# -- evaluators ---------------------------------------------------------------------------------------------


class Sound(Evaluator):
    """Says that everything is equal; `answer` of a subclass says something else of the positions after h2h3."""

    def start(self) -> EvaluatorInfo:
        return EvaluatorInfo(type(self).__name__, "1", type(self).__name__)

    def clear(self) -> None:
        pass

    def search(self, position: Position, limit: Limit) -> Evaluation:
        board = position.board()
        best = board.uci(next(iter(board.legal_moves)))
        sound = Evaluation(Score(cp=0), (best,), 1, 1)
        return self.answer(sound) if board.piece_at(chess.H3) and board.turn == chess.BLACK else sound

    def answer(self, sound: Evaluation) -> Any:
        return sound

    def close(self) -> None:
        pass


class SaysNone(Sound):
    def answer(self, sound: Evaluation) -> Any:
        return None


class SaysIllegal(Sound):
    def answer(self, sound: Evaluation) -> Any:
        return Evaluation(Score(cp=0), (*sound.pv, "e1e8"), 1, 1)


class SaysRubbish(Sound):
    def answer(self, sound: Evaluation) -> Any:
        return Evaluation(Score(cp=0), (5,), 1, 1)  # type: ignore[arg-type]


class SaysNothing(Sound):
    def answer(self, sound: Evaluation) -> Any:
        return Evaluation(Score(), sound.pv, 1, 1)


class SaysText(Sound):
    def answer(self, sound: Evaluation) -> Any:
        return Evaluation(Score(cp="5"), sound.pv, 1, 1)  # type: ignore[arg-type]


class IsNobody(Sound):
    def start(self) -> EvaluatorInfo:
        return None  # type: ignore[return-value]


class HasNoFingerprint(Sound):
    def start(self) -> EvaluatorInfo:
        return EvaluatorInfo("Nobody", "1", "")


# -- executors ----------------------------------------------------------------------------------------------


class Plain(Executor):
    """Searches each unit when it is asked for it."""

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        evaluator = Sound(Sound.Options())
        start_evaluator(context.job, evaluator)
        self.units: list[Unit] = []
        self.searcher = Searcher(context.job, evaluator, None, 0)

    def wants(self) -> bool:
        return not self.units

    def submit(self, unit: Unit) -> None:
        self.units.append(unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        outcomes = [self.searcher.search(unit) for unit in self.units]
        self.units.clear()
        return self.spoil(outcomes)

    def spoil(self, outcomes: list[Done]) -> Any:
        return outcomes

    def close(self) -> None:
        pass


class Twice(Plain):
    def spoil(self, outcomes: list[Done]) -> Any:
        return [*outcomes, *outcomes]


class Unknown(Plain):
    def spoil(self, outcomes: list[Done]) -> Any:
        return [*outcomes, Done(99_999, (), counted=False)]


class Odd(Plain):
    def spoil(self, outcomes: list[Done]) -> Any:
        return [*outcomes, None]


class Once(Plain):
    """Returns None, and too few evaluations, and raises: each once."""

    faults: list[str] = []  # noqa: RUF012 - filled by the test

    def spoil(self, outcomes: list[Done]) -> Any:
        fault = self.faults.pop() if self.faults else ""
        if fault == "raise":
            raise RuntimeError("broken")
        if fault == "few":
            return [Done(outcome.unit, (), counted=False) for outcome in outcomes]
        return outcomes


class Raises(Plain):
    def spoil(self, outcomes: list[Done]) -> Any:
        raise RuntimeError("always broken")


class Chatty(Plain):
    """Has something to say while it works, and at its end."""

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        context.warn("hello")

    def close(self) -> None:
        super().close()
        self.context.warn("goodbye")


class Silent(Plain):
    """Never answers."""

    def collect(self, timeout: float) -> Sequence[Outcome]:
        time.sleep(timeout)
        return ()


class CannotBeMade(Plain):
    def __init__(self, context: ExecutorContext) -> None:
        raise RuntimeError("not today")


# -- writers and aggregators --------------------------------------------------------------------------------


class BadWriter(Writer):
    suffixes = (".bad",)

    def game(self, game: AnalysedGame) -> None:
        raise RuntimeError("broken")


class BadAggregator(Aggregator):
    def add(self, game: AnalysedGame) -> None:
        raise RuntimeError("broken")

    def report(self) -> Report:
        return Report("Bad")
