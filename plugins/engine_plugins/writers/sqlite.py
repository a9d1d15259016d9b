"""SQLite: one database with the games, the moves, the reports and the run, for queries in SQL.

`-o games.sqlite` (also `.sqlite3`, `.db`) has the tables

| table               | a row is                                          | key           |
| ------------------- | ------------------------------------------------- | ------------- |
| `games`             | a game                                            | `game`        |
| `plies`             | a move                                            | `game`, `ply` |
| `reports`           | a figure, sentence or table cell of a report      |               |
| `report_findings`   | a sentence that answers the question of a report  |               |
| `report_references` | a move or game that a row of a report rests on    |               |
| `failures`          | a failure during the run                          |               |
| `run`               | the run: evaluator, limit, numbers                |               |
| `records`           | a game with everything known of it                | `game`        |
| `names`             | another name of a player, if there are any        | `name`        |

with the same columns as the CSV and Parquet outputs, which have the first three.
plugins/engine_plugins/writers/README.md explains them, and so does `.schema` in the sqlite3 program. Booleans are
1 or 0. `line` in `records` is the line that `-o games.jsonl` has of the game, compressed with zlib; `engine serve`
reads the games from there. A player who has several names in the file has one here, and `names` has the others.
`PRAGMA user_version` is the version of the schema.
Views answer common questions: `players`, `openings`, `phases`, `clocks`, `judged`, `sides`, `moves`, and a view
for each table of a report, such as `report_accuracy_players`.

    $ sqlite3 games.sqlite "SELECT player, move, best_san, win_loss FROM judged ORDER BY win_loss DESC LIMIT 5"
    $ sqlite3 games.sqlite "SELECT report, table_key, move FROM report_references JOIN moves USING (game, ply)"

The database is made in the folder for temporary files (`TMPDIR`) and copied when the run ends. If the run is
interrupted with Ctrl-C once, `FILE.part` is a complete database of the finished games; if the run is killed,
there is none. The same command then completes it from the cache.
"""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import msgspec
from msgspec import structs

from engine.errors import OutputError
from engine.model import AnalysedGame, Reference, RunResult
from engine.output import tables
from engine.output.report_rows import report_rows
from engine.plugin import RunInfo, Writer
from engine_plugins.writers._views import report_views, views
from engine_plugins.writers.jsonl import JsonlOptions, JsonlWriter

_VERSION = 1
_CHUNK = 1 << 20
_TYPES = {"text": "TEXT", "int": "INTEGER", "float": "REAL", "bool": "INTEGER"}
_KEYS = {"games": "PRIMARY KEY (game)", "plies": "PRIMARY KEY (game, ply)"}
_PRAGMAS = (
    "journal_mode = OFF",  # nothing remains of the temporary file if the run dies
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    f"user_version = {_VERSION}",
)
_RUN = """CREATE TABLE run (
  evaluator TEXT,
  version TEXT,
  fingerprint TEXT, -- of all that can change a result
  nodes INTEGER, -- limit of each search
  depth INTEGER, -- limit of each search
  milliseconds INTEGER, -- limit of each search
  multipv INTEGER,
  adaptive INTEGER, -- 1: the limit was spent only where a share of it left something in doubt
  games INTEGER, -- analysed
  positions INTEGER, -- with an evaluation
  wins INTEGER, -- winning moves found
  interrupted INTEGER, -- 1: it did not come to its end
  follow_up_evaluator TEXT, -- who made follow-up searches, where nothing else was searched
  follow_up_limits TEXT -- limits of these searches
)"""
_FAILURES = """CREATE TABLE failures (
  file TEXT,
  line INTEGER, -- first one of the game
  game INTEGER,
  ply INTEGER,
  reason TEXT
)"""


