"""An evaluator that sleeps `PERF_SLEEP` seconds for each search and so stands for any number of cores.

With `PERF_SLEEP_NODE` it sleeps so many seconds more for each node.
"""

from __future__ import annotations

import os
import time
import zlib

from engine.model import Evaluation, EvaluatorInfo, Limit, Position, Score
from engine.plugin import Evaluator


class Sleeping(Evaluator):
    """Sleeps, then returns a made-up score and the first legal move."""

    def start(self) -> EvaluatorInfo:
        self._seconds = float(os.environ.get("PERF_SLEEP", "0.1"))
        self._node_seconds = float(os.environ.get("PERF_SLEEP_NODE", "0"))
        return EvaluatorInfo("Sleeping", "1", "sleeping-1", "for measuring")

    def clear(self) -> None:
        """Do nothing: there is no hash table."""

    def search(self, position: Position, limit: Limit) -> Evaluation:
        # What it does itself is part of the time, so that one core may stand for many.
        end = time.monotonic() + self._seconds + self._node_seconds * (limit.nodes or 0)
        board = position.board()
        score = zlib.crc32(board.fen().encode()) % 1001 - 500
        evaluation = Evaluation(Score(cp=score), (next(iter(board.legal_moves)).uci(),), 1, limit.nodes or 1)
        time.sleep(max(0.0, end - time.monotonic()))
        return evaluation

    def close(self) -> None:
        """Do nothing: no program was started."""
