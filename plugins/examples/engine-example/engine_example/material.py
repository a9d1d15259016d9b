"""An evaluator without a search."""

from __future__ import annotations

import chess

from engine.model import Evaluation, EvaluatorInfo, Limit, Line, Position, Score
from engine.plugin import Evaluator

VALUES = {chess.PAWN: 100, chess.KNIGHT: 300, chess.BISHOP: 300, chess.ROOK: 500, chess.QUEEN: 900, chess.KING: 0}


class Material(Evaluator):
    """Counts pieces one move ahead: pawn 100, knight and bishop 300, rook 500, queen 900. Sees mate in one.

    The limit only sets the number of lines. The evaluation of a position is always the same, as the framework
    requires.
    """

    def start(self) -> EvaluatorInfo:
        return EvaluatorInfo(name="Material", version="1", fingerprint="material-1")

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
        best = lines[0]
        shown = tuple(lines[: limit.multipv]) if limit.multipv > 1 else ()
        return Evaluation(best.score, best.pv, depth=1, nodes=len(lines), lines=shown)

    def close(self) -> None:
        """Do nothing: nothing was opened."""


def balance(board: chess.Board) -> int:
    """Return the material of the side to move minus that of the opponent, in centipawns."""
    return sum(
        value * (len(board.pieces(piece, board.turn)) - len(board.pieces(piece, not board.turn)))
        for piece, value in VALUES.items()
    )
