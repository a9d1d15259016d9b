"""The tables: the same values in every format, read by the programs that people use."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import random
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import chess
import pytest

from engine.errors import ConfigError
from engine.model import EvaluatorInfo, Limit
from engine.outputs import open_outputs
from engine.plugin import RunInfo
from engine.testing import analysed_game
from engine_plugins.writers import _tables, sqlite
from engine_plugins.writers._csv import csv_lines, neutral
from engine_plugins.writers._fen import fen
from engine_plugins.writers._views import VIEWS

from . import tables

INFO = RunInfo(EvaluatorInfo("Stockfish", "15.1", "f00d"), Limit(nodes=100_000))
SCHEMAS = {schema.name: schema for schema in _tables.SCHEMAS}
README = Path(_tables.__file__).with_name("README.md")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run in every format."""
    folder = tmp_path_factory.mktemp("run")
    assert tables.write_all(folder).ok
    return folder


@pytest.fixture(scope="module")
def expected(run: Path) -> dict[str, Rows]:
    found = tables.expected(run)
    # Not a test of nothing: everything that is awkward is there.
    assert [len(found[table]) for table in ("plies", "games")] == [1850, 48]
    assert {row["source"] for row in found["plies"]} == {"searched", "recorded", "input"}
    assert {row["phase"] for row in found["plies"]} == {"opening", "middlegame", "endgame"}
    assert any(row["mate"] for row in found["plies"])
    assert any(row["epd_id"] for row in found["games"])
    assert {row["part"] for row in found["reports"]} == {"metric", "cell", "note"}
    return found


# -- the same values ----------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("table", tables.TABLES)
@pytest.mark.parametrize("read", [from_csv, from_parquet, from_sqlite])
def test_every_format_holds_the_values_of_json(
    run: Path, expected: dict[str, Rows], read: Callable[[Path, str], Rows], table: str
) -> None:
    got, want = read(run, table), expected[table]
    assert len(got) == len(want)
    for row, (mine, theirs) in enumerate(zip(got, want, strict=True)):
        assert set(mine) == set(theirs) == {column.name for column in SCHEMAS[table].columns}
        for name, value in theirs.items():
            cell = mine[name]
            neutralised = read is from_csv and isinstance(value, str)
            assert cell == (neutral(value) if neutralised else value), (table, row, name)
            assert (cell is None) == (value is None), (table, row, name)
            if isinstance(value, float) and read is not from_csv:
                assert isinstance(cell, float), (table, row, name)


