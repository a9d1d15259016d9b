"""A broken plugin of each kind beside ten good games: it fails in words, and ten games are in the output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

import engine
from engine.errors import EvaluatorError, PluginLoadError
from engine.plugin import Evaluator, Executor
from tests.faults import broken_plugins as broken
from tests.faults.broken_plugins import TEN, Sound

FAULTS = {
    "none": "parse() returned NoneType in place of a SourceGame",
    "illegal": "parse() returned an illegal move, 'e2e5' after 0 plies",
    "no move": "parse() returned an illegal move, 'rubbish'",
    "wrong san": "parse() returned the SAN 'd4' for e2e4, which is e4",
    "few sans": "parse() returned 1 SAN moves where there are 2",
    "fen": "parse() returned a broken FEN",
    "types": "parse() returned a malformed SourceGame: Expected `str`, got `int`",
    "clocks": "parse() returned 2 clocks where there are 1",
    "reason": "parse() returned a malformed Unreadable",
    "raise": "the reader raised RuntimeError: broken",
}


def analyse(
    folder: Path, *sources: Any, evaluator: Any = Sound, output: str = "out.jsonl", **settings: Any
) -> tuple[engine.RunResult, list[Any]]:
    """Analyse the ten games and other sources in this process; return the result and the games in the output."""
    settings.setdefault("executor", "inline")
    wanted = settings.pop("wanted", None)
    result = engine.analyze(
        [TEN, *sources],
        output=[folder / "out.jsonl", *([folder / output] if output != "out.jsonl" else [])],
        settings=engine.Settings(evaluator=evaluator, cache="", workers=1, **settings),
        aggregators=wanted,
    )
    return result, [msgspec.json.decode(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]


def test_readers(tmp_path: Path) -> None:
    (tmp_path / "games.wrong").write_text("".join(f"{fault}\n" for fault in FAULTS))
    result, games = analyse(tmp_path, tmp_path / "games.wrong", plugins=(broken.WrongReader,))
    assert len(games) == 10
    assert result.counts.damaged == len(FAULTS)
    said = [notice.reason for notice in result.notices]
    for reason, words in zip(said, FAULTS.values(), strict=True):
        assert words in reason


def test_a_reader_that_does_not_split(tmp_path: Path) -> None:
    (tmp_path / "games.wrong").write_text("split\n")
    result, games = analyse(tmp_path, tmp_path / "games.wrong", plugins=(broken.WrongReader,))
    assert len(games) == 10
    [notice] = result.notices
    assert "split() of reader wrong-reader yielded NoneType in place of a RawGame" in notice.reason


class Sniffing(broken.WrongReader):
    suffixes = ()

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        raise RuntimeError("no idea")

    def headers(self, raw: Any) -> Any:
        return None


class NoHeaders(Sniffing):
    suffixes = (".wrong",)

    @classmethod
    def sniff(cls, head: bytes) -> bool:
        return False


def test_a_reader_that_raises_before_it_parses(tmp_path: Path) -> None:
    (tmp_path / "unknown").write_text("1. e4 e5 *\n")
    result, games = analyse(tmp_path, tmp_path / "unknown", plugins=(Sniffing,))
    assert len(games) == 11
    said = {notice.reason for notice in result.notices}
    assert said == {"reader sniffing cannot tell whether this is its format: sniff() raised RuntimeError: no idea"}


def test_a_reader_without_headers_and_a_filter(tmp_path: Path) -> None:
    (tmp_path / "games.wrong").write_text("fen\n")
    result, games = analyse(tmp_path, tmp_path / "games.wrong", plugins=(NoHeaders,), filter='White != "Nobody"')
    assert len(games) == 10
    [notice] = result.notices
    assert "headers() of its reader returned NoneType" in notice.reason
    assert result.counts.filtered == 1


@pytest.mark.parametrize(
    ("evaluator", "words"),
    [
        (broken.SaysNone, "search() returned NoneType in place of an Evaluation"),
        (broken.SaysIllegal, "search() returned a variation that is not legal: 'e1e8' is not a legal move in"),
        (broken.SaysRubbish, "search() returned an Evaluation that is malformed: Expected `str`, got `int`"),
        (broken.SaysNothing, "search() returned a score with neither of centipawns and mate"),
        (broken.SaysText, "search() returned an Evaluation that is malformed: Expected `int | null`, got `str`"),
    ],
)
def test_evaluators(tmp_path: Path, evaluator: type[Evaluator], words: str) -> None:
    result, games = analyse(tmp_path, evaluator=evaluator)
    assert len(games) == 10
    narrowed_down, failure = result.failures
    assert narrowed_down.reason.startswith("searched no deeper where a judgement is in doubt: ")
    assert (failure.game, failure.ply) == (narrowed_down.game, narrowed_down.ply) == (8, 1)
    assert words in failure.reason
    assert words in narrowed_down.reason
    assert [position.get("missing") for position in games[7]["positions"]] == [None, "quarantined", None]


@pytest.mark.slow
def test_an_evaluator_in_workers(tmp_path: Path) -> None:
    """Classes and instances are found by the workers."""
    for given in (broken.SaysIllegal, broken.SaysIllegal(Sound.Options(hash=5))):
        result, games = analyse(tmp_path, evaluator=given, executor="local", output="out.jsonl")
        assert len(games) == 10
        assert len(result.failures) == 2
        assert all("'e1e8' is not a legal move" in failure.reason for failure in result.failures)
        (tmp_path / "out.jsonl").unlink()


@pytest.mark.parametrize(
    ("evaluator", "words"),
    [
        (broken.IsNobody, "evaluator is-nobody: start() returned NoneType in place of an EvaluatorInfo"),
        (broken.HasNoFingerprint, "evaluator has-no-fingerprint: start() returned an empty fingerprint"),
    ],
)
def test_an_evaluator_that_is_nobody_is_refused_before_the_run(
    tmp_path: Path, evaluator: type[Evaluator], words: str
) -> None:
    with pytest.raises(EvaluatorError) as caught:
        analyse(tmp_path, evaluator=evaluator)
    assert words in caught.value.message
    with pytest.raises(EvaluatorError) as caught:
        engine.evaluate(evaluator=evaluator)
    assert words in caught.value.message


def test_one_position(tmp_path: Path) -> None:
    with pytest.raises(EvaluatorError, match="returned NoneType in place of an Evaluation"):
        engine.evaluate(moves="h3", evaluator=broken.SaysNone)


@pytest.mark.parametrize(
    ("executor", "words"),
    [
        (broken.Twice, ["executor twice: it returned unit 1 more than once, which is ignored"]),
        (broken.Unknown, ["executor unknown: it returned unit 99999, which it was never given"]),
        (broken.Odd, ["executor odd: collect() returned NoneType in place of a Done or a Lost"]),
    ],
)
def test_executors(tmp_path: Path, executor: type[Executor], words: list[str]) -> None:
    result, games = analyse(tmp_path, executor=executor)
    assert len(games) == 10
    assert [failure.reason for failure in result.failures] == words
    assert result.counts.positions == result.counts.searched + result.counts.cached == 30


def test_what_an_executor_has_to_say_is_said_once(tmp_path: Path) -> None:
    result, _ = analyse(tmp_path, executor=broken.Chatty)
    assert [notice.reason for notice in result.notices] == ["hello", "goodbye"]
    assert not result.failures


def test_an_executor_that_fails_now_and_then_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broken.Once, "faults", ["few", "raise", "few"])
    result, games = analyse(tmp_path, executor=broken.Once)
    assert len(games) == 10
    assert [failure.reason for failure in result.failures] == [
        "executor once: collect() raised RuntimeError: broken"
    ]
    assert broken.Once.faults == []


def test_an_executor_that_always_fails_ends_the_run_in_words(tmp_path: Path) -> None:
    with pytest.raises(
        EvaluatorError, match=r"executor raises cannot be kept alive: collect\(\) raised RuntimeError"
    ):
        analyse(tmp_path, executor=broken.Raises)
    with pytest.raises(PluginLoadError, match="executor cannot-be-made cannot be made: RuntimeError: not today"):
        analyse(tmp_path, executor=broken.CannotBeMade)


def test_an_executor_that_never_answers_is_said_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.search.execution.search_deadline", lambda job: 0.1)
    settings = engine.Settings(evaluator=Sound, executor=broken.Silent, cache="", workers=1)
    with engine.Analyzer(settings=settings) as analyzer:
        run = analyzer.submit(TEN)
        for event in run.events():
            if isinstance(event, engine.Snapshot):
                continue
            assert "executor silent: no unit has come back for 0 s; Ctrl-C ends the run" in event.reason
            run.cancel()
            break
        assert run.result().interrupted


def test_writers_and_aggregators(tmp_path: Path) -> None:
    result, games = analyse(
        tmp_path,
        output="out.bad",
        plugins=(broken.BadWriter, broken.BadAggregator),
        wanted=["wins", "bad-aggregator"],
    )
    assert len(games) == 10
    assert list(result.reports) == ["bad-aggregator", "wins"]
    assert [failure.reason for failure in result.failures] == [
        "aggregator bad-aggregator failed in game 1 and is disabled: RuntimeError: broken",
        "writer bad-writer failed at game 1: RuntimeError: broken",
    ]
