"""Analysed games in the forms of other tools: rows, PGN, DataFrames."""

from __future__ import annotations

import importlib
import importlib.util
import io
from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import ConfigError
from engine.loading.registry import OURS, Registry
from engine.model import AnalysedGame, EvaluatorInfo, Limit, RunResult
from engine.output.tables import GAMES, PLIES, TableSchema, by_column, game_row, ply_rows
from engine.plugin import RunInfo, Writer
from engine.settings.checked import did_you_mean

LIBRARIES = ("pandas", "polars")
"""Libraries with DataFrames, in the order of preference."""
_TYPES: Mapping[str, Mapping[str, str]] = {
    "pandas": {"text": "string", "int": "Int64", "float": "Float64", "bool": "boolean"},
    "polars": {"text": "String", "int": "Int64", "float": "Float64", "bool": "Boolean"},
}
"""Types of columns that may have nulls, by the library and by `engine.output.tables.ColumnType`."""


def rows(game: AnalysedGame) -> list[dict[str, Any]]:
    """Return a row for each move of a game: the columns of the table of moves by name."""
    names = [column.name for column in PLIES.columns]
    return [dict(zip(names, row, strict=True)) for row in ply_rows(game)]


def to_pgn(game: AnalysedGame) -> str:
    """Return a game as annotated PGN, without an annotator. Raises PluginError."""
    writer: type[Writer] = Registry().load("engine.writers", f"{OURS}:pgn")
    stream = io.BytesIO()
    writer(stream, RunInfo(EvaluatorInfo("", "", ""), Limit())).game(game)
    return stream.getvalue().decode()


def to_dataframe(result: RunResult, table: str, library: str | None) -> Any:
    """Return a table of a run as a DataFrame; `RunResult.to_dataframe` explains the arguments.

    Raises ConfigError.
    """
    name = _choose(library)
    if table == "moves":
        return _frame(name, PLIES, [row for game in result.games for row in ply_rows(game)])
    if table == "games":
        return _frame(name, GAMES, [game_row(game) for game in result.games])
    reports = result.reports.items()
    tables = {f"{report_name}:{each.key}": each for report_name, report in reports for each in report.tables}
    if table not in tables:
        names = ["moves", "games", *tables]
        near = did_you_mean(table, names) or f"; there are {', '.join(names)}"
        raise ConfigError(f"there is no table {table!r}{near}")
    chosen = tables[table]
    keys = [column.key for column in chosen.columns]
    columns = {key: [row[k] for row in chosen.rows] for k, key in enumerate(keys)}
    return importlib.import_module(name).DataFrame(columns)


def _frame(library: str, schema: TableSchema, table_rows: Sequence[Sequence[Any]]) -> Any:
    module = importlib.import_module(library)
    columns = by_column([tuple(row) for row in table_rows], schema)
    types = {column.name: _TYPES[library][column.type] for column in schema.columns}
    if library == "pandas":
        return module.DataFrame({name: module.array(columns[name], dtype=type_) for name, type_ in types.items()})
    return module.DataFrame(columns, schema={name: getattr(module, type_) for name, type_ in types.items()})


def _choose(library: str | None) -> str:
    if library is not None and library not in LIBRARIES:
        raise ConfigError(f"library: {library!r} is neither pandas nor polars")
    for name in LIBRARIES if library is None else [library]:
        if importlib.util.find_spec(name) is not None:
            return name
    missing = "neither pandas nor polars is" if library is None else f"{library} is not"
    raise ConfigError(f"{missing} installed: pip install {library or LIBRARIES[0]}")
