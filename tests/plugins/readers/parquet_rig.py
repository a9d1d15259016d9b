"""Parquet files in the layout in which Lichess publishes its database, made of PGN."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from engine_plugins.readers._headers import end_of_head
from engine_plugins.readers.pgn import PgnReader

TEXTS = ("Event", "Site", "White", "Black", "Result", "WhiteTitle", "BlackTitle")
NUMBERS = ("WhiteElo", "BlackElo", "WhiteRatingDiff", "BlackRatingDiff")
MORE_TEXTS = ("ECO", "Opening", "Termination", "TimeControl")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in TEXTS),
        *((name, pa.int16()) for name in NUMBERS),
        ("UTCDate", pa.date32()),
        ("UTCTime", pa.time32("s")),
        *((name, pa.string()) for name in MORE_TEXTS),
        ("movetext", pa.string()),
    ]
)


def row(pgn: bytes) -> dict[str, Any]:
    """Return the row of a game."""
    [raw] = PgnReader().split(io.BytesIO(pgn))
    tags = PgnReader().headers(raw)
    date, time = tags.get("UTCDate"), tags.get("UTCTime")
    return {
        **{name: tags.get(name) for name in (*TEXTS, *MORE_TEXTS)},
        **{name: int(tags[name]) if tags.get(name, "?") != "?" else None for name in NUMBERS},
        "UTCDate": dt.date.fromisoformat(date.replace(".", "-")) if date else None,
        "UTCTime": dt.time.fromisoformat(time) if time else None,
        "movetext": raw.data[end_of_head(raw.data) :].decode().strip(),
    }


def write(path: Path, games: Iterable[bytes], *, group: int = 3) -> Path:
    """Write games, so many in a row group, and return the file."""
    return write_rows(path, [row(game) for game in games], SCHEMA, group=group)


def write_rows(path: Path, rows: Sequence[dict[str, Any]], schema: Any = None, *, group: int = 3) -> Path:
    """Write rows of any columns, and return the file."""
    parquet.write_table(pa.Table.from_pylist(list(rows), schema=schema), path, row_group_size=group)
    return path


def tags_of(row: dict[str, Any]) -> str:
    """Return the tags of a row as PGN has them."""
    written = {
        **{name: row[name] for name in TEXTS},
        "UTCDate": row["UTCDate"] and row["UTCDate"].strftime("%Y.%m.%d"),
        "UTCTime": row["UTCTime"] and row["UTCTime"].isoformat(),
        **{name: row[name] for name in ("WhiteElo", "BlackElo", *MORE_TEXTS)},
    }
    return "".join(f'[{name} "{value}"]\n' for name, value in written.items() if value is not None)
