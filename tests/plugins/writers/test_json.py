"""JSON: the schema, and that nothing else enters."""

from __future__ import annotations

import io
import json
from typing import Any

from msgspec import structs

from engine.model import (
    Best,
    Column,
    EvaluatorInfo,
    Failure,
    Limit,
    Metric,
    Notice,
    Report,
    ReportTable,
    RunCounts,
    RunResult,
)
from engine.plugin import RunInfo
from engine_plugins.writers.json import JsonWriter

RESULT = RunResult(
    reports={
        "accuracy": Report(
            title="Accuracy",
            metrics={"mean": Metric(93.12345, "mean accuracy", "percent"), "best": Metric("Nf3", "best", "move")},
            tables=(
                ReportTable(
                    "players",
                    "Players",
                    (Column("player", "Player", "player"), Column("accuracy", "Accuracy", "percent")),
                    (("Anna", 90.00049), ("Bert\x1b", None)),
                ),
            ),
            notes=("Only games with evaluations.",),
        )
    },
    wins=17,
    best=(Best(31999, 1, 32, "d1d8"),),
    evaluator=EvaluatorInfo("Stockfish", "15.1", "f00d", why="found in PATH"),
    limit=Limit(nodes=100_000),
    counts=RunCounts(read=5, analysed=2, positions=161, searched=100, cached=61, nodes=12, seconds=3.5),
    failures=(Failure("games.pgn", 12, 2, None, "quarantined"),),
    notices=(Notice("cut", "games.pgn", 1, 1, "illegal"),),
    outputs=(),
)


def render(result: RunResult) -> str:
    stream = io.BytesIO()
    JsonWriter(stream, RunInfo(result.evaluator, result.limit)).finish(result)
    return stream.getvalue().decode()


def load(result: RunResult) -> Any:
    return json.loads(render(result))


def test_the_whole_object() -> None:
    assert load(RESULT) == {
        "schema": "engine.run/1",
        "run": {
            "games": 2,
            "positions": 161,
            "evaluator": {"name": "Stockfish", "version": "15.1", "fingerprint": "f00d"},
            "limit": {"nodes": 100_000},
            "scoreboard": {"wins": 17, "best": [{"score": 31999, "game": 1, "ply": 32, "move": "d1d8"}]},
        },
        "reports": {
            "accuracy": {
                "title": "Accuracy",
                "findings": [],
                "metrics": {
                    "mean": {"value": 93.123, "label": "mean accuracy", "kind": "percent"},
                    "best": {"value": "Nf3", "label": "best", "kind": "move"},
                },
                "charts": [],
                "tables": [
                    {
                        "key": "players",
                        "title": "Players",
                        "columns": [
                            {"key": "player", "label": "Player", "kind": "player"},
                            {"key": "accuracy", "label": "Accuracy", "kind": "percent"},
                        ],
                        "rows": [{"player": "Anna", "accuracy": 90.0}, {"player": "Bert\x1b", "accuracy": None}],
                    }
                ],
                "notes": ["Only games with evaluations."],
            }
        },
        "failures": [{"file": "games.pgn", "line": 12, "game": 2, "ply": None, "reason": "quarantined"}],
    }


def test_it_is_indented_and_ends_with_a_newline() -> None:
    text = render(RESULT)
    assert text.startswith('{\n  "schema": "engine.run/1",\n  "run": {\n    "games": 2,')
    assert text.endswith("}\n")


def test_the_order_of_keys_is_the_documented_one() -> None:
    loaded = load(RESULT)
    assert list(loaded) == ["schema", "run", "reports", "failures"]
    assert list(loaded["run"]) == ["games", "positions", "evaluator", "limit", "scoreboard"]


def test_multipv_is_part_of_the_limit_when_it_is_above_one() -> None:
    assert load(structs.replace(RESULT, limit=Limit(depth=12, multipv=3)))["run"]["limit"] == {
        "depth": 12,
        "multipv": 3,
    }


def test_how_the_work_was_done_leaves_no_trace() -> None:
    other = structs.replace(
        RESULT,
        counts=RunCounts(read=5, analysed=2, positions=161, searched=0, cached=161, seconds=99.0),
        evaluator=structs.replace(RESULT.evaluator, why="named"),
        notices=(),
        outputs=("x.json",),
    )
    assert render(other) == render(RESULT)


def test_only_an_interrupted_run_says_so() -> None:
    assert load(structs.replace(RESULT, interrupted=True))["run"]["interrupted"] is True
