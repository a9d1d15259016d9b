"""The example distribution: a reader, a writer, an evaluator and an executor of somebody else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import DATA

from .command import Ran, engine

EXAMPLE = Path(__file__).parents[2] / "plugins" / "examples" / "engine-example"
SCHOLAR = "e2e4 e7e5 d1h5 b8c6 f1c4 g8f6 h5f7\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution, installed into a folder of its own."""
    target = tmp_path_factory.mktemp("site")
    arguments = ["install", "--no-deps", "--no-build-isolation", "--quiet", "--target", str(target), str(EXAMPLE)]
    ran = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return target


@pytest.fixture
def run(installed: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to run in, where the distribution is found."""
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.setenv("ENGINE_PLUGINS", "engine-example")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def analysed(*arguments: str | Path) -> Ran:
    ran = engine("analyze", *arguments, "-e", "material", "--format", "json")
    assert "Traceback" not in ran.err
    return ran


def test_they_are_listed_with_their_distribution(run: Path) -> None:
    ran = engine("plugins", "list")
    for name in ("moves", "scores", "material", "background"):
        [line] = [line for line in ran.out.splitlines() if line.split()[1:2] == [name]]
        assert "engine-example 1.0.0" in line


def test_a_reader_a_writer_an_evaluator_and_an_executor_at_work(run: Path) -> None:
    (run / "scholar.moves").write_text(f"{SCHOLAR}\ne2e4 e2e5\nnonsense\n")
    ran = analysed("scholar.moves", "--executor", "background", "-o", "out.scores", "-o", "out.jsonl")
    assert ran.code == 0, ran.err
    assert "scholar.moves:3" in ran.err
    assert "'e2e5' is not a legal move" in ran.err
    assert "'nonsense' is not a legal move" in ran.err
    found = json.loads(ran.out)["run"]
    assert (found["games"], found["evaluator"]["name"]) == (2, "Material")
    # Before 4. Qxf7# there is mate in one.
    assert found["scoreboard"]["best"][0] == {"score": 31999, "game": 1, "ply": 6, "move": "h5f7"}
    first, second, last = (run / "out.scores").read_text().splitlines()
    assert first.startswith("1. ? - ? 1-0 ")
    assert second == "2. ? - ? * - -"
    assert last == f"{found['scoreboard']['wins']} winning moves, by Material"


@pytest.mark.slow
def test_the_executor_changes_nothing(run: Path) -> None:
    for executor in ("local", "inline", "background"):
        ran = analysed(
            DATA / "classics.pgn", "--limit", "4", "--executor", executor, "--no-cache", "-o", f"{executor}.jsonl"
        )
        assert ran.code == 0, ran.err
    texts = {(run / f"{executor}.jsonl").read_bytes() for executor in ("local", "inline", "background")}
    assert len(texts) == 1


def test_the_evaluator_answers_a_question(run: Path) -> None:
    ran = engine("evaluate", "4k3/8/8/3q4/4P3/8/8/4K3 w - - 0 1", "-e", "material", "--multipv", "2")
    assert ran.code == 0, ran.err
    assert "exd5" in ran.out
