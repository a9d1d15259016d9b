"""Every aggregator of ours keeps the laws, also with odd options and on hardly any games."""

from __future__ import annotations

from typing import Any

import pytest

from engine.plugin import Aggregator
from engine.testing import check_aggregator, example_games
from engine_plugins.aggregators.accuracy import Accuracy
from engine_plugins.aggregators.acpl import Acpl
from engine_plugins.aggregators.best_scores import BestScores
from engine_plugins.aggregators.epd_solved import EpdSolved
from engine_plugins.aggregators.judgements import Judgements
from engine_plugins.aggregators.wins import Wins

SMALL: list[tuple[type[Aggregator], dict[str, Any]]] = [
    (Accuracy, {"games": 2}),
    (Acpl, {"games": 0}),
    (BestScores, {"size": 1}),
    (EpdSolved, {"unsolved": 1}),
    (Judgements, {"worst": 2}),
    (Wins, {"games": 1, "winning_cp": 50}),
]


@pytest.mark.parametrize("cls", [cls for cls, _ in SMALL])
def test_laws(cls: type[Aggregator]) -> None:
    check_aggregator(cls, example_games())


@pytest.mark.parametrize(("cls", "options"), SMALL)
def test_laws_when_the_tables_overflow(cls: type[Aggregator], options: dict[str, Any]) -> None:
    check_aggregator(cls, example_games(), options, seed=1)


@pytest.mark.parametrize("cls", [cls for cls, _ in SMALL])
def test_nothing_is_said_to_be_no_data(cls: type[Aggregator]) -> None:
    report = cls().report()
    assert any(note.startswith("No data") for note in report.notes)
    assert all(table.rows == () for table in report.tables)
