"""The tables of moves, games and reports in Arrow's types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.errors import ConfigError
from engine.output import tables
from engine.plugin import RunInfo

GROUP_ROWS = 65_536
"""Rows after which a row group ends, with the batch or game that reaches this number."""


def check_pyarrow() -> None:
    """Raise ConfigError, with what to do, where pyarrow is missing."""
    try:
        from pyarrow import parquet  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"Parquet needs pyarrow ({error}); install it: pip install 'grandmaster-analysis[parquet]'"
        ) from error


def record_batch(rows: Sequence[tables.Row], table: tables.TableSchema) -> Any:
    """Return rows of a table as a record batch."""
    import pyarrow as pa

    return pa.RecordBatch.from_pydict(tables.by_column(rows, table), pa.schema(_fields(pa, table)))


def _fields(pa: Any, table: tables.TableSchema) -> list[Any]:
    types: Mapping[str, Any] = {
        "text": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
    }
    return [
        pa.field(column.name, types[column.type], metadata={"meaning": column.meaning}) for column in table.columns
    ]


def arrow_schema(pa: Any, table: tables.TableSchema, info: RunInfo) -> Any:
    """Return the schema of a table, with what is to be known of the run."""
    evaluator = info.evaluator
    metadata = {
        "engine.schema": table.label,
        "engine.evaluator": f"{evaluator.name} {evaluator.version}".strip(),
        "engine.fingerprint": evaluator.fingerprint,
        "engine.limit": str(info.limit),
    }
    return pa.schema(_fields(pa, table), metadata=metadata)
