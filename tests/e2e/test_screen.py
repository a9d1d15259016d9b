"""The output of the command for programs and for people: events, options of writers, the overview."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pyte
import pytest

from engine.cli import time_budget
from engine.errors import EvaluatorError
from engine.run.started import StartedRun
from engine.testing.fake_uci import fake_uci
from tests.support import DATA

from .command import CLASSICS, assert_clear_error, engine, refused

MATCH = DATA / "match.jsonl.zst"
JSON = ("--progress", "json")
NODES = ("--nodes", "1000")


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path / "fake")


def events(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.slow
def test_events_tell_a_run_from_start_to_end(tmp_path: Path, fake: Path) -> None:
    source = tmp_path / "games.pgn"
    source.write_text(CLASSICS.read_text() + '\n[White "É"]\n\n1. e4 e5 2. Ke3 *\n')
    output = tmp_path / "out.pgn"
    ran = engine("analyze", source, "-e", fake, *NODES, *JSON, "-o", output, "-j", "64")
    assert ran.code == 0, ran.err
    told = events(ran.err)
    kinds = [event["event"] for event in told]
    assert kinds[-1] == "end"
    assert kinds.index("start") < kinds.index("progress")
    assert told[kinds.index("start")]["schema"] == "engine.progress/1"
    notices = [event for event in told if event["event"] == "notice"]
    assert any("64 workers" in str(event["reason"]) for event in notices)
    [cut] = [event for event in notices if event["kind"] == "cut"]
    assert (cut["file"], cut["game"]) == (str(source), 13)
    progress = [event for event in told if event["event"] == "progress"]
    assert [event["seconds"] for event in progress] == sorted(event["seconds"] for event in progress)  # type: ignore[type-var]
    assert set(progress[0]) == {
        *("event", "seconds", "games", "positions", "total", "nodes", "cached", "skipped", "wins"),
        *("best", "workers", "stopping", "paused", "recorded", "follow_ups", "follow_ups_total"),
    }
    end = told[-1]
    assert (end["games"], end["positions"], end["interrupted"]) == (13, 561, False)
    assert end["outputs"] == [str(output)]
    assert end["limit"] == {"nodes": 1000}


def test_a_run_that_cannot_be_done_ends_with_an_error_event(tmp_path: Path) -> None:
    ran = engine("analyze", tmp_path / "none.pgn", *JSON)
    assert ran.code == 2
    start, error = events(ran.err)
    assert start["event"] == "start"
    assert error["event"] == "error"
    assert error["code"] == 2
    assert "none.pgn" in str(error["message"])


@pytest.mark.slow
def test_with_a_player_leaks_are_among_the_reports_and_come_first() -> None:
    ran = engine("analyze", MATCH, "--player", "Stockfish 1700")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Stockfish 1700: 12 games, 2026-11\n\nWeakest areas\nmay be chance: With pawn moves")
    assert "Judgements  judgements" not in ran.out
    chosen = engine("analyze", MATCH, "--player", "Stockfish 1700", "-a", "acpl", "--format", "json")
    assert list(json.loads(chosen.out)["reports"]) == ["acpl"]


@pytest.mark.slow
def test_what_is_asked_for_is_shown_in_full(tmp_path: Path) -> None:
    ran = engine("analyze", MATCH, "-a", "judgements")
    assert ran.out.startswith("Judgements  judgements\n")
    ran = engine("analyze", MATCH, "-a", "+phases,acpl")
    assert ran.out.startswith("Players\n")
    assert "Average centipawn loss  acpl" in ran.out
    assert "Accuracy  accuracy" not in ran.out


def test_epd_is_shown_by_what_was_solved() -> None:
    ran = engine("analyze", DATA / "finishes.jsonl", "-a", "+epd-solved")
    assert ran.code == 0, ran.err
    assert "epd-solved" in ran.out


@pytest.mark.slow
def test_one_game_is_a_page_also_where_there_is_no_unicode() -> None:
    for encoding in ("utf-8", "ascii"):
        ran = engine("analyze", MATCH, "--limit", "1", PYTHONIOENCODING=encoding)
        assert ran.code == 0, ran.err
        assert "Turning point: 20. Bc5??" in ran.out


@pytest.mark.slow
def test_options_of_writers(tmp_path: Path) -> None:
    plain = engine("analyze", MATCH, "--limit", "1", "--format", "pgn")
    deep = engine("analyze", MATCH, "--limit", "1", "--format", "pgn", "--set", "pgn.depth=true")
    assert "[%eval 0.23]" in plain.out
    assert "[%eval 0.23,16]" in deep.out
    profile = tmp_path / "mine.toml"
    profile.write_text("[writer.pgn]\nevals = false\n")
    ran = engine("analyze", MATCH, "--limit", "1", "--format", "pgn", "--profile", profile)
    assert "%eval" not in ran.out
    assert "Blunder" in ran.out


def test_wrong_options_of_writers_are_clear_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert_clear_error(refused(capsys, "analyze", MATCH, "--set", "pgn.line=13"), 2, "writer pgn", "line")
    assert_clear_error(refused(capsys, "analyze", MATCH, "--set", "pgn.lines=1"), 2, "writer pgn", "lines")
    profile = tmp_path / "mine.toml"
    profile.write_text("[writer.nobody]\nevals = false\n")
    assert_clear_error(refused(capsys, "analyze", MATCH, "--profile", profile), 2, "nobody", "no writer")


def on_a_terminal(width: int, height: int, *arguments: str | Path, code: int = 0) -> tuple[str, list[str]]:
    """Run the command with its standard error on a terminal: what it wrote, and what stands there at the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    left_out = ("CI", "COLUMNS", "LINES", "NO_COLOR")
    env = {name: value for name, value in os.environ.items() if name not in left_out} | {"TERM": "xterm-256color"}
    command = [sys.executable, "-m", "engine", *map(str, arguments)]
    written = b""
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.DEVNULL, stderr=theirs, env=env) as process:
        os.close(theirs)
        with contextlib.suppress(OSError):  # how Linux says that nobody has the other end any more
            while piece := os.read(ours, 65536):
                written += piece
        os.close(ours)
        assert process.wait() == code
    screen = pyte.Screen(width, height)
    pyte.ByteStream(screen).feed(written)
    return written.decode(), [line.rstrip() for line in screen.display]


