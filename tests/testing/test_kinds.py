"""The checks of readers, writers, evaluators and executors pass ours, and name the law that is broken."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import chess
import pytest

from engine.cli import plugin_template
from engine.errors import ConfigError
from engine.loading.registry import Registry
from engine.model import AnalysedGame, Evaluation, EvaluatorInfo, Limit, Position, RunResult, Score, SourceGame
from engine.plugin import Done, Evaluator, Executor, ExecutorContext, Outcome, RawGame, Unit, Writer
from engine.testing import BrokenLaw, check_evaluator, check_executor, check_reader, check_writer
from engine.testing.fake_uci import fake_uci

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="UCI programs are driven on POSIX only")
Check = Callable[..., int]


def template(tmp_path_factory: pytest.TempPathFactory, kind: str) -> Any:
    """Return the class that `engine plugins new` writes for a kind."""
    [(name, text)] = plugin_template.single_file("sample", kind).items()
    path = tmp_path_factory.mktemp(kind) / name
    path.write_text(text, encoding="utf-8")
    return Registry([path]).load(f"engine.{kind}s", "sample")


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return {kind: template(tmp_path_factory, kind) for kind in plugin_template.KINDS}


def broken(check: Check, cls: type, **keywords: Any) -> str:
    with pytest.raises(BrokenLaw) as caught:
        check(cls, **keywords)
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


def derived(base: Any, **members: Any) -> Any:
    return type("Derived", (base,), {"__doc__": "Breaks a law.", **members})


# -- readers ------------------------------------------------------------------------------------------------


def test_our_readers_keep_the_laws(good: dict[str, Any]) -> None:
    for name in ("pgn", "epd"):
        assert check_reader(Registry().load("engine.readers", name)) > 10
    assert check_reader(good["reader"]) >= 2
    assert check_reader(good["reader"], [b"e2e4\n" * 50]) >= 52


def _game(reader: Any, raw: RawGame, **changes: Any) -> Any:
    game = super(type(reader), reader).parse(raw)
    return SourceGame({}, chess.STARTING_FEN, **changes) if isinstance(game, SourceGame) else game


def _split_in_blocks(_: Any, stream: BinaryIO) -> Iterator[RawGame]:
    while block := stream.read1(512):  # type: ignore[attr-defined]
        yield RawGame(block, 1)


COUNTER = itertools.count()


@pytest.mark.parametrize(
    ("members", "law"),
    [
        ({"parse": lambda self, raw: _game(self, raw, moves=("e2e5",), sans=("e5",))}, "a move is not legal"),
        (
            {"parse": lambda self, raw: _game(self, raw, moves=("e2e4",), sans=("d4",))},
            "'d4' is not the SAN of e2e4",
        ),
        ({"parse": lambda self, raw: _game(self, raw, moves=("e2e4",))}, "not the same number"),
        ({"parse": lambda self, raw: _game(self, raw, clocks=(-1.0,))}, "1 clocks for 0 moves"),
        ({"parse": lambda self, raw: None}, "which is neither SourceGame nor Unreadable"),
        ({"parse": lambda self, raw: int(raw.data)}, "parse never raises"),
        ({"parse": lambda self, raw: SourceGame({"N": str(next(COUNTER))}, chess.STARTING_FEN)}, "the game alone"),
        ({"split": _split_in_blocks}, "however the file is read"),
        ({"split": lambda self, stream: [RawGame(stream.read().decode().encode(), 1)]}, "split never raises"),
        ({"split": lambda self, stream: [RawGame(stream.read(), 0)]}, "lines that never decrease"),
        ({"sniff": classmethod(lambda cls, head: head[0] == 91)}, "sniff never raises"),
        ({"sniff": classmethod(lambda cls, head: head)}, "sniff returns True or False"),
        ({"headers": lambda self, raw: {"Result": "?"}}, "different values for the tag Result"),
        ({"headers": lambda self, raw: print("x") or {}}, "nothing is written to stdout"),  # noqa: T201
        ({"suffixes": ("moves",)}, "in lower case, with the dot"),
        ({"__doc__": ""}, "docstring"),
    ],
)
def test_a_reader_that_breaks_a_law(good: dict[str, Any], members: dict[str, Any], law: str) -> None:
    assert law in broken(check_reader, derived(good["reader"], **members))


# -- writers ------------------------------------------------------------------------------------------------


def test_our_writers_keep_the_laws(good: dict[str, Any]) -> None:
    for name in ("pgn", "jsonl", "csv", "sqlite", "md", "html"):
        assert check_writer(Registry().load("engine.writers", name)) > 1000
    assert check_writer(good["writer"]) > 100
    with pytest.raises(ConfigError, match="nothing"):
        check_writer(Registry().load("engine.writers", "pgn"), {"nothing": 1})


def _scribble(self: Any, game: AnalysedGame) -> None:
    dict.update(game.headers, Seen="yes")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("members", "law"),
    [
        (
            {"game": lambda self, game: self.stream.write(str(next(COUNTER)).encode())},
            "the same run gives the same",
        ),
        ({"game": lambda self, game: self.stream.write("é".encode("latin-1"))}, "text in UTF-8"),
        ({"game": _scribble}, "games stay as they are"),
        ({"game": lambda self, game: print(game.origin)}, "nothing is written to stdout"),  # noqa: T201
        ({"suffixes": (".CSV",)}, "in lower case, with the dot"),
    ],
)
def test_a_writer_that_breaks_a_law(good: dict[str, Any], members: dict[str, Any], law: str) -> None:
    assert law in broken(check_writer, derived(good["writer"], **members))


class NeedsAGame(Writer):
    """Believes that there is a game."""

    last: AnalysedGame

    def game(self, game: AnalysedGame) -> None:
        self.last = game

    def finish(self, result: RunResult) -> None:
        self.stream.write(self.last.fen.encode())


class Seeks(Writer):
    """Goes back in its output."""

    def finish(self, result: RunResult) -> None:
        self.stream.seek(0)


class Texty(Writer):
    """Returns text in place of bytes."""

    @classmethod
    def encode(cls, games: object, info: object) -> Any:
        return "text"


@pytest.mark.parametrize(
    ("cls", "error", "words"),
    [
        (NeedsAGame, AttributeError, "last"),
        (Seeks, OSError, "seek"),
        (Texty, TypeError, "encode returned str in place of bytes"),
    ],
)
def test_what_a_writer_raises_passes_through(cls: type[Writer], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        check_writer(cls)


# -- evaluators ---------------------------------------------------------------------------------------------


@POSIX
def test_our_evaluators_keep_the_laws(good: dict[str, Any], tmp_path: Path) -> None:
    uci, recorded = (Registry().load("engine.evaluators", name) for name in ("uci", "recorded"))
    assert check_evaluator(uci, {"path": str(fake_uci(tmp_path))}) == 8
    assert check_evaluator(uci, {"path": str(fake_uci(tmp_path, "fake2", chess960=False))}) == 7
    assert check_evaluator(recorded) == 0
    assert check_evaluator(good["evaluator"]) == 8


def _info(**changes: Any) -> Callable[[Any], EvaluatorInfo]:
    return lambda _: EvaluatorInfo(**{"name": "x", "version": "", "fingerprint": "x", **changes})


def _another_start(_: Evaluator) -> EvaluatorInfo:
    return EvaluatorInfo(name="x", version="", fingerprint=str(next(COUNTER)))


def _always(score: Score, *pv: str) -> Callable[..., Evaluation]:
    return lambda *_: Evaluation(score, pv, 1, 1)


def _changing(self: Evaluator, position: Position, limit: Limit) -> Evaluation:
    move = next(iter(position.board().legal_moves))
    return Evaluation(Score(cp=next(COUNTER)), (position.board().uci(move),), 1, 1)


@pytest.mark.parametrize(
    ("members", "law"),
    [
        ({"start": lambda self: None}, "start returns an EvaluatorInfo"),
        ({"start": _info(fingerprint="")}, "its fingerprint is ''"),
        ({"start": _info(variants=("chess",))}, "its variants are"),
        ({"start": _info(scale=0.0)}, "its scale is"),
        ({"start": _another_start}, "the same at each start"),
        ({"search": _always(Score(cp=1), "e2e5")}, "'e2e5' in its variation e2e5 is not legal"),
        ({"search": _always(Score(cp=1))}, "it has no best move"),
        ({"search": _always(Score(mate=0), "e2e4")}, "is no score"),
        ({"search": _always(Score(cp=10**9), "e2e4")}, "is no score"),
        ({"search": lambda *_: None}, "it returned None"),
        ({"search": _changing}, "the same searches since clear"),
    ],
)
def test_an_evaluator_that_breaks_a_law(good: dict[str, Any], members: dict[str, Any], law: str) -> None:
    assert law in broken(check_evaluator, derived(good["evaluator"], **members))


# -- executors ----------------------------------------------------------------------------------------------


@POSIX
def test_our_executors_keep_the_laws(good: dict[str, Any]) -> None:
    assert check_executor(Registry().load("engine.executors", "inline")) > 10
    assert check_executor(good["executor"]) > 10


@POSIX
@pytest.mark.slow
def test_the_workers_of_this_machine_keep_the_laws() -> None:
    assert check_executor(Registry().load("engine.executors", "local")) > 10


class Lazy(Executor):
    """Never answers."""

    kept: ClassVar[list[Unit]] = []

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        self.units = 0

    def wants(self) -> bool:
        return self.units < 10

    def submit(self, unit: Unit) -> None:
        self.units += 1

    def collect(self, timeout: float) -> Sequence[Outcome]:
        return ()

    def close(self) -> None:
        """Keep nothing."""


def _twice(self: Any, timeout: float) -> Sequence[Outcome]:
    return [outcome for outcome in super(type(self), self).collect(timeout) for _ in range(2)]


def _short(self: Any, timeout: float) -> Sequence[Outcome]:
    outcomes = super(type(self), self).collect(timeout)
    return [Done(o.unit, o.evaluations[1:], o.counted) if isinstance(o, Done) else o for o in outcomes]


def _turned(self: Any, timeout: float) -> Sequence[Outcome]:
    outcomes = super(type(self), self).collect(timeout)
    return [Done(o.unit, o.evaluations[::-1], o.counted) if isinstance(o, Done) else o for o in outcomes]


@POSIX
@pytest.mark.parametrize(
    ("members", "law"),
    [
        ({"collect": _twice}, "twice"),
        ({"collect": _short}, "Done has an evaluation for each position"),
        ({"collect": _turned}, "evaluations are those of a search of the unit alone"),
        ({"collect": lambda self, timeout: [None]}, "collect returns Done or Lost"),
        ({"wants": lambda self: True}, "wants is bounded"),
        ({"states": lambda self: ["busy"]}, "states yields WorkerState"),
    ],
)
def test_an_executor_that_breaks_a_law(good: dict[str, Any], members: dict[str, Any], law: str) -> None:
    assert law in broken(check_executor, derived(good["executor"], **members))


@POSIX
def test_an_executor_that_never_answers_is_not_waited_for() -> None:
    assert "every unit comes back" in broken(check_executor, Lazy, patience=0.0)


@POSIX
def test_an_executor_that_leaves_a_thread(good: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.testing.executors._CLOSING_SECONDS", 0.5)
    end = threading.Event()

    def start(self: Any, context: ExecutorContext) -> None:
        good["executor"].__init__(self, context)
        threading.Thread(target=end.wait, daemon=True).start()

    try:
        assert "close leaves no process and no thread" in broken(
            check_executor, derived(good["executor"], __init__=start)
        )
    finally:
        end.set()
