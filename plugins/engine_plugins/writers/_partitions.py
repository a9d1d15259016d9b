"""Games and moves as a folder of Parquet files, a folder in it for each month (`-o games/`).

    games/games/month=2024-01/0.parquet     a row for each game
    games/moves/month=2024-01/0.parquet     a row for each move
    games/_engine.json                      what the folder is

The names of the folders are those of Hive, which DuckDB, Polars, Spark and pyarrow know: the month is a column,
and files of other months are not opened. A game without that much of a date is in
`month=__HIVE_DEFAULT_PARTITION__`, which is read as no month.

Row groups have about 65,000 rows, in the order of the games, with the least and greatest value of each column, so
that readers leave out those that a question does not ask for. Rows are held until they make a row group; when
those of all partitions are too many, the partition with most of them writes a smaller one. The files of few
partitions are open at a time: those that were written to longest ago are closed for others, and the partition goes
on in further files. So memory does not grow with the games, nor with the months, and games in the order of time,
as in Lichess's database, make few files and full row groups.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any, BinaryIO, ClassVar, Literal

import msgspec
from msgspec import Meta

from engine.model import AnalysedGame, RunResult
from engine.output import tables
from engine.plugin import Options, RunInfo, Writer
from engine_plugins.writers._arrow import GROUP_ROWS, arrow_schema, check_pyarrow, record_batch

OPEN = 48
"""Partitions whose files are open at a time."""
HELD_ROWS = 3 * GROUP_ROWS
"""Rows of games and moves that all of them hold together, at most, before the one with most writes a row group."""
FILE_ROWS = 100 * GROUP_ROWS
"""Rows of games and moves after which a partition goes on in another file."""
NONE = "__HIVE_DEFAULT_PARTITION__"
"""Hive's name for a value that is missing."""
_MOST_SLICES = 64
"""Pieces of a table that are held before they are put together."""

_Run = tuple[str, list[int], bytes, bytes]
"""Games of one partition, one after another: its key, the number of moves of each, games and moves as Arrow."""
_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(list[_Run]).decode


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
        self._partitions: dict[str, _Partition] = {}
        self._open: dict[str, None] = {}
        """The partitions with open files, the one written to last at the end."""
        self._files: dict[str, int] = {}
        """Number of files that were begun, by partition."""
        self._held = 0
        self._games = 0

    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        partition = info.options.partition if isinstance(info.options, ParquetOptions) else "month"
        return _encode([_run(key, list(run)) for key, run in groupby(games, lambda game: _key(game, partition))])

    def write_encoded(self, data: bytes) -> None:
        for key, lengths, games, moves in _decode(data):
            read = {
                name: self._pa.ipc.read_record_batch(self._pa.py_buffer(packed), self._schemas[name])
                for name, packed in (("games", games), ("moves", moves))
            }
            self._add(key, lengths, read)

    def _add(self, key: str, lengths: Sequence[int], batches: dict[str, Any]) -> None:
        """Add games of one partition. Where files and row groups end depends on the games alone."""
        partition = self._partitions.get(key) or _Partition(key, self._pa)
        self._partitions[key] = partition
        row = first_row = first = 0
        for number, length in enumerate(lengths):
            row += length
            self._held += length + 1
            partition.held += length + 1
            is_full = partition.held >= GROUP_ROWS
            if is_full or self._held >= HELD_ROWS or number == len(lengths) - 1:
                partition.take("games", batches["games"], first, number + 1)
                partition.take("moves", batches["moves"], first_row, row)
                first, first_row = number + 1, row
            if is_full:
                self._flush(partition)
            elif self._held >= HELD_ROWS:
                self._flush(max(self._partitions.values(), key=lambda each: (each.held, each.key)))
        self._games += len(lengths)

    def _flush(self, partition: _Partition) -> None:
        """Write the rows of a partition, in its open files or in new ones."""
        key = partition.key
        if key in self._open:
            del self._open[key]
        else:
            if len(self._open) >= OPEN:
                self._close(next(iter(self._open)))
            number = self._files.get(key, 0)
            self._files[key] = number + 1
            folder = "" if self.options.partition == "none" else f"{self.options.partition}={key}/"
            streams = {name: self.open_file(f"{name}/{folder}{number}.parquet") for name in _TABLES}
            partition.open(self._schemas, streams)
        self._open[key] = None
        self._held -= partition.held
        partition.flush()
        if partition.written >= FILE_ROWS:
            self._close(key)

    def _close(self, key: str) -> None:
        del self._open[key]
        self._partitions[key].close()

    def finish(self, result: RunResult) -> None:
        for partition in self._partitions.values():
            if partition.held:
                self._flush(partition)
        for key in list(self._open):
            self._close(key)
        about = {
            "engine.schemas": [table.label for table in _TABLES.values()],
            "partition": self.options.partition,
            "partitions": len(self._files),
            "games": self._games,
        }
        with self.open_file("_engine.json") as file:
            file.write(json.dumps(about, indent=2).encode() + b"\n")


_TABLES = {"games": tables.GAMES, "moves": tables.PLIES}


class _Partition:
    """What is held of one partition, and its open files, one for each table."""

    def __init__(self, key: str, pa: Any) -> None:
        self.key = key
        self.held = 0
        """Rows of games and moves that are not written yet."""
        self.written = 0
        """Rows of both in the open files."""
        self._pa = pa
        self._parts: dict[str, list[Any]] = {name: [] for name in _TABLES}
        self._files: dict[str, tuple[Any, BinaryIO]] = {}

    def open(self, schemas: dict[str, Any], streams: dict[str, BinaryIO]) -> None:
        """Begin files."""
        from pyarrow import parquet

        self._files = {
            name: (parquet.ParquetWriter(stream, schemas[name], compression="zstd"), stream)
            for name, stream in streams.items()
        }
        self.written = 0

    def take(self, name: str, batch: Any, begin: int, end: int) -> None:
        """Hold rows of a batch, whose memory is let go."""
        if begin == end:
            return
        parts = self._parts[name]
        whole = begin == 0 and end == batch.num_rows
        parts.append(batch if whole else batch.take(self._pa.array(range(begin, end))))
        if len(parts) >= _MOST_SLICES:
            parts[:] = self._pa.Table.from_batches(parts).combine_chunks().to_batches()

    def flush(self) -> None:
        """Write what is held as a row group of each table."""
        for name, parts in self._parts.items():
            if parts:
                table = self._pa.Table.from_batches(parts).combine_chunks()
                self._files[name][0].write_table(table, row_group_size=max(1, table.num_rows))
                parts.clear()
        self.written += self.held
        self.held = 0

    def close(self) -> None:
        """End the files."""
        for writer, stream in self._files.values():
            writer.close()
            stream.close()
        self._files = {}


def _run(key: str, games: Sequence[AnalysedGame]) -> _Run:
    rows = [list(tables.ply_rows(game)) for game in games]
    moves = record_batch([row for game in rows for row in game], tables.PLIES)
    played = record_batch([tables.game_row(game) for game in games], tables.GAMES)
    return key, [len(game) for game in rows], _bytes(played), _bytes(moves)


def _bytes(batch: Any) -> bytes:
    packed: bytes = batch.serialize().to_pybytes()
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
