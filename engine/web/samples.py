"""Figures of games by the game, for comparisons: what each game adds to a mean, so that its certainty is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import inf, sqrt
from typing import Any

from msgspec import Struct

from engine.plugin import critical_value, effective_games, p_value, wilson
from engine.web.store import Filter, Store

PHASES = ("opening", "middlegame", "endgame")
FEW = 10
"""Games below which nothing is said of how certain a mean or a difference is: how much games differ is not known
well enough. Wilson's interval of a score does not need it."""
PERCENT = frozenset({"score", "accuracy"})
"""Figures that end at 100."""
_HUNDRED = 100.0
_ROUNDING = 1e-12
"""Share of a figure below which an error is one of adding."""


class Estimate(Struct, frozen=True):
    """A mean over games, with its 95% interval."""

    value: float
    low: float | None
    """None where there are fewer than `FEW` games, or games that say nothing of how much games differ."""
    high: float | None
    games: int


class Sample(Struct, frozen=True):
    """A figure of many games: the sum of one quantity over the sum of another, a pair for each game.

    Games differ, and the moves of one belong together, so that a game is the unit of all intervals.
    """

    pairs: Mapping[int, tuple[float, float]]
    """By the game's number: what it adds above the line, and the whole number that it adds below."""
    name: str = ""
    """Which figure it is: `score` and `accuracy` end at 100."""

    @property
    def total(self) -> float:
        """The sum below the line."""
        return sum(below for _, below in self.pairs.values())

    @property
    def value(self) -> float | None:
        """The figure; None without games."""
        total = self.total
        return sum(above for above, _ in self.pairs.values()) / total if total else None

    @property
    def freedom(self) -> float:
        """Degrees of freedom: as many games of equal weight as these are worth, less one."""
        weights = [round(below) for _, below in self.pairs.values()]
        return effective_games(sum(weights), sum(weight * weight for weight in weights)) - 1

    def shares(self) -> dict[int, float]:
        """Return by how much each game moves the figure away from what the others say."""
        value, total = self.value, self.total
        if value is None:
            return {}
        return {number: (above - value * below) / total for number, (above, below) in self.pairs.items()}

    def estimate(self) -> Estimate | None:
        """Return the figure with its interval; None without games. That of a score is Wilson's, as in reports.

        Games that happen not to differ say nothing of how much games do, so that a mean has no interval either.
        """
        value = self.value
        if value is None:
            return None
        error = _error(self.shares().values())
        differ = error is not None and error > _ROUNDING * max(1.0, abs(value))
        return _bounded(self.name, value, len(self.pairs), error if differ else None, self.freedom)


class Difference(Struct, frozen=True):
    """How far two figures are apart."""

    value: float
    low: float | None
    """None where too few games, or games that do not differ, say nothing of how certain it is."""
    high: float | None
    p: float
    """The two-sided p-value; 1 where it is not known."""


def difference(first: Sample, second: Sample) -> Difference | None:
    """Return the first figure less the second; None if either has no game.

    A game that is in both counts in both at once, so that what it says for one side is weighed against what it
    says for the other. Source: the delta method with games as clusters; degrees of freedom by Welch, Biometrika 34
    (1947), 28-35, and those of the smaller sample where games are in both.
    """
    a, b = first.value, second.value
    if a is None or b is None:
        return None
    shares, others = first.shares(), second.shares()
    error = _error(shares.get(number, 0.0) - others.get(number, 0.0) for number in {**shares, **others})
    freedom = _freedom(first, second, shared=not shares.keys().isdisjoint(others))
    if not error or freedom <= 0:
        return Difference(a - b, None, None, 1.0)
    reach, most = error * critical_value(freedom), _most(first.name)
    low, high = max(-most, a - b - reach), min(most, a - b + reach)
    return Difference(a - b, low, high, p_value(a - b, error, freedom))


def _most(name: str) -> float:
    """Return the highest value that a figure can have."""
    return _HUNDRED if name in PERCENT else inf


def _bounded(name: str, value: float, games: int, error: float | None, freedom: float) -> Estimate:
    """Return a figure with its 95% interval, which ends where the figure does: none is below 0."""
    if name == "score":
        low, high = wilson(value * games / _HUNDRED, games) or (None, None)
        return Estimate(value, low, high, games)
    if not error or games < FEW or freedom <= 0:
        return Estimate(value, None, None, games)
    reach = error * critical_value(freedom)
    return Estimate(value, max(0.0, value - reach), min(_most(name), value + reach), games)


def _freedom(first: Sample, second: Sample, *, shared: bool) -> float:
    ends = (first.freedom, second.freedom)
    if shared or min(ends) <= 0:
        return min(ends)
    errors = [_error(sample.shares().values()) or 0.0 for sample in (first, second)]
    squares = [error * error for error in errors]
    weighed = sum(square * square / end for square, end in zip(squares, ends, strict=True))
    return sum(squares) ** 2 / weighed if weighed else min(ends)


