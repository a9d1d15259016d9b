"""What the games of a period add up to, and the table and points of `trends` made from it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from engine.model import AnalysedGame, Cell, Color, Column, Point, Reference, ReportTable
from engine.plugin import JointMoments, TopK, wilson
from engine_plugins.aggregators._common import interval, mean, milli
from engine_plugins.aggregators._periods import LABELS, Period

FIELDS = ("measured", "accuracy", "moves", "loss", "blunders", "finished", "points", "rated", "rating")
"""Integers of one player in one game: whether it has an accuracy, and that in thousandths of a percent; moves that
count, centipawns lost and blunders among them; whether it ended, and the thousandths of a point; whether the
rating is known, and the rating."""
MEASURED, ACCURACY, MOVES, LOSS, BLUNDERS, FINISHED, POINTS, RATED, RATING = range(len(FIELDS))

MEASURES: Mapping[str, tuple[str, int, int, str, bool]] = {
    "accuracy": ("accuracy", ACCURACY, MEASURED, "points", True),
    "score": ("the score", POINTS, FINISHED, "points of 100", True),
    "acpl": ("ACPL", LOSS, MOVES, "centipawns a move", False),
    "blunders": ("blunders", BLUNDERS, MOVES, "per 100 moves", False),
}
"""Figures through which a line is drawn: words, sum, what it is divided by, unit, and whether higher is better."""
UNITS = {"accuracy": 1000, "score": 10, "acpl": 1, "blunders": 0.01}
"""How much of the sum is one unit of the figure."""

REFERENCES = 5
_Z = 1.959964


class Stretch(NamedTuple):
    """A period with its games."""

    name: str
    sums: JointMoments
    speeds: Mapping[str, JointMoments]
    """The same by speed."""
    references: tuple[Reference, ...]

    def interval(self, total: int, weight: int, unit: float) -> tuple[float | None, float | None]:
        """Return a ratio of sums over games, and half of its 95% interval; None where it is not known."""
        sums, whole = self.sums, self.sums.sums[weight]
        if not whole:
            return None, None
        ratio = sums.sums[total] / whole
        squares = (
            sums.product(total, total)
            - 2 * ratio * sums.product(total, weight)
            + ratio * ratio * sums.product(weight, weight)
        )
        value = round(ratio / unit, 3)
        if sums.n < 2 or squares <= 0:  # noqa: PLR2004 - one game says nothing of how games differ
            return value, None
        return value, round(_Z * math.sqrt(squares * sums.n / (sums.n - 1)) / whole / unit, 3) or None

    def score(self) -> tuple[float | None, tuple[float, float] | None]:
        """Return the score in percent and its interval by Wilson."""
        points, games = self.sums.sums[POINTS], self.sums.sums[FINISHED]
        return mean(points, games, 10), wilson(points / 1000, games)


def figures_of(game: AnalysedGame, color: Color) -> tuple[int, ...]:
    """Return the `FIELDS` of one player in a game."""
    moves = loss = blunders = 0
    for k in game.turns(color):
        ply = game.plies[k]
        if ply.loss is not None:
            moves += 1
            loss += ply.loss
            blunders += ply.judgement == "blunder"
    accuracy, points, elo = game.side(color).accuracy, game.points(color), game.rating(color)
    return (
        *(int(accuracy is not None), milli(accuracy or 0.0)),
        *(moves, loss, blunders),
        *(int(points is not None), milli(points or 0.0)),
        *(int(elo is not None), elo or 0),
    )


def merged(parts: Iterable[JointMoments]) -> JointMoments:
    """Return the sums of all parts together."""
    total = JointMoments(len(FIELDS))
    for part in parts:
        total.merge(part)
    return total


def named(games: TopK | None) -> tuple[Reference, ...]:
    """Return references to games."""
    return tuple(Reference(entry.game) for entry in games.entries()) if games is not None else ()


def rounded(value: float | None) -> float | None:
    """Return the value with 3 decimals."""
    return None if value is None else round(value, 3)


def rating(period: Stretch, speed: str) -> int | None:
    """Return the mean rating in games of a speed, rounded half up; None without one."""
    sums = period.speeds.get(speed)
    if sums is None or not sums.sums[RATED]:
        return None
    return (2 * sums.sums[RATING] + sums.sums[RATED]) // (2 * sums.sums[RATED])


def rating_points(periods: list[Stretch]) -> Iterator[tuple[str, list[Point]]]:
    """Yield each speed with its mean rating by period, the speed with the most rated games first."""
    rated: dict[str, int] = {}
    for period in periods:
        for speed, sums in period.speeds.items():
            rated[speed] = rated.get(speed, 0) + sums.sums[RATED]
    for speed in sorted(rated, key=lambda name: (-rated[name], name)):
        points = [
            Point(period.name, rating(period, speed), n=period.speeds[speed].sums[RATED])
            for period in periods
            if rating(period, speed) is not None
        ]
        if points:
            yield speed, points


def point(period: Stretch, value: float | None, reach: float | tuple[float, float] | None, number: int) -> Point:
    """Return the point of a period; `number` is the place in `FIELDS` of what it rests on."""
    if value is None:
        return Point(period.name, None)
    low = high = None
    if isinstance(reach, tuple):
        low, high = reach
    elif reach is not None:
        low, high = round(max(0.0, value - reach), 3), round(min(100.0, value + reach), 3)
    return Point(period.name, value, low, high, period.sums.sums[number], period.references)


def period_table(periods: list[Stretch], unit: Period, speed: str) -> ReportTable:
    """Return the table of periods, the earliest first."""
    columns = (
        Column("period", LABELS[unit]),
        Column("games", "Games", "int"),
        Column("accuracy", "Accuracy", "percent"),
        Column("accuracy_reach", "±", "float", "points"),
        Column("acpl", "ACPL", "float", "centipawns"),
        Column("acpl_reach", "±", "float", "centipawns"),
        Column("blunders", "Bl./100", "float", "blunders per 100 moves"),
        Column("blunders_reach", "±", "float", "blunders per 100 moves"),
        Column("score", "Score", "percent"),
        Column("score_interval", "95%"),
        Column("rating", "Rating", "int"),
    )
    rows: list[tuple[Cell, ...]] = []
    for period in periods:
        cells: list[Cell] = [period.name, period.sums.n]
        for name in ("accuracy", "acpl", "blunders"):
            _, total, weight, _, _ = MEASURES[name]
            cells += period.interval(total, weight, UNITS[name])
        points, games = period.sums.sums[POINTS], period.sums.sums[FINISHED]
        cells += (mean(points, games, 10), interval(points / 1000, games), rating(period, speed))
        rows.append(tuple(cells))
    kind = f" in {speed} games" if speed else ""
    reading = (
        "± is half of the 95% interval by game, the 95% of the score is Wilson's; the rating is the mean before "
        f"each game{kind}. A row leads to its least accurate games, at most one a day."
    )
    references = tuple(period.references for period in periods)
    return ReportTable("periods", "Over time", columns, tuple(rows), references, reading)
