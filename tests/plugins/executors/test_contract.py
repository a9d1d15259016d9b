"""What an executor may tell the run: how much it searches at the same time, and what people should know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import engine
from engine.model import Evaluation, EvaluatorInfo, Limit, Position, Score
from engine.plugin import Evaluator, ExecutorContext, Outcome, Unit
from engine_plugins.executors.inline import Inline


class Instant(Evaluator):
    """Knows no best move, and needs no time."""

    def start(self) -> EvaluatorInfo:
        return EvaluatorInfo("Instant", "1", "instant", "for tests")

    def clear(self) -> None:
        """Do nothing."""

    def search(self, position: Position, limit: Limit) -> Evaluation:
        return Evaluation(Score(cp=0), (), 1, 1)

    def close(self) -> None:
        """Do nothing."""


class Wide(Inline):
    """Takes every unit before it searches one."""

    most = 0
    searches_at_a_time: int | None = None

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        self._held: list[Unit] = []

    def capacity(self) -> int | None:
        return self.searches_at_a_time

    def wants(self) -> bool:
        return True

    def submit(self, unit: Unit) -> None:
        self._held.append(unit)
        type(self).most = max(type(self).most, len(self._held))

    def collect(self, timeout: float) -> Sequence[Outcome]:
        if not self._held:
            return ()
        super().submit(self._held.pop(0))
        self.context.warn("this is slow")
        return super().collect(timeout)


def read_ahead(tmp_path: Path, searches_at_a_time: int | None) -> int:
    """Return how many units the executor had at the same time."""
    (tmp_path / "many.pgn").write_text("".join(f'[Round "{n}"]\n\n1. e4 e5 2. Nf3 Nc6 *\n\n' for n in range(60)))
    executor = type("Counted", (Wide,), {"searches_at_a_time": searches_at_a_time, "most": 0})
    result = engine.analyze(
        tmp_path / "many.pgn",
        nodes=1,
        evaluator=Instant,
        workers=1,
        settings=engine.Settings(executor=executor, cache=""),
    )
    assert result.failures == ()
    assert {notice.reason for notice in result.notices} == {"this is slow"}
    return int(executor.most)  # type: ignore[attr-defined]


def test_games_are_read_ahead_for_what_an_executor_searches_at_a_time(tmp_path: Path) -> None:
    usual = read_ahead(tmp_path, None)
    assert read_ahead(tmp_path, 1) == usual
    assert read_ahead(tmp_path, 4) > usual
