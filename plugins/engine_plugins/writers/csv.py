"""CSV: a row for each move, game or figure of a report, for spreadsheets and programs.

| ending                | `--format`    | rows                                                          |
| --------------------- | ------------- | ------------------------------------------------------------- |
| `.csv`, `.plies.csv`  | `csv`         | the moves, with position, evaluations, Win%, judgement, clock |
| `.games.csv`          | `games-csv`   | the games, with players, result, opening, accuracy            |
| `.reports.csv`        | `reports-csv` | the reports, one figure or table cell a row                   |

The columns are those of the Parquet and SQLite outputs: plugins/engine_plugins/writers/README.md has every one.
Its first line names them. UTF-8, comma, lines end with a newline, a cell with a comma, quote or newline is in
double quotes. Null is an empty cell, truth `true` or `false`, floats have 3 decimals and a point.

A text that a spreadsheet would execute (`=`, `+`, `-`, `@` and the like at its start, or after a semicolon) has an
apostrophe put before it. It is the one difference from the other formats.
"""

from __future__ import annotations

from typing import BinaryIO, ClassVar

from engine.model import AnalysedGame, RunResult
from engine.plugin import RunInfo, Writer
from engine_plugins.writers import _tables
from engine_plugins.writers._csv import csv_lines


class _Csv(Writer):
    """Begins with the names of the columns."""

    schema: ClassVar[_tables.TableSchema]

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        super().__init__(stream, info)
        self.stream.write(csv_lines([[column.name for column in self.schema.columns]]))


class PliesCsv(_Csv):
    """The moves as CSV, a row each."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv", ".plies.csv")
    schema = _tables.PLIES

    def game(self, game: AnalysedGame) -> None:
        self.stream.write(csv_lines(_tables.ply_rows(game)))


class GamesCsv(_Csv):
    """The games as CSV, a row each."""

    suffixes: ClassVar[tuple[str, ...]] = (".games.csv",)
    schema = _tables.GAMES

    def game(self, game: AnalysedGame) -> None:
        self.stream.write(csv_lines([_tables.game_row(game)]))


class ReportsCsv(_Csv):
    """The reports as CSV, a row for each figure."""

    suffixes: ClassVar[tuple[str, ...]] = (".reports.csv",)
    schema = _tables.REPORTS

    def finish(self, result: RunResult) -> None:
        self.stream.write(csv_lines(_tables.report_rows(result)))
