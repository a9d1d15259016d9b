"""Evaluators that hang inside the worker process, as `--plugin` files are loaded: by path."""

from __future__ import annotations

import os
import time
from pathlib import Path

from engine.model import Evaluation, EvaluatorInfo, Limit, Position, Score
from engine.plugin import Evaluator, EvaluatorOptions


class HangingOptions(EvaluatorOptions, frozen=True, kw_only=True):
    mark: str
    """A file that is made when it hangs, with the number of its process; then it does so no more."""
    where: str = "search"
    """`start`, `search` or `close`."""


class Hanging(Evaluator):
    """Answers at once, but for the one time that it hangs."""

    Options = HangingOptions

    def _hang(self, where: str) -> None:
        if self.options.where != where:
            return
        try:
            with open(self.options.mark, "x", encoding="ascii") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            return
        time.sleep(3600)

    def start(self) -> EvaluatorInfo:
        self._hang("start")
        return EvaluatorInfo("Hanging", "1", "hanging", "a test")

    def clear(self) -> None:
        pass

    def search(self, position: Position, limit: Limit) -> Evaluation:
        self._hang("search")
        if self.options.where == "close" and not Path(self.options.mark).exists():
            raise RuntimeError("the search went wrong")
        best = min(move.uci() for move in position.board().legal_moves)
        return Evaluation(Score(60), (best,), 1, 1)

    def close(self) -> None:
        self._hang("close")
