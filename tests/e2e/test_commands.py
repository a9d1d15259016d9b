"""The other commands, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.testing.fake_uci import fake_uci

from .command import assert_clear_error, engine, refused

MATE_IN_ONE = "6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1"


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path / "fake")


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    ran = engine("--help")
    assert ran.code == 0
    for command in ("analyze", "evaluate", "plugins", "profiles", "setup", "doctor"):
        assert f"\n  {command} " in ran.out
        assert refused(capsys, command, "--help").code == 0
    assert refused(capsys, "analyse", "--help").code == 0
    assert refused(capsys, "--version").out.startswith("engine ")


@pytest.mark.parametrize("quoted", [True, False])
def test_evaluate_a_fen_quoted_or_not(fake: Path, quoted: bool) -> None:
    words = [MATE_IN_ONE] if quoted else MATE_IN_ONE.split()
    ran = engine("evaluate", *words, "-e", fake, "--nodes", "1000", "--format", "json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert found["fen"] == MATE_IN_ONE
    assert found["eval"] == {"mate": 1}
    assert found["best"] == "d1d8"
    assert found["nodes"] == 1000


def test_evaluate_gives_white_s_view_whoever_moves(fake: Path) -> None:
    black = "3r2k1/5ppp/8/8/8/8/5PPP/6K1 b - - 0 1"
    ran = engine("evaluate", black, "-e", fake, "--nodes", "1000", "--format", "json")
    assert json.loads(ran.out)["eval"] == {"mate": -1}
    table = engine("evaluate", black, "-e", fake, "--nodes", "1000")
    assert "#-1" in table.out
    assert "1...Rd1#" in table.out


def test_evaluate_startpos_with_moves_in_uci_or_san(fake: Path) -> None:
    arguments = ("-e", fake, "--nodes", "1000", "--format", "json")
    uci = engine("evaluate", "startpos", "moves", "e2e4", "c7c5", *arguments)
    san = engine("evaluate", "startpos", "moves", "e4", "c5", *arguments)
    assert uci.code == 0, uci.err
    assert uci.out == san.out


def test_evaluate_multipv(fake: Path) -> None:
    ran = engine("evaluate", "startpos", "-e", fake, "--nodes", "1000", "--multipv", "3", "--format", "json")
    assert len(json.loads(ran.out)["lines"]) == 3


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["rubbish"], 2, "not a FEN"),
        (["8/8/8/8/8/8/8/8 w - - 0 1"], 1, "cannot be searched"),
        (["startpos", "moves", "e2e5"], 2, "'e2e5' is not a legal move"),
        (["k7/8/8/8/8/8/8/KR5R w - -", "moves", "h8"], 2, "not a legal move"),
        (["7k/5Q2/6K1/8/8/8/8/8 b - - 0 1"], 1, "stalemate"),
    ],
)
def test_evaluate_says_what_is_wrong(
    fake: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, message: str
) -> None:
    assert_clear_error(refused(capsys, "evaluate", *words, "-e", fake), code, message)


def test_plugins_list_and_show(capsys: pytest.CaptureFixture[str]) -> None:
    ran = engine("plugins", "list")
    assert ran.code == 0
    for name in ("accuracy", "stockfish", "pgn", "local", "epd-solved"):
        assert name in ran.out
    infos = json.loads(engine("plugins", "list", "--namespace", "writers", "--format", "json").out)
    assert {info["name"] for info in infos} >= {"json", "jsonl", "pgn"}
    page = engine("plugins", "show", "best-scores")
    assert "The best scores found" in page.out
    assert "Entries of the board" in page.out
    assert_clear_error(refused(capsys, "plugins", "show", "acuracy"), 2, "did you mean 'accuracy'")


def test_plugins_of_a_file_and_a_broken_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    example = Path(__file__).parents[2] / "plugins" / "examples" / "castling.py"
    assert "When do players castle?" in engine("plugins", "show", "castling", "--plugin", example).out
    broken = tmp_path / "broken.py"
    broken.write_text("import sys; sys.exit(9)")
    assert_clear_error(refused(capsys, "plugins", "list", "--plugin", broken), 2, str(broken), "SystemExit")


def test_profiles_list_and_show(capsys: pytest.CaptureFixture[str]) -> None:
    ran = engine("profiles", "list")
    assert all(name in ran.out for name in ("standard", "deep", "max"))
    assert "nodes = 1_000_000" in engine("profiles", "show", "deep").out
    assert_clear_error(refused(capsys, "profiles", "show", "deeep"), 2, "deep")


@pytest.mark.slow
def test_doctor_says_which_evaluator_and_how_fast(fake: Path) -> None:
    ran = engine("doctor", "-e", fake)
    assert ran.code == 0, ran
    for words in ("Fake UCI", "allowed", "nodes/s on one core", "GiB", "plugins"):
        assert words in ran.out


def test_doctor_without_an_evaluator(tmp_path: Path) -> None:
    ran = engine("doctor", "-e", "./nothing/here")
    assert ran.code == 3
    assert "NONE" in ran.out
    assert "Traceback" not in ran.err


def test_setup_remembers_a_program(fake: Path) -> None:
    ran = engine("setup", fake)
    assert ran.code == 0, ran.err
    used = json.loads(engine("evaluate", "startpos", "--nodes", "1000", "--format", "json").out)
    assert used["evaluator"]["name"] == "Fake UCI"
    fake.unlink()
    assert_clear_error(engine("evaluate", "startpos"), 3, "engine setup")


def test_setup_refuses_what_is_no_uci_program(tmp_path: Path) -> None:
    assert_clear_error(engine("setup", tmp_path / "nothing"), 3, "nothing")
