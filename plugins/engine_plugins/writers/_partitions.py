"""Games and moves as a folder of Parquet files, a folder in it for each month (`-o games/`).

    games/games/month=2024-01/0.parquet     a row for each game
    games/moves/month=2024-01/0.parquet     a row for each move
    games/_engine.json                      what the folder is

The names of the folders are those of Hive, which DuckDB, Polars, Spark and pyarrow know: the month is a column,
and files of other months are not opened. A game without that much of a date is in
`month=__HIVE_DEFAULT_PARTITION__`, which is read as no month.

Row groups have about 65,000 rows, in the order of the games, with the least and greatest value of each column, so
that readers leave out those that a question does not ask for. Rows are held until a partition has enough for a row
group; when those of all partitions are too many, the partitions with most of them write smaller ones. The files of
few partitions are open at a time: those that were written to longest ago are closed for others, and the partition
goes on in further files. So memory does not grow with the games, nor with the months. Games in the order of time,
as in Lichess's database, make few files and full row groups; games of many months in no order make many small
ones.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, BinaryIO, ClassVar, Literal

import msgspec
from msgspec import Meta

from engine.model import AnalysedGame, RunResult
from engine.output import tables
from engine.plugin import Options, RunInfo, Writer
from engine_plugins.writers._arrow import GROUP_ROWS, arrow_schema, check_pyarrow, record_batch

OPEN = 64
"""Partitions whose files are open at a time."""
HELD_ROWS = GROUP_ROWS
"""Rows that all partitions hold together, at most, before those with most of them write row groups."""
FILE_ROWS = 100 * GROUP_ROWS
"""Rows of games and moves after which a partition goes on in another file."""
NONE = "__HIVE_DEFAULT_PARTITION__"
"""Hive's name for a value that is missing."""
_KEY = "partition of this row"
"""The column that rows have until they are written."""
_TABLES = {"games": tables.GAMES, "moves": tables.PLIES}

_Batch = tuple[list[tuple[str, int]], bytes, bytes]
"""Games: the partition of each and its number of moves, the games as Arrow, the moves as Arrow."""
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(_Batch).decode


class ParquetOptions(Options, frozen=True):
    """Options of Parquet outputs."""

    partition: Annotated[
        Literal["month", "year", "speed", "none"],
        Meta(description="What a folder (`-o games/`) has a folder for each of. Without effect on single files."),
    ] = "month"


