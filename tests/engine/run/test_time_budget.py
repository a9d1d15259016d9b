"""Runs with a time budget: which nodes are chosen, what is said of them, and that a stopped run keeps them."""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import engine
from engine.cli.dry_run import show
from engine.errors import ArgumentError, ConfigError
from engine.input.inputs import LiteralPath
from engine.model import Evaluation, EvaluatorInfo, Limit, Notice, Position, Score
from engine.plugin import Evaluator
from engine.run import time_budget
from engine.run.budget import Pace, spelled, two_figures
from engine.run.pace import Measured
from engine.settings import Search
from engine.system.paths import cache_dir
from tests.support import FEW

DIFFERENT = 99
"""Six positions of the openings are in two games."""


class Counting(Evaluator):
    """Scores a position by the nodes it may search."""

    def start(self) -> EvaluatorInfo:
        return EvaluatorInfo("Counting", "1", "counting-1", "")

    def clear(self) -> None:
        pass

    def search(self, position: Position, limit: Limit) -> Evaluation:
        nodes = limit.nodes or 0
        move = next(iter(position.board().legal_moves)).uci()
        return Evaluation(Score(cp=nodes % 300), (move,), 1, nodes)

    def close(self) -> None:
        pass


@pytest.fixture
def games(tmp_path: Path) -> Path:
    path = tmp_path / "games.pgn"
    path.write_text(FEW, encoding="utf-8")
    return path


@pytest.fixture
def default() -> engine.Settings:
    return engine.Settings(evaluator=Counting, workers=1, executor="inline")


@pytest.fixture
def settings(default: engine.Settings) -> engine.Settings:
    return structs.replace(default, search=Search(adaptive=False))