def test_columns_have_their_types_and_meanings_in_parquet(run: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for table, schema in SCHEMAS.items():
        found = parquet.read_schema(run / f"out.{table}.parquet")
        names = {"string": "text", "int64": "int", "double": "float", "bool": "bool"}
        assert [(field.name, names[str(field.type)], field.metadata[b"meaning"].decode()) for field in found] == [
            (column.name, column.type, column.meaning) for column in schema.columns
        ]
        assert found.metadata[b"engine.schema"].decode() == f"engine.{table}/1"
        assert found.metadata[b"engine.evaluator"] == b"recorded"


READERS = {
    "pandas": """
        frame = pandas.read_parquet(path)
        print(len(frame), (frame["judgement"] == "blunder").sum(), int(frame["loss"].sum()), frame["clock"].min())
    """,
    "polars": """
        c = polars.col
        wanted = polars.len(), (c("judgement") == "blunder").sum(), c("loss").sum().alias("sum"), c("clock").min()
        print(*polars.scan_parquet(path).select(*wanted).collect().row(0))
    """,
    "duckdb": """
        query = "SELECT count(*), count_if(judgement = 'blunder'), sum(loss), min(clock) FROM read_parquet(?)"
        print(*duckdb.connect().execute(query, [path]).fetchone())
    """,
}


@pytest.mark.parametrize("library", READERS)
def test_pandas_polars_and_duckdb_read_the_parquet(run: Path, expected: dict[str, Rows], library: str) -> None:
    """Each in a process of its own, where it may leave its threads."""
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    code = f"import sys, {library}\npath = sys.argv[1]\n{textwrap.dedent(READERS[library])}"
    done = subprocess.run(
        [sys.executable, "-c", code, str(run / "out.plies.parquet")],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    plies = expected["plies"]
    blunders = sum(row["judgement"] == "blunder" for row in plies)
    loss = sum(row["loss"] or 0 for row in plies)
    least = min(row["clock"] for row in plies if row["clock"] is not None)
    assert blunders > 0
    assert [float(word) for word in done.stdout.split()] == [len(plies), blunders, loss, least], done.stderr


def test_equal_runs_give_equal_bytes(run: Path, tmp_path: Path) -> None:
    """Also under other names; the names of the inputs are in them."""
    names = ("out.sqlite", "out.plies.parquet", "out.games.csv")
    tables.write_all(run, *(f"again.{name}" for name in names))
    for name in names:
        assert (run / f"again.{name}").read_bytes() == (run / name).read_bytes(), name


def test_whose_moves_they_are(tmp_path: Path) -> None:
    tables.write_all(tmp_path, "out.plies.csv", "out.games.csv", players=("Stockfish 1400",))
    plies, games = from_csv(tmp_path, "plies"), from_csv(tmp_path, "games")
    assert {(row["player"] == "Stockfish 1400", row["ours"]) for row in plies} == {(True, True), (False, False)}
    assert {(row["white"] == "Stockfish 1400", row["ours"]) for row in games} == {
        (True, "white"),
        (False, "black"),
    }


def test_every_column_is_documented() -> None:
    text = README.read_text(encoding="utf-8")
    for schema in _tables.SCHEMAS:
        page = text.partition(f"\n## {schema.name.capitalize()}\n")[2].partition("\n## ")[0]
        rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
        found = [tuple(cell.strip() for cell in row) for row in rows]
        assert found == [(f"`{column.name}`", column.type, column.meaning) for column in schema.columns], (
            schema.name
        )
    for name, (meaning, _) in VIEWS.items():
        assert f"| `{name}` | {meaning} |" in text


# -- CSV ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+A1", "'+A1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("＝1", "'＝1"),
        ("a;=1", "a;'=1"),
        ("-", "-"),
        ("1-0", "1-0"),
        ("Légal, Sire de", "Légal, Sire de"),
        ("'", "'"),
    ],
)
def test_nothing_is_a_formula(value: str, cell: str) -> None:
    text = csv_lines([[value, -3, None, True], ["x", 0.5, "", False]]).decode()
    read = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert read == [[cell, "-3", "", "true"], ["x", "0.5", "", "false"]]


def test_hostile_headers_are_text_in_csv(run: Path) -> None:
    first = from_csv(run, "games")[0]
    assert first["white"] == "'=HYPERLINK(1;2)"
    assert first["black"] == 'a;\'@SUM(1),"b" | c'
    assert (first["event"], first["site"]) == ("'+1", "-")
    text = (run / "out.games.csv").read_bytes()
    assert b"\r" not in text
    assert text.count(b"\n") == 49


# -- SQLite -------------------------------------------------------------------------------------------------


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def test_the_database_is_sound_and_says_what_it_is(run: Path) -> None:
    path = run / "out.sqlite"
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert ask(path, "PRAGMA user_version") == [(1,)]
    result = json.loads((run / "out.json").read_text())["run"]
    assert ask(path, "SELECT evaluator, games, positions, wins, interrupted FROM run") == [
        ("recorded", result["games"], result["positions"], result["scoreboard"]["wins"], 0)
    ]
    [(sql,)] = ask(path, "SELECT sql FROM sqlite_schema WHERE name = 'plies'")
    for column in _tables.PLIES.columns:
        assert f"  {column.name} " in sql
        assert f"-- {column.meaning}" in sql