class PartitionedParquet(Writer):
    """Games and moves as a folder of Parquet files, partitioned as Hive does."""

    Options = ParquetOptions
    options: ParquetOptions
    binary: ClassVar[bool] = True

    @classmethod
    def check(cls) -> None:
        check_pyarrow()

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        super().__init__(stream, info)
        import pyarrow as pa

        self._pa = pa
        self._schemas = {name: arrow_schema(pa, table, info) for name, table in _TABLES.items()}
        self._keyed = {name: schema.append(pa.field(_KEY, pa.string())) for name, schema in self._schemas.items()}
        self._parts: dict[str, list[Any]] = {name: [] for name in _TABLES}
        """What is held, in the order of the games."""
        self._held: dict[str, int] = {}
        """Rows of games and moves that are held, by partition."""
        self._open: dict[str, _Files] = {}
        """The open files, those written to last at the end."""
        self._begun: dict[str, int] = {}
        """Number of files that were begun, by partition."""
        self._games = 0

    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        partition = info.options.partition if isinstance(info.options, ParquetOptions) else "month"
        keys = [_key(game, partition) for game in games]
        rows = [tables.ply_rows(game) for game in games]
        lengths = [(key, len(game)) for key, game in zip(keys, rows, strict=True)]
        played = record_batch([tables.game_row(game) for game in games], tables.GAMES)
        moves = record_batch([row for game in rows for row in game], tables.PLIES)
        of_moves = [key for key, length in lengths for _ in range(length)]
        return _encode((lengths, _bytes(played, keys), _bytes(moves, of_moves)))

    def write_encoded(self, data: bytes) -> None:
        games, *packed = _decode(data)
        batches = [
            self._pa.ipc.read_record_batch(self._pa.py_buffer(part), schema)
            for part, schema in zip(packed, self._keyed.values(), strict=True)
        ]
        begins, ends = [0, 0], [0, 0]

        def hold() -> None:
            for parts, batch, begin, end in zip(self._parts.values(), batches, begins, ends, strict=True):
                if end > begin:
                    parts.append(batch.slice(begin, end - begin))
            begins[:] = ends

        # Where a row group ends depends on the games alone, not on how many came together.
        for key, length in games:
            ends[:] = [ends[0] + 1, ends[1] + length]
            self._held[key] = self._held.get(key, 0) + 1 + length
            if self._held[key] >= GROUP_ROWS:
                hold()
                self._write([key])
            elif sum(self._held.values()) >= HELD_ROWS:
                hold()
                self._write(self._most())
        hold()
        self._games += len(games)

    def _most(self) -> list[str]:
        """Return the partitions that hold most, enough to let go of half of all that is held."""
        chosen: list[str] = []
        rows = 0
        for key in sorted(self._held, key=lambda key: (-self._held[key], key)):
            if 2 * rows >= HELD_ROWS:
                break
            chosen.append(key)
            rows += self._held[key]
        return sorted(chosen)

    def _write(self, keys: Sequence[str]) -> None:
        """Write what partitions hold, a row group each."""
        from pyarrow import compute

        held = {name: self._pa.Table.from_batches(parts, self._keyed[name]) for name, parts in self._parts.items()}
        is_all = len(keys) == len(self._held)
        for key in keys:
            rows = held
            if len(keys) > 1 or not is_all:
                rows = {name: table.filter(compute.equal(table[_KEY], key)) for name, table in held.items()}
            self._append(key, {name: table.drop_columns([_KEY]).combine_chunks() for name, table in rows.items()})
            del self._held[key]
        written = self._pa.array(keys, self._pa.string())
        for name, table in held.items():
            if is_all:
                self._parts[name] = []
                continue
            left = table.filter(compute.invert(compute.is_in(table[_KEY], written)))
            self._parts[name] = left.combine_chunks().to_batches()

    def _append(self, key: str, rows: dict[str, Any]) -> None:
        files = self._open.pop(key, None)
        if files is None:
            if len(self._open) >= OPEN:
                oldest = next(iter(self._open))
                self._open.pop(oldest).close()
            number = self._begun.get(key, 0)
            self._begun[key] = number + 1
            folder = "" if self.options.partition == "none" else f"{self.options.partition}={key}/"
            streams = {name: self.open_file(f"{name}/{folder}{number}.parquet") for name in _TABLES}
            files = _Files(self._schemas, streams)
        files.append(rows)
        if files.rows >= FILE_ROWS:
            files.close()
        else:
            self._open[key] = files

    def finish(self, result: RunResult) -> None:
        if self._held:
            self._write(sorted(self._held))
        for files in self._open.values():
            files.close()
        self._open.clear()
        about = {
            "engine.schemas": [table.label for table in _TABLES.values()],
            "partition": self.options.partition,
            "partitions": len(self._begun),
            "games": self._games,
        }
        with self.open_file("_engine.json") as file:
            file.write(json.dumps(about, indent=2).encode() + b"\n")


class _Files:
    """The open files of one partition, one for each table."""

    def __init__(self, schemas: dict[str, Any], streams: dict[str, BinaryIO]) -> None:
        from pyarrow import parquet

        self.rows = 0
        """Rows in all of them."""
        self._files = {
            name: (parquet.ParquetWriter(stream, schemas[name], compression="zstd"), stream)
            for name, stream in streams.items()
        }

    def append(self, tables: dict[str, Any]) -> None:
        """Write a row group of each table."""
        for name, table in tables.items():
            if table.num_rows:
                self._files[name][0].write_table(table, row_group_size=table.num_rows)
                self.rows += table.num_rows

    def close(self) -> None:
        """End the files."""
        for writer, stream in self._files.values():
            writer.close()
            stream.close()


def _bytes(batch: Any, keys: Sequence[str]) -> bytes:
    """Return a record batch, with the partition of each row."""
    import pyarrow as pa

    packed: bytes = batch.append_column(_KEY, pa.array(keys, pa.string())).serialize().to_pybytes()
    return packed


def _key(game: AnalysedGame, partition: str) -> str:
    """Return the partition of a game, in letters, digits and hyphens."""
    if partition == "none":
        return ""
    if partition == "speed":
        return game.speed or NONE
    digits = {"month": 7, "year": 4}[partition]
    date = game.date[:digits]
    return date.replace(".", "-") if len(date) == digits else NONE
