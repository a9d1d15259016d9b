"""Bars that lie on their side, each below its name, for categories whose names do not fit below the columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from markupsafe import Markup
from msgspec import Struct

from engine.model import Chart, Point, Series

WIDTH = 440.0
"""Width of the drawing."""
_LEFT, _RIGHT, _TOP = 8.0, 16.0, 4.0
_NAME, _BAR, _GAP = 17.0, 13.0, 7.0
"""Height of a name, of a bar, and of the room between two categories."""

Drawn = Callable[[Chart, Series, Point, Markup], Markup]
"""A function that returns a shape with what the page needs to know of its point."""


def names(chart: Chart) -> list[str | int | float]:
    """Return the categories in the order in which they come first."""
    return list(dict.fromkeys(point.x for one in chart.series for point in one.points))


def height(chart: Chart) -> float:
    """Return the height of the drawing."""
    return _TOP + len(names(chart)) * (_NAME + len(chart.series) * _BAR + _GAP) + 40


class Ruler(Struct, frozen=True):
    """The axis of the values."""

    low: float
    """Value at the left end."""
    high: float
    """Value at the right end."""
    ticks: list[tuple[float, str]]
    """Values with their texts."""
    name: str


def side_bars(chart: Chart, ruler: Ruler, color: Callable[[int], str], point: Drawn) -> Iterator[Markup]:
    """Yield the shapes.

    * **ruler** - the axis of the values.
    * **color** - returns the class of the colour of a series.
    * **point** - wraps the shape of a point.
    """

    def across(value: float) -> float:
        share = (max(ruler.low, min(ruler.high, value)) - ruler.low) / (ruler.high - ruler.low)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    bottom = height(chart) - 40
    for value, text in ruler.ticks:
        yield Markup('<path class="axis{}" d="M{x} {}V{}"/><text class="tick" x="{x}" y="{}">{}</text>').format(
            " zero" if value == 0 else "", _TOP, bottom, bottom + 15, text, x=across(value)
        )
    yield Markup('<text class="tick name" x="{}" y="{}">{}</text>').format(WIDTH / 2, bottom + 34, ruler.name)
    zero = across(0.0)
    for row, name in enumerate(names(chart)):
        top = _TOP + row * (_NAME + len(chart.series) * _BAR + _GAP)
        yield Markup('<text class="category" x="{}" y="{}">{}</text>').format(zero + 2, top + 13, name)
        for k, one in enumerate(chart.series):
            y = round(top + _NAME + k * _BAR, 1)
            found = next((p for p in one.points if p.x == name and p.y is not None), None)
            if found is None or found.y is None:
                continue
            x = across(found.y)
            bar = Markup('<rect class="fill {}" x="{}" y="{}" width="{}" height="{}"/>').format(
                color(k), min(x, zero), y, round(max(abs(x - zero), 0.5), 1), _BAR - 2
            )
            yield point(chart, one, found, Markup("").join(chain((bar,), _whisker(found, y, across))))


def _whisker(point: Point, y: float, across: Callable[[float], float]) -> Iterator[Markup]:
    if point.low is not None and point.high is not None:
        low, high, middle = across(point.low), across(point.high), y + (_BAR - 2) / 2
        yield Markup('<path class="whisker" d="M{} {}H{}M{} {}v7M{} {}v7"/>').format(
            low, middle, high, low, middle - 3.5, high, middle - 3.5
        )
