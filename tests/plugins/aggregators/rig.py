"""Helpers that the tests of the aggregators share."""

from __future__ import annotations

from functools import cache
from itertools import islice
from typing import Any

import pytest

from engine.analysis.judge import analyse
from engine.contracts.options import parse_options
from engine.model import AnalysedGame, AnalysedPosition, Cell, Origin, Report, ReportTable, SourceGame
from engine.plugin import Aggregator
from engine_plugins.readers.pgn import PgnReader
from tests.support import shared_data

GAMES = 200
ROUNDS = 7
"""Shuffles and splits that check_aggregator tries here; `test_laws_in_many_orders` leaves it the usual 20."""


def report(cls: type[Aggregator], *games: AnalysedGame, **options: Any) -> Report:
    """Return the report of an aggregator on these games."""
    aggregator = cls(parse_options(cls.Options, options, cls.__name__))
    for game in games:
        aggregator.add(game)
    return aggregator.report()


def table(report: Report, key: str) -> ReportTable:
    matching = report.table(key)
    assert matching is not None, key
    return matching


def rows(report: Report, key: str) -> list[dict[str, Cell]]:
    """Return the rows of a table, each as a mapping from column key to cell."""
    return list(table(report, key).records())


def metrics(report: Report) -> dict[str, Any]:
    return {name: metric.value for name, metric in report.metrics.items()}


@cache
def lichess_games() -> tuple[AnalysedGame, ...]:
    """Return 200 real games of Lichess with its evaluations and clocks. Skips the test if they are missing."""
    path = shared_data("lichess-analysed/games_eval_clk.pgn")
    reader = PgnReader()
    games = []
    with path.open("rb") as stream:
        for number, raw in enumerate(islice(reader.split(stream), GAMES), start=1):
            source = reader.parse(raw)
            if not isinstance(source, SourceGame) or source.recording is None:
                pytest.fail(f"game {number} cannot be read")
            missing = AnalysedPosition(missing="input")
            positions = [position or missing for position in source.recording.positions]
            if source.sans and source.sans[-1].endswith("#"):
                positions[-1] = AnalysedPosition(terminal="checkmate")
            games.append(analyse(Origin(number, path.name, raw.line), source, positions))
    return tuple(games)
