"""The choice that the evaluator `stockfish` makes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.contracts.options import parse_options
from engine.errors import EvaluatorCrashed, EvaluatorError, EvaluatorNotFound
from engine.model import Limit, Position
from engine.plugin import EvaluatorOptions
from engine.system.paths import data_dir
from engine.testing.fake_uci import fake_uci
from engine_plugins.evaluators.stockfish import Stockfish, remember, remembered
from engine_plugins.evaluators.uci import Uci

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="UCI programs are driven on POSIX only")


@pytest.fixture(autouse=True)
def _nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(Stockfish, "places", (str(tmp_path / "games" / "stockfish"),))


OPTIONS = EvaluatorOptions(hash=64, uci={"Style": "Solid"})


def test_without_a_native_one_it_is_the_embedded_one() -> None:
    assert Stockfish.resolve(OPTIONS) == ("embedded", {"hash": 64, "uci": {"Style": "Solid"}})


def test_the_one_on_path_comes_before_the_usual_places(tmp_path: Path) -> None:
    in_games = fake_uci(tmp_path / "games", "stockfish")
    chosen = Stockfish.resolve(OPTIONS)
    assert chosen is not None
    assert chosen[1]["path"] == str(in_games)
    on_path = fake_uci(tmp_path / "bin", "stockfish")
    chosen = Stockfish.resolve(OPTIONS)
    assert chosen == (
        "uci",
        {"hash": 64, "uci": {"Style": "Solid"}, "path": str(on_path), "why": f"native, found on PATH: {on_path}"},
    )


def test_what_is_chosen_can_be_built_and_says_why(tmp_path: Path) -> None:
    fake_uci(tmp_path / "games", "stockfish", name="Stockfish 99")
    chosen = Stockfish.resolve(OPTIONS)
    assert chosen is not None
    uci = Uci(parse_options(Uci.Options, chosen[1], "uci"))
    try:
        info = uci.start()
    finally:
        uci.close()
    assert (info.name, info.version, info.why) == ("Stockfish", "99", f"native: {tmp_path}/games/stockfish")


def test_a_file_that_cannot_be_run_is_passed_over(tmp_path: Path) -> None:
    fake_uci(tmp_path / "games", "stockfish").chmod(0o644)
    chosen = Stockfish.resolve(OPTIONS)
    assert chosen is not None
    assert chosen[0] == "embedded"


def test_a_remembered_one_comes_first(tmp_path: Path) -> None:
    assert remembered() is None
    fake_uci(tmp_path / "bin", "stockfish")
    mine = fake_uci(tmp_path / "my programs", "sf ü", name="Stockfish 42")
    assert Stockfish.remember(str(mine)) == f"Stockfish 42 will be used: {mine}"
    assert remembered() == mine
    chosen = Stockfish.resolve(OPTIONS)
    assert chosen is not None
    assert chosen[1]["path"] == str(mine)
    assert chosen[1]["why"] == f"native, remembered by engine setup: {mine}"


def test_a_name_is_remembered_as_a_path(tmp_path: Path) -> None:
    program = fake_uci(tmp_path / "bin", "sf42")
    remember("sf42")
    assert remembered() == program


def test_a_remembered_one_that_is_gone_is_an_error_not_another_one(tmp_path: Path) -> None:
    fake_uci(tmp_path / "bin", "stockfish")
    mine = fake_uci(tmp_path / "mine")
    remember(str(mine))
    mine.unlink()
    with pytest.raises(EvaluatorNotFound, match="engine setup PATH"):
        Stockfish.resolve(OPTIONS)


def test_what_does_not_answer_is_not_remembered(tmp_path: Path) -> None:
    broken = fake_uci(tmp_path / "mine", start_crash=5)
    with pytest.raises(EvaluatorCrashed, match="exit code 5"):
        remember(str(broken))
    with pytest.raises(EvaluatorNotFound):
        remember(str(tmp_path / "missing"))
    assert remembered() is None


def test_a_memory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    program = fake_uci(tmp_path / "mine")
    data_dir().mkdir(parents=True)
    (data_dir() / "stockfish-path.txt").mkdir()
    with pytest.raises(EvaluatorError, match="cannot be written"):
        remember(str(program))


def test_it_never_searches_itself() -> None:
    chooser = Stockfish(OPTIONS)
    for call in (chooser.start, chooser.clear, lambda: chooser.search(Position("x"), Limit(nodes=1))):
        with pytest.raises(EvaluatorError, match="only chooses"):
            call()
    chooser.close()
