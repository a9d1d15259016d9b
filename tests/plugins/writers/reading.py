"""Reading the tables as people would, and writing a few by hand."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from engine.model import EvaluatorInfo, Limit, RunCounts, RunResult
from engine.output import tables
from engine.plugin import RunInfo

INFO = RunInfo(EvaluatorInfo("Stockfish", "15.1", "f00d"), Limit(nodes=100_000))
SCHEMAS = {schema.name: schema for schema in tables.SCHEMAS}
Rows = list[dict[str, Any]]


def from_csv(folder: Path, table: str) -> Rows:
    """Read by its documented rules alone."""
    read: dict[str, Callable[[str], Any]] = {
        "int": int,
        "float": float,
        "text": str,
        "bool": {"true": True, "false": False}.__getitem__,
    }
    types = {column.name: read[column.type] for column in SCHEMAS[table].columns}
    with open(folder / f"out.{table}.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    return [{key: types[key](cell) if cell else None for key, cell in row.items()} for row in rows]


def from_parquet(folder: Path, table: str) -> Rows:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows: Rows = parquet.read_table(folder / f"out.{table}.parquet").to_pylist()
    return rows


def from_sqlite(folder: Path, table: str) -> Rows:
    with closing(sqlite3.connect(f"file:{folder / 'out.sqlite'}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute(f"SELECT * FROM {table}")]
    truths = [column.name for column in SCHEMAS[table].columns if column.type == "bool"]
    return [{**row, **{name: bool(row[name]) for name in truths}} for row in rows]


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def writer(module: str, name: str) -> Any:
    return getattr(import_module(f"engine_plugins.writers.{module}"), name)


def result_of(*, interrupted: bool = False) -> RunResult:
    return RunResult({}, 5, (), INFO.evaluator, INFO.limit, RunCounts(), (), (), (), interrupted)
