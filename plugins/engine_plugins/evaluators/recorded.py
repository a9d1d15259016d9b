"""Evaluations that are already in the input; nothing is searched.

The input may have `[%eval 0.17]` and `[%eval #-3,22]`, as Lichess, ChessBase and HIARCS write them, ChessBase's
`[%evp]`, comments of cutechess, fastchess, Arena, Banksia, XBoard and TCEC (`{+0.71/22 1.2s}`), or games that this
framework has analysed (JSON Lines). Recorded centipawns are not scaled, and recorded evaluations are not
reconciled. A position without an evaluation stays without one; `recorded,stockfish` searches it.
"""

from __future__ import annotations

from typing import ClassVar

from engine.errors import PositionRefused
from engine.model import Evaluation, EvaluatorInfo, Limit, Position
from engine.plugin import Evaluator


class Recorded(Evaluator):
    """The evaluations that are already in the input; nothing is searched."""

    reads_input: ClassVar[bool] = True

    def start(self) -> EvaluatorInfo:
        return EvaluatorInfo(name="recorded", version="", fingerprint="recorded", why="read from the input")

    def clear(self) -> None:
        """Do nothing: there is nothing to forget."""

    def search(self, position: Position, limit: Limit) -> Evaluation:
        raise PositionRefused("`recorded` searches nothing; `recorded,stockfish` searches what is missing")

    def close(self) -> None:
        """Do nothing: nothing was started."""
