"""Plugins that a program gives as classes or instances, with their options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import chess
import msgspec
import pytest

import engine
from engine.errors import ArgumentError, ConfigError, PluginLoadError
from engine.model import AnalysedGame, Evaluation, EvaluatorInfo, Limit, Position, Report, Score, SourceGame
from engine.plugin import (
    Aggregator,
    Evaluator,
    EvaluatorOptions,
    Options,
    RawGame,
    Reader,
    Sum,
    Unreadable,
    Writer,
)
from engine.settings import Settings
from engine_plugins.executors.inline import Inline

MINI = "1. e4 e5 *"


class ConstantOptions(EvaluatorOptions, frozen=True):
    cp: int = 0


class Constant(Evaluator):
    """Says the same of every position."""

    Options = ConstantOptions

    def start(self) -> EvaluatorInfo:
        return EvaluatorInfo("Constant", "1", f"constant-{self.options.cp}")

    def clear(self) -> None:
        pass

    def search(self, position: Position, limit: Limit) -> Evaluation:
        return Evaluation(Score(cp=self.options.cp), (), 1, 1)

    def close(self) -> None:
        pass


class LineOptions(Options, frozen=True):
    player: str = "?"


class Lines(Reader):
    """Every line is a game of one move."""

    Options = LineOptions
    suffixes = (".lines",)

    def split(self, stream: BinaryIO) -> Iterator[RawGame]:
        for number, line in enumerate(stream, 1):
            yield RawGame(line, number)

    def parse(self, raw: RawGame) -> SourceGame | Unreadable:
        return SourceGame({"White": self.options.player}, chess.STARTING_FEN, moves=(raw.data.decode().strip(),))


class Names(Writer):
    """The players' names."""

    Options = LineOptions
    suffixes = (".names",)

    def game(self, game: AnalysedGame) -> None:
        self.stream.write(f"{game.player('white')} {self.options.player}\n".encode())


class InlineOptions(Options, frozen=True):
    limit: int = 0


class Mine(Inline):
    """Searches here, and remembers its option."""

    Options = InlineOptions
    seen: Sequence[int] = ()

    def submit(self, unit: Any) -> None:
        type(self).seen = (*self.seen, self.options.limit)
        super().submit(unit)


def scores(result: engine.RunResult, folder: Path) -> set[int]:
    games = [msgspec.json.decode(line) for line in (folder / "o.jsonl").read_bytes().splitlines()]
    return {abs(position["eval"]["cp"]) for game in games for position in game["positions"]}


@pytest.mark.parametrize("given", [Constant, Constant(ConstantOptions(cp=5))])
def test_an_evaluator(tmp_path: Path, given: Any) -> None:
    own = 5 if isinstance(given, Constant) else 0
    for options, expected in (({}, own), ({"constant": {"cp": "7"}}, 7)):
        settings = Settings(executor="inline", cache="", plugin_options=options)
        output = tmp_path / "o.jsonl"
        result = engine.analyze(MINI, evaluator=given, settings=settings, output=output, force=True)
        assert result.evaluator.name == "Constant"
        assert scores(result, tmp_path) == {expected}
    assert engine.evaluate(evaluator=given).score == Score(cp=own)
    with engine.Analyzer(evaluator=given, settings=Settings(executor="inline", cache="")) as analyzer:
        assert analyzer.evaluator.fingerprint == f"constant-{own}"
        assert analyzer.evaluate().score == Score(cp=own)
        assert analyzer.analyze(MINI).counts.analysed == 1


def test_a_class_that_workers_cannot_import_is_refused_with_the_way_out() -> None:
    class Inside(Constant):
        pass

    with pytest.raises(ConfigError, match=r"evaluator inside: the class is defined inside a function.*\"inline\""):
        engine.analyze(MINI, evaluator=Inside, settings=Settings(cache=""))
    result = engine.analyze(MINI, evaluator=Inside, settings=Settings(cache="", executor="inline"))
    assert result.counts.analysed == 1