def test_views_answer_what_the_reports_say(run: Path, expected: dict[str, Rows]) -> None:
    """Averages and counts of the views, against the aggregators of the same run."""
    path = run / "out.sqlite"
    report = json.loads((run / "out.json").read_text())["reports"]
    players = {row[0]: row[1:] for row in ask(path, "SELECT player, games, accuracy FROM players")}
    [row] = [row for row in report["accuracy"]["tables"][0]["rows"] if row["player"] == "Stockfish 1400"]
    assert players["Stockfish 1400"] == (row["games"], round(row["accuracy"], 1))
    judged = ask(path, "SELECT game, ply, move, judgement, opponent FROM judged ORDER BY game, ply")
    assert [(game, ply, judgement) for game, ply, _, judgement, _ in judged] == [
        (row["game"], row["ply"], row["judgement"]) for row in expected["plies"] if row["judgement"]
    ]
    assert judged[1] == (1, 2, "2. g4", "blunder", 'a;@SUM(1),"b" | c')
    for (number,) in ask(path, "SELECT sum(moves) FROM phases"):
        assert number == len(expected["plies"])
    assert ask(path, "SELECT sum(moves) FROM clocks") == [
        (sum(r["clock"] is not None for r in expected["plies"]),)
    ]
    assert ask(path, "SELECT sum(games) FROM openings") == [
        (sum(r["opening"] is not None for r in expected["games"]),)
    ]
    assert ask(path, "SELECT count(*) FROM moves") == [(len(expected["plies"]),)]
    # The plain PGN game without a move and the EPD lines have no player who did anything.
    assert ask(path, "SELECT count(*) FROM sides") == [(2 * sum(r["plies"] > 0 for r in expected["games"]),)]


def test_a_view_for_each_table_of_a_report(run: Path) -> None:
    for name, report in json.loads((run / "out.json").read_text())["reports"].items():
        for table in report["tables"]:
            view = f"report_{name}_{table['key']}".replace("-", "_")
            keys = [column["key"] for column in table["columns"]]
            got = [dict(zip(keys, row, strict=True)) for row in ask(run / "out.sqlite", f"SELECT * FROM {view}")]
            assert got == table["rows"], view


KILLED = """
    import os, signal, sys, tempfile
    from pathlib import Path
    from engine.outputs import open_outputs
    from engine.testing import analysed_game
    from engine.plugin import RunInfo
    from engine.model import EvaluatorInfo, Limit
    from engine_plugins.writers.sqlite import SqliteWriter

    targets = open_outputs(sys.argv[1:], format=None, force=False, writers={"sqlite": SqliteWriter})
    outputs = targets.begin(RunInfo(EvaluatorInfo("x", "1", "f"), Limit(nodes=1)))
    for number in range(1, 100):
        outputs.game(analysed_game("1. e4 e5", [0, 0, 0], number=number))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_leaves_an_empty_part_and_no_temporary_file(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "a.sqlite")],
        env={"TMPDIR": str(temporary)},
        timeout=100,
        check=False,
    )
    assert done.returncode == -9
    assert (tmp_path / "a.sqlite.part").read_bytes() == b""
    assert list(temporary.iterdir()) == []


FULL = """
    import resource, sys
    from engine.errors import OutputError
    from engine.outputs import open_outputs
    from engine.testing import analysed_game
    from engine.plugin import RunInfo
    from engine.model import EvaluatorInfo, Limit
    from engine_plugins.writers.sqlite import SqliteWriter

    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    targets = open_outputs(sys.argv[1:], format=None, force=False, writers={"sqlite": SqliteWriter})
    outputs = targets.begin(RunInfo(EvaluatorInfo("x", "1", "f"), Limit(nodes=1)))
    game = analysed_game("1. e4 e5 2. Nf3 Nc6 3. Bb5 a6", [0] * 7)
    from msgspec import structs
    try:
        for number in range(1, 100_000):
            outputs.game(structs.replace(game, origin=structs.replace(game.origin, game=number)))
    except OutputError as error:
        outputs.abandon()
        print(error)
        sys.exit(error.exit_code)
