"""Charts of reports as drawings in SVG, with their values as a table; a small one for the first screen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby

from markupsafe import Markup, escape
from msgspec import Struct

from engine.model import Axis, Cell, Chart, Column, Kind, Point, ReportTable, Series
from engine.text.format import figure
from engine.web.pages import side_bars
from engine.web.pages.tables import Grid, Link, about, grid

WIDTH, HEIGHT = 440.0, 220.0
"""Size of a drawing; a letter is 13 units high, so that it can be read on a phone."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 14.0, 44.0
_LETTER = 7.5
"""Width of a letter."""
_TICKS = 4
"""Number of steps between the lines across a drawing, roughly."""
_COLORS = 5
"""Number of colours in the stylesheet; further series begin again."""
_LISTED = 12
"""Categories up to which each gets its name."""
_LARGE = 40
"""Number of points up to which they are drawn large."""
_SPARK = (120.0, 34.0)


class Drawing(Struct, frozen=True):
    """A chart for the template."""

    key: str
    form: str
    title: str
    upward: str
    """Name of the vertical axis; empty where the drawing has it."""
    svg: Markup
    legend: list[tuple[int, str]]
    """Number of the colour and name of each series; empty for a single one."""
    reading: str
    values: Grid
    """The values as a table."""


class _Scale(Struct, frozen=True):
    """A linear scale from values to units of the drawing."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[float, ...] = ()

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + max(0.0, min(1.0, share)) * (self.end - self.start), 1)


class _Places(Struct, frozen=True):
    """The horizontal axis: categories beside each other, or numbers."""

    names: tuple[str | int | float, ...]
    scale: _Scale | None
    """Scale of numbers; None for categories."""

    @property
    def step(self) -> float:
        """Width of a category."""
        return (WIDTH - _LEFT - _RIGHT) / max(1, len(self.names))

    def __call__(self, x: str | float) -> float:
        if self.scale is not None and not isinstance(x, str):
            return self.scale(x)
        return round(_LEFT + (self.names.index(x) + 0.5) * self.step, 1)

    @property
    def fits(self) -> bool:
        """Whether the names of categories are short, or begin with numbers and so are a course, as months are."""
        if len(self.names) > _LISTED or all(str(name)[:1].isdigit() for name in self.names):
            return True
        longest = max((len(str(name)) for name in self.names), default=1)
        return (longest + 1) * _LETTER <= self.step

    def ticks(self, kind: Kind) -> Iterator[tuple[float, str]]:
        """Yield place and text of the labels, as many as fit."""
        if self.scale is not None:
            for value in self.scale.ticks:
                yield self.scale(value), _number(value, kind)
            return
        longest = max((len(str(name)) for name in self.names), default=1)
        every = max(1, math.ceil((longest + 1.5) * _LETTER / self.step))
        for k, name in enumerate(self.names):
            if k % every == 0:
                yield self(name), str(name)


def draw(name: str, chart: Chart, link: Link) -> Drawing | None:
    """Return a chart for the template; None when it has nothing to compare.

    * **name** - the report's name.
    """
    if not compares(chart):
        return None
    known = [point for one in chart.series for point in one.points if point.y is not None]
    places, scale = _places(chart), _vertical(chart, known)
    sideways = chart.form == "bars" and not places.fits
    parts = [*(_on_their_side(chart, scale) if sideways else _upright(chart, places, scale))]
    height = side_bars.height(chart) if sideways else HEIGHT
    words = escape(f"{chart.title}. {_words(chart)}")
    svg = Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        int(WIDTH), int(height), words, Markup("").join(parts)
    )
    legend = [(k % _COLORS, one.label) for k, one in enumerate(chart.series)] if len(chart.series) > 1 else []
    table = grid(values(name, chart), link)
    upward = "" if sideways else _axis_name(chart.y)
    return Drawing(chart.key, chart.form, chart.title, upward, svg, legend, chart.reading, table)


def compares(chart: Chart) -> bool:
    """Return whether a chart has two values or more, and a line two places or more: else a table says it all."""
    known = [point.x for one in chart.series for point in one.points if point.y is not None]
    return len(set(known) if chart.form == "line" else known) > 1


def _upright(chart: Chart, places: _Places, scale: _Scale) -> Iterator[Markup]:
    yield from _frame(chart, places, scale)
    shapes = _bars if chart.form == "bars" else _line
    for k, one in enumerate(chart.series):
        yield from shapes(chart, k, one, places, scale)


def _on_their_side(chart: Chart, scale: _Scale) -> Iterator[Markup]:
    ticks = [(tick, _number(tick, chart.y.kind)) for tick in scale.ticks]
    ruler = side_bars.Ruler(scale.low, scale.high, ticks, _axis_name(chart.y))
    return side_bars.side_bars(chart, ruler, lambda k: f"s{k % _COLORS}", _point)


def spark(chart: Chart) -> Markup:
    """Return the first series as a small line without axes, for a tile whose text says the figures."""
    points = [(k, point.y) for k, point in enumerate(chart.series[0].points if chart.series else ())]
    known = [y for _, y in points if y is not None]
    if len(known) < 2:  # noqa: PLR2004 - one point is no course
        return Markup("")
    width, height = _SPARK
    across = _Scale(0, len(points) - 1, 3, width - 3)
    up = _Scale(min(known), max(known), height - 4, 4)
    path = _path([None if y is None else (across(k), up(y)) for k, y in points])
    last = max(k for k, y in points if y is not None)
    end = points[last][1]
    assert end is not None
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="stroke s0" d="{}"/><path class="stroke s0 end" d="M{} {}h0"/></svg>'
    ).format(int(width), int(height), path, across(last), up(end))


def values(name: str, chart: Chart) -> ReportTable:
    """Return the values of a chart as a table: a row for each point, with the moves that it rests on.

    * **name** - the report's name.
    """
    several = len(chart.series) > 1
    points = [(one.label, point) for one in chart.series for point in one.points if point.y is not None]
    interval = any(point.low is not None or point.high is not None for _, point in points)
    counted = any(point.n is not None for _, point in points)
    columns = [Column("x", chart.x.label, chart.x.kind, chart.x.unit)]
    columns += [Column("series", "Series")] if several else []
    columns.append(Column("y", chart.y.label, chart.y.kind, chart.y.unit))
    columns += [Column("low", "from", chart.y.kind), Column("high", "to", chart.y.kind)] if interval else []
    columns += [Column("n", "Rests on", "int")] if counted else []
    rows = []
    for label, point in points:
        row: list[Cell] = [point.x, *([label] if several else []), point.y]
        row += [point.low, point.high] if interval else []
        rows.append((*row, *([point.n] if counted else [])))
    references = tuple(point.references for _, point in points)
    return ReportTable(
        f"{name}-{chart.key}-values",
        f"Values of “{chart.title}”",
        tuple(columns),
        tuple(rows),
        references if any(references) else (),
    )


def _words(chart: Chart) -> str:
    """Return what the chart shows in a sentence for each series: the ends and the extremes."""
    said = []
    for one in chart.series:
        known = [point for point in one.points if point.y is not None]
        if not known:
            continue
        lowest = min(known, key=lambda point: point.y or 0)
        highest = max(known, key=lambda point: point.y or 0)
        ends = f"from {_said(chart, known[0])} to {_said(chart, known[-1])}" if chart.form == "line" else ""
        extremes = f"lowest {_said(chart, lowest)}, highest {_said(chart, highest)}"
        label = one.label or chart.y.label
        said.append(f"{label}: {'; '.join(part for part in (ends, extremes) if part)}.")
    return " ".join([*said, "The table below has the values."])


def _said(chart: Chart, point: Point) -> str:
    return f"{figure(point.y, chart.y.kind)} ({_name(point.x, chart.x)})"


def _name(x: str | float, axis: Axis) -> str:
    return x if isinstance(x, str) else _number(x, axis.kind)


def _number(value: float, kind: Kind) -> str:
    """Return a number at an axis: without decimals where it has none."""
    if kind == "percent":
        return f"{value:g}%"
    if kind in ("score", "duration"):
        return figure(value, kind)
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def _places(chart: Chart) -> _Places:
    names = list(dict.fromkeys(point.x for one in chart.series for point in one.points))
    numbers = [x for x in names if not isinstance(x, str)]
    if chart.form == "bars" or len(numbers) < len(names):
        if len(chart.series) > 1 and all(isinstance(x, str) and x[:4].isdigit() for x in names):
            names.sort(key=str)
        return _Places(tuple(names), None)
    low, high, ticks = _nice(min(numbers), max(numbers))
    return _Places(tuple(names), _Scale(low, high, _LEFT, WIDTH - _RIGHT, ticks))


def _vertical(chart: Chart, known: Sequence[Point]) -> _Scale:
    """Return the scale upwards: bars begin at 0; intervals show, but never make the values flat."""
    ys = [point.y for point in known if point.y is not None]
    low, high = min(ys), max(ys)
    if chart.form == "bars":
        low, high = min(0.0, low), max(0.0, high)
    room = high - low or math.inf
    ends = [end for point in known for end in (point.low, point.high) if end is not None]
    low, high = max(min([low, *ends]), low - room), min(max([high, *ends]), high + room)
    bottom, top, ticks = _nice(low, high)
    if chart.y.kind == "percent" and low >= 0 and high <= 100:  # noqa: PLR2004 - percent
        bottom, top = max(bottom, 0.0), min(top, 100.0)
        ticks = tuple(tick for tick in ticks if bottom <= tick <= top)
    return _Scale(bottom, top, HEIGHT - _BOTTOM, _TOP, ticks)


def _nice(low: float, high: float) -> tuple[float, float, tuple[float, ...]]:
    """Return round ends around a range, and round values between them."""
    if high <= low:
        low, high = low - (abs(low) * 0.05 or 1), high + (abs(high) * 0.05 or 1)
    raw = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * size for size in (1, 2, 2.5, 5, 10) if power * size >= raw)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple(round(k * step, 10) for k in range(first, last + 1))
    return ticks[0], ticks[-1], ticks


def _frame(chart: Chart, places: _Places, scale: _Scale) -> Iterator[Markup]:
    """Yield the lines across, the labels and the names of the axes."""
    for tick in scale.ticks:
        y = scale(tick)
        yield Markup('<path class="{}" d="M{} {}H{}"/><text class="scale" x="{}" y="{}">{}</text>').format(
            "axis zero" if tick == 0 else "axis",
            *(_LEFT, y, WIDTH - _RIGHT),
            *(_LEFT - 5, y + 4, _number(tick, chart.y.kind)),
        )
    for x, text in places.ticks(chart.x.kind):
        yield Markup('<text class="tick" x="{}" y="{}">{}</text>').format(
            min(x, WIDTH - len(text) * _LETTER / 2), HEIGHT - _BOTTOM + 17, text
        )
    yield Markup('<text class="tick name" x="{}" y="{}">{}</text>').format(
        (_LEFT + WIDTH - _RIGHT) / 2, HEIGHT - 6, _axis_name(chart.x)
    )


def _axis_name(axis: Axis) -> str:
    return f"{axis.label} ({axis.unit})" if axis.unit else axis.label


def _hint(chart: Chart, one: Series, point: Point) -> str:
    """Return the value of a point in words, which the browser shows when the pointer rests on it."""
    label = f"{one.label}, " if len(chart.series) > 1 else ""
    unit = f" {chart.y.unit}" if chart.y.unit else ""
    text = f"{label}{_name(point.x, chart.x)}: {figure(point.y, chart.y.kind)}{unit}"
    if point.low is not None and point.high is not None:
        text += f", 95% interval {figure(point.low, chart.y.kind)} to {figure(point.high, chart.y.kind)}"
    return text + (f", of {point.n:,}" if point.n is not None else "")


def _point(chart: Chart, one: Series, point: Point, shape: Markup) -> Markup:
    opens = Markup(' class="point" data-about="{}"').format(about(point.references)) if point.references else ""
    return Markup("<g{}><title>{}</title>{}</g>").format(opens, _hint(chart, one, point), shape)


def _bars(chart: Chart, k: int, one: Series, places: _Places, scale: _Scale) -> Iterator[Markup]:
    width = round(places.step * 0.8 / len(chart.series), 1)
    zero = scale(max(scale.low, 0.0))
    for point in one.points:
        if point.y is None:
            continue
        x = round(places(point.x) + (k - len(chart.series) / 2) * width, 1)
        y = scale(point.y)
        shape = Markup('<rect class="fill s{}" x="{}" y="{}" width="{}" height="{}"/>').format(
            k % _COLORS, x, min(y, zero), width, round(max(abs(zero - y), 0.5), 1)
        )
        yield _point(chart, one, point, shape + _whisker(point, x + width / 2, scale))


def _whisker(point: Point, x: float, scale: _Scale) -> Markup:
    if point.low is None or point.high is None:
        return Markup("")
    low, high, x = scale(point.low), scale(point.high), round(x, 1)
    return Markup('<path class="whisker" d="M{} {}V{}M{} {}h8M{} {}h8"/>').format(
        x, low, high, round(x - 4, 1), low, round(x - 4, 1), high
    )


def _line(chart: Chart, k: int, one: Series, places: _Places, scale: _Scale) -> Iterator[Markup]:
    """Yield the 95% band, the line and the points of a series; of a scatter only the points."""
    color = k % _COLORS
    if chart.form == "line":
        for run in _runs(one.points):
            if len(run) == 1:
                yield _whisker(run[0], places(run[0].x), scale)
                continue
            ends = [(places(point.x), scale(point.high or 0), scale(point.low or 0)) for point in run]
            outline = [*((x, high) for x, high, _ in ends), *((x, low) for x, _, low in reversed(ends))]
            yield Markup('<path class="band s{}" d="{}Z"/>').format(color, _path(outline))
        path = _path([None if p.y is None else (places(p.x), scale(p.y)) for p in one.points])
        yield Markup('<path class="stroke s{}" d="{}"/>').format(color, path)
    for point in one.points:
        if point.y is not None:
            shape = Markup('<circle class="fill s{}" cx="{}" cy="{}" r="{}"/>').format(
                color, places(point.x), scale(point.y), 4 if len(one.points) <= _LARGE else 2.5
            )
            yield _point(chart, one, point, shape)


def _runs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield the points beside each other that have an interval."""
    for known, run in groupby(points, key=lambda point: None not in (point.y, point.low, point.high)):
        if known:
            yield list(run)


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    text, pen = "", "M"
    for point in points:
        if point is None:
            pen = "M"
        else:
            text += f"{pen}{point[0]} {point[1]}"
            pen = "L"
    return text
