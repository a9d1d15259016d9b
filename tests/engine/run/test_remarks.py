"""What aggregators say of single moves reaches the writers, and nothing that a writer could not show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.model import AnalysedGame, Remark, Report
from engine.plugin import Aggregator

MATE = (
    '[White "Anna"]\n[Black "Bert"]\n[Result "0-1"]\n\n1. f3 { [%eval -0.5] } e5 { [%eval -0.6] } 2. g4 Qh4# 0-1\n'
)


class Remarking(Aggregator):
    """Says something of the first two moves."""

    said: tuple[Any, ...] = (
        Remark(1, "The\x1b centre.", nags=(3,), arrows=("Ge7e5", "Rf7")),
        Remark(0, "Weak } squares.", arrows=("Gf2f3",)),
    )

    def add(self, game: AnalysedGame) -> None:
        pass

    def remarks(self, game: AnalysedGame) -> Any:
        return self.said

    def report(self) -> Report:
        return Report("Remarking")


def annotated(source: Any, output: Path, aggregator: type[Aggregator] = Remarking) -> str:
    result = engine.analyze(source, evaluator="recorded", aggregators=[aggregator], output=output, force=True)
    assert result.ok, result.failures
    return " ".join(output.read_text(encoding="utf-8").partition("\n\n")[2].split())


def test_comments_nags_and_arrows_are_in_the_annotated_pgn(tmp_path: Path) -> None:
    text = annotated(MATE, tmp_path / "x.pgn")
    assert text.startswith(
        "{ [%cal Gf2f3] } 1. f3 $6 { [%eval -0.50] } { (0.15 → -0.50) Inaccuracy. } { Weak squares. } "
        "{ [%csl Rf7] } { [%cal Ge7e5] }"
    )
    assert re.search(r"1\.\.\. e5 \$3 \{ \[%eval -0\.60\] \} \{ The. centre\. \} 2\. g4", text), text


def test_they_are_on_the_page_of_the_game(tmp_path: Path) -> None:
    annotated(MATE, tmp_path / "x.html")
    page = (tmp_path / "x.html").read_text(encoding="utf-8")
    [data] = re.findall(r'<script type="application/json" id="g1">(.*?)</script>', page)
    assert json.loads(data)["rm"] == {
        "0": [["Weak } squares.", [], ["Gf2f3"], "remarking"]],
        "1": [["The\ufffd centre.", [3], ["Ge7e5", "Rf7"], "remarking"]],
    }


def test_annotating_twice_changes_nothing(tmp_path: Path) -> None:
    once = annotated(MATE, tmp_path / "x.pgn")
    assert annotated(tmp_path / "x.pgn", tmp_path / "y.pgn") == once


def test_an_aggregator_that_says_nothing_leaves_the_game_alone(tmp_path: Path) -> None:
    class Silent(Remarking):
        """Says nothing."""

        said = ()

    assert "squares" not in annotated(MATE, tmp_path / "x.pgn", Silent)


def test_each_player_gets_the_remarks_of_an_aggregator_of_their_own(tmp_path: Path) -> None:
    class Mine(Remarking):
        """Says whose game it is."""

        def remarks(self, game: AnalysedGame) -> list[Remark]:
            return [Remark(0, f"seen by {' and '.join(game.view)}")]

    engine.analyze(MATE, evaluator="recorded", aggregators=[Mine], output=tmp_path / "{player}.pgn")
    assert "{ seen by white }" in (tmp_path / "Anna.pgn").read_text(encoding="utf-8")
    assert "{ seen by black }" in (tmp_path / "Bert.pgn").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ((Remark(4, "beyond the end"),), "ply 4 of a game with 4 plies"),
        ((Remark(0, nags=(256,)),), "from 1 to 255"),
        ((Remark(0, arrows=("e2e4",)),), "they look like Ge2e4"),
        (("a text",), "returned str"),
        ((Remark(0, text=3),), "Expected `str`"),  # type: ignore[arg-type]
    ],
)
def test_a_remark_that_cannot_be_shown_disables_the_aggregator_in_words(
    said: Any, reason: str, tmp_path: Path
) -> None:
    wrong = type("Wrong", (Remarking,), {"said": said})
    output = tmp_path / "x.jsonl"
    result = engine.analyze(MATE, evaluator="recorded", aggregators=[wrong, "wins"], output=output)
    assert [failure.reason for failure in result.failures if reason in failure.reason], result.failures
    assert "wins" in result.reports
    assert json.loads(output.read_text(encoding="utf-8"))["game"] == 1
