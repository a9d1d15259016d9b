"""The tables: the same values in every format, read by the programs that people use."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.output.files import check_outputs
from engine.output.tables import SCHEMAS as TABLE_SCHEMAS
from engine.testing import analysed_game
from engine_plugins.writers import sqlite
from engine_plugins.writers._csv import neutral
from engine_plugins.writers._views import VIEWS
from tests.support import PATIENCE, working_file

from . import tables
from .reading import INFO, SCHEMAS, Rows, ask, from_csv, from_parquet, from_sqlite, result_of, writer

README = Path(sqlite.__file__).with_name("README.md")


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
        assert found.metadata[b"engine.schema"].decode() == schema.label
        assert found.metadata[b"engine.evaluator"] == b"recorded"


READERS = {
    "pandas": """
        frame = pandas.read_parquet(path)
        blunders = (frame["judgement"] == "blunder").sum()
        print(len(frame), blunders, int(frame["cp_loss"].sum()), frame["clock"].min())
    """,
    "polars": """
        c = polars.col
        loss = c("cp_loss").sum().alias("sum")
        wanted = polars.len(), (c("judgement") == "blunder").sum(), loss, c("clock").min()
        print(*polars.scan_parquet(path).select(*wanted).collect().row(0))
    """,
    "duckdb": """
        query = "SELECT count(*), count_if(judgement = 'blunder'), sum(cp_loss), min(clock) FROM read_parquet(?)"
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
        timeout=PATIENCE,
        check=False,
    )
    plies = expected["plies"]
    blunders = sum(row["judgement"] == "blunder" for row in plies)
    loss = sum(row["cp_loss"] or 0 for row in plies)
    shortest = min(row["clock"] for row in plies if row["clock"] is not None)
    assert blunders > 0
    assert [float(word) for word in done.stdout.split()] == [len(plies), blunders, loss, shortest], done.stderr


@pytest.mark.slow
def test_equal_runs_give_equal_bytes(run: Path, tmp_path: Path) -> None:
    """They are the same under other names, apart from the names of the inputs in them."""
    names = ("out.sqlite", "out.plies.parquet", "out.games.csv")
    tables.write_all(run, *(f"again.{name}" for name in names))
    for name in names:
        assert (run / f"again.{name}").read_bytes() == (run / name).read_bytes(), name


def test_whose_moves_they_are(tmp_path: Path) -> None:
    tables.write_all(tmp_path, "out.plies.csv", "out.games.csv", players=("Stockfish 1400",))
    plies, games = from_csv(tmp_path, "plies"), from_csv(tmp_path, "games")
    assert {(row["player"] == "Stockfish 1400", row["by_player"]) for row in plies} == {
        (True, True),
        (False, False),
    }
    assert {(row["white"] == "Stockfish 1400", row["player_color"]) for row in games} == {
        (True, "white"),
        (False, "black"),
    }


def test_every_column_is_documented() -> None:
    text = README.read_text(encoding="utf-8")
    for schema in TABLE_SCHEMAS:
        page = text.partition(f"\n## {schema.name.capitalize()}\n")[2].partition("\n## ")[0]
        rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
        listed = [tuple(cell.strip() for cell in row) for row in rows]
        assert listed == [(f"`{column.name}`", column.type, column.meaning) for column in schema.columns], (
            schema.name
        )
    for name, (meaning, _) in VIEWS.items():
        assert f"| `{name}` | {meaning} |" in text


# -- interrupted ---------------------------------------------------------------------------------------------


