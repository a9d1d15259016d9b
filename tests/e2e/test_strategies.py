"""All aggregators together: whatever the way to the analysed games, the reports are the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.testing.fake_uci import fake_uci
from tests.support import DATA, PATIENCE

from .command import engine

CLASSICS = DATA / "classics.pgn"
ALL = ("-a", "all", "--set", f"repertoire.lines={DATA / 'repertoire.pgn'}")
SEARCH = ("--nodes", "1000", "--format", "json")
ADAPTIVE = ("--nodes", "50000")


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    return fake_uci(tmp_path / "bin", delay=0.001, filename="stockfish")


def reports(*arguments: str | Path) -> dict[str, Any]:
    ran = engine("analyze", *ALL, *SEARCH, "--limit", "6", *arguments)
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)["reports"]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("nodes", [(), ADAPTIVE])
def test_workers_a_kill_and_halves_change_no_report(tmp_path: Path, fake: Path, nodes: tuple[str, ...]) -> None:
    one = reports(CLASSICS, "-e", fake, "-j", "1", "--no-cache", "-o", tmp_path / "run.jsonl", *nodes)
    assert len(one) == 23
    assert reports(CLASSICS, "-e", fake, "-j", "2", "--no-cache", *nodes) == one

    killed = [
        sys.executable,
        "-m",
        "engine",
        "analyze",
        str(CLASSICS),
        "-e",
        str(fake),
        "-j",
        "2",
        *ALL,
        *SEARCH,
        *nodes,
        "--limit",
        "6",
    ]
    searched = _kill_in_the_middle(killed, tmp_path)
    assert searched > 0
    assert reports(CLASSICS, "-e", fake, "-j", "2", *nodes) == one  # what was searched is in the cache

    lines = (tmp_path / "run.jsonl").read_bytes().splitlines(keepends=True)
    halves = [tmp_path / "first.jsonl", tmp_path / "second.jsonl"]
    halves[0].write_bytes(b"".join(lines[:3]))
    halves[1].write_bytes(b"".join(lines[3:]))
    assert reports(*halves, "--follow-up-evaluator", fake, *nodes) == one


def _kill_in_the_middle(command: Sequence[str], folder: Path) -> int:
    """SIGKILL to the whole run once its cache has grown; how many bytes it holds."""
    cache = Path(os.environ["ENGINE_HOME"])
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, cwd=folder
    ) as process:
        deadline = time.monotonic() + PATIENCE
        while (size := _bytes(cache)) < 40_000 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "it ended before it was killed"
    return size


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.sqlite*") if path.exists())


@pytest.mark.slow
def test_an_output_of_training_positions_takes_its_aggregator_along(tmp_path: Path, fake: Path) -> None:
    outputs = [tmp_path / name for name in ("mistakes.epd", "mistakes.training.pgn", "mistakes.training.csv")]
    arguments = [part for output in outputs for part in ("-o", output)]
    ran = engine("analyze", CLASSICS, "--limit", "3", "-e", fake, *SEARCH, *arguments)
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)["reports"]
    assert list(found) == ["mistakes", "accuracy", "judgements", "acpl", "wins", "best-scores"]
    positions = found["mistakes"]["metrics"]["positions"]["value"]
    assert positions > 0
    assert len(outputs[0].read_text().splitlines()) == positions
    assert outputs[1].read_text().count("[FEN ") == positions
    assert "Chess960" not in outputs[1].read_text()
    assert len(outputs[2].read_text().splitlines()) == positions + 1


def test_a_wrong_file_in_an_option_is_said_before_any_work(tmp_path: Path, fake: Path) -> None:
    ran = engine("analyze", CLASSICS, "-e", fake, "-a", "repertoire", "--set", "repertoire.lines=nowhere.pgn")
    assert ran.code == 2
    assert "nowhere.pgn" in ran.err
    assert "--set repertoire.lines=FILE.pgn" in ran.err
    ran = engine("analyze", CLASSICS, "-e", fake, "-a", "endgames", "--syzygy", tmp_path)
    assert ran.code == 2
    assert "--syzygy" in ran.err
