"""The readers, writers, evaluators and executors that `engine plugins new` writes, each with its test."""

from __future__ import annotations

READER = '''"""{title}: a reader for `engine analyze`."""

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

import chess

from engine.model import SourceGame
from engine.plugin import RawGame, Reader, Unreadable

MAX_LINE = 100_000
"""Bytes of the longest line; a longer one is cut, so that memory stays bounded."""


class {cls}(Reader):
    """Games as lines of UCI moves: `e2e4 e7e5 g1f3`."""

    suffixes: ClassVar[tuple[str, ...]] = (".{kebab}",)

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        number = 0
        while line := stream.readline(MAX_LINE):
            number += 1
            if line.strip():
                yield RawGame(line, number)

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        text = raw.data.decode("utf-8", errors="replace").strip()
        board = chess.Board()
        moves: list[str] = []
        sans: list[str] = []
        problem = None
        for word in text.split():
            try:
                move = board.parse_uci(word)
            except ValueError:
                problem = f"{{word[:20]!r}} is not a legal move"
                break
            moves.append(board.uci(move))
            sans.append(board.san(move))
            board.push(move)
        if not moves:
            return Unreadable("damaged", problem or "no move", text)
        return SourceGame(
            headers={{"White": "?", "Black": "?", "Result": board.result()}},
            fen=chess.STARTING_FEN,
            moves=tuple(moves),
            sans=tuple(sans),
            text=text,
            problem=problem,
        )
'''

READER_TEST = """from engine.model import SourceGame
from engine.plugin import RawGame
from engine.testing import check_reader
from {module} import {cls}


def test_the_laws() -> None:
    assert check_reader({cls}, [b"e2e4 e7e5\\nd2d4\\n"]) >= 2


def test_a_game_is_kept_up_to_a_wrong_move() -> None:
    game = {cls}().parse(RawGame(b"f2f3 e7e5 nonsense", 1))
    assert isinstance(game, SourceGame)
    assert game.sans == ("f3", "e5")
    assert game.problem == "'nonsense' is not a legal move"
"""

WRITER = '''"""{title}: a writer for `engine analyze`."""

from typing import ClassVar

from engine.model import AnalysedGame, RunResult
from engine.plugin import Writer


class {cls}(Writer):
    """One line for each game: number, players, result and accuracy."""

    suffixes: ClassVar[tuple[str, ...]] = (".{kebab}",)

    def game(self, game: AnalysedGame) -> None:
        accuracies = " ".join(
            "-" if side.accuracy is None else f"{{side.accuracy:.1f}}" for side in (game.white, game.black)
        )
        players = f"{{game.player('white')}} - {{game.player('black')}}"
        self.stream.write(f"{{game.origin.game}}. {{players}} {{game.result}} {{accuracies}}\\n".encode())

    def finish(self, result: RunResult) -> None:
        self.stream.write(f"{{result.counts.analysed}} games, by {{result.evaluator.name}}\\n".encode())
'''

WRITER_TEST = """import io

from engine.model import EvaluatorInfo, Limit
from engine.plugin import RunInfo
from engine.testing import analysed_game, check_writer
from {module} import {cls}


def test_the_laws() -> None:
    assert check_writer({cls}) > 0


def test_a_line() -> None:
    stream = io.BytesIO()
    writer = {cls}(stream, RunInfo(EvaluatorInfo("Fake", "1", "00"), Limit(nodes=1)))
    writer.game(analysed_game("1. f3 e5", headers={{"White": "Ann", "Black": "Bob", "Result": "0-1"}}))
    assert stream.getvalue() == b"1. Ann - Bob 0-1 - -\\n"
"""