def _error(shares: Iterable[float]) -> float | None:
    """Return the standard error of what games move; None for fewer than two."""
    moved = list(shares)
    if len(moved) < 2:  # noqa: PLR2004 - one game does not differ from itself
        return None
    return sqrt(len(moved) / (len(moved) - 1) * sum(share * share for share in moved))


# -- out of the store ---------------------------------------------------------------------------------------


def samples(store: Store, where: Filter) -> dict[str, Sample]:
    """Return the figures of the games that a filter selects, by name, from the side that they are seen from.

    * **store** - the games.
    * **where** - the filter.
    """
    chosen, values = store.query(where).chosen()
    with store.reading() as db:
        pairs = dict(_by_game(db.execute(f"{chosen} {_GAMES}", values)))
        for game, phase, lost, moves in db.execute(f"{chosen} {_PHASES}", values):
            pairs.setdefault(f"lost in the {phase}", {})[game] = (lost, moves)
    return {name: Sample(found, name) for name, found in pairs.items()}


def estimates(store: Store, where: Filter) -> dict[str, Estimate]:
    """Return score, accuracy and ACPL of what `samples` does, from sums alone: of many games at once.

    * **store** - the games.
    * **where** - the filter.
    """
    chosen, values = store.query(where).chosen()
    with store.reading() as db:
        rows = db.execute(f"{chosen}, {_PAIRS}", values).fetchall()
    return {name: _estimate(name, int(games), *sums) for name, games, *sums in rows if games}


def _estimate(  # noqa: PLR0913, PLR0917 - sums of a and b, of a*a, a*b and b*b
    name: str, games: int, above: float, below: float, squares: float, mixed: float, weights: float
) -> Estimate:
    value = above / below
    apart = squares - 2 * value * mixed + value * value * weights
    freedom = effective_games(round(below), round(weights)) - 1
    differ = games > 1 and apart > _ALIKE * squares
    error = sqrt(games / (games - 1) * apart) / below if differ else None
    return _bounded(name, value, games, error, freedom)


_ALIKE = 1e-9
"""Share of the squares below which what is left of them is a difference of roundings."""
_PAIRS = """
pairs AS (
  SELECT 'score' AS name, 100 * CASE view WHEN 'black' THEN 1 - white_points ELSE white_points END AS a,
    white_points IS NOT NULL AS b FROM chosen
  UNION ALL SELECT 'accuracy',
    (view != 'black') * coalesce(white_accuracy, 0) + (view != 'white') * coalesce(black_accuracy, 0),
    (view != 'black') * (white_accuracy IS NOT NULL) + (view != 'white') * (black_accuracy IS NOT NULL) FROM chosen
  UNION ALL SELECT 'acpl', (view != 'black') * white_lost + (view != 'white') * black_lost,
    (view != 'black') * white_counted + (view != 'white') * black_counted FROM chosen
)
SELECT name, count(*), total(a), total(b), total(a * a), total(a * b), total(b * b) FROM pairs
WHERE b > 0 GROUP BY name
"""
_GAMES = (
    "SELECT game, view, white_points, white_accuracy, black_accuracy, white_lost, black_lost, white_counted, "
    "black_counted, white_inaccuracies, black_inaccuracies, white_mistakes, black_mistakes, white_blunders, "
    "black_blunders FROM chosen"
)
_PHASES = (
    "SELECT p.game, p.phase, sum(p.win_loss), count(p.win_loss) FROM chosen JOIN plies p ON p.game = chosen.game "
    "WHERE p.win_loss IS NOT NULL AND p.phase IS NOT NULL AND (view = 'both' OR p.white = (view = 'white')) "
    "GROUP BY p.game, p.phase"
)
_COUNTED = ("inaccuracies", "mistakes", "blunders")


def _by_game(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[str, dict[int, tuple[float, float]]]]:
    found: dict[str, dict[int, tuple[float, float]]] = {
        name: {} for name in ("score", "accuracy", "acpl", *_COUNTED)
    }
    for game, view, points, *figures in rows:
        sides = (0,) if view == "white" else (1,) if view == "black" else (0, 1)
        pairs = [figures[k : k + 2] for k in range(0, len(figures), 2)]
        accuracy, lost, counted, *errors = ([pair[side] for side in sides] for pair in pairs)
        if points is not None:
            found["score"][game] = (_HUNDRED * (1 - points if view == "black" else points), 1.0)
        known = [value for value in accuracy if value is not None]
        if known:
            found["accuracy"][game] = (sum(known), len(known))
        if sum(counted):
            found["acpl"][game] = (sum(lost), sum(counted))
            for name, numbers in zip(_COUNTED, errors, strict=True):
                found[name][game] = (sum(number or 0 for number in numbers), len(sides))
    yield from found.items()
