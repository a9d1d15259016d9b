"""UCI programs as they are, through the command and the library."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import engine as library
from engine.testing.fake_uci import fake_uci

from .command import CLASSICS, engine

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="UCI programs are driven on POSIX only")


@pytest.mark.slow
def test_a_program_that_cannot_count_nodes_works_with_a_depth(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path, no_nodes=True)
    ran = engine("analyze", CLASSICS, "-e", fake, "--depth", "2", "--limit", "1", "--format", "json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["run"]["positions"] > 10
    estimated = engine("analyze", CLASSICS, "-e", fake, "--depth", "2", "--limit", "1", "--dry-run", "--no-cache")
    assert estimated.code == 0, estimated.err


def test_a_program_that_cannot_count_nodes_works_with_a_time_in_the_library(tmp_path: Path) -> None:
    fake = str(fake_uci(tmp_path, no_nodes=True))
    assert library.evaluate(depth=2, evaluator=fake).depth == 2
    with library.Analyzer(evaluator=fake, workers=1) as analyzer:
        assert analyzer.evaluate(time=5).best


@pytest.mark.slow
def test_a_program_that_cannot_count_nodes_says_what_helps(tmp_path: Path) -> None:
    fake = str(fake_uci(tmp_path, no_nodes=True))
    with pytest.raises(library.AnalysisError, match=r"'go nodes 1' in time; .*works with --depth or --time"):
        library.evaluate(nodes=5, evaluator=fake, evaluator_options={"start_timeout": 4})


@pytest.mark.slow
def test_the_book_of_a_program_is_not_asked(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path, book=True)
    ran = engine("analyze", CLASSICS, "-e", fake, "--nodes", "10", "--limit", "1", "--format", "json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["failures"] == []


@pytest.mark.slow
def test_a_position_without_a_score_fails_alone(tmp_path: Path) -> None:
    fake = fake_uci(tmp_path, no_score="rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w")
    ran = engine("analyze", CLASSICS, "-e", fake, "--nodes", "10", "--limit", "2", "--format", "json")
    assert ran.code == 1, ran.err
    result = json.loads(ran.out)
    assert {(failure["game"], failure["ply"]) for failure in result["failures"]} == {(1, 0), (2, 0)}
    assert all("no score before" in failure["reason"] for failure in result["failures"])
    assert result["run"]["positions"] > 20
