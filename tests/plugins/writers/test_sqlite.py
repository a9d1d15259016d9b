"""SQLite: the schema, the views, and what is left of a run that ends badly."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from engine.model import (
    Axis,
    Chart,
    Column,
    EvaluatorInfo,
    Finding,
    Limit,
    Point,
    Reference,
    Report,
    ReportTable,
    RunCounts,
    RunResult,
    Series,
)
from engine.output import tables
from engine.plugin import RunInfo
from engine.testing import analysed_game
from engine_plugins.writers.sqlite import SqliteWriter
from tests.support import PATIENCE, working_file

from .reading import Rows, ask

README = Path(__file__).parents[3] / "plugins" / "engine_plugins" / "writers" / "README.md"


def test_the_database_is_sound_and_says_what_it_is(run: Path) -> None:
    path = run / "out.sqlite"
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert ask(path, "PRAGMA user_version") == [(1,)]
    result = json.loads((run / "out.json").read_text())["run"]
    assert ask(path, "SELECT evaluator, games, positions, wins, interrupted FROM run") == [
        ("recorded", result["games"], result["positions"], result["scoreboard"]["wins"], 0)
    ]
    [(sql,)] = ask(path, "SELECT sql FROM sqlite_schema WHERE name = 'plies'")
    for column in tables.PLIES.columns:
        assert f"  {column.name} " in sql
        assert f"-- {column.meaning}" in sql


def test_views_answer_what_the_reports_say(run: Path, expected: dict[str, Rows]) -> None:
    """Averages and counts of the views, against the aggregators of the same run."""
    path = run / "out.sqlite"
    report = json.loads((run / "out.json").read_text())["reports"]
    players = {row[0]: row[1:] for row in ask(path, "SELECT player, games, accuracy, acpl FROM players")}
    theirs = {
        name: {row["player"]: row for row in report[name]["tables"][0]["rows"]} for name in ("accuracy", "acpl")
    }
    for name in ("Stockfish 1400", "Stockfish 2300"):
        accuracy, acpl = theirs["accuracy"][name], theirs["acpl"][name]
        assert players[name] == (accuracy["games"], round(accuracy["accuracy"], 1), round(acpl["acpl"], 1))
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


def test_the_moves_behind_a_row_of_a_report(tmp_path: Path) -> None:
    moves = (Reference(1, 3), Reference(1, 0), Reference(1))
    columns = (Column("group", "Group"), Column("moves", "Moves", "int"))
    table = ReportTable("clock", "By clock", columns, (("50%", 3), ("under 10%", 2)), ((), moves))
    played = (Column("game", "Game", "int"), Column("ply", "Ply", "int"))
    worst = ReportTable("worst", "Worst", played, ((1, 2),))
    axes = Axis("Clock left", "text"), Axis("Lost")
    # A chart may have the key of a table, and points that are called as rows are.
    points = Point("50%", 1.0), Point("under 10%", 2.0, references=moves[:1])
    chart = Chart("clock", "C", "bars", *axes, (Series("You", points),))
    findings = (Finding("You lose.", "sure", moves[1:2], "clock"), Finding("5 games."))
    report = Report("Leaks", tables=(table, worst), findings=findings, charts=(chart,))
    info = RunInfo(EvaluatorInfo("x", "1", "f"), Limit(nodes=1))
    result = RunResult(
        reports={"leaks": report}, wins=0, best=(), evaluator=info.evaluator, limit=info.limit,
        counts=RunCounts(analysed=1), failures=(), notices=(), outputs=(),
    )  # fmt: skip
    path = tmp_path / "games.sqlite"
    with path.open("wb") as stream:
        writer = SqliteWriter(stream, info)
        writer.game(analysed_game("1. e4 e5 2. Nf3 Nc6 *", [0, 0, 0, 0, 0]))
        writer.finish(result)
        writer.close()
    assert ask(path, "SELECT * FROM report_findings") == [
        ("leaks", 0, "You lose.", "sure", "clock"), ("leaks", 1, "5 games.", None, None)
    ]  # fmt: skip
    assert ask(path, "SELECT part, table_key, row_number, position, game, ply FROM report_references") == [
        ("finding", None, 0, 0, 1, 0),
        ("point", "clock", 1, 0, 1, 3),
        ("row", "clock", 1, 0, 1, 3), ("row", "clock", 1, 1, 1, 0), ("row", "clock", 1, 2, 1, None),
        ("row", "worst", 0, 0, 1, 2),
    ]  # fmt: skip
    query = re.search(r'"(SELECT game, move, best_san.*?)"', README.read_text(encoding="utf-8"), re.DOTALL)
    assert query is not None
    assert [row[1] for row in ask(path, query[1])] == ["2... Nc6", "1. e4"]


KILLED = """
    import os, signal, sys, tempfile
    from pathlib import Path
    from engine.output.files import check_outputs
    from engine.testing import analysed_game
    from engine.plugin import RunInfo
    from engine.model import EvaluatorInfo, Limit
    from engine_plugins.writers.sqlite import SqliteWriter

    targets = check_outputs(sys.argv[1:], format=None, force=False, writers={"sqlite": SqliteWriter})
    outputs = targets.open(RunInfo(EvaluatorInfo("x", "1", "f"), Limit(nodes=1)))
    for number in range(1, 100):
        outputs.game(analysed_game("1. e4 e5", [0, 0, 0], number=number))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_leaves_an_empty_file_and_no_temporary_one(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "a.sqlite")],
        env={"TMPDIR": str(temporary)},
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == -9
    written = working_file(tmp_path / "a.sqlite")
    assert written is not None
    assert written.read_bytes() == b""
    assert list(temporary.iterdir()) == []


FULL = """
    import resource, sys
    from engine.errors import OutputError
    from engine.output.files import check_outputs
    from engine.testing import analysed_game
    from engine.plugin import RunInfo
    from engine.model import EvaluatorInfo, Limit
    from engine_plugins.writers.sqlite import SqliteWriter

    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    targets = check_outputs(sys.argv[1:], format=None, force=False, writers={"sqlite": SqliteWriter})
    outputs = targets.open(RunInfo(EvaluatorInfo("x", "1", "f"), Limit(nodes=1)))
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
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (4, "")
    assert done.stdout.startswith("cannot write the SQLite database: ")
    assert "TMPDIR" in done.stdout
