"""What an executor may tell the run: how much it searches at the same time, and what people should know."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import engine
from engine.plugin import ExecutorContext, Outcome, Unit
from engine.testing.fake_uci import fake_uci
from engine_plugins.executors.inline import Inline
from tests.support import DATA


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
    executor = type("Counted", (Wide,), {"searches_at_a_time": searches_at_a_time, "most": 0})
    result = engine.analyze(
        DATA / "classics.pgn",
        nodes=1,
        evaluator=str(fake_uci(tmp_path)),
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
