"""Workers that let other programs go first, and keep to a core."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import engine
from engine import Settings, system
from engine.cli import group

GAME = "1. e4 e5 2. Nf3 Nc6 *\n"

# Says in each score where it runs: its niceness, and how many cores it may use.
PLACED = """
import os
from engine.model import Evaluation, EvaluatorInfo, Score
from engine.plugin import Evaluator

class Placed(Evaluator):
    def start(self):
        return EvaluatorInfo("Placed", "1", "placed-1", "for a test")

    def clear(self):
        pass

    def search(self, position, limit):
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        score = 100 * (os.nice(0) - int(os.environ["NICENESS"])) + cores
        return Evaluation(Score(cp=score), (next(iter(position.board().legal_moves)).uci(),), 1, 1)

    def close(self):
        pass
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = tmp_path / "placed.py"
    file.write_text(PLACED)
    monkeypatch.setenv("NICENESS", str(os.nice(0)))
    return Settings(plugins=(str(file),), evaluator="placed", cache="", workers=2, nice=3, pin=True)


@pytest.mark.skipif(not hasattr(os, "nice"), reason="this system has no niceness; a Unix would run it")
@pytest.mark.parametrize("warm", [False, True])
def test_workers_are_nice_and_pinned_and_the_caller_is_not(settings: Settings, *, warm: bool) -> None:
    before = os.nice(0)
    if warm:
        with engine.Analyzer(settings=settings) as analyzer:
            game = analyzer.analyze(GAME, nodes=1).game
    else:
        game = engine.analyze(GAME, settings=settings, nodes=1).game
    assert game is not None
    evaluations = [position.found for position in game.positions if position.found is not None]
    assert {evaluation.score.cp for evaluation in evaluations} == {301 if system.CAN_PIN else 300}
    assert os.nice(0) == before


def test_bounds() -> None:
    ran = CliRunner().invoke(group, ["analyze", "games.pgn", "--nice", "20"])
    assert ran.exit_code == 2
    assert "0<=x<=19" in ran.output
