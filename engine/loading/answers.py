"""What evaluators return, checked before it is believed: they may be anybody's plugin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import chess
import msgspec

from engine.errors import AnalysisError, EvaluatorError, EvaluatorProtocolError
from engine.model import PV_PLIES, Evaluation, EvaluatorInfo, Position, Score
from engine.plugin import Evaluator
from engine.positions.variations import legal_evaluation

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Evaluation).decode


def start(evaluator: Evaluator, name: str) -> EvaluatorInfo:
    """Start an evaluator and return its identity. Raises EvaluatorError, also for an identity that is none.

    * **name** - the evaluator's, for messages.
    """
    try:
        info: Any = evaluator.start()
    except AnalysisError:
        raise
    except Exception as error:
        raise EvaluatorError(f"evaluator {name}: {type(error).__name__}: {error}") from error
    reason = _why_no_identity(info)
    if reason is not None:
        raise EvaluatorError(f"evaluator {name}: start() returned {reason}")
    assert isinstance(info, EvaluatorInfo)
    return info


def _why_no_identity(info: Any) -> str | None:
    if not isinstance(info, EvaluatorInfo):
        return f"{type(info).__name__} in place of an EvaluatorInfo"
    try:
        msgspec.convert(msgspec.to_builtins(info), EvaluatorInfo)
    except (msgspec.ValidationError, TypeError) as error:
        return f"an EvaluatorInfo that is malformed: {error}"
    if not info.fingerprint.strip():
        return "an empty fingerprint, by which the cache would take its results for those of others"
    if not (math.isfinite(info.scale) and info.scale > 0):
        return f"a scale of {info.scale}"
    return None


class AnswerCheck:
    """Checks the evaluations of one evaluator, in the order of its searches."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._trusted = evaluator.plays_moves
        self._board = chess.Board()
        self._at: tuple[str, bool] = ("", False)
        """The root of the board, and whether it is of Chess960."""

    def check(self, answer: Any, position: Position) -> Evaluation:
        """Return the evaluation, its variations as python-chess writes them and cut to `PV_PLIES`.

        Raises EvaluatorProtocolError for what is no evaluation, and for a variation that is not legal.
        """
        if not isinstance(answer, Evaluation):
            raise EvaluatorProtocolError(f"search() returned {type(answer).__name__} in place of an Evaluation")
        if self._trusted:
            return answer
        try:
            evaluation = _unpack(_pack(answer))
        except (msgspec.ValidationError, TypeError, OverflowError) as error:
            raise EvaluatorProtocolError(f"search() returned an Evaluation that is malformed: {error}") from None
        if evaluation.depth < 0 or evaluation.nodes < 0:
            raise EvaluatorProtocolError("search() returned a negative depth or number of nodes")
        for score in (evaluation.score, *(line.score for line in evaluation.lines)):
            if reason := _why_no_score(score):
                raise EvaluatorProtocolError(f"search() returned {reason}")
        board = self._board_of(position)
        try:
            return legal_evaluation(board, evaluation, PV_PLIES)
        except ValueError as error:
            raise EvaluatorProtocolError(f"search() returned a variation that is not legal: {error}") from None

    def _board_of(self, position: Position) -> chess.Board:
        """Return the board of a position; most differ from the one before by a move or two."""
        board, root = self._board, (position.fen, position.chess960)
        if root != self._at:
            board = self._board = chess.Board(position.fen, chess960=position.chess960)
            self._at = root
        common = _common(board, position.moves)
        while len(board.move_stack) > common:
            board.pop()
        for uci in position.moves[common:]:
            board.push(chess.Move.from_uci(uci))
        return board


def _common(board: chess.Board, moves: Sequence[str]) -> int:
    number = 0
    for move, uci in zip(board.move_stack, moves, strict=False):
        if move.uci() != uci:
            break
        number += 1
    return number


def _why_no_score(score: Score) -> str | None:
    if (score.cp is None) == (score.mate is None):
        return f"a score with {'neither' if score.cp is None else 'both'} of centipawns and mate"
    return "a mate in 0" if score.mate == 0 else None