"""


def test_a_full_disk_for_temporary_files_is_an_output_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FULL), str(tmp_path / "a.sqlite")],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (4, "")
    assert done.stdout.startswith("cannot write the SQLite database: ")
    assert "TMPDIR" in done.stdout


# -- interrupted --------------------------------------------------------------------------------------------


def test_an_interrupted_run_leaves_whole_tables_of_its_games(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    writers = {
        "sqlite": sqlite.SqliteWriter,
        "csv": _writer("csv", "PliesCsv"),
        "p": _writer("parquet", "PliesParquet"),
    }
    names = ["a.sqlite", "a.csv", "a.parquet"]
    outputs = open_outputs(
        [str(tmp_path / name) for name in names], format=None, force=False, writers=writers
    ).begin(INFO)
    outputs.game(analysed_game("1. e4 e5", [10, 20, 30]))
    outputs.game(analysed_game("1. d4", [10, 20], number=2))
    outputs.finish(_result(interrupted=True))
    assert sorted(path.name for path in tmp_path.glob("a.*")) == ["a.csv.part", "a.parquet.part", "a.sqlite.part"]
    assert ask(tmp_path / "a.sqlite.part", "SELECT game, ply, san FROM plies") == [
        (1, 0, "e4"), (1, 1, "e5"), (2, 0, "d4"),
    ]  # fmt: skip
    assert ask(tmp_path / "a.sqlite.part", "SELECT interrupted FROM run") == [(1,)]
    assert parquet.read_table(tmp_path / "a.parquet.part").column("san").to_pylist() == ["e4", "e5", "d4"]
    assert len((tmp_path / "a.csv.part").read_text().splitlines()) == 4


def _writer(module: str, name: str) -> Any:
    from importlib import import_module

    return getattr(import_module(f"engine_plugins.writers.{module}"), name)


def _result(*, interrupted: bool = False) -> Any:
    from engine.model import RunCounts, RunResult

    return RunResult({}, 5, (), INFO.evaluator, INFO.limit, RunCounts(), (), (), (), interrupted)


def test_an_abandoned_run_holds_nothing_open(tmp_path: Path) -> None:
    """The fixture of every test looks for descriptors and temporary files."""
    targets = open_outputs(
        [str(tmp_path / "a.db")], format=None, force=False, writers={"sqlite": sqlite.SqliteWriter}
    )
    outputs = targets.begin(INFO)
    outputs.game(analysed_game("1. e4 e5", [10, 20, 30]))
    outputs.abandon()
    outputs.abandon()
    assert (tmp_path / "a.db.part").read_bytes() == b""


# -- Parquet ------------------------------------------------------------------------------------------------


def test_without_pyarrow_the_way_out_is_named_before_anything_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'grandmaster-analysis\[parquet\]'"):
        tables.write_all(tmp_path, "out.csv", "out.parquet")
    assert not list(tmp_path.glob("out.*"))


def test_parquet_is_written_in_row_groups_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    from engine_plugins.writers import parquet as writers

    monkeypatch.setattr(writers, "GROUP_ROWS", 200)
    monkeypatch.setattr(writers, "_BATCH_ROWS", 50)
    path = tmp_path / "a.parquet"
    outputs = open_outputs([str(path)], format=None, force=False, writers={"p": writers.PliesParquet}).begin(INFO)
    game = analysed_game("1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7", [0] * 11)
    sizes = []
    for _ in range(100):
        outputs.game(game)
        sizes.append(path.with_name("a.parquet.part").stat().st_size)
    assert len(set(sizes)) == 6  # the head of the file, then five times 200 rows
    outputs.finish(_result())
    found = parquet.ParquetFile(path).metadata
    assert [found.row_group(k).num_rows for k in range(found.num_row_groups)] == [200] * 5


def test_no_game_is_an_empty_table(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    writers = {"p": _writer("parquet", "GamesParquet"), "c": _writer("csv", "GamesCsv"), "s": sqlite.SqliteWriter}
    names = [tmp_path / "a.games.parquet", tmp_path / "a.games.csv", tmp_path / "a.db"]
    outputs = open_outputs([str(name) for name in names], format=None, force=False, writers=writers).begin(INFO)
    outputs.finish(_result())
    assert parquet.read_table(names[0]).num_rows == 0
    assert names[1].read_text().startswith("game,file,line,variant,white,black,")
    assert ask(names[2], "SELECT count(*) FROM games") == [(0,)]


# -- FEN ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_fens_are_those_of_python_chess(seed: int) -> None:
    """Random games from the usual start and from those of Chess960, with castling and en passant."""
    chance = random.Random(seed)
    board = chess.Board() if seed % 2 else chess.Board.from_chess960_pos(chance.randrange(960))
    for _ in range(150):
        assert fen(board) == board.fen()
        moves = sorted(board.legal_moves, key=chess.Move.uci)
        if not moves:
            break
        special = [move for move in moves if board.is_castling(move) or board.is_en_passant(move)]
        board.push(chance.choice(special or moves))


def test_a_right_to_castle_that_only_x_fen_can_write() -> None:
    board = chess.Board("4k3/8/8/8/8/8/8/RR2K3 w B - 0 1", chess960=True)
    assert fen(board) == board.fen() == "4k3/8/8/8/8/8/8/RR2K3 w B - 0 1"
