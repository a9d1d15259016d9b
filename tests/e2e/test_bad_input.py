"""Everything a user can get wrong: one clear line, the right exit code, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci
from tests.support import PATIENCE, working_file

from .command import CLASSICS, assert_clear_error, engine, refused


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path / "fake")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere.pgn"], 2, ["nowhere.pgn", "no such file"]),
        ([str(CLASSICS), "-a", "acuracy"], 2, ["did you mean 'accuracy'"]),
        ([str(CLASSICS), "-e", "stokfish"], 2, ["did you mean 'stockfish'"]),
        ([str(CLASSICS), "-e", "./no/such/program"], 3, ["no/such/program"]),
        ([str(CLASSICS), "--nodes", "many"], 2, ["'many'", "100k"]),
        ([str(CLASSICS), "--nodez", "1"], 2, ["--nodez"]),
        ([str(CLASSICS), "-o", "no/such/folder/x.pgn"], 4, ["no/such/folder"]),
        ([str(CLASSICS), "-o", "x.xyz"], 2, ["x.xyz"]),
        ([str(CLASSICS), "--format", "xyz"], 2, ["xyz"]),
        ([str(CLASSICS), "--filter", "White ="], 2, ["--filter"]),
        ([str(CLASSICS), "--set", "wins.gamez=3"], 2, ["wins", "gamez"]),
        ([str(CLASSICS), "--set", "winz.games=3"], 2, ["did you mean 'wins'"]),
        ([str(CLASSICS), "--set", "scoreboard.size=0"], 2, ["scoreboard", "size"]),
        ([str(CLASSICS), "--set", "nonsense"], 2, ["NAME.KEY=VALUE"]),
        ([str(CLASSICS), "--profile", "deeep"], 2, ["deeep", "standard"]),
        ([str(CLASSICS), "--plugin", "nowhere.py"], 2, ["nowhere.py"]),
        ([str(CLASSICS), "--executor", "nowhere"], 2, ["nowhere"]),
        ([str(CLASSICS), "--player", "..."], 2, ["--player"]),
        ([str(CLASSICS), "--sample", "lots"], 2, ["lots"]),
    ],
)
def test_usage_errors_come_before_any_work(  # noqa: PLR0917
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: list[str],
) -> None:
    log = tmp_path / "log"
    fake = fake_uci(tmp_path / "logging", log=str(log))
    evaluator = [] if "-e" in arguments else ["-e", str(fake)]
    monkeypatch.chdir(tmp_path)
    assert_clear_error(refused(capsys, "analyze", *arguments, *evaluator), code, *words)
    assert not log.exists() or "position" not in log.read_text()
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".part") == []


@pytest.mark.slow
def test_an_output_that_exists_is_kept_unless_forced(tmp_path: Path, fake: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("precious")
    arguments = ("analyze", CLASSICS, "-e", fake, "--nodes", "10", "-o", out, "--limit", "1")
    assert_clear_error(engine(*arguments), 2, str(out), "--force")
    assert out.read_text() == "precious"
    assert engine(*arguments, "--force").code == 0
    assert json.loads(out.read_text())["game"] == 1


@pytest.mark.slow
def test_an_illegal_move_costs_the_rest_of_its_game_only(tmp_path: Path, fake: Path) -> None:
    source = tmp_path / "games.pgn"
    source.write_text('[White "A"]\n\n1. e4 e5 2. Ke3 Nc6 *\n\n[White "B"]\n\n1. d4 d5 *\n', encoding="utf-8")
    ran = engine("analyze", source, "-e", fake, "--nodes", "10", "--format", "jsonl")
    assert ran.code == 0
    first, second = map(json.loads, ran.out.splitlines())
    assert [ply["san"] for ply in first["plies"]] == ["e4", "e5"]
    assert [ply["san"] for ply in second["plies"]] == ["d4", "d5"]
    assert f"{source}:3" in ran.err.replace("\n", "")
    assert "Ke3" in ran.err
    strict = engine("analyze", source, "-e", fake, "--nodes", "10", "--strict")
    assert strict.code == 1


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (bytes(range(256)) * 64, 2, "no readable game"),
        (b"<!doctype html><html><body>not found</body></html>\n", 2, "no readable game"),
        (b'[FEN "not a fen"]\n\n1. e4 *\n', 2, "no readable game"),
        (b"", 0, "no game in it"),
    ],
    ids=["binary", "html", "broken FEN", "empty"],
)
def test_files_without_a_game(tmp_path: Path, fake: Path, content: bytes, code: int, words: str) -> None:
    source = tmp_path / "x.pgn"
    source.write_bytes(content)
    ran = engine("analyze", source, "-e", fake, "-o", tmp_path / "o.pgn")
    assert ran.code == code, ran
    assert words in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.slow
def test_variants_are_skipped_and_counted(tmp_path: Path, fake: Path) -> None:
    source = tmp_path / "x.pgn"
    source.write_text('[Variant "Crazyhouse"]\n\n1. e4 e5 *\n\n[White "B"]\n\n1. d4 *\n')
    ran = engine("analyze", source, "-e", fake, "--nodes", "10", "--format", "jsonl", "-o", tmp_path / "o.pgn")
    assert ran.code == 0
    assert [json.loads(line)["game"] for line in ran.out.splitlines()] == [2]
    assert "1 of other variants" in ran.err
    assert '[Variant "Crazyhouse"]' in (tmp_path / "o.pgn").read_text()


def test_chess960_is_not_played_by_a_program_that_cannot(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path / "fake", chess960=False)
    source = tmp_path / "x.pgn"
    fen = "nrbbqnkr/pppppppp/8/8/8/8/PPPPPPPP/NRBBQNKR w KQkq - 0 1"
    source.write_text(
        f'[Variant "Chess960"]\n[SetUp "1"]\n[FEN "{fen}"]\n\n1. f4 e5 *\n\n[White "B"]\n\n1. d4 *\n'
    )
    ran = engine("analyze", source, "-e", fake, "--nodes", "10", "--format", "jsonl")
    assert ran.code == 0
    assert [json.loads(line)["game"] for line in ran.out.splitlines()] == [2]
    assert "chess960" in ran.err


def test_positions_that_cannot_be_searched_are_reported_and_never_sent(tmp_path: Path) -> None:
    log = tmp_path / "log"
    fake = fake_uci(tmp_path / "fake", log=str(log))
    source = tmp_path / "x.epd"
    source.write_text("4k3/8/8/8/8/8/8/K3K3 w - - bm Ka2;\n4k3/8/8/8/8/8/8/4K2R w K - bm O-O;\n")
    ran = engine("analyze", source, "-e", fake, "--nodes", "10", "--format", "jsonl")
    assert ran.code == 0
    first, second = map(json.loads, ran.out.splitlines())
    assert first["positions"] == [{"missing": "refused"}]
    assert "eval" in second["positions"][0]
    assert "too many kings" in ran.err
    assert "K3K3" not in log.read_text()


def test_control_characters_of_a_file_never_reach_the_terminal(tmp_path: Path, fake: Path) -> None:
    source = tmp_path / "x.pgn"
    source.write_text('[White "A\x1b[31mB\x07"]\n[Black "C\x9b2J"]\n\n1. e4 \x1b]0;title\x07 e5 2. Ke4 *\n')
    ran = engine("analyze", source, "-e", fake, "--nodes", "10")
    assert ran.code == 0
    assert not [c for c in ran.out + ran.err if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0]


PLACELESS = """
from engine_plugins.console import main
from engine_plugins.evaluators.stockfish import Stockfish
Stockfish.places = ()
main()
"""
"""The command where no package manager has put a Stockfish anywhere."""


def test_without_any_stockfish_npm_or_network_the_ways_out_are_named(tmp_path: Path) -> None:
    wasm = str(tmp_path / "no.wasm")
    ran = engine("analyze", CLASSICS, program=PLACELESS, PATH=str(tmp_path), ENGINE_STOCKFISH_WASM=wasm)
    assert_clear_error(ran, 3, wasm)


def test_an_evaluator_that_dies_at_start(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path / "fake", start_crash=3, last_words="no network file")
    assert_clear_error(engine("analyze", CLASSICS, "-e", fake), 3, "exit code 3")


def test_output_to_a_closed_pipe_ends_quietly(tmp_path: Path, fake: Path) -> None:
    command = [sys.executable, "-m", "engine", "analyze", str(CLASSICS), "-e", str(fake)]
    with subprocess.Popen(
        [*command, "--nodes", "10", "--format", "jsonl"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read().decode()
        assert process.wait(PATIENCE) == 141
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_ends_in_good_order_and_the_same_command_continues(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    log = tmp_path / "log"
    fake = fake_uci(tmp_path / "fake", delay=0.015, log=str(log))
    out = tmp_path / "out.jsonl"
    arguments = ["analyze", str(CLASSICS), "-e", str(fake), "--nodes", "1000", "-o", str(out), "-j", "2"]
    with subprocess.Popen(
        [sys.executable, "-m", "engine", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
    ) as process:
        deadline = time.monotonic() + PATIENCE
        while not ((written := working_file(out)) and written.stat().st_size) and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, err
    assert b"the same command continues" in err
    assert not out.exists()
    part = tmp_path / "out.jsonl.part"
    games = [json.loads(line) for line in part.read_text().splitlines()]
    assert 1 <= len(games) < 12
    before = log.read_text().count("go nodes 1000\n")
    ran = engine(*arguments)
    assert ran.code == 0, ran.err
    assert len(out.read_text().splitlines()) == 12
    assert not part.exists()
    assert before + log.read_text().count("go nodes 1000\n") - before <= 558 + 10


def test_a_second_run_with_the_same_output_is_refused_and_the_first_is_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ("-e", "recorded", "-o", str(out))
    command = [sys.executable, "-m", "engine", "analyze", "-", "--keep-duplicates", *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as first:
        assert first.stdin is not None
        first.stdin.write(CLASSICS.read_bytes() * 13)  # the first 64 KiB are looked at before outputs are opened
        first.stdin.flush()
        deadline = time.monotonic() + PATIENCE
        while working_file(out) is None and time.monotonic() < deadline:
            assert first.poll() is None
            time.sleep(0.02)
        second = refused(capsys, "analyze", CLASSICS, "--limit", "7", "--force", *arguments)
        assert_clear_error(second, 4, "another run is writing", str(out))
        _, err = first.communicate(CLASSICS.read_bytes(), timeout=PATIENCE)
    assert first.returncode == 0, err
    assert len(out.read_text().splitlines()) == 14 * 12


@pytest.mark.slow
def test_head_ends_the_summary_quietly(fake: Path) -> None:
    command = f"{sys.executable} -m engine analyze {CLASSICS} -e {fake} --nodes 10 | head -n 1"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ran.returncode in (0, 141)
    assert ran.stdout.count("\n") == 1
    assert "Traceback" not in ran.stderr
    assert "BrokenPipe" not in ran.stderr


@pytest.mark.slow
def test_stop_after_ends_in_good_order_and_the_same_command_continues(tmp_path: Path) -> None:
    """The first game is in the cache, and the others take longer than the run may."""
    fake = fake_uci(tmp_path / "fake")
    out = tmp_path / "out.jsonl"
    arguments = ("analyze", CLASSICS, "-e", fake, "--nodes", "1000", "-j", "2", "--limit")
    assert engine(*arguments, "1").code == 0
    fake_uci(tmp_path / "fake", delay=0.1)
    arguments = (*arguments, "5", "-o", out)
    ran = engine(*arguments, "--stop-after", "3s")
    assert ran.code == 0, ran.err
    assert "the same command continues" in ran.err
    assert "Winning moves" in ran.out
    assert not out.exists()
    part = tmp_path / "out.jsonl.part"
    assert 1 <= len(part.read_text().splitlines()) < 5
    fake_uci(tmp_path / "fake")
    assert engine(*arguments).code == 0
    assert len(out.read_text().splitlines()) == 5


def test_an_input_that_vanishes_is_reported(tmp_path: Path, fake: Path) -> None:
    gone = tmp_path / "gone.pgn"
    gone.symlink_to(tmp_path / "nothing")
    assert_clear_error(engine("analyze", gone, "-e", fake), 2, "gone.pgn")


@pytest.mark.parametrize("output", ["games.pgn", "link.pgn"])
def test_an_output_never_overwrites_an_input(tmp_path: Path, fake: Path, output: str) -> None:
    source = tmp_path / ("games.pgn.part" if output == "games.pgn" else "real.pgn")
    source.write_bytes(CLASSICS.read_bytes())
    if output == "link.pgn":
        os.link(source, tmp_path / output)
    ran = engine("analyze", source, "-e", fake, "--nodes", "10", "-o", tmp_path / output, "--force")
    assert_clear_error(ran, 2, "one of the inputs")
    assert source.read_bytes() == CLASSICS.read_bytes()


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("def report(self): return None", "NoneType"),
        ("def report(self): return Report('x', {'m': Metric(float('nan'), 'x', 'float')})", "finite"),
        ("def report(self): return Report('x', {'m': Metric(object(), 'x')})", "object"),
        ("def report(self): import sys; sys.exit(5)", "SystemExit"),
    ],
)
def test_a_report_that_writers_cannot_rely_on_disables_its_aggregator_only(
    tmp_path: Path, fake: Path, body: str, cause: str
) -> None:
    plugin = tmp_path / "bad.py"
    plugin.write_text(
        "from engine.plugin import Aggregator\nfrom engine.model import Metric, Report\n"
        f"class Bad(Aggregator):\n    '''Fails.'''\n    def add(self, game): pass\n    {body}\n"
    )
    ran = engine(
        "analyze", CLASSICS, "-e", fake, "--nodes", "10", "--limit", "2", "--plugin", plugin, "-a", "bad,acpl"
    )
    assert ran.code == 1, ran
    assert "Average centipawn loss" in ran.out
    assert cause in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.slow
def test_a_full_or_closed_standard_output(fake: Path) -> None:
    command = f"{sys.executable} -m engine analyze {CLASSICS} -e {fake} --nodes 10"
    for redirect in ("> /dev/full", ">&-"):
        ran = subprocess.run(
            ["bash", "-c", f"{command} {redirect}"], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert ran.returncode == 4, (redirect, ran)
        assert "standard output" in ran.stderr
        assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--player", "Morfy, Paul"], "nobody is called `Morfy, Paul`, the nearest name is `Morphy, Paul`"),
        (["--filter", "WhitElo > 2000"], "no game has the tag `WhitElo`; the nearest is `White`"),
        (["--filter", "my result = loss"], "`my` needs to know whose games these are: --player NAME"),
    ],
)
def test_nobody_and_no_such_tag_are_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    page = tmp_path / "report.md"
    ran = refused(capsys, "analyze", CLASSICS, "-e", "recorded", "-q", "-o", page, *flags)
    assert_clear_error(ran, 2, said)
    assert not page.exists()


def test_nothing_passed_the_filters_is_said(fake: Path) -> None:
    ran = engine("analyze", CLASSICS, "-e", fake, "--filter", "White = Nobody")
    assert ran.code == 0
    assert "no game of 12 passed the filters" in ran.err


@pytest.mark.parametrize("count", ["1e999", "99999999999999999999999", "1e400s"])
def test_counts_beyond_reason(fake: Path, capsys: pytest.CaptureFixture[str], count: str) -> None:
    flag = "--time" if count.endswith("s") else "--nodes"
    assert_clear_error(refused(capsys, "analyze", CLASSICS, "-e", fake, flag, count), 2, count)