def test_readers_writers_and_executors(tmp_path: Path) -> None:
    (tmp_path / "a.lines").write_text("e2e4\nd2d4\n")
    output = tmp_path / "o.names"
    for reader, expected in ((Lines, "Me You\n" * 2), (Lines(LineOptions(player="She")), "She You\n" * 2)):
        settings = Settings(
            evaluator=Constant,
            executor=Mine,
            plugins=(reader, Names),
            cache="",
            plugin_options={"lines": {"player": "Me"}, "names": {"player": "You"}, "mine": {"limit": "3"}},
        )
        result = engine.analyze(tmp_path / "a.lines", settings=settings, output=output, force=True)
        assert result.ok
        assert output.read_text() == expected
        assert set(Mine.seen) == {3}


def test_the_command_sets_options_of_every_kind(tmp_path: Path) -> None:
    from tests.e2e.command import engine as command

    (tmp_path / "a.lines").write_text("e2e4\n")
    plugin = tmp_path / "mine.py"
    plugin.write_text(Path(__file__).read_text(encoding="utf-8").split("\ndef scores")[0], encoding="utf-8")
    sets = ("constant.cp=9", "lines.player=Me", "names.player=You", "mine.limit=2")
    flags = [part for text in sets for part in ("--set", text)]
    flags += [part for name in ("o.names", "o.jsonl") for part in ("-o", str(tmp_path / name))]
    chosen = ("--plugin", plugin, "-e", "constant", "--executor", "mine", "--no-cache")
    ran = command("analyze", tmp_path / "a.lines", *chosen, *flags)
    assert ran.code == 0, ran.err
    assert (tmp_path / "o.names").read_text() == "Me You\n"
    assert scores(engine.analyze(MINI, evaluator=Constant, settings=Settings(executor="inline")), tmp_path) == {9}


def test_what_cannot_be_given(tmp_path: Path) -> None:
    class Unfinished(Evaluator):
        pass

    class Counting(Aggregator):
        number = Sum()

        def add(self, game: AnalysedGame) -> None:
            self.number.add(1)

        def report(self) -> Report:
            return Report("Counting")

    with pytest.raises(PluginLoadError, match=r"Unfinished.* does not define clear, close, search, start"):
        engine.analyze(MINI, evaluator=Unfinished)
    with pytest.raises(
        ArgumentError, match="give the class Counting instead of an instance: its reports are asked"
    ):
        Settings(plugins=(Counting(Counting.Options()),))  # type: ignore[arg-type]
    settings = Settings(evaluator=Constant, executor="inline", cache="", plugins=(Counting,))
    result = engine.analyze(MINI, settings=settings, aggregators=["counting"])
    assert list(result.reports) == ["counting"]


def test_boards_and_moves() -> None:
    board = chess.Board()
    board.push_san("e4")
    settings = Settings(evaluator=Constant, executor="inline", cache="")
    with engine.Analyzer(settings=settings) as analyzer:
        [game] = analyzer.submit(board)
        assert game.fen == board.fen()
        [first, second] = analyzer.submit([board, MINI])
        assert (len(first.plies), len(second.plies)) == (0, 2)
        assert analyzer.evaluate(board, moves=[chess.Move.from_uci("e7e5"), "Nf3"]).score == Score(cp=0)
    assert Position.of(board) == Position(chess.STARTING_FEN, ("e2e4",))
    assert engine.evaluate(board, moves="e5", evaluator=Constant).score == Score(cp=0)


def test_requests_take_moves_and_refuse_illegal_ones() -> None:
    from engine.plugin import Request

    class Asks(Aggregator):
        asked: tuple[Request, ...] = ()
        got: tuple[Any, ...] = ()
        searches = Sum()

        def requests(self, game: AnalysedGame) -> Sequence[Request]:
            return self.asked

        def add(self, game: AnalysedGame) -> None:
            type(self).got = self.answers(game)

        def report(self) -> Report:
            return Report("Asks")

    settings = Settings(evaluator=Constant(ConstantOptions(cp=5)), executor="inline", cache="")
    Asks.asked = (Request(0, (chess.Move.from_uci("d2d4"), "d7d5")),)
    assert engine.analyze(MINI, settings=settings, aggregators=[Asks]).ok
    assert [answer.score for answer in Asks.got] == [Score(cp=5)]
    Asks.asked = (Request(0, ("d2d5",)),)
    [failure] = engine.analyze(MINI, settings=settings, aggregators=[Asks]).failures
    assert "'d2d5' is not a legal move" in failure.reason
