"""An evaluator that costs next to nothing: `--plugin tests/perf/instant.py -e instant`.

If `PERF_ANSWERS` names a file of prepared answers (`answers.py`), it only looks them up, so that the framework
alone is measured. A position that is not in the file is an error.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import msgspec

from engine.model import Evaluation, EvaluatorInfo, Limit, Position, Score
from engine.plugin import Evaluator


class Instant(Evaluator):
    """Answers at once: a score made up from the position, and a legal line (a prepared one, or one move)."""

    plays_moves = True

    def start(self) -> EvaluatorInfo:
        prepared = os.environ.get("PERF_ANSWERS")
        self._lines = msgspec.json.decode(Path(prepared).read_bytes(), type=dict[str, str]) if prepared else None
        return EvaluatorInfo("Instant", "1", "instant-1", "for measuring")

    def clear(self) -> None:
        """Do nothing: there is no hash table."""

    def search(self, position: Position, limit: Limit) -> Evaluation:
        key = " ".join((position.fen, *position.moves))
        score = Score(cp=zlib.crc32(key.encode()) % 1001 - 500)
        known = self._lines[key].split() if self._lines is not None else None
        pv = known or [next(iter(position.board().legal_moves)).uci()]
        return Evaluation(score, tuple(pv), 1, limit.nodes or 1)

    def close(self) -> None:
        """Do nothing: no program was started."""
