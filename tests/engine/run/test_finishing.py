"""Games of a searched run that another process analyses, folds and encodes: nothing shows."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.model import RunResult
from engine.run import finishing, start
from engine.run.batch_pool import BatchPool
from engine.run.finishing import Finisher
from engine.settings import Settings
from tests.engine.run.test_recorded import CRASHING, EVALUATED, WRITERS, assert_equal, kill_at_merges
from tests.support import DATA

MATCH = DATA / "match.jsonl.zst"
Both = Callable[..., tuple[RunResult, RunResult]]


@pytest.fixture
def games(tmp_path: Path) -> Path:
    path = tmp_path / "games.pgn"
    path.write_text("not a game\n\n" + EVALUATED * 30)
    return path


@pytest.fixture
def batched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the games of the batches that other processes get."""
    handed_out: list[int] = []
    submit = BatchPool.submit

    def count(self: BatchPool, batch: Any) -> None:
        handed_out.append(len(batch))
        submit(self, batch)

    monkeypatch.setattr(BatchPool, "submit", count)
    return handed_out


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch, batched: list[int]) -> Both:
    """The same run in this process, and from the second game on in another one."""

    def analyse(
        source: Path, between: Callable[[], object] = lambda: None, **options: Any
    ) -> tuple[RunResult, RunResult]:
        options = {"evaluator": "recorded", "settings": Settings(cache=""), "games": False, **options}
        monkeypatch.setattr(start, "BATCHED_BYTES", 1 << 60)  # else nothing would be planned here
        monkeypatch.setattr(finishing, "SHARE", 2.0)
        here = engine.analyze(str(source), workers=2, **options)
        assert not batched
        between()
        monkeypatch.setattr(finishing, "SECONDS_HERE", 0.0)
        monkeypatch.setattr(finishing, "SHARE", -1.0)
        monkeypatch.setattr(finishing, "BATCH_GAMES", 7)
        elsewhere = engine.analyze(str(source), workers=2, force=True, **options)
        assert batched
        return here, elsewhere

    return analyse


def test_the_bytes_of_outputs_and_the_reports_are_the_same(tmp_path: Path, games: Path, both: Both) -> None:
    outputs = [tmp_path / f"out{suffix}" for suffix in (".jsonl.zst", ".pgn", ".parquet")]
    before: list[bytes] = []
    here, elsewhere = both(
        games, output=outputs, between=lambda: before.extend(output.read_bytes() for output in outputs)
    )
    assert_equal(here, elsewhere)
    assert here.counts.analysed == 60
    assert [output.read_bytes() for output in outputs] == before


def test_our_own_evaluations_are_taken_as_they_were_written(tmp_path: Path, both: Both) -> None:
    output = tmp_path / "out.jsonl"
    before: list[bytes] = []
    here, elsewhere = both(MATCH, output=[output], between=lambda: before.append(output.read_bytes()))
    assert_equal(here, elsewhere)
    assert output.read_bytes() == before[0]


def test_a_plugin_that_fails_is_put_aside_as_in_one_process(
    tmp_path: Path, games: Path, both: Both, batched: list[int]
) -> None:
    (tmp_path / "plugins.py").write_text(WRITERS + CRASHING)
    settings = Settings(cache="", plugins=(str(tmp_path / "plugins.py"),))
    here, elsewhere = both(
        games, settings=settings, aggregators=["wins", "crashing"], output=[tmp_path / "out.encoding"]
    )
    assert_equal(here, elsewhere)
    assert [failure.game for failure in elsewhere.failures] == [42, 42]
    assert sum(batched) < 119  # from there on the games stay here
    assert (tmp_path / "out.encoding.part").read_bytes().endswith(b"skipped 40 skipped 41 ")


def test_games_that_a_listener_or_a_writer_wants_stay_here(
    tmp_path: Path, games: Path, monkeypatch: pytest.MonkeyPatch, batched: list[int]
) -> None:
    monkeypatch.setattr(finishing, "SECONDS_HERE", 0.0)
    monkeypatch.setattr(finishing, "SHARE", -1.0)
    (tmp_path / "plugins.py").write_text(WRITERS)
    settings = Settings(cache="", plugins=(str(tmp_path / "plugins.py"),))
    engine.analyze(str(games), evaluator="recorded", settings=settings, workers=2)
    output = tmp_path / "out.counting"
    engine.analyze(str(games), evaluator="recorded", settings=settings, workers=2, output=output, games=False)
    assert not batched


def test_a_run_that_is_stopped_delivers_what_the_other_process_has(
    tmp_path: Path, games: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    take = BatchPool.next

    def stop_at_the_first(self: BatchPool, seconds: float) -> Any:
        result = take(self, seconds)
        if result is not None:
            stop.set()
        return result

    monkeypatch.setattr(BatchPool, "next", stop_at_the_first)
    for name, value in {"SECONDS_HERE": 0.0, "SHARE": -1.0, "BATCH_GAMES": 7}.items():
        monkeypatch.setattr(finishing, name, value)
    output, settings = tmp_path / "out.jsonl", Settings(cache="")
    result = engine.analyze(
        str(games), evaluator="recorded", settings=settings, workers=2, output=output, games=False, stop=stop
    )
    assert result.interrupted
    assert 1 < result.counts.analysed < 60
    assert result.counts.analysed == len((tmp_path / "out.jsonl.part").read_bytes().splitlines())
    counts = result.counts
    assert counts.read == counts.analysed + counts.variant + counts.damaged  # nothing that was read is left out


@pytest.mark.slow
def test_processes_that_die_cost_time_and_nothing_else(
    games: Path, both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = kill_at_merges(monkeypatch, Finisher)
    here, elsewhere = both(games)
    assert kills
    assert_equal(here, elsewhere)