_FINDINGS = """CREATE TABLE report_findings (
  report TEXT, -- name of the aggregator
  number INTEGER, -- from 0, the most important first
  text TEXT, -- the sentence
  certainty TEXT, -- `sure`, `likely`, `may be chance`; null for what is simply so
  table_key TEXT -- name of the table that says more
)"""
_REFERENCES = """CREATE TABLE report_references (
  report TEXT, -- name of the aggregator
  part TEXT, -- what rests on it: `row` of a table, `point` of a chart, or `finding`
  table_key TEXT, -- name of the table or chart; null for findings
  row_number INTEGER, -- row of the table, as in `reports`, point of the chart, or finding; from 0
  position INTEGER, -- from 0, the most telling first
  game INTEGER,
  ply INTEGER -- null for the whole game
)"""
_NAMES = """CREATE TABLE names (
  name TEXT PRIMARY KEY, -- in the file
  player TEXT -- the name that this player has in all tables
) WITHOUT ROWID"""
_RECORDS = """CREATE TABLE records (
  game INTEGER PRIMARY KEY,
  line BLOB -- of JSON Lines (`-o games.jsonl`), compressed with zlib; players have their names in the file
)"""
_RENAME = (
    "UPDATE {table} SET {column} = (SELECT player FROM names WHERE name = {column}) "
    "WHERE {column} IN (SELECT name FROM names)"
)
_PLAYERS = (("games", "white"), ("games", "black"), ("plies", "player"))


_games = msgspec.msgpack.Decoder(list[tuple[tuple[Any, ...], list[tuple[Any, ...]], bytes]]).decode


class SqliteWriter(Writer):
    """Games, moves and reports as one SQLite database, with views for common questions."""

    binary: ClassVar[bool] = True
    suffixes: ClassVar[tuple[str, ...]] = (".sqlite", ".sqlite3", ".db")

    def __init__(self, stream: BinaryIO, info: RunInfo) -> None:
        super().__init__(stream, info)
        with _disk():
            self._database = _Database()
            for schema in (tables.GAMES, tables.PLIES, tables.REPORTS):
                self._database.create(schema)
            for statement in (_RUN, _RECORDS, _FAILURES, _FINDINGS, _REFERENCES, *views()):
                self._database.execute(statement)

    @classmethod
    def encode(cls, games: Sequence[AnalysedGame], info: RunInfo) -> bytes:
        plain = structs.replace(info, options=JsonlOptions(), part=None)
        return msgspec.msgpack.encode(
            [
                (
                    tables.game_row(game),
                    list(tables.ply_rows(game)),
                    zlib.compress(JsonlWriter.encode([game], plain)),
                )
                for game in games
            ]
        )

    def write_encoded(self, data: bytes) -> None:
        with _disk():
            for game, plies, line in _games(data):
                self._database.insert("games", [game])
                self._database.insert("plies", plies)
                self._database.insert("records", [(game[0], line)])

    def finish(self, result: RunResult) -> None:
        with _disk():
            self._database.insert("reports", report_rows(result))
            self._database.insert("report_findings", _findings(result))
            self._database.insert("report_references", _references(result))
            self._database.insert("failures", _failures(result))
            self._database.insert("run", [_run(result)])
            if result.players:
                self._rename(result)
            for statement in report_views(result.reports):
                self._database.execute(statement)
            pieces = self._database.content()
        for piece in pieces:
            self.stream.write(piece)

    def _rename(self, result: RunResult) -> None:
        """Give each player one name."""
        self._database.execute(_NAMES)
        names = {tables.text(name): tables.text(player) for name, player in result.players.items()}
        self._database.insert("names", ((name, player) for name, player in names.items() if name != player))
        for table, column in _PLAYERS:
            self._database.execute(_RENAME.format(table=table, column=column))

    def close(self) -> None:
        self._database.close()


