"""The embedded evaluator: with the real Stockfish where marked, else with a tiny program of our own."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chess
import pytest
import wasmtime

from engine.errors import EvaluatorCrashed, EvaluatorError, PositionRefused
from engine.model import Evaluation, Limit, Position
from engine.system.paths import cache_dir
from engine_plugins.evaluators import _fetch, _wasm
from engine_plugins.evaluators.embedded import Embedded

START = Position(chess.STARTING_FEN)
SICILIAN = Position(chess.STARTING_FEN, ("e2e4", "c7c5", "g1f3", "d7d6"))
BAD = Position("4k3/8/8/8/8/8/4R3/4K3 w - - 0 1")
"""Black is in check and White to move."""
NODES = Limit(nodes=5000)

FAKE = r"""
(module
  (import "a" "b" (func $exit (param i32)))
  (import "a" "c" (func $grow (param i32) (result i32)))
  (import "a" "p" (func $print (param i32 i32 i32 i32) (result i32)))
  (memory (export "r") 2 4)
  (data (i32.const 100) "id name Fake\nuciok\n")
  (data (i32.const 200) "info depth 1 score cp 13 nodes 20 pv e2e4\nbestmove e2e4\n")
  (data (i32.const 300) "last words\n")
  (func $say (param i32 i32)
    (i32.store (i32.const 0) (local.get 0))
    (i32.store (i32.const 4) (local.get 1))
    (drop (call $print (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func $deeper (param i32) (result i32) (i32.add (i32.const 1) (call $deeper (local.get 0))))
  (func (export "s"))
  (func (export "t") (param i32 i32) (result i32) (i32.const 0))
  (func (export "x") (param i32))
  (func (export "z") (param i32) (result i32) (i32.const 4096))
  (func (export "u") (param $text i32) (local $letter i32)
    (if (i32.eq (i32.load (local.get $text)) (i32.const 0x00696375))           ;; "uci"
      (then (call $say (i32.const 100) (i32.const 19))))
    (if (i32.eq (i32.load16_u (local.get $text)) (i32.const 0x6f67))           ;; "go"
      (then
        (local.set $letter (i32.load8_u offset=3 (local.get $text)))
        (if (i32.eq (local.get $letter) (i32.const 0x6e))                      ;; nodes: answer
          (then (call $say (i32.const 200) (i32.const 56))))
        (if (i32.eq (local.get $letter) (i32.const 0x64))                      ;; depth: a fault
          (then (drop (call $deeper (i32.const 0)))))
        (if (i32.eq (local.get $letter) (i32.const 0x6d))                      ;; movetime: no memory, exit
          (then
            (if (call $grow (i32.const 1000000)) (then (unreachable)))
            (call $say (i32.const 300) (i32.const 11))
            (call $exit (i32.const 7))))))))
"""


def _embedded(**options: Any) -> Embedded:
    return Embedded(Embedded.Options(**options))


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that answers `go nodes`, faults at `go depth` and exits at `go movetime`."""
    path = tmp_path / "fake.wasm"
    path.write_bytes(bytes(wasmtime.wat2wasm(FAKE)))
    monkeypatch.setenv("ENGINE_STOCKFISH_WASM", str(path))
    monkeypatch.setattr(_fetch, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


@pytest.fixture(scope="module")
def _shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def real(stockfish_wasm: Path, _shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real file, compiled once for all tests."""
    monkeypatch.setenv("ENGINE_STOCKFISH_WASM", str(stockfish_wasm))
    monkeypatch.setenv("ENGINE_HOME", str(_shared_home))


@pytest.fixture
def stockfish(real: None) -> Iterator[Embedded]:
    evaluator = _embedded()
    evaluator.start()
    yield evaluator
    evaluator.close()


def _fresh(position: Position, limit: Limit = NODES, **options: Any) -> Evaluation:
    evaluator = _embedded(**options)
    evaluator.start()
    evaluator.clear()
    try:
        return evaluator.search(position, limit)
    finally:
        evaluator.close()


# -- faults, with a program of our own ----------------------------------------------------------------------


def test_a_search_and_who_answered(fake: Path) -> None:
    evaluator = _embedded()
    info = evaluator.start()
    assert info.name == "Fake"
    assert "embedded" in info.why
    assert str(fake) in info.why
    assert info.variants == ("standard", "chess960")
    evaluator.clear()
    assert str(evaluator.search(START, NODES).score) == "+0.13"
    evaluator.close()
    evaluator.close()


def test_lines_are_logged_as_python_chess_logs_them(fake: Path, caplog: pytest.LogCaptureFixture) -> None:
    evaluator = _embedded()
    evaluator.start()
    with caplog.at_level("DEBUG", "engine.evaluators.embedded"):
        evaluator.search(START, NODES)
    assert f"{evaluator!r}: << go nodes 5000" in caplog.messages
    assert caplog.messages[-1] == f"{evaluator!r}: >> bestmove e2e4"
    caplog.clear()
    with caplog.at_level("INFO", "engine.evaluators.embedded"):
        evaluator.close()
    assert caplog.messages == [f"{evaluator!r}: ended"]


@pytest.mark.parametrize(
    ("limit", "cause"),
    [(Limit(depth=3), "call stack exhausted"), (Limit(time=5), "exit code 7: last words")],
    ids=["fault", "exit"],
)
def test_a_crash_costs_one_search(fake: Path, limit: Limit, cause: str) -> None:
    evaluator = _embedded()
    evaluator.start()
    for _ in range(2):
        with pytest.raises(EvaluatorCrashed, match=cause):
            evaluator.search(START, limit)
        assert evaluator.search(START, NODES).best == "e2e4"
    with pytest.raises(EvaluatorCrashed, match=cause):
        evaluator.search(START, limit)
    evaluator.clear()
    assert evaluator.search(START, NODES).best == "e2e4"
    evaluator.close()


def test_another_file_is_refused(fake: Path) -> None:
    fake.write_bytes(fake.read_bytes() + b"\0")
    with pytest.raises(EvaluatorError, match="SHA-256"):
        _embedded().start()


def test_a_file_that_is_no_module(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.write_bytes(b"not a module")
    monkeypatch.setattr(_fetch, "SHA256", hashlib.sha256(b"not a module").hexdigest())
    with pytest.raises(EvaluatorError, match="does not start"):
        _embedded().start()


def test_a_module_of_another_kind(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.write_bytes(bytes(wasmtime.wat2wasm('(module (import "a" "zz" (func)))')))
    monkeypatch.setattr(_fetch, "SHA256", hashlib.sha256(fake.read_bytes()).hexdigest())
    with pytest.raises(EvaluatorError, match="unknown import 'zz'"):
        _embedded().start()


def test_a_search_before_the_start() -> None:
    with pytest.raises(EvaluatorError, match="not been started"):
        _embedded().search(START, NODES)


def test_more_than_one_line_never_reaches_the_program(fake: Path) -> None:
    program = _wasm.Program(_wasm.load(fake, "0" * 64, cache_dir()))
    for text in ("uci\nquit", "uci\rquit", "uci\0"):
        with pytest.raises(ValueError, match="one line"):
            program.command(text)
    assert program.command("uci") == ["id name Fake", "uciok"]
    program.close()


# -- the compiled module ------------------------------------------------------------------------------------


def _compiled() -> list[Path]:
    return list((cache_dir() / "compiled").iterdir())


def _start_and_search() -> None:
    evaluator = _embedded()
    evaluator.start()
    assert evaluator.search(START, NODES).best == "e2e4"
    evaluator.close()


def test_compiled_once_and_kept_private(fake: Path) -> None:
    _start_and_search()
    (path,) = _compiled()
    before = path.stat()
    _start_and_search()
    assert _compiled() == [path]
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["empty", "cut", "changed"])
def test_a_damaged_compiled_file_is_replaced(fake: Path, damage: str) -> None:
    _start_and_search()
    (path,) = _compiled()
    good = path.read_bytes()
    middle = len(good) // 2
    bad = {"empty": b"", "cut": good[:middle], "changed": good[:middle] + b"\xff" * 8 + good[middle + 8 :]}[damage]
    path.unlink()  # not in place: it may be mapped
    path.write_bytes(bad)
    _start_and_search()
    (path,) = _compiled()
    assert hashlib.sha256(path.read_bytes()).hexdigest().startswith(path.stem.rpartition("-")[2])


def test_a_compiled_file_of_another_compiler_is_replaced(fake: Path) -> None:
    _start_and_search()
    (path,) = _compiled()
    foreign = b"well-formed for somebody else"
    path.unlink()
    prefix = path.stem.rpartition("-")[0]
    path.with_name(f"{prefix}-{hashlib.sha256(foreign).hexdigest()[:32]}.cwasm").write_bytes(foreign)
    _start_and_search()
    assert _compiled() == [path]


def test_a_folder_that_others_can_write_to_is_not_used(fake: Path) -> None:
    folder = cache_dir() / "compiled"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    _start_and_search()
    assert _compiled() == []


def test_without_a_cache_folder_it_compiles_each_time(fake: Path) -> None:
    cache_dir().parent.mkdir(parents=True)
    cache_dir().write_text("a file in the way")
    _start_and_search()


# -- the real one -------------------------------------------------------------------------------------------


@pytest.mark.stockfish
def test_the_same_search_gives_the_same_evaluation(stockfish: Embedded) -> None:
    first = _fresh(SICILIAN)
    assert 5000 <= first.nodes < 6000
    assert first.lines == ()
    assert chess.Move.from_uci(first.best) in SICILIAN.board().legal_moves
    stockfish.search(START, Limit(depth=8))
    stockfish.clear()
    assert stockfish.search(SICILIAN, NODES) == first


@pytest.mark.stockfish
def test_a_mate_is_found(stockfish: Embedded) -> None:
    evaluation = stockfish.search(Position("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1"), Limit(depth=4))
    assert (evaluation.score.mate, evaluation.best) == (1, "a1a8")


@pytest.mark.stockfish
def test_multipv_belongs_to_one_search(stockfish: Embedded) -> None:
    three = stockfish.search(START, Limit(nodes=5000, multipv=3))
    assert len({line.pv[0] for line in three.lines}) == 3
    assert three.lines[0].score == three.score
    stockfish.clear()
    assert stockfish.search(START, NODES) == _fresh(START)


@pytest.mark.stockfish
def test_chess960_belongs_to_one_position(stockfish: Embedded) -> None:
    corner = Position("k7/8/8/8/8/8/8/1R3KR1 w GB - 0 1", ("f1g1",), chess960=True)
    evaluation = stockfish.search(corner, NODES)
    assert chess.Move.from_uci(evaluation.best) in corner.board().legal_moves
    stockfish.clear()
    castled = Position(chess.STARTING_FEN, ("e2e4", "e7e5", "g1f3", "g8f6", "f1c4", "f8c5", "e1g1"))
    assert stockfish.search(castled, NODES) == _fresh(castled)


@pytest.mark.stockfish
def test_a_time_limit_ends_the_search(stockfish: Embedded) -> None:
    assert stockfish.search(START, Limit(time=50)).nodes > 100


@pytest.mark.stockfish
def test_a_refused_position_costs_nothing_but_itself(stockfish: Embedded) -> None:
    with pytest.raises(PositionRefused, match="King can be captured"):
        stockfish.search(BAD, NODES)
    assert stockfish.search(SICILIAN, NODES) == _fresh(SICILIAN)
    with pytest.raises(PositionRefused):
        stockfish.search(Position(f"{chess.STARTING_FEN}\nquit"), NODES)
    stockfish.clear()
    assert stockfish.search(SICILIAN, NODES) == _fresh(SICILIAN)


@pytest.mark.stockfish
def test_options_survive_a_new_instance(real: None) -> None:
    limit = Limit(nodes=100_000)  # enough to overwrite a hash of 1 MB
    small = _fresh(SICILIAN, limit, hash=1)
    assert small != _fresh(SICILIAN, limit, hash=16)
    evaluator = _embedded(hash=1, uci={"ucI_showwdl": "true"})
    evaluator.start()
    with pytest.raises(PositionRefused):
        evaluator.search(BAD, NODES)
    assert evaluator.search(SICILIAN, limit) == small
    evaluator.close()


@pytest.mark.stockfish
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"hash": 0}, "1 to 1900 MB"),
        ({"hash": 4096}, "1 to 1900 MB"),
        ({"uci": {"Skil Level": "3"}}, "'Skill Level'"),
        ({"uci": {"Skill Level": "21"}}, "0 to 20"),
        ({"uci": {"Threads": "2"}}, "1 to 1"),
        ({"uci": {"Hash": "32"}}, "--hash"),
        ({"uci": {"MultiPV": "3"}}, "--multipv"),
        ({"uci": {"SyzygyPath": "/tables"}}, "reads no files"),
        ({"uci": {"EvalFile": "other.nnue"}}, "reads no files"),
        ({"uci": {"Skill Level": "3\nquit"}}, "control characters"),
    ],
)
def test_options_that_stockfish_would_ignore_are_errors(
    real: None, options: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(EvaluatorError, match=complaint):
        _embedded(**options).start()


@pytest.mark.stockfish
def test_the_fingerprint_says_what_can_change_a_result(real: None) -> None:
    def fingerprint(**options: Any) -> str:
        evaluator = _embedded(**options)
        try:
            return evaluator.start().fingerprint
        finally:
            evaluator.close()

    plain = fingerprint()
    same = [
        {"hash": 16},
        {"uci": {"skill level": "20"}},
        {"uci": {"UCI_ShowWDL": "true"}},
    ]
    other = [
        {"hash": 32},
        {"scores": "exact"},
        {"uci": {"Skill Level": "19"}},
        {"uci": {"UCI_LimitStrength": "true"}},
    ]
    assert {fingerprint(**options) for options in same} == {plain}
    assert len({plain, *(fingerprint(**options) for options in other)}) == 5


@pytest.mark.stockfish
def test_the_real_npm_delivers_the_pinned_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENGINE_STOCKFISH_WASM", raising=False)
    try:
        path = _fetch.ensure(patient=True)
    except EvaluatorError as error:
        pytest.skip(f"needs npm and a network: {error}")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == _fetch.SHA256
