"""Recorded games digested by other processes: nothing shows."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.model import RunResult
from engine.run import batches, start
from engine.run.batches import BatchResult
from engine.run.finishing import Finisher
from engine.run.recorded import RecordedRun
from engine.settings import Settings
from tests.processes import command_of, descendants
from tests.support import DATA, PATIENCE

MATCH = DATA / "match.jsonl.zst"
EVALUATED = """[White "A"]
[Black "B"]
[Result "0-1"]

1. f3 { [%eval -0.6] } e5 { [%eval -0.5] } 2. g4 { [%eval #-1] } Qh4# 0-1

[White "Cut"]
[Black "Off"]

1. e4 { [%eval 0.3] } e5 2. Ke3 *

[Variant "Atomic"]
[White "A"]
[Black "C"]

1. e4 *

[FEN "nonsense"]

1. e4 *

"""
SUFFIXES = (
    *(".jsonl", ".jsonl.zst", ".pgn", ".json", ".csv", ".games.csv", ".sqlite"),
    *(".parquet", ".games.parquet", ".reports.parquet"),
)
WRITERS = """
from engine_plugins.writers.jsonl import JsonlWriter
from engine.plugin import Writer


class Encoding(Writer):
    \"\"\"Raises at game 42.\"\"\"

    suffixes = (".encoding",)

    @classmethod
    def encode(cls, games, info):
        if any(game.origin.game == 42 for game in games):
            raise RuntimeError("boom")
        return b"".join(b"%d of %d " % (game.origin.game, len(game.plies)) for game in games)

    def skipped(self, game):
        self.stream.write(b"skipped %d " % game.origin.game)


class Texty(Writer):
    \"\"\"Returns text in place of bytes.\"\"\"

    suffixes = (".texty",)

    @classmethod
    def encode(cls, games, info):
        return "text"


class Counting(JsonlWriter):
    \"\"\"Depends on the games before.\"\"\"

    suffixes = (".counting",)
    games = 0

    def game(self, game):
        self.games += 1
        self.stream.write(b"%d " % self.games)
"""
CRASHING = """
from engine.model import Report
from engine.plugin import Aggregator, Sum


class Crashing(Aggregator):
    \"\"\"Raises from game 40 on.\"\"\"

    games = Sum()

    def add(self, game):
        if game.origin.game >= 40:
            raise RuntimeError("boom")
        self.games.add()

    def report(self):
        return Report("Crashing")
"""


@pytest.fixture
def games(tmp_path: Path) -> Path:
    path = tmp_path / "games.pgn"
    path.write_text("not a game\n\n" + EVALUATED * 60)
    return path


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[RunResult, RunResult]]:
    """The same run in this process, and shared out."""

    def analyse(*arguments: Any, **options: Any) -> tuple[RunResult, RunResult]:
        settings = options.pop("settings", Settings(cache=""))
        monkeypatch.setattr(start, "BATCHED_BYTES", 1 << 60)
        here = engine.analyze(*arguments, settings=settings, workers=2, **options)
        monkeypatch.setattr(start, "BATCHED_BYTES", 0)
        monkeypatch.setattr(batches, "BATCH_GAMES", 7)
        shared = engine.analyze(*arguments, settings=settings, workers=2, force=True, **options)
        return here, shared

    return analyse


def counted(result: RunResult) -> dict[str, int]:
    names = type(result.counts).__struct_fields__
    return {name: getattr(result.counts, name) for name in names if name != "seconds"}


def assert_equal(here: RunResult, shared: RunResult) -> None:
    assert shared.reports == here.reports
    assert (shared.wins, shared.best) == (here.wins, here.best)
    assert counted(shared) == counted(here)
    assert sorted(shared.notices, key=repr) == sorted(here.notices, key=repr)
    assert shared.failures == here.failures
    assert shared.interrupted == here.interrupted


@pytest.mark.slow
def test_good_and_bad_games(games: Path, both: Callable[..., tuple[RunResult, RunResult]]) -> None:
    here, shared = both(str(games), evaluator="recorded")
    assert_equal(here, shared)
    assert here.counts.analysed == 120
    assert here.counts.cut == here.counts.variant == 60


@pytest.mark.slow
def test_outputs_to_the_byte(tmp_path: Path, games: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "BATCHED_BYTES", 0)
    monkeypatch.setattr(batches, "BATCH_GAMES", 7)
    texts = []
    for workers in (1, 2):  # one worker is this process
        outputs = [tmp_path / f"{workers}{suffix}" for suffix in SUFFIXES]
        settings = Settings(cache="")
        assert engine.analyze(
            str(games), evaluator="recorded", settings=settings, workers=workers, output=outputs
        ).ok
        texts.append([output.read_bytes() for output in outputs])
    assert texts[0] == texts[1]


def test_writers_that_encode_games_by_themselves_and_one_that_cannot(
    tmp_path: Path, games: Path, both: Callable[..., tuple[RunResult, RunResult]]
) -> None:
    (tmp_path / "writers.py").write_text(WRITERS)
    written = []
    arrived: list[int] = []
    merge = RecordedRun._merge

    def look(self: RecordedRun, batch: BatchResult) -> None:
        arrived.append(len(batch.items))
        merge(self, batch)

    for endings in ((".encoding", ".texty"), (".encoding", ".counting")):
        outputs = [tmp_path / f"out{ending}" for ending in endings]
        settings = Settings(cache="", plugins=(str(tmp_path / "writers.py"),))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(RecordedRun, "_merge", look)
            here, shared = both(str(games), evaluator="recorded", settings=settings, output=outputs, games=False)
        assert_equal(here, shared)
        *others, failure = shared.failures
        assert failure.reason == "writer encoding failed at game 42: RuntimeError: boom"
        text = "writer texty failed at game 2: TypeError: encode returned str in place of bytes"
        assert [other.reason for other in others] == [text] * (".texty" in endings)
        written.append((tmp_path / "out.encoding.part").read_bytes())
        assert any(arrived) == (".counting" in endings)  # games come back for a writer that must have them
    assert written[0] == written[1]
    assert written[0].startswith(b"skipped 1 2 of 4 3 of 2 skipped 4 skipped 5 6 of 4 ")
    assert written[0].endswith(b"skipped 40 skipped 41 ")
    assert (tmp_path / "out.counting").read_bytes().startswith(b"1 2 3 ")


@pytest.mark.slow
def test_filters_players_and_every_aggregator(both: Callable[..., tuple[RunResult, RunResult]]) -> None:
    settings = Settings(
        cache="", players=("Stockfish 1700",), filter="BlackElo >= 1700", max_games=9, follow_up_evaluator="none"
    )
    here, shared = both(str(MATCH), aggregators="all", settings=settings)
    assert_equal(here, shared)
    assert here.counts.analysed == 9


def test_an_aggregator_that_raises_is_disabled_as_in_one_process(
    tmp_path: Path, games: Path, both: Callable[..., tuple[RunResult, RunResult]]
) -> None:
    (tmp_path / "crashing.py").write_text(CRASHING)
    settings = Settings(cache="", plugins=(str(tmp_path / "crashing.py"),))
    here, shared = both(str(games), evaluator="recorded", aggregators=["wins", "crashing"], settings=settings)
    assert_equal(here, shared)
    [failure] = shared.failures
    assert "aggregator crashing failed in game" in failure.reason


def kill_at_merges(monkeypatch: pytest.MonkeyPatch, stage: type[RecordedRun | Finisher]) -> list[int]:
    """Have every process killed at the first batch that comes back, three times over; they are listed."""
    killed: list[int] = []
    merge = stage._merge

    def kill_all(self: Any, result: BatchResult) -> None:
        if len(killed) < 3:
            for pid in descendants(os.getpid()):
                if "spawn_main" in command_of(pid):
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
        merge(self, result)

    monkeypatch.setattr(stage, "_merge", kill_all)
    return killed


@pytest.mark.slow
def test_processes_that_die_cost_time_and_nothing_else(
    games: Path, both: Callable[..., tuple[RunResult, RunResult]], monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = kill_at_merges(monkeypatch, RecordedRun)
    here, shared = both(str(games), evaluator="recorded")
    assert kills
    assert_equal(here, shared)


def test_a_script_without_a_main_guard_runs_once(games: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import engine\n"
        "from engine.run import start\n"
        "start.BATCHED_BYTES = 0\n"
        f"result = engine.analyze({str(games)!r}, evaluator='recorded', workers=2)\n"
        "print('once', result.counts.analysed)\n"
    )
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "once 120\n", "")


def test_the_last_progress_is_the_end(games: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "BATCHED_BYTES", 0)
    shown: list[Any] = []
    result = engine.analyze(str(games), evaluator="recorded", workers=2, progress=shown.append)
    assert (shown[-1].games, shown[-1].positions) == (120, result.counts.positions)
