"""Tables through the command: endings, standard output, interruption."""

from __future__ import annotations

import csv
import io
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine.system.compression import InputStream
from engine.testing.fake_uci import fake_uci
from tests.support import DATA, PATIENCE, working_file

from .command import CLASSICS, assert_clear_error, engine, refused

MATCH = DATA / "match.jsonl.zst"


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("csv", "game,ply,move_number,mover,"),
        ("games-csv", "game,file,line,variant,"),
        ("reports-csv", "report,part,table_key,"),
        ("md", "# Chess analysis\n"),
    ],
)
def test_standard_output(name: str, begins: str) -> None:
    ran = engine("analyze", MATCH, "--limit", "1", "--format", name, "-q")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(begins)
    again = engine("analyze", MATCH, "--limit", "1", "-o", "-", "--format", name, "-q")
    assert again.out == ran.out


def test_a_closed_pipe_ends_a_table_quietly() -> None:
    command = f"{sys.executable} -m engine analyze {MATCH} --format csv | head -n 1"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ran.stdout.startswith("game,ply,")
    assert "Traceback" not in ran.stderr
    assert ran.returncode == 141


def test_compressed_by_a_second_ending(tmp_path: Path) -> None:
    ran = engine("analyze", MATCH, "--limit", "3", "-o", "a.csv", "-o", "a.csv.zst", "-o", "a.db.gz", cwd=tmp_path)
    assert ran.code == 0, ran.err
    with open(tmp_path / "a.csv.zst", "rb") as raw, io.BufferedReader(InputStream(raw, ".zst")) as stream:
        assert stream.read() == (tmp_path / "a.csv").read_bytes()
    with open(tmp_path / "a.db.gz", "rb") as raw, io.BufferedReader(InputStream(raw, ".gz")) as stream:
        (tmp_path / "a.db").write_bytes(stream.read())
    with open(tmp_path / "a.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        [(number,)] = database.execute("SELECT count(*) FROM plies")
    assert number == len(rows) > 100


def test_an_unknown_ending_names_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = refused(capsys, "analyze", MATCH, "-o", "x.doc")
    assert_clear_error(
        ran, 2, "x.doc", ".csv (also .games.csv", ".parquet", ".sqlite", ".md", ".zst", "plugins list"
    )
    near = refused(capsys, "analyze", MATCH, "-o", "x.sqlit")
    assert_clear_error(near, 2, "did you mean .sqlite?")
    assert_clear_error(refused(capsys, "analyze", MATCH, "--format", "cvs"), 2, "did you mean csv?")


def test_help_and_the_list_of_plugins_say_which_endings_there_are() -> None:
    words = re.sub(r"\s+", " ", engine("analyze", "--help").out)
    for ending in (".pgn", ".jsonl", ".csv", ".games.csv", ".parquet", ".sqlite", ".md", ".json", ".reports.csv"):
        assert f" {ending}" in words
    listed = engine("plugins", "list", "--namespace", "writers", COLUMNS="200").out
    assert ".parquet, .plies.parquet" in listed
    assert "| `.games.csv`" in engine("plugins", "show", "games-csv").out


@pytest.mark.slow
def test_an_interrupted_run_leaves_tables_of_the_finished_games_and_the_same_command_the_whole(
    tmp_path: Path,
) -> None:
    fake = fake_uci(tmp_path / "fake", delay=0.02)
    out = tmp_path / "a.sqlite"
    arguments = ["analyze", str(CLASSICS), "-e", str(fake), "--nodes", "1000", "-j", "2", "-o", str(out)]
    command = [sys.executable, "-m", "engine", *arguments, "-o", str(tmp_path / "a.csv")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        csv = tmp_path / "a.csv"
        deadline = time.monotonic() + PATIENCE
        while (
            not ((file := working_file(csv)) and file.read_bytes().count(b"\n") > 1)
            and time.monotonic() < deadline
        ):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    with closing(sqlite3.connect(tmp_path / "a.sqlite.part")) as database:
        [(games, interrupted)] = database.execute("SELECT games, interrupted FROM run")
        assert list(database.execute("SELECT count(*) FROM games")) == [(games,)]
        [(plies,)] = database.execute("SELECT count(*) FROM plies")
    assert interrupted == 1
    assert 1 <= games < 12
    assert (tmp_path / "a.csv.part").read_bytes().count(b"\n") == plies + 1
    again = engine(*arguments)
    assert again.code == 0, again.err
    with closing(sqlite3.connect(out)) as database:
        assert list(database.execute("SELECT games, interrupted FROM run")) == [(12, 0)]
