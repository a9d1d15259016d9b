"""Render PGN with a writer, with evaluations made up from the moves."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import BinaryIO

import chess

from engine.analysis.judge import analyse
from engine.model import (
    AnalysedGame,
    AnalysedPosition,
    Evaluation,
    EvaluatorInfo,
    Limit,
    Origin,
    Score,
    SkippedGame,
    SourceGame,
)
from engine.plugin import RunInfo, Writer
from engine_plugins.readers.pgn import PgnReader

INFO = RunInfo(EvaluatorInfo("Stockfish", "15.1", "f00d"), Limit(nodes=100_000))


def render(writer: type[Writer], games: Iterable[AnalysedGame | SkippedGame], info: RunInfo = INFO) -> str:
    stream = io.BytesIO()
    created = writer(stream, info)
    for game in games:
        if isinstance(game, SkippedGame):
            created.skipped(game)
        else:
            created.game(game)
    return stream.getvalue().decode()


def read(stream: BinaryIO) -> Iterator[AnalysedGame | SkippedGame]:
    """Yield the games of a PGN file as a run would deliver them, except for the source of the evaluations."""
    reader = PgnReader()
    for number, raw in enumerate(reader.split(stream), 1):
        origin = Origin(number, "games.pgn", raw.line)
        source = reader.parse(raw)
        if isinstance(source, SourceGame):
            yield analyse(origin, source, list(_positions(source)))
        else:
            yield SkippedGame(origin, source.kind, source.reason, source.text)


def read_text(text: str) -> list[AnalysedGame | SkippedGame]:
    return list(read(io.BytesIO(text.encode())))


def _positions(game: SourceGame) -> Iterator[AnalysedPosition]:
    """Return wandering evaluations with random lines; the same moves always get the same evaluations."""
    chance = random.Random(" ".join([game.fen, *game.moves]))
    board = chess.Board(game.fen, chess960=game.variant == "chess960")
    white = 20
    for move in (*game.moves, None):
        if any(board.legal_moves):
            white += chance.choice((0, 0, 0, 5, -5, 12, -12, 70, -70, 240, -240))
            score = Score(cp=white) if abs(white) < 900 else Score(mate=3 if white > 0 else -3)
            view = score if board.turn == chess.WHITE else -score
            yield AnalysedPosition(Evaluation(view, _line(board, chance), 15, 100_031))
        else:
            yield AnalysedPosition(terminal="checkmate" if board.is_check() else "stalemate")
        if move is not None:
            board.push_uci(move)


def _line(board: chess.Board, chance: random.Random) -> tuple[str, ...]:
    board = board.copy(stack=False)
    line = []
    # Few moves are judged, and only their lines are written: most may be short, which saves most of the time.
    for _ in range(chance.choice((12, 1, 1, 1))):
        moves = list(islice(board.legal_moves, 4))
        if not moves:
            break
        move = chance.choice(moves)
        line.append(move.uci())
        board.push(move)
    return tuple(line)
