"""A run is prepared before anything is started or written, and started before anything is searched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from engine.errors import ConfigError, EvaluatorError, OutputError, PluginNotFound
from engine.model import AnalysedGame, Limit, Report
from engine.plugin import Aggregator, Needs
from engine.run.prepare import prepare
from engine.run.recorded import RecordedRun
from engine.run.searched import SearchedRun
from engine.run.start import start
from engine.settings import Search, Settings
from tests.support import DATA

CLASSICS = str(DATA / "classics.pgn")


def leaving_a_mark(folder: Path) -> tuple[str, Path]:
    """A UCI program that writes a file when it is started, and ends."""
    program, mark = folder / "program", folder / "started"
    program.write_text(f"#!/bin/sh\ntouch '{mark}'\n")
    program.chmod(0o755)
    return str(program), mark


def test_preparing_starts_nothing_and_writes_nothing(tmp_path: Path) -> None:
    program, mark = leaving_a_mark(tmp_path)
    part = tmp_path / "out.pgn.part"
    part.write_text("of an earlier run")
    before = sorted(tmp_path.rglob("*"))
    outputs = [str(tmp_path / "out.pgn"), str(tmp_path / "{player}.pgn")]
    plan = prepare([CLASSICS], Settings(evaluator=program), outputs=outputs)
    assert not mark.exists()
    assert part.read_text() == "of an earlier run"
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(EvaluatorError):
        start(plan)
    assert mark.exists()
    assert part.read_text() == "of an earlier run", "outputs are opened when the evaluator works"


def test_a_plan_is_frozen() -> None:
    plan = prepare([CLASSICS], Settings())
    with pytest.raises(AttributeError):
        plan.limit = Limit(depth=1)  # type: ignore[misc]


def test_the_kind_of_run_depends_on_what_there_is_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = Settings(evaluator="recorded", workers=2)
    few = start(prepare([CLASSICS], recorded))
    monkeypatch.setattr("engine.run.start.BATCHED_BYTES", 0)
    many = start(prepare([CLASSICS], recorded))
    asking = start(prepare([CLASSICS], recorded, outputs=[str(tmp_path / "{player}.pgn")]))
    asking._delivery.abandon()
    assert [type(run) for run in (few, many, asking)] == [SearchedRun, RecordedRun, SearchedRun]


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        (Settings(executor="nobody"), PluginNotFound, "no executor is called 'nobody'"),
        (Settings(aggregators=("winz",)), PluginNotFound, "did you mean 'wins'"),
        (
            Settings(aggregator_options={"winz": {}}),
            ConfigError,
            "options for 'winz': no plugin is called that",
        ),
        (Settings(writer_options={"pgm": {}}), ConfigError, "options for 'pgm': no writer is called that"),
        (Settings(limit=Limit(depth=3), search=Search(adaptive=True)), ConfigError, "a limit in nodes alone"),
    ],
)
def test_what_is_wrong_is_found_before_the_evaluator_is_tried(
    tmp_path: Path, settings: Settings, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        prepare([CLASSICS], settings)


NODES = Limit(nodes=100_000)


@pytest.mark.parametrize(
    ("settings", "adaptive"),
    [
        (Settings(), True),
        (Settings(limit=Limit(nodes=1_000)), False),
        (Settings(limit=Limit(nodes=1_000), search=Search(adaptive=True)), True),
        (Settings(limit=NODES, search=Search(adaptive=False)), False),
        (Settings(limit=NODES, search=Search(policy="game")), False),
        (Settings(limit=NODES, search=Search(policy="fresh")), False),
        (Settings(limit=Limit(nodes=100_000, multipv=2)), False),
        (Settings(limit=Limit(depth=20)), False),
        (Settings(limit=Limit(nodes=100_000, time=500)), False),
        (Settings(evaluator="recorded"), False),
        (Settings(evaluator="recorded,stockfish"), True),
    ],
)
def test_whether_searches_are_adaptive_is_decided_here(settings: Settings, adaptive: bool) -> None:
    plan = prepare([CLASSICS], settings)
    assert plan.settings.search.adaptive is adaptive
    assert plan.settings == structs.replace(settings, search=structs.replace(settings.search, adaptive=adaptive))


def test_another_limit_decides_it_again_where_it_is_open() -> None:
    few, deep = Limit(nodes=1_000), Limit(depth=9)
    plan = prepare([CLASSICS], Settings())
    assert [plan.with_limit(limit).is_adaptive for limit in (few, deep, NODES)] == [False, False, True]
    assert plan.with_limit(few).with_limit(NODES).settings == plan.settings
    given = prepare([CLASSICS], Settings(search=Search(adaptive=True)))
    assert given.with_limit(few).is_adaptive
    with pytest.raises(ConfigError, match="a limit in nodes alone"):
        given.with_limit(deep)


class Lines(Aggregator):
    """Needs two lines of each position."""

    @classmethod
    def needs(cls, options: Any) -> Needs:
        return Needs(multipv=2)

    def add(self, game: AnalysedGame) -> None:
        pass

    def report(self) -> Report:
        return Report("Lines")


def test_an_aggregator_that_needs_lines_has_all_nodes() -> None:
    plan = prepare([CLASSICS], Settings(), aggregators=[Lines])
    assert (plan.limit.multipv, plan.settings.search.adaptive) == (2, False)


def test_a_missing_folder_of_an_output_is_found_too(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        prepare([CLASSICS], Settings(), outputs=[str(tmp_path / "nowhere" / "out.pgn")])
