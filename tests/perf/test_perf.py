"""Tests of the benchmarks: their arithmetic, their recordings, and the command that runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import chess
import pytest

from engine.model import Score
from engine.testing.fake_uci import fake_uci
from tests.perf import agreement, bare, counts, games, readme, report, sides
from tests.perf.__main__ import BENCHMARKS, OTHERS
from tests.perf.report import Failed, Report
from tests.support import PATIENCE

ROOT = Path(__file__).parents[2]


def perf(*words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.perf", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def one_short_game(folder: Path) -> Path:
    """Write a game of 15 plies that ends in mate: positions 0 to 14 are searched, the last one is not."""
    moves = "1. e4 e5 2. Nf3 Nc6 3. Bc4 d6 4. Nc3 Bg4 5. h3 Bh5 6. Nxe5 Bxd1 7. Bxf7+ Ke7"
    path = folder / "one.pgn"
    path.write_text(f'[White "A"]\n\n{moves} 8. Nd5# 1-0\n', encoding="utf-8")
    return path


@pytest.mark.soak
def test_memory_does_not_grow_with_the_names(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    perf("names", "--players", "10000", "30000", "--only-default", "-j", "2", "--json", out)
    peaks = [size["default"] for size in json.loads(out.read_text())["data"].values()]
    assert peaks[1] < 300
    assert peaks[1] - peaks[0] < 20  # 20,000 names more: 500 bytes each; it was 5,000


# -- the command ------------------------------------------------------------------------------------------------


def test_without_a_name_it_lists_every_measurement() -> None:
    listed = perf().stdout
    for name in [*BENCHMARKS, *OTHERS]:
        assert f"\n  {name} " in listed


@pytest.mark.slow
def test_what_is_wrong_is_said_in_one_line() -> None:
    assert "no benchmark is called 'speed'" in perf("speed", code=2).stderr
    missing = perf("cache", "--quick", "-e", "./no-such-program", code=3).stderr
    assert missing.startswith("cache: ")
    assert "no-such-program" in missing
    assert perf("recorded", "--games", "no-such.pgn", code=3).stderr == "recorded: no-such.pgn: no such file\n"
    assert "invalid" in perf("units", "--nodes", "many", code=2).stderr


@pytest.mark.slow
def test_saturation_compares_the_same_searches(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path / "bin")
    out = tmp_path / "out.json"
    game = one_short_game(tmp_path)
    words: list[str | Path] = [
        "--nodes",
        "10k",
        "--only",
        "native",
        "-e",
        fake,
        "--games",
        game,
        "--json",
        out,
        "-j",
        "2",
    ]
    shown = perf("saturation", "--quick", *words).stdout
    assert shown.startswith("$ python -m tests.perf saturation --quick")
    result = report.load(out)
    [loops], [ours] = (result.data["native 10000"][side] for side in ("bare", "engine"))
    assert loops["nodes"] == ours["counts"]["nodes"] == 15 * 10_000
    assert [row[-1] for row in result.tables[0].rows] == ["yes"]
    assert result.quick
    assert result.machine["Python"]


@pytest.mark.slow
def test_all_says_in_the_document_what_it_found_and_what_it_could_not(tmp_path: Path) -> None:
    document = tmp_path / "README.md"
    document.write_text(f"before\n{readme.BEGIN}\nstale line\n{readme.END}\nafter\n", encoding="utf-8")
    words: list[str | Path] = ["--only", "cold-start,cache", "--rounds", "1", "--readme", document, "-e"]
    gone = tmp_path / "gone"
    perf("all", *words, gone, "--quick", code=1)
    assert "stale line" in document.read_text(encoding="utf-8")
    perf("all", *words, gone, code=1)
    text = document.read_text(encoding="utf-8")
    assert "stale line" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| cache | not measured: " in text
    assert text.count(str(gone)) == 2


# -- what is compared ----------------------------------------------------------------------------------------


def test_what_workers_are_sent_is_recorded(tmp_path: Path) -> None:
    units = sorted(bare.recorded_units(one_short_game(tmp_path)), key=len)  # the last ones of a run are short
    assert [len(unit) for unit in units] == [1] * 10 + [5]
    boards = [[played(command) for command in unit] for unit in units]
    [(moves, board)] = games.boards(tmp_path / "one.pgn")
    fens = [board.fen()]
    for move in moves:
        board.push(move)
        fens.append(board.fen())
    assert [fen for [fen] in boards[:10]] == fens[:10]
    assert boards[10] == fens[14:9:-1]


def played(command: str) -> str:
    """Return the FEN after a `position` command."""
    root, _, moves = command.removeprefix("position fen ").partition(" moves ")
    board = chess.Board(root)
    for move in moves.split():
        board.push_uci(move)
    return board.fen()


@pytest.mark.parametrize(("way", "fresh"), [("loop", 1), ("warm", 1), ("fresh", 15), ("chunks", 3)])
def test_the_other_ways_search_every_position(tmp_path: Path, way: str, fresh: int) -> None:
    log = tmp_path / "log"
    fake = fake_uci(tmp_path / "bin", log=str(log))
    out = tmp_path / "out.json"
    command = ["tests.perf.ways", way, one_short_game(tmp_path), out, "1", "nodes=1000", fake]
    subprocess.run([sys.executable, "-m", *map(str, command)], cwd=ROOT, check=True, timeout=PATIENCE)
    result = json.loads(out.read_bytes())
    [scores] = result["scores"]
    assert [score is None for score in scores] == [False] * 15 + [True]
    lines = log.read_text(encoding="utf-8").splitlines()
    searches = sum(line.startswith("go ") for line in lines)
    assert searches == (17 if way == "chunks" else 15)
    assert result["nodes"] == (857 if way == "chunks" else 1000) * searches
    assert lines.count("ucinewgame") == fresh


def test_chunks_go_backwards_after_the_position_that_follows_them(tmp_path: Path) -> None:
    log = tmp_path / "log"
    fake = fake_uci(tmp_path / "bin", log=str(log))
    words = ["chunks", one_short_game(tmp_path), tmp_path / "out.json", "1", "nodes=1000", fake]
    subprocess.run(
        [sys.executable, "-m", "tests.perf.ways", *map(str, words)], cwd=ROOT, check=True, timeout=PATIENCE
    )
    lines = log.read_text(encoding="utf-8").splitlines()
    plies = [len(line.partition(" moves ")[2].split()) for line in lines if line.startswith("position")]
    # Position 15 is mate, and nobody searches it.
    assert plies == [14, 13, 12, 11, 10, 10, 9, 8, 7, 6, 5, 4, 4, 3, 2, 1, 0]


def test_every_stage_of_the_parent_has_files() -> None:
    for stage, parts in counts.STAGES.items():
        for part in parts:
            folder = ROOT / "plugins" if part.startswith("engine_plugins") else ROOT
            assert (folder / part).exists(), part
            file = folder / part / "any.py" if part.endswith("/") else folder / part
            assert counts.stage_of(str(file)) == stage
    assert counts.stage_of(str(ROOT / "engine" / "model" / "game.py")) == "other"
    assert counts.stage_of(os.__file__) == "other"


# -- arithmetic ----------------------------------------------------------------------------------------------


def test_sides_are_measured_in_turns() -> None:
    calls: list[str] = []
    measured = sides.in_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 2)
    assert calls == ["a", "b", "a", "b"]
    assert {name: len(values) for name, values in measured.items()} == {"a": 2, "b": 2}


def test_intervals_resample_whole_games() -> None:
    assert sides.by_game([(2.0, 2), (10.0, 10)]) == (1.0, 1.0, 1.0)
    mean, low, high = sides.by_game([(0.0, 100), (100.0, 100)])
    assert (mean, low, high) == (0.5, 0.0, 1.0)  # both resampled games are the same one often enough
    mean, low, high = sides.by_game([(0.0, 1), (1.0, 1)] * 200)
    assert low == pytest.approx(mean - 0.049, abs=0.01)
    assert high == pytest.approx(mean + 0.049, abs=0.01)


def test_errors_and_judgements_against_a_reference() -> None:
    reference: agreement.Evals = [[Score(cp=0), Score(cp=0), Score(cp=0), None]]
    evals: agreement.Evals = [[Score(cp=0), Score(cp=-300), Score(cp=0), Score(cp=5)]]
    [(total, count)] = agreement.errors(evals, reference)
    assert total == pytest.approx(25.1, abs=0.1)
    assert count == 3
    # White's first move looks like a blunder, Black's answer is fine either way: his own loss is White's gain.
    assert agreement.agreeing(evals, reference, [True]) == [(0, 2)]
    assert agreement.agreeing(reference, reference, [True]) == [(2, 2)]
    assert agreement.difference([(3.0, 3)], [(1.5, 3)]) == (0.5, 0.5, 0.5)


def test_the_table_keeps_the_rows_of_what_was_not_run() -> None:
    block = [
        "| old a | 1 | | `python -m tests.perf cache` |",
        "| old b | 2 | | `python -m tests.perf memory` |",
    ]
    text = "\n".join(["x", readme.BEGIN, "machine", "", *readme.HEAD, *block, readme.END, "y"])
    new = Report(command="python -m tests.perf memory")
    new.find("|b|, new", "3", "< 4", met=True)
    rows = {"memory": readme.rows_of(new)}
    written = readme.rewritten(text, "another", rows, ["memory", "cache"])
    assert written.splitlines() == [
        "x", readme.BEGIN, "another", "", *readme.HEAD,
        "| \\|b\\|, new | 3 | < 4: met | `python -m tests.perf memory` |",
        "| old a | 1 | | `python -m tests.perf cache` |",
        readme.END, "y",
    ]  # fmt: skip
    with pytest.raises(Failed, match="figures: begin"):
        readme.rewritten("no markers", "", {}, [])


def test_the_real_document_has_the_markers_and_only_known_commands() -> None:
    text = readme.README.read_text(encoding="utf-8")
    assert readme.rewritten(text, "", {}, list(BENCHMARKS)).count("python -m tests.perf") == text.count(
        "python -m tests.perf"
    )
    for name in BENCHMARKS:
        assert f"| `{name}` |" in text
