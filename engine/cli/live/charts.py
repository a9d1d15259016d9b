"""Charts of a report in characters: a bar for each point, or for many points a line of little bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from engine.cli.live.columns import GAPS, TableColumn, fit_table
from engine.cli.live.readings import Readings
from engine.cli.live.trend import ASCII_BARS, BARS
from engine.model import Axis, Chart, Point, Series
from engine.text.format import NOTHING, cell, clean, count, figure, with_unit

MOST_BARS = 12
"""Points up to which each has a bar of its own."""
BAR = 24
"""Columns of the longest bar."""
WIDEST = 60
"""Columns of a line of little bars."""
NARROW = 80
"""Columns of a terminal below which bars are left out, and figures are not."""
LEAST_BAR = 10
"""Columns of the longest bar where tables need the others."""
LEAST_BARS = 8
"""Little bars in a line, at least."""
ENOUGH_BARS = 20
"""Little bars in a line, for which figures beside it are left out where there is no room for both."""
SPARK_GAP = 2
"""Columns between a name, little bars and figures."""


def chart_lines(chart: Chart, width: int, readings: Readings | None = None) -> Iterator[RenderableType]:
    """Yield a chart for a terminal; nothing where no point has a value.

    * **chart** - the chart.
    * **width** - columns of the terminal.
    * **readings** - *(optional)* what the report has said below other charts and tables, which is not said again.
    """
    drawn = [series for series in chart.series if any(point.y is not None for point in series.points)]
    if not drawn:
        return
    title = Text(clean(chart.title), style="italic")
    yield title.append(f" ({clean(chart.y.unit)})", style="dim") if chart.y.unit else title
    for series in drawn:
        if chart.form == "scatter":
            yield _cloud(chart, series)
        elif chart.form == "bars" or len(series.points) <= MOST_BARS:
            yield from _bars(chart, series, width, named=len(chart.series) > 1)
        else:
            yield spark_lines([(chart, series)], width)
    if below := (readings or Readings()).below(chart.reading):
        yield Text(below, style="dim")


def spark_lines(drawn: Sequence[tuple[Chart, Series]], width: int) -> Table:
    """Return a line for each series: its name, little bars, and as much of its figures as there is room for."""
    known = [[point for point in series.points if point.y is not None] for _, series in drawn]
    names = [clean(series.label if len(chart.series) > 1 else chart.y.label) for chart, series in drawn]
    room = width - max(map(cell_len, names)) - 2 * SPARK_GAP
    for write in (_first_last_and_range, _first_and_last, _values):
        said = [write(chart, points) for (chart, _), points in zip(drawn, known, strict=True)]
        bars = min(WIDEST, width // 3, room - max(map(cell_len, said)))
        if bars >= ENOUGH_BARS:
            break
    grid = Table.grid(padding=(0, SPARK_GAP, 0, 0))
    for name, points, text in zip(names, known, said, strict=True):
        values = [point.y for point in points if point.y is not None]
        grid.add_row(Text(name, style="dim"), LittleBars(values, max(LEAST_BARS, bars)), Text(text))
    return grid


def _values(chart: Chart, points: Sequence[Point]) -> str:
    return f"{_y(chart.y, points[0].y)} to {_y(chart.y, points[-1].y)}"


def _first_and_last(chart: Chart, points: Sequence[Point]) -> str:
    first, last = points[0], points[-1]
    return f"{_y(chart.y, first.y)} ({_x(chart.x, first)}) to {_y(chart.y, last.y)} ({_x(chart.x, last)})"


def _first_last_and_range(chart: Chart, points: Sequence[Point]) -> str:
    values = [point.y for point in points if point.y is not None]
    least, most = _y(chart.y, min(values)), _y(chart.y, max(values))
    return f"{_first_and_last(chart, points)}, between {least} and {most}"


class LittleBars:
    """Values as bars of eight heights in one line, from the smallest value to the greatest.

    Where there are more values than `columns`, each bar is the mean of several.
    """

    def __init__(self, values: Sequence[float], columns: int) -> None:
        number = min(len(values), columns)
        spans = [values[k * len(values) // number : (k + 1) * len(values) // number] for k in range(number)]
        self._means = [sum(span) / len(span) for span in spans]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        bars = ASCII_BARS if options.ascii_only else BARS
        low, high = min(self._means), max(self._means)
        reach = (high - low) or 1.0
        yield Segment("".join(bars[min(7, int((mean - low) / reach * 8))] for mean in self._means))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(len(self._means), len(self._means))


class _Bar:
    """A bar from zero, as long as its share of the greatest value, whose bar has `longest` columns."""

    def __init__(self, share: float, longest: int) -> None:
        self._longest = longest
        self._columns = max(0, min(longest, round(share * longest)))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment(("#" if options.ascii_only else "█") * self._columns)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self._columns, self._longest)


def _bars(chart: Chart, series: Series, width: int, *, named: bool) -> Iterator[RenderableType]:
    """Yield a row for each point: its place, a bar, the value with its interval, and on how much it rests."""
    if named:
        yield Text(clean(series.label), style="dim")
    points = series.points
    columns = [
        TableColumn(
            with_unit(clean(chart.x.label), clean(chart.x.unit)), [_x(chart.x, point) for point in points]
        ),
        TableColumn(clean(chart.y.label), [figure(point.y, chart.y.kind) for point in points], figures=True),
    ]
    if any(point.low is not None or point.high is not None for point in points):
        columns.append(TableColumn("95% interval", [_interval(chart.y, point) for point in points], whole=True))
    if any(point.n is not None for point in points):
        columns.append(TableColumn("Of", [cell(point.n, "int") for point in points], figures=True))
    if width < NARROW:
        yield from fit_table(columns, width, heading_style="dim")
        return
    natural = sum(column.natural for column in columns) + GAPS[0] * len(columns)
    room = min(natural, width - LEAST_BAR - GAPS[0])
    longest = min(BAR, width - room - GAPS[0])
    [table, *more] = fit_table(columns, room, heading_style="dim")
    if more:
        yield from (table, *more)
        return
    greatest = max(abs(point.y) for point in points if point.y is not None) or 1.0
    beside = Table.grid(padding=(0, GAPS[0], 0, 0))
    bars = Table.grid()
    bars.add_row("")
    for point in points:
        bars.add_row(_Bar(abs(point.y or 0.0) / greatest, longest))
    beside.add_row(table, bars)
    yield beside


def _cloud(chart: Chart, series: Series) -> Text:
    """Return what a cloud of points says in one line: how many there are, and from where to where they go."""
    known = [point for point in series.points if point.y is not None]
    ys = [point.y for point in known if point.y is not None]
    xs = [point.x for point in known if not isinstance(point.x, str)]
    across = (
        f"{clean(chart.x.label)} {figure(min(xs), chart.x.kind)} to {figure(max(xs), chart.x.kind)}, "
        if xs
        else ""
    )
    name = f"{clean(series.label)}: " if len(chart.series) > 1 else ""
    return Text(
        f"{name}{count(len(known), 'point')}, {across}{clean(chart.y.label)} {_y(chart.y, min(ys))} to "
        f"{_y(chart.y, max(ys))}, mean {_y(chart.y, sum(ys) / len(ys))}"
    )


def _label(axis: Axis) -> str:
    return with_unit(clean(axis.label), clean(axis.unit))


def _interval(axis: Axis, point: Point) -> str:
    if point.low is None and point.high is None:
        return NOTHING
    return f"{figure(point.low, axis.kind)} to {figure(point.high, axis.kind)}"


def _x(axis: Axis, point: Point) -> str:
    return cell(point.x, axis.kind)


def _y(axis: Axis, value: float | None) -> str:
    return figure(value, axis.kind)
