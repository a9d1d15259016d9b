"""The estimate of a rating: plausible, the same each time, and fitted to the features that there are."""

from __future__ import annotations

import itertools
import statistics

import pytest

from engine.positions.themes import difficulty, themes
from engine.positions.themes.features import features
from engine.positions.themes.rating import model
from tests.engine.positions.themes.lines import line, puzzle
from tests.perf.puzzles import NAME, puzzles
from tests.support import shared_data

BACK_RANK = ("6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - - 0 1", "d1d8")
QUIET = ("8/8/3R2p1/5p1k/7r/5PK1/8/8 w - - 0 50", "d6g6 f5f4 g3f2 h5g6")
LONG = ("8/3k4/1p1p4/p1pP1p1p/P1P2P1P/4K3/1P6/8 w - c6 0 43", "d5c6 d7c6 e3d4 c6d7 d4d5")


def test_a_mate_in_one_is_easier_than_a_long_endgame() -> None:
    easy, hard = difficulty(line(*BACK_RANK)), difficulty(line(*LONG))
    assert 400 <= easy < 900
    assert 1300 < hard <= 3200


def test_known_themes_save_finding_them_and_change_nothing() -> None:
    played = puzzle(*QUIET)
    assert difficulty(played, themes(played)) == difficulty(played)
    assert difficulty(played, ["underPromotion"]) != difficulty(played, [])


def test_what_a_position_is_worth_changes_nothing() -> None:
    played = line(*LONG)
    assert difficulty(played, ["endgame", "crushing"]) == difficulty(played, ["endgame", "advantage"])


def test_every_feature_has_a_weight_and_the_model_says_how_far_it_is_off() -> None:
    for played in (line(*BACK_RANK), puzzle(*QUIET), line(*LONG)):
        assert features(played, themes(played)).keys() <= model().weights.keys()
    assert 200 < model().error < 350
    assert "puzzles" in model().source


@pytest.mark.parity
def test_estimates_of_real_puzzles_are_better_than_their_mean() -> None:
    some = list(itertools.islice(puzzles(shared_data(NAME)), 0, None, 10))
    mean = statistics.fmean(found.rating for found in some)
    error = statistics.fmean(abs(difficulty(found.line) - found.rating) for found in some)
    assert error < 0.75 * statistics.fmean(abs(mean - found.rating) for found in some)
