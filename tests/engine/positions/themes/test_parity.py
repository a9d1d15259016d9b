"""Themes beside the tags of real puzzles: the two figures that are promised, on a part of them.

`python -m tests.perf themes` has the figures of each theme on all of them.
"""

from __future__ import annotations

import itertools

import pytest

from tests.perf import themes
from tests.perf.puzzles import NAME, puzzles
from tests.support import shared_data

EVERY = 5
"""One puzzle in so many is looked at."""


@pytest.mark.parity
def test_what_is_found_is_nearly_always_tagged_and_most_tags_are_found() -> None:
    tally = themes.Tally()
    for puzzle in itertools.islice(puzzles(shared_data(NAME)), 0, None, EVERY):
        tally.add(frozenset(themes.themes(puzzle.line)), puzzle.themes)
    common = [name for name in themes.THEMES if tally.tagged[name] >= themes.COMMON / EVERY]
    assert tally.puzzles > 3_000
    assert len(common) > 50
    assert tally.precision() >= themes.PRECISION
    assert tally.mean_recall(common) >= themes.RECALL