@pytest.mark.slow
def test_on_a_terminal_a_run_of_hours_says_so_first_with_a_command_of_ten_minutes(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path / "fake")  # it need not think for as long as it may
    arguments = ("analyze", CLASSICS, "-e", fake, "--time", "10m", "-j", "1", "--no-cache", "--limit", "1")
    written, left = on_a_terminal(400, 24, *arguments)
    shorter = f"engine analyze --for 10m {CLASSICS} -e {fake} -j 1 --no-cache --limit 1"
    [said] = [line for line in left if "--for" in line]
    assert said == f"note: this takes about 2:10:00 for 13 positions; for ten minutes: {shorter}"
    assert written.index("--for") < written.index("positions in ")
    for quiet in (("-q",), ("--limit", "1", "--time", "1s")):
        assert "--for" not in on_a_terminal(400, 24, *arguments, *quiet)[0]
    assert "--for" not in engine(*arguments).err


@pytest.mark.parametrize("ending", [EvaluatorError("it died"), KeyboardInterrupt()])
def test_a_run_that_ends_while_its_length_is_found_out_gives_its_outputs_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ending: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise ending

    monkeypatch.setattr(time_budget, "may_be_long", lambda *_: True)
    monkeypatch.setattr(StartedRun, "expectation", fail)
    ran = refused(capsys, "analyze", MATCH, "-o", tmp_path / "out.jsonl", "--limit", "1")
    assert ran.code in (EvaluatorError.exit_code, 130)
    assert not list(tmp_path.iterdir())  # nothing has been written, and nothing stays open


@pytest.mark.slow
def test_on_a_terminal_the_board_comes_and_goes(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path / "fake", delay=0.02)
    arguments = ("analyze", CLASSICS, "-e", fake, *NODES, "-j", "2", "--limit", "2", "--no-cache")
    written, left = on_a_terminal(90, 24, *arguments)
    for words in ("winning moves", "worker 2", "Anderssen, Adolf", "searching"):
        assert words in written
    assert left[0].startswith("2 games analysed")
    assert not any("worker" in line or "winning" in line for line in left)
    quiet, _ = on_a_terminal(90, 24, *arguments, "--quiet")
    assert quiet == ""
    plain, _ = on_a_terminal(90, 24, *arguments, "--progress", "none")
    assert "\x1b[1A" not in plain
    assert "2 games" in plain
