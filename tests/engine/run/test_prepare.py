"""A run is prepared before anything is started or written, and started before anything is searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import ConfigError, EvaluatorError, OutputError, PluginNotFound
from engine.model import Limit
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


def test_a_missing_folder_of_an_output_is_found_too(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        prepare([CLASSICS], Settings(), outputs=[str(tmp_path / "nowhere" / "out.pgn")])
