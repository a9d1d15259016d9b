"""Every sentence on real games, checked by code that shares nothing with what made it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

import engine
from engine.analysis.reasons import PATTERN, explanations
from engine.model import AnalysedGame
from tests.explain_checker import problems
from tests.support import DATA, shared_data


def games_of(path: Path) -> tuple[AnalysedGame, ...]:
    found = engine.analyze(path, evaluator="recorded", aggregators=["judgements"], games=True, workers=1).games
    assert found
    return found


def check(games: tuple[AnalysedGame, ...]) -> int:
    number = 0
    for game in games:
        for found in explanations(game):
            assert problems(game, found) == [], (game.origin.game, found)
            assert PATTERN.fullmatch(found.sentence), found.sentence
            number += 1
    return number


def test_the_checker_sees_what_is_wrong() -> None:
    """Every fact of the explanations of a few games is changed in turn, and the checker objects each time."""
    changed = 0
    for game in games_of(DATA / "match.jsonl.zst")[:3]:
        for found in explanations(game):
            others = [
                structs.replace(found, material={**found.material, "q": 2}) if found.material else None,
                structs.replace(found, mate=found.mate + 1) if found.mate else None,
                structs.replace(found, moves=found.moves[::-1]) if len(set(found.moves)) > 1 else None,
                structs.replace(found, square="e1", piece="k") if found.square else None,
                structs.replace(found, targets=found.targets[:-1]) if found.motif and found.targets else None,
                structs.replace(
                    found, sentence=found.sentence.replace("1", "7").replace("2", "8").replace("3", "9")
                ),
            ]
            for other in others:
                if other is not None and other != found:
                    assert problems(game, other), other
                    changed += 1
    assert changed > 40


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("games.ndjson", marks=pytest.mark.soak),
        pytest.param("games_eval_clk.pgn", marks=pytest.mark.parity),
    ],
)
def test_lichess_games(name: str) -> None:
    """With the best lines of Lichess's analysis, and with its evaluations alone."""
    assert check(games_of(shared_data("lichess-analysed", name))) > 1_000


@pytest.mark.parity
def test_games_of_programs() -> None:
    assert check(games_of(DATA / "match.jsonl.zst")) > 200
