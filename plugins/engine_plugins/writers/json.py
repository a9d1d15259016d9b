"""JSON: one object with the results of the run. For the games, use JSON Lines.

```
{"schema": "engine.run/1",
 "run": {"games": 2, "positions": 161,
         "evaluator": {"name": "Stockfish", "version": "15.1", "fingerprint": "…"},
         "limit": {"nodes": 100000, "multipv": 2},
         "scoreboard": {"wins": 17, "best": [{"score": 31999, "game": 1, "ply": 32, "move": "d1d8"}, …]}},
 "reports": {NAME: {"title": …, "metrics": {KEY: {"value": …, "label": …, "kind": …}},
                    "tables": [{"key": …, "title": …, "columns": [{"key": …, "label": …, "kind": …}, …],
                                "rows": [{COLUMN: CELL, …}, …]}, …],
                    "notes": […]}},
 "failures": [{"file": …, "line": …, "game": …, "ply": …, "reason": …}, …]}
```

`multipv` is only present if it is above 1, and `"adaptive": true` if the full limit was only used where it
mattered. Where nothing is searched but what aggregators ask for, `run` has `follow_ups`: the `evaluator` of these
searches, and their `limits`. A `score` of the scoreboard is from the mover's point of view; a mate in n moves is
32000 - n. Floats have 3 decimals. `run` has `"interrupted": true` if the run was interrupted. Nothing depends on
the workers, the clock or the cache: the same run writes the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec
from msgspec import Struct, structs

from engine.model import Cell, Report, ReportTable, RunResult
from engine.plugin import Writer
from engine.text.json import encode

SCHEMA = "engine.run/1"


class JsonWriter(Writer):
    """The results of the run as one JSON object."""

    suffixes: ClassVar[tuple[str, ...]] = (".json",)

    def finish(self, result: RunResult) -> None:
        self.stream.write(msgspec.json.format(encode(_result(result)), indent=2) + b"\n")


def _result(result: RunResult) -> dict[str, Any]:
    evaluator = result.evaluator
    run: dict[str, Any] = {
        "games": result.counts.analysed,
        "positions": result.counts.positions,
        "evaluator": {
            "name": evaluator.name,
            "version": evaluator.version,
            "fingerprint": evaluator.fingerprint,
        },
        "limit": msgspec.to_builtins(result.limit),
        "scoreboard": {"wins": result.wins, "best": [msgspec.to_builtins(best) for best in result.best]},
    }
    if result.follow_up_evaluator is not None:
        run["follow_ups"] = {
            "evaluator": {
                name: getattr(result.follow_up_evaluator, name) for name in ("name", "version", "fingerprint")
            },
            "limits": [msgspec.to_builtins(limit) for limit in result.follow_up_limits],
        }
    if result.adaptive:
        run["adaptive"] = True
    if result.interrupted:
        run["interrupted"] = True
    return {
        "schema": SCHEMA,
        "run": run,
        "reports": {name: _report(report) for name, report in result.reports.items()},
        "failures": [msgspec.to_builtins(failure) for failure in result.failures],
    }


def _report(report: Report) -> dict[str, Any]:
    return {
        "title": report.title,
        "findings": [_plain(finding) for finding in report.findings],
        "metrics": {key: _plain(metric) for key, metric in report.metrics.items()},
        "charts": [_plain(chart) for chart in report.charts],
        "tables": [_table(table) for table in report.tables],
        "notes": list(report.notes),
    }


def _plain(value: object) -> Any:
    """Return a part of a report as JSON has it: floats with 3 decimals, nothing for an empty text or list."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items() if part not in ("", ())}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return _plain(structs.asdict(value)) if isinstance(value, Struct) else value


def _table(table: ReportTable) -> dict[str, Any]:
    return {
        "key": table.key,
        "title": table.title,
        "columns": [_plain(column) for column in table.columns],
        "rows": [{key: _cell(cell) for key, cell in row.items()} for row in table.records()],
    } | {
        key: value
        for key, value in (("references", _plain(table.references)), ("reading", table.reading))
        if value
    }


def _cell(cell: Cell) -> Cell:
    return round(cell, 3) if isinstance(cell, float) else cell
