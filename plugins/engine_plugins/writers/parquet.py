"""Parquet with typed columns: a row for each move, game or figure of a report.

| ending                       | `--format`        | rows                                                      |
| ---------------------------- | ----------------- | --------------------------------------------------------- |
| `.parquet`, `.plies.parquet` | `parquet`         | the moves: position, evaluations, Win%, judgement, clock  |
| `.games.parquet`             | `games-parquet`   | the games: players, result, opening, accuracy             |
| `.reports.parquet`           | `reports-parquet` | the reports, one figure, sentence or table cell a row     |

| a name that ends in `/`      | `parquet`         | a folder of games and moves, a folder in it for each month |

This needs pyarrow: `pip install 'grandmaster-analysis[parquet]'`. The columns are the same as in the CSV and
SQLite outputs. plugins/engine_plugins/writers/README.md lists all of them, and the file explains each one in the
metadata `meaning` of its field. The metadata of the file name the schema and the evaluator: `engine.schema`,
`engine.evaluator`, `engine.fingerprint`, `engine.limit`.

The file is compressed with zstd. It has row groups of about 65,000 rows, so that neither writer nor readers need
more memory for a larger run. After 6.5 million rows a table continues in another file, `plies-2.parquet` after
`plies.parquet`; readers can read `plies*.parquet` as one table. A Parquet file cannot be read without its end. If
the run is interrupted with Ctrl-C once, `FILE.part` is complete and has the finished games. If the run is killed,
the file that remains cannot be read.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, BinaryIO, ClassVar

import msgspec

from engine.model import AnalysedGame, RunResult
from engine.output import tables
from engine.output.report_rows import report_rows
from engine.plugin import RunInfo, Writer
from engine_plugins.writers._arrow import GROUP_ROWS, arrow_schema, check_pyarrow, record_batch
from engine_plugins.writers._partitions import ParquetOptions, PartitionedParquet

SHARD_ROWS = 100 * GROUP_ROWS
"""Rows after which the table continues in another file: about 70,000 games, 400 MB."""
_BATCH_ROWS = 4_096
"""Rows after which a record batch of the row group ends, with the game that reaches this number."""

_encoded = msgspec.msgpack.Decoder(tuple[list[int], bytes]).decode
"""Number of rows of each game, and all rows as a record batch."""


class _Parquet(Writer):
    binary: ClassVar[bool] = True
    schema: ClassVar[tables.TableSchema]

    @classmethod
    def check(cls) -> None:
        check_pyarrow()

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        super().__init__(stream, info)
        import pyarrow as pa
        from pyarrow import parquet

        self._pa = pa
        self._schema = arrow_schema(pa, self.schema, info)
        self._open: Callable[[BinaryIO], Any] = partial(
            parquet.ParquetWriter, schema=self._schema, compression="zstd"
        )
        self._file = self._open(stream)
        self._written = 0
        """Number of rows in the current file."""
        self._parts: list[Any] = []
        """Record batches of games, fewer than `_BATCH_ROWS` rows together."""
        self._batches: list[Any] = []

    def _add(self, part: Any) -> None:
        self._parts.append(part)
        self._end_batch()
        if sum(batch.num_rows for batch in self._batches) >= GROUP_ROWS:
            self._end_group()

    def finish(self, result: RunResult) -> None:
        self._end_batch()
        self._end_group()
        self._file.close()

    def _end_batch(self) -> None:
        if self._parts:
            self._batches += self._pa.Table.from_batches(self._parts).combine_chunks().to_batches()
            self._parts.clear()

    def _end_group(self) -> None:
        if self._batches:
            table = self._pa.Table.from_batches(self._batches)
            if self._written >= SHARD_ROWS and (next_file := self.next_file()) is not None:
                self._file.close()
                self._file = self._open(next_file[1])
                self._written = 0
            self._file.write_table(table, row_group_size=table.num_rows)
            self._written += table.num_rows
            self._batches.clear()


class _GamesAsRows(_Parquet):
    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        rows = [list(cls.rows(game)) for game in games]
        batch = record_batch([row for game in rows for row in game], cls.schema)
        return msgspec.msgpack.encode(([len(game) for game in rows], batch.serialize().to_pybytes()))

    @classmethod
    @abc.abstractmethod
    def rows(cls, game: AnalysedGame) -> Iterable[tables.Row]:
        """Return the rows of a game."""

    def write_encoded(self, data: bytes) -> None:
        lengths, packed = _encoded(data)
        batch = self._pa.ipc.read_record_batch(self._pa.py_buffer(packed), self._schema)
        begin = end = 0
        held = sum(part.num_rows for part in self._parts)
        for length in lengths:  # a batch ends with a game, wherever the games were encoded
            end += length
            if held + end - begin >= _BATCH_ROWS:
                self._add(batch.slice(begin, end - begin))
                begin, held = end, 0
        if end > begin:
            self._parts.append(batch.slice(begin, end - begin))


class PliesParquet(_GamesAsRows):
    """The moves as Parquet, one row for each; a folder of games and moves where the name ends in `/`."""

    Options = ParquetOptions
    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".plies.parquet")
    schema = tables.PLIES
    folder: ClassVar[type[Writer] | None] = PartitionedParquet
    folder_options: ClassVar[frozenset[str]] = frozenset({"partition"})

    @classmethod
    def rows(cls, game: AnalysedGame) -> Iterable[tables.Row]:
        return tables.ply_rows(game)


class GamesParquet(_GamesAsRows):
    """The games as Parquet, one row for each."""

    suffixes: ClassVar[tuple[str, ...]] = (".games.parquet",)
    schema = tables.GAMES

    @classmethod
    def rows(cls, game: AnalysedGame) -> Iterable[tables.Row]:
        return [tables.game_row(game)]


class ReportsParquet(_Parquet):
    """The reports as Parquet, one row for each figure."""

    suffixes: ClassVar[tuple[str, ...]] = (".reports.parquet",)
    schema = tables.REPORTS

    def finish(self, result: RunResult) -> None:
        self._add(record_batch(list(report_rows(result)), self.schema))
        super().finish(result)
