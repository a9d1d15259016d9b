"""An estimate of a puzzle's rating, from features of its line that need no search."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.positions.themes.features import features
from engine.positions.themes.line import Line
from engine.positions.themes.naming import themes as found_themes

__all__ = ["Model", "difficulty", "model"]

WEIGHTS = Path(__file__).with_name("rating.json")
_LEAST, _MOST = 400, 3200
"""Ratings of puzzles end about there."""


class Model(Struct, frozen=True):
    """The fitted numbers, and where they come from."""

    source: str
    """What they were fitted to, and how."""
    error: float
    """Mean distance between estimate and rating on puzzles that were left out of the fit."""
    weights: dict[str, float]
    """What each feature adds to the rating."""

    def rate(self, found: dict[str, float]) -> float:
        """Return the rating that features make.

        * **found** - features by name; those without a weight count nothing.
        """
        return sum(self.weights.get(name, 0.0) * value for name, value in found.items())


def difficulty(line: Line, themes: Collection[str] | None = None) -> int:
    """Return an estimate of the rating that a puzzle would have on Lichess.

    It is an estimate only: `model().error` says how far it is off in the mean.

    * **line** - the line.
    * **themes** - its tags, if they are known already; None: they are found.
    """
    rating = model().rate(features(line, found_themes(line) if themes is None else themes))
    return round(max(_LEAST, min(_MOST, rating)))


@cache
def model() -> Model:
    """Return the fitted numbers, which are read once."""
    return msgspec.json.decode(WEIGHTS.read_bytes(), type=Model)