class _Database:
    """A database in a temporary file that disappears with this process, however the process ends."""

    def __init__(self) -> None:
        descriptor, name = tempfile.mkstemp(prefix="engine-", suffix=".sqlite")
        self._path = Path(name)
        self._file = open(descriptor, "rb")  # noqa: SIM115 - as long as this lives
        try:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
        except sqlite3.Error:
            self._unlink()
            self._file.close()
            raise
        for pragma in _PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        # One transaction is enough: SQLite writes pages that do not fit into memory to the file by itself.
        self._connection.execute("BEGIN EXCLUSIVE")
        self._unlink()

    def create(self, schema: tables.TableSchema) -> None:
        """Create a table with the meanings of its columns as comments."""
        key = _KEYS.get(schema.name)
        last = schema.columns[-1]
        lines = [
            f"  {column.name} {_TYPES[column.type]}{',' if key or column is not last else ''} -- {column.meaning}"
            for column in schema.columns
        ]
        rest = f"\n  {key}\n) WITHOUT ROWID" if key else "\n)"
        self.execute(f"CREATE TABLE {schema.name} (\n" + "\n".join(lines) + rest)

    def execute(self, statement: str) -> None:
        self._connection.execute(statement)

    def insert(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        rows = iter(rows)
        if (first := next(rows, None)) is not None:
            marks = ", ".join("?" * len(first))
            insert = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - the names are ours
            self._connection.execute(insert, first)
            self._connection.executemany(insert, rows)

    def content(self) -> Iterator[bytes]:
        """Return the bytes of the database. Nothing can be inserted afterwards."""
        self._connection.execute("COMMIT")
        self._file.seek(0)
        return iter(lambda: self._file.read(_CHUNK), b"")

    def close(self) -> None:
        self._connection.close()
        self._file.close()
        self._unlink()

    def _unlink(self) -> None:
        # Windows cannot remove an open file; there it is removed when it is closed.
        with contextlib.suppress(OSError):
            self._path.unlink()


@contextlib.contextmanager
def _disk() -> Iterator[None]:
    """Turn errors with the temporary file into an `OutputError` for people."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise OutputError(
            f"cannot write the SQLite database: {error}; it is made in {_temporary_folder()} (TMPDIR names "
            "another folder); once that is mended, the same command continues"
        ) from error


def _temporary_folder() -> str:
    try:
        return tempfile.gettempdir()
    except OSError:
        return "a folder for temporary files"


def _run(result: RunResult) -> tables.Row:
    evaluator, limit, counts = result.evaluator, result.limit, result.counts
    follow_ups = result.follow_up_evaluator
    return (
        evaluator.name,
        evaluator.version,
        evaluator.fingerprint,
        limit.nodes,
        limit.depth,
        limit.time,
        limit.multipv,
        result.adaptive,
        counts.analysed,
        counts.positions,
        result.wins,
        result.interrupted,
        follow_ups.name if follow_ups is not None else None,
        " or ".join(map(str, result.follow_up_limits)) if follow_ups is not None else None,
    )


def _findings(result: RunResult) -> Iterator[tables.Row]:
    for name, report in result.reports.items():
        for k, finding in enumerate(report.findings):
            yield name, k, tables.text(finding.text), finding.certainty, tables.text(finding.table)


def _references(result: RunResult) -> Iterator[tables.Row]:
    """Yield the moves and games that rows of tables, points of charts and findings rest on."""
    for name, report in result.reports.items():
        places: list[tuple[str, str | None, int, tuple[Reference, ...]]] = [
            ("finding", None, k, finding.references) for k, finding in enumerate(report.findings)
        ]
        for chart in report.charts:
            points = [point for series in chart.series for point in series.points]
            places += [("point", chart.key, k, point.references) for k, point in enumerate(points)]
        for table in report.tables:
            places += [("row", table.key, k, table.about(k)) for k in range(len(table.rows))]
        for part, key, number, references in places:
            for k, reference in enumerate(references):
                yield name, part, tables.text(key), number, k, reference.game, reference.ply


def _failures(result: RunResult) -> Iterator[tables.Row]:
    for failure in result.failures:
        text = tables.text
        yield text(failure.file), failure.line, failure.game, failure.ply, text(failure.reason)
