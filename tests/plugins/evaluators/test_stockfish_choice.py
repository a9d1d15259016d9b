"""The choice that the evaluator `stockfish` makes."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import chess
import pytest
from msgspec import structs

import engine
from engine.contracts.options import parse_options
from engine.errors import EvaluatorCrashed, EvaluatorError, EvaluatorNotFound
from engine.model import Limit, Position
from engine.plugin import EvaluatorOptions
from engine.settings import Settings
from engine.system.paths import cache_dir, data_dir
from engine.testing.fake_uci import fake_uci
from engine_plugins.evaluators import _fetch
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


def test_a_stockfish_is_scored_by_its_last_line_and_another_program_by_its_last_exact_one(tmp_path: Path) -> None:
    answer = [
        "info depth 9 score cp 41 nodes 500 pv e2e4 e7e5",
        "info depth 10 score cp 25 lowerbound nodes 1000 pv e2e4",
        "bestmove e2e4",
    ]

    def search(name: str, **options: str) -> tuple[int | None, str]:
        program = fake_uci(tmp_path / name, "stockfish", name=name, answer=answer)
        uci = Uci(parse_options(Uci.Options, {"path": str(program), **options}, "uci"))
        try:
            fingerprint = uci.start().fingerprint
            return uci.search(Position(chess.STARTING_FEN), Limit(nodes=1000)).score.cp, fingerprint
        finally:
            uci.close()

    (last, by_default), (exact, by_choice) = search("Stockfish 99"), search("Stockfish 99", scores="exact")
    assert (last, exact) == (25, 41)
    assert by_default != by_choice
    assert search("Stockfish 99", scores="last") == (last, by_default)
    assert search("Fish 1")[0] == 41


def test_scores_are_handed_on(tmp_path: Path) -> None:
    options = parse_options(Stockfish.Options, {"scores": "exact"}, "stockfish")
    chosen = Stockfish.resolve(options)
    assert chosen == ("embedded", {"hash": 16, "uci": {}, "scores": "exact"})
    fake_uci(tmp_path / "bin", "stockfish")
    chosen = Stockfish.resolve(options)
    assert chosen is not None
    assert chosen[1]["scores"] == "exact"


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


def _embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a file where the embedded Stockfish is looked for, which counts as the right one."""
    wasm = tmp_path / "stockfish.wasm"
    wasm.write_bytes(b"\0asm")
    monkeypatch.setattr(_fetch, "SHA256", hashlib.sha256(b"\0asm").hexdigest())
    monkeypatch.setenv("ENGINE_STOCKFISH_WASM", str(wasm))


@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("Stockfish 15.1", "embedded"),
        ("Stockfish 11 64 POPCNT", "embedded"),
        ("Stockfish 18.9", "embedded"),
        ("Stockfish 19", "uci"),
        ("Stockfish 20.1", "uci"),
        ("Stockfish dev-20260131-nogit", "uci"),
        ("Stockfish 310126", "uci"),
        ("Stockfish 2026-01-31", "uci"),
        ("Crystal 8", "uci"),
    ],
)
def test_the_newer_of_native_and_embedded_is_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, chosen: str
) -> None:
    _embedded(tmp_path, monkeypatch)
    program = fake_uci(tmp_path / "bin", "stockfish", name=name)
    resolved = Stockfish.resolve(EvaluatorOptions())
    assert resolved is not None
    assert resolved[0] == chosen
    reason = f"embedded, newer than {name}, which -e {program} takes"
    assert resolved[1]["why"] == (reason if chosen == "embedded" else f"native, found on PATH: {program}")


def test_an_old_native_one_is_used_where_the_embedded_one_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = fake_uci(tmp_path / "bin", "stockfish", name="Stockfish 15.1")
    monkeypatch.delenv("ENGINE_STOCKFISH_WASM", raising=False)
    old = f"native, found on PATH, older than the embedded 19: {program}"

    def why(**options: Any) -> str:
        chosen = Stockfish.resolve(EvaluatorOptions(**options))
        return str(chosen[1]["why"]) if chosen is not None and chosen[0] == "uci" else "embedded"

    assert why() == old  # it is not fetched
    monkeypatch.setenv("ENGINE_STOCKFISH_WASM", str(tmp_path / "missing"))
    assert why() == old
    _embedded(tmp_path, monkeypatch)
    assert why() != old
    assert why(uci={"Style": "Solid"}) == old
    assert why(hash=4096) == old
    (tmp_path / "stockfish.wasm").write_bytes(b"damaged")
    assert why() == old
    _embedded(tmp_path, monkeypatch)
    remember(str(program))
    assert why() == f"native, remembered by engine setup: {program}"


def test_a_program_that_says_nothing_is_left_to_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _embedded(tmp_path, monkeypatch)
    fake_uci(tmp_path / "bin", "stockfish", start_crash=5)
    chosen = Stockfish.resolve(EvaluatorOptions())
    assert chosen is not None
    assert chosen[0] == "uci"


def test_a_program_is_asked_for_its_name_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its file changes. A script is asked each time, because what it runs may change."""
    _embedded(tmp_path, monkeypatch)
    program = tmp_path / "bin" / "stockfish"
    program.parent.mkdir()

    def install(name: str, script: str = "") -> None:
        # A shell is a program that runs the line `uci` as the script of this name.
        answer = f"#!/bin/sh\necho asked >> {tmp_path}/starts\necho id name {name}\necho uciok\n"
        (tmp_path / "bin" / "uci").write_text(answer)
        (tmp_path / "bin" / "quit").write_text("#!/bin/sh\nkill $PPID\n")
        program.write_bytes(script.encode() or Path("/bin/sh").read_bytes())
        for path in program.parent.iterdir():
            path.chmod(0o755)

    def choices() -> list[str]:
        return [chosen[0] for _ in range(2) if (chosen := Stockfish.resolve(EvaluatorOptions())) is not None]

    def starts() -> int:
        return len((tmp_path / "starts").read_text().splitlines())

    install("Stockfish 15.1")
    assert (choices(), starts()) == (["embedded"] * 2, 1)
    install("Stockfish 20")
    assert (choices(), starts()) == (["uci"] * 2, 2)
    (cache_dir() / "programs.json").write_text("damaged")
    assert (choices(), starts()) == (["uci"] * 2, 3)
    install("Stockfish 15.1", "#!/bin/sh\nread line && uci\n")
    assert (choices(), starts()) == (["embedded"] * 2, 5)


@pytest.mark.slow
@pytest.mark.stockfish
def test_a_run_says_once_that_the_embedded_one_is_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stockfish_wasm: Path
) -> None:
    monkeypatch.setenv("ENGINE_STOCKFISH_WASM", str(stockfish_wasm))
    program = fake_uci(tmp_path / "bin", "stockfish", name="Stockfish 15.1")
    settings = Settings(limit=Limit(nodes=100), workers=1, cache="")
    result = engine.analyze("1. e4 e5 1/2-1/2", settings=settings)
    reason = f"embedded, newer than Stockfish 15.1, which -e {program} takes"
    assert (result.evaluator.version, result.evaluator.why) == ("19.0.0", reason)
    assert [(notice.kind, notice.reason) for notice in result.notices] == [
        ("note", f"{result.evaluator.name} searches: {reason}")
    ]
    named = engine.analyze("1. e4 e5 1/2-1/2", settings=structs.replace(settings, evaluator=str(program)))
    assert (named.evaluator.version, named.notices) == ("15.1", ())
