"""What is known of the player while a run goes on agrees with its reports at the end."""

from __future__ import annotations

from typing import Any

import pytest

import engine
from engine.run.progress import Snapshot
from tests.support import DATA


def test_the_figures_so_far_become_those_of_the_reports() -> None:
    shown: list[Snapshot] = []
    settings = engine.Settings(players=("Stockfish 1700",), evaluator="recorded", workers=1)
    aggregators = ["accuracy", "judgements"]
    result = engine.analyze(
        DATA / "match.jsonl.zst", settings=settings, aggregators=aggregators, progress=shown.append
    )
    last = shown[-1].standing
    assert last is not None
    assert (last.player, last.games) == ("Stockfish 1700", result.counts.analysed)
    [judged] = rows(result, "judgements")
    [accuracy] = rows(result, "accuracy")
    assert (last.mistakes, last.blunders) == (judged["mistakes"], judged["blunders"])
    assert last.accuracy == pytest.approx(accuracy["accuracy"], abs=0.01)


def rows(result: engine.RunResult, report: str) -> list[dict[str, Any]]:
    table = result.reports[report].tables[0]
    return [dict(zip([column.key for column in table.columns], row, strict=True)) for row in table.rows]


def test_nobody_is_followed_without_a_player() -> None:
    shown: list[Snapshot] = []
    engine.analyze("1. e4 {[%eval 0.3]} *", evaluator="recorded", progress=shown.append)
    assert shown[-1].standing is None
