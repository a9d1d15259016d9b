"""An evaluator that costs next to nothing: `--plugin tests/perf/instant.py -e instant`."""

from __future__ import annotations

import zlib

from engine.model import Evaluation, EvaluatorInfo, Limit, Position, Score
from engine.plugin import Evaluator


class Instant(Evaluator):
    """Answers at once: a score made up from the position, and its first legal move."""

    def start(self) -> EvaluatorInfo:
        return EvaluatorInfo("Instant", "1", "instant-1", "for measuring")

    def clear(self) -> None:
        """There is no hash."""

    def search(self, position: Position, limit: Limit) -> Evaluation:
        board = position.board()
        score = zlib.crc32(f"{position.fen} {position.moves}".encode()) % 1001 - 500
        return Evaluation(Score(cp=score), (next(iter(board.legal_moves)).uci(),), 1, limit.nodes or 1)

    def close(self) -> None:
        """Nothing was started."""
