"""Cells: nothing in CSV is a formula, any text is kept."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from engine.model import Column, Metric, Report, ReportTable
from engine.output import tables
from engine.output.files import check_outputs
from engine.testing import analysed_game
from engine_plugins.writers import sqlite
from engine_plugins.writers._csv import csv_lines, neutral

from .reading import INFO, ask, from_csv, result_of, writer


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


# -- text of any kind ----------------------------------------------------------------------------------------

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ["=1", "\ud800", "\0", "a\r\nb", "'", '"']
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=ANY_TEXT, cell=ANY_TEXT)
def test_any_text_is_the_same_in_all_formats(tmp_path: Path, name: str, cell: str) -> None:
    """Readers give printable text only; a stranger's reader or aggregator may not."""
    game = analysed_game("1. e4", [0, 0], headers={"White": name})
    report = Report(
        cell, {cell: Metric(cell, name, "text")}, (ReportTable(cell, name, (Column(name, cell),), ((cell,),)),)
    )
    result = structs.replace(result_of(), reports={"r": report})
    names = ("csv", "GamesCsv"), ("csv", "ReportsCsv"), ("parquet", "GamesParquet"), ("markdown", "MarkdownWriter")
    writers = {**{name: writer(module, name) for module, name in names}, "sqlite": sqlite.SqliteWriter}
    endings = (".games.csv", ".reports.csv", ".games.parquet", ".md", ".db")
    paths = [tmp_path / f"a{ending}" for ending in endings]
    outputs = check_outputs(list(map(str, paths)), format=None, force=True, writers=writers).open(INFO)
    outputs.game(game)
    outputs.finish(result)
    white, value = tables.text(name), tables.text(cell)
    assert ask(paths[4], "SELECT white FROM games") == [(white,)]
    assert ask(paths[4], "SELECT text FROM reports WHERE part = 'cell'") == [(value,)]
    with open(paths[0], newline="", encoding="utf-8") as file:
        assert [row["white"] for row in csv.DictReader(file, strict=True)] == [neutral(white or "")]
    with open(paths[1], newline="", encoding="utf-8") as file:
        assert [row["text"] for row in csv.DictReader(file, strict=True)] == [neutral(value or "")] * 2
    parquet = pytest.importorskip("pyarrow.parquet")
    assert parquet.read_table(paths[2]).column("white").to_pylist() == [white]
    assert paths[3].read_text(encoding="utf-8").startswith("# Chess analysis\n")