EVALUATOR = '''"""{title}: an evaluator for `engine analyze`."""

import chess

from engine.model import Evaluation, EvaluatorInfo, Limit, Line, Position, Score
from engine.plugin import Evaluator

VALUES = {{chess.PAWN: 100, chess.KNIGHT: 300, chess.BISHOP: 300, chess.ROOK: 500, chess.QUEEN: 900}}


class {cls}(Evaluator):
    """Counts pieces one move ahead."""

    def start(self) -> EvaluatorInfo:
        # The fingerprint stands for all that can change a result: change it with what is below.
        return EvaluatorInfo(name="{title}", version="1", fingerprint="{kebab}-1")

    def clear(self) -> None:
        """Do nothing: nothing is remembered."""

    def search(self, position: Position, limit: Limit) -> Evaluation:
        board = position.board()
        lines = []
        for move in board.legal_moves:
            uci = board.uci(move)
            board.push(move)
            score = Score(mate=1) if board.is_checkmate() else Score(cp=-balance(board))
            board.pop()
            lines.append(Line(score, (uci,), depth=1))
        lines.sort(key=lambda line: (line.score.mate is None, -(line.score.cp or 0), line.pv))
        shown = tuple(lines[: limit.multipv]) if limit.multipv > 1 else ()
        return Evaluation(lines[0].score, lines[0].pv, depth=1, nodes=len(lines), lines=shown)

    def close(self) -> None:
        """Do nothing: nothing was opened."""


def balance(board: chess.Board) -> int:
    """Return the material of the side to move minus that of the opponent, in centipawns."""
    return sum(
        value * (len(board.pieces(piece, board.turn)) - len(board.pieces(piece, not board.turn)))
        for piece, value in VALUES.items()
    )
'''

EVALUATOR_TEST = """from engine.model import Limit, Position, Score
from engine.testing import check_evaluator
from {module} import {cls}


def test_the_laws() -> None:
    assert check_evaluator({cls}) > 0


def test_a_mate_in_one_is_seen() -> None:
    evaluator = {cls}({cls}.Options())
    found = evaluator.search(Position("6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - 0 1"), Limit(nodes=1))
    assert (found.best, found.score) == ("a1a8", Score(mate=1))
"""

EXECUTOR = '''"""{title}: an executor for `engine analyze`."""

from collections import deque
from collections.abc import Iterable, Sequence

from engine.loading.evaluators import make
from engine.plugin import Executor, ExecutorContext, Lost, Outcome, Unit, WorkerState
from engine.workers.scoreboard import Ledger
from engine.workers.worker import Searcher, SearchFailed, start_evaluator

MOST = 2
"""Units that wait here at a time."""


class {cls}(Executor):
    """Searches in this process, a unit at a time."""

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        self._units: deque[Unit] = deque()
        self._searcher: Searcher | None = None
        self._ledger = Ledger(context.scoreboard, context.job.winning_cp)

    def wants(self) -> bool:
        return len(self._units) < MOST

    def submit(self, unit: Unit) -> None:
        self._units.append(unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        if not self._units:
            return ()
        unit = self._units.popleft()
        try:
            done = self._started().search(unit)
        except SearchFailed as failed:
            # The scoreboard forgets what the unit had entered, and a fresh evaluator takes the next one.
            self._ledger.bury(1)
            self.close()
            return (Lost(unit.id, failed.index, failed.blame, failed.reason),)
        self._ledger.accept(1, unit, done.evaluations)
        return (done,)

    def states(self) -> Iterable[WorkerState]:
        yield WorkerState("{kebab}", "searching" if self._units else "idle")

    def close(self) -> None:
        if self._searcher is not None:
            self._searcher.evaluator.close()
            self._searcher = None

    def _started(self) -> Searcher:
        if self._searcher is None:
            evaluator = make(self.context.job.evaluator)
            try:
                start_evaluator(self.context.job, evaluator)
            except BaseException:
                evaluator.close()
                raise
            self._searcher = Searcher(self.context.job, evaluator, self.context.scoreboard, slot=1)
        return self._searcher
'''

EXECUTOR_TEST = """from engine.testing import check_executor
from {module} import {cls}


def test_the_laws() -> None:
    assert check_executor({cls}) > 0
"""