@pytest.fixture
def pace(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that says how many microseconds a node takes from now on; 144 at first."""

    def set_pace(microseconds: float) -> None:
        found = Measured(Pace(0.0, microseconds * 1e-6), 1, 0.0)
        monkeypatch.setattr(time_budget, "measure_plan", lambda *_, **__: found)

    set_pace(144.0)
    return set_pace


def said(caplog: pytest.LogCaptureFixture) -> str:
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    caplog.clear()
    return record.getMessage()


def analyzed(games: Any, settings: engine.Settings, **arguments: Any) -> engine.RunResult:
    return engine.analyze(games, settings=settings, aggregators=["accuracy"], **arguments)


@pytest.mark.usefixtures("pace")
def test_the_nodes_are_chosen_said_and_give_the_same_analysis_again(
    games: Path, settings: engine.Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outputs = [str(tmp_path / name) for name in ("timed.jsonl", "again.jsonl")]
    result = analyzed(games, settings, budget="10m", output=outputs[0])
    assert result.limit == Limit(nodes=42_000)
    assert said(caplog) == "--for 10m is --nodes 42k --no-adaptive here"
    assert "42k" not in str(result.notices)
    again = analyzed(games, settings, nodes=42_000, output=outputs[1])
    assert again.counts.searched == 0
    timed, uniform = (Path(name).read_bytes() for name in outputs)
    assert timed == uniform


@pytest.mark.parametrize("case", [(142.0, 170_000), (2_000.0, 12_000)])
def test_searches_are_adaptive_and_typing_what_is_said_gives_the_same(
    games: Path,
    default: engine.Settings,
    pace: Callable[[float], None],
    caplog: pytest.LogCaptureFixture,
    case: tuple[float, int],
) -> None:
    microseconds, nodes = case
    pace(microseconds)
    outputs = [str(games.parent / name) for name in ("stopped.jsonl", "timed.jsonl", "again.jsonl")]
    assert analyzed(games, default, budget="10m", output=outputs[0], stop_after=0.0).interrupted
    assert said(caplog) == f"--for 10m is --nodes {spelled(nodes)} --adaptive here"
    result = analyzed(games, default, budget="10m", output=outputs[1])
    assert said(caplog) == f"--for 10m is --nodes {spelled(nodes)} --adaptive here, as in the run that was stopped"
    assert (result.limit, result.adaptive) == (Limit(nodes=nodes), True)
    again = analyzed(games, default, nodes=nodes, adaptive=True, output=outputs[2])
    assert again.counts.searched == 0
    assert Path(outputs[1]).read_bytes() == Path(outputs[2]).read_bytes()


@pytest.mark.usefixtures("pace")
def test_any_source_that_can_be_read_twice_has_a_budget(
    settings: engine.Settings, caplog: pytest.LogCaptureFixture
) -> None:
    assert analyzed(FEW, settings, budget=600.0).limit == Limit(nodes=42_000)
    assert said(caplog) == "--for 10m is --nodes 42k --no-adaptive here"
    for source in (io.StringIO(FEW), iter([FEW])):
        with pytest.raises(ConfigError, match="can be read only once: save it to a file, or name the nodes"):
            analyzed(source, settings, budget="10m")


@pytest.mark.usefixtures("pace")
def test_searches_that_aggregators_ask_for_come_on_top(
    games: Path, settings: engine.Settings, caplog: pytest.LogCaptureFixture
) -> None:
    engine.analyze(games, settings=settings, aggregators=["mistakes"], budget="10m", stop_after=0.0)
    assert "here; follow-up searches for mistakes come on top" in said(caplog)


@pytest.mark.usefixtures("pace")
def test_what_a_budget_does_not_go_with(games: Path, settings: engine.Settings) -> None:
    for limit in ("nodes", "depth", "time"):
        with pytest.raises(ConfigError, match="leave nodes, depth and time out"):
            analyzed(games, settings, budget="10m", **{limit: 5})
    with pytest.raises(ConfigError, match="'soon' is not a time such as 90s, 30m, 1h30m or night"):
        analyzed(games, settings, budget="soon")
    with pytest.raises(ConfigError, match="budget: 1s is too short; choosing the nodes takes 5s"):
        analyzed(games, settings, budget="1s")
    with pytest.raises(ArgumentError):
        analyzed(games, settings, budget=[1])


def test_a_budget_that_is_too_short_says_which_is_not(
    games: Path, settings: engine.Settings, pace: Callable[[float], None]
) -> None:
    pace(10_000.0)
    with pytest.raises(ConfigError, match=r"--for 1m is too short for 99 positions; --for 19m gives each about"):
        analyzed(games, settings, budget="1m")


@pytest.mark.usefixtures("pace")
def test_another_limit_of_the_settings_is_replaced_and_that_is_said(
    games: Path, settings: engine.Settings, caplog: pytest.LogCaptureFixture
) -> None:
    deep = structs.replace(settings, limit=Limit(depth=9, multipv=2))
    assert analyzed(games, deep, budget="10m").limit == Limit(nodes=42_000, multipv=2)
    assert said(caplog) == "--for 10m is --nodes 42k --no-adaptive here, in place of depth 9"


def test_a_run_that_was_stopped_goes_on_with_the_same_nodes(
    games: Path,
    settings: engine.Settings,
    pace: Callable[[float], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert analyzed(games, settings, budget="10m", stop_after=0.0).interrupted
    assert said(caplog) == "--for 10m is --nodes 42k --no-adaptive here"
    pace(500.0)
    assert analyzed(games, settings, budget="20m", stop_after=0.0).limit == Limit(nodes=24_000)
    assert "stopped" not in said(caplog)
    result = analyzed(games, settings, budget="10m")
    assert (result.limit, result.interrupted) == (Limit(nodes=42_000), False)
    assert said(caplog) == "--for 10m is --nodes 42k --no-adaptive here, as in the run that was stopped"
    assert len(list((cache_dir() / "budgets").iterdir())) == 1  # that of the other one, which was not completed
    assert analyzed(games, settings, budget="10m").limit == Limit(nodes=12_000)
    games.write_text(FEW + FEW.replace("18", "19"), encoding="utf-8")
    assert analyzed(games, settings, budget="20m").limit != Limit(nodes=24_000)


def test_a_run_that_is_stopped_while_it_measures_has_chosen_nothing(
    games: Path, settings: engine.Settings, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()
    stop.set()
    assert analyzed(games, settings, budget="10m", stop=stop).interrupted
    assert not caplog.records
    assert not (cache_dir() / "budgets").exists()


def test_an_analyzer_takes_a_budget_too(games: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = engine.Settings(evaluator=Counting, workers=1, executor="inline")
    with engine.Analyzer(settings=settings) as analyzer:
        run = analyzer.submit(games, budget="10m", aggregators=["accuracy"])
        first, *_, result = run.events()
    assert isinstance(first, Notice)
    assert isinstance(result, engine.RunResult)
    nodes = result.limit.nodes
    assert nodes is not None
    assert first.reason == said(caplog) == f"--for 10m is --nodes {spelled(nodes)} --adaptive here"
    assert nodes == two_figures(nodes)


def test_what_is_cached_makes_nobody_believe_that_less_is_to_do(
    games: Path, settings: engine.Settings, pace: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    analyzed(games, settings, nodes=42_000)
    pace(160.0)  # 38,000 nodes would fit; all is known with 42,000
    result = analyzed(games, settings, budget="10m")
    assert (result.limit, result.counts.searched) == (Limit(nodes=42_000), 0)
    assert said(caplog).endswith(
        "--nodes 42k --no-adaptive here, and the cache has all of it: nothing is left to search"
    )
    pace(300.0)
    result = analyzed(games, settings, budget="10m")
    assert (result.limit, result.counts.searched) == (Limit(nodes=20_000), DIFFERENT)
    assert said(caplog) == "--for 10m is --nodes 20k --no-adaptive here"


def dry_run(
    capsys: pytest.CaptureFixture[str], games: Path, settings: engine.Settings, budget: str | None
) -> list[str]:
    show([LiteralPath(str(games))], settings, budget)
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("limit", [Limit(nodes=7_000), Limit(depth=9)])
def test_a_dry_run_is_about_the_nodes_that_are_chosen(
    games: Path,
    settings: engine.Settings,
    pace: Callable[[float], None],
    capsys: pytest.CaptureFixture[str],
    limit: Limit,
) -> None:
    other = structs.replace(settings, limit=limit)
    found, took, chosen, *others = dry_run(capsys, games, other, "20m")
    assert found.endswith("; 0 (0%) are in the cache")
    assert took.startswith("time: about 19:")
    assert chosen == "--for 20m: --nodes 84k --no-adaptive"
    assert others[0] == "10 minutes: --nodes 42k --no-adaptive"
    analyzed(games, other, nodes=84_000)
    found, took, chosen, *_ = dry_run(capsys, games, other, "20m")
    assert (found.endswith("(100%) are in the cache"), chosen) == (True, "--for 20m: --nodes 84k --no-adaptive")
    assert took.startswith("time: about 0:00 ")
    pace(1e6)
    assert dry_run(capsys, games, other, "20m")[1] == "--for 20m: too short"


def test_a_dry_run_says_that_searches_are_adaptive(
    games: Path, default: engine.Settings, pace: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    pace(2_000.0)
    _, took, *fitting = dry_run(capsys, games, default, "10m")
    assert fitting == [
        "--for 10m: --nodes 12k --adaptive",
        "10 minutes: --nodes 12k --adaptive",
        "1 hour: --nodes 71k --adaptive",
        "the night (8 hours): --nodes 570k --adaptive",
    ]
    assert took.startswith("time: about 10:")
    assert ", adaptive on 1 workers" in took
    few = structs.replace(default, limit=Limit(nodes=1_000))
    _, took, *fitting = dry_run(capsys, games, few, None)
    assert took.startswith("time: about 3:30 on 1 workers")
    assert fitting[0] == "10 minutes: --nodes 12k --adaptive"
    two_lines = structs.replace(default, limit=Limit(nodes=100_000, multipv=2))
    assert dry_run(capsys, games, two_lines, "10m")[2] == "--for 10m: --nodes 3k"


@pytest.mark.usefixtures("pace")
@pytest.mark.parametrize("limit", [Limit(nodes=7_000), Limit(depth=9, multipv=2)])
def test_where_nothing_is_searched_the_limit_of_the_settings_stays(
    games: Path, settings: engine.Settings, capsys: pytest.CaptureFixture[str], limit: Limit
) -> None:
    recorded = structs.replace(settings, evaluator="recorded", limit=limit)
    assert analyzed(games, recorded, budget="10m").limit == limit
    said = "--for 20m: there is no position to search"
    assert said in dry_run(capsys, games, recorded, "20m")


@pytest.mark.usefixtures("pace")
def test_nothing_is_chosen_where_nothing_is_searched(
    games: Path, settings: engine.Settings, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    recorded = engine.Settings(evaluator="recorded", workers=1)
    analyzed(games, recorded, budget="10m")
    assert said(caplog) == "--for 10m has nothing to choose: the evaluations are taken from the input"
    mates = tmp_path / "mates.epd"
    mates.write_text("7k/6Q1/6K1/8/8/8/8/8 b - -\n", encoding="utf-8")
    analyzed(mates, settings, budget="10m")
    assert said(caplog) == "--for 10m: there is no position to search"
