"""CSV for spreadsheets and programs: a row for each move, game or figure of a report.

| ending                | `--format`    | rows                                                          |
| --------------------- | ------------- | ------------------------------------------------------------- |
| `.csv`, `.plies.csv`  | `csv`         | the moves, with position, evaluations, Win%, judgement, clock |
| `.games.csv`          | `games-csv`   | the games, with players, result, opening, accuracy            |
| `.reports.csv`        | `reports-csv` | the reports, one figure, sentence or table cell a row         |

The columns are the same as in the Parquet and SQLite outputs; plugins/engine_plugins/writers/README.md lists all
of them. The first line of the file has their names. The file is UTF-8; cells are separated by commas and lines end
with a newline. A cell with a comma, quote or newline is in double quotes. Null is an empty cell, booleans are
`true` or `false`, and floats have a point and 3 decimals.

A text that a spreadsheet would execute (with `=`, `+`, `-`, `@` or the like at its start or after a semicolon)
gets an apostrophe before it. This is the only difference from the other formats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, ClassVar

from engine.model import AnalysedGame, RunResult
from engine.output import tables
from engine.output.report_rows import report_rows
from engine.plugin import RunInfo, Writer
from engine_plugins.writers._csv import csv_lines


class _Csv(Writer):
    """Writes the names of the columns first."""

    schema: ClassVar[tables.TableSchema]

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        super().__init__(stream, info)
        self.stream.write(csv_lines([[column.name for column in self.schema.columns]]))


class PliesCsv(_Csv):
    """The moves as CSV, one row for each."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".plies.csv")
    schema = tables.PLIES

    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        return csv_lines(row for game in games for row in tables.ply_rows(game))


class GamesCsv(_Csv):
    """The games as CSV, one row for each."""

    suffixes: ClassVar[tuple[str, ...]] = (".games.csv",)
    schema = tables.GAMES

    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        return csv_lines(map(tables.game_row, games))


class ReportsCsv(_Csv):
    """The reports as CSV, one row for each figure."""

    suffixes: ClassVar[tuple[str, ...]] = (".reports.csv",)
    schema = tables.REPORTS

    def finish(self, result: RunResult) -> None:
        self.stream.write(csv_lines(report_rows(result)))