def test_an_interrupted_run_leaves_whole_tables_of_its_games(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    writers = {
        "sqlite": sqlite.SqliteWriter,
        "csv": writer("csv", "PliesCsv"),
        "p": writer("parquet", "PliesParquet"),
    }
    names = ["a.sqlite", "a.csv", "a.parquet"]
    outputs = check_outputs(
        [str(tmp_path / name) for name in names], format=None, force=False, writers=writers
    ).open(INFO)
    outputs.game(analysed_game("1. e4 e5", [10, 20, 30]))
    outputs.game(analysed_game("1. d4", [10, 20], number=2))
    outputs.finish(result_of(interrupted=True))
    assert sorted(path.name for path in tmp_path.glob("a.*")) == ["a.csv.part", "a.parquet.part", "a.sqlite.part"]
    assert ask(tmp_path / "a.sqlite.part", "SELECT game, ply, san FROM plies") == [
        (1, 0, "e4"), (1, 1, "e5"), (2, 0, "d4"),
    ]  # fmt: skip
    assert ask(tmp_path / "a.sqlite.part", "SELECT interrupted FROM run") == [(1,)]
    assert parquet.read_table(tmp_path / "a.parquet.part").column("san").to_pylist() == ["e4", "e5", "d4"]
    assert len((tmp_path / "a.csv.part").read_text().splitlines()) == 4


def test_an_abandoned_run_holds_nothing_open(tmp_path: Path) -> None:
    """The fixture of every test looks for descriptors and temporary files."""
    targets = check_outputs(
        [str(tmp_path / "a.db")], format=None, force=False, writers={"sqlite": sqlite.SqliteWriter}
    )
    outputs = targets.open(INFO)
    outputs.game(analysed_game("1. e4 e5", [10, 20, 30]))
    outputs.abandon()
    outputs.abandon()
    assert not list(tmp_path.glob("a.*"))


# -- Parquet -------------------------------------------------------------------------------------------------


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
    outputs = check_outputs([str(path)], format=None, force=False, writers={"p": writers.PliesParquet}).open(INFO)
    game = analysed_game("1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7", [0] * 11)
    sizes = []
    for _ in range(100):
        outputs.game(game)
        written = working_file(path)
        assert written is not None
        sizes.append(written.stat().st_size)
    assert len(set(sizes)) == 6  # the head of the file, then five times 200 rows
    outputs.finish(result_of())
    metadata = parquet.ParquetFile(path).metadata
    assert [metadata.row_group(k).num_rows for k in range(metadata.num_row_groups)] == [200] * 5


def test_a_big_run_goes_on_in_further_parquet_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    from engine_plugins.writers import parquet as writers

    monkeypatch.setattr(writers, "GROUP_ROWS", 50)
    monkeypatch.setattr(writers, "_BATCH_ROWS", 50)
    monkeypatch.setattr(writers, "SHARD_ROWS", 100)
    path = tmp_path / "a.parquet"
    outputs = check_outputs([str(path)], format=None, force=False, writers={"p": writers.PliesParquet}).open(INFO)
    for number in range(1, 26):
        outputs.game(analysed_game("1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7", [0] * 11, number=number))
    outputs.finish(result_of())
    shards = [tmp_path / name for name in ("a.parquet", "a-2.parquet", "a-3.parquet")]
    assert sorted(tmp_path.glob("a*")) == sorted(shards)
    tables = [parquet.read_table(shard) for shard in shards]
    assert [table.num_rows for table in tables] == [100, 100, 50]
    games = [game for table in tables for game in table.column("game").to_pylist()]
    assert games == [number for number in range(1, 26) for _ in range(10)]


def test_no_game_is_an_empty_table(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    writers = {"p": writer("parquet", "GamesParquet"), "c": writer("csv", "GamesCsv"), "s": sqlite.SqliteWriter}
    names = [tmp_path / "a.games.parquet", tmp_path / "a.games.csv", tmp_path / "a.db"]
    outputs = check_outputs([str(name) for name in names], format=None, force=False, writers=writers).open(INFO)
    outputs.finish(result_of())
    assert parquet.read_table(names[0]).num_rows == 0
    assert names[1].read_text().startswith("game,file,line,variant,white,black,")
    assert ask(names[2], "SELECT count(*) FROM games") == [(0,)]
