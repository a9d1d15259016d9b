"""Move accuracy in time trouble and otherwise, compared between positions of equal Win%."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from engine.model import Cell, Column, Finding, Metric, Reference, ReportTable
from engine.plugin import JointMoments, Keyed, TopK, certainties
from engine_plugins.aggregators._common import mean, share
from engine_plugins.aggregators._estimates import FEWEST, Estimate, linearised
from engine_plugins.aggregators._references import possessive, table_of, to_moves

EDGES = (5, 10, 25, 50, 75, 90, 95)
"""Win% before the move at which a band begins. The outer bands are narrow: there, a move can lose little, or is
hard to get wrong."""
BANDS = len(EDGES) + 1
SIZE = 4 * BANDS
"""Integers of a game, four for each band: moves in time trouble, thousandths of their accuracy, and the same of
the other moves."""
_DECIDED = (0, 1, BANDS - 2, BANDS - 1)
"""Bands below 10 and from 90 Win%."""


def band_of(win_before: float) -> int:
    """Return the band of a Win% before a move."""
    return bisect_right(EDGES, win_before)


def at_equal_win(moments: JointMoments) -> Estimate | None:
    """Return by how many percent moves in time trouble are more accurate than others in the same bands of Win%.

    The difference in a band has the weight `in × out / (in + out)` of the moves there (Mantel and Haenszel,
    Journal of the National Cancer Institute 22 (1959), 719-748). None where no band has moves of both kinds.
    """
    weights = [0.0] * SIZE
    total = whole = 0.0
    bands = [moments.sums[k : k + 4] for k in range(0, SIZE, 4)]
    for inside, right, outside, other in bands:
        if inside and outside:
            total += (right * outside - other * inside) / (inside + outside)
            whole += inside * outside / (inside + outside)
    if not whole:
        return None
    value = total / whole
    for k, (inside, right, outside, other) in enumerate(bands):
        if inside and outside:
            n = inside + outside
            part = (right * outside - other * inside) / n
            weights[4 * k] = (-other - part) / n - value * (outside / n) ** 2
            weights[4 * k + 1] = outside / n
            weights[4 * k + 2] = (right - part) / n - value * (inside / n) ** 2
            weights[4 * k + 3] = -inside / n
    moves = range(0, SIZE, 4), range(2, SIZE, 4)
    return linearised(moments, value / 1000, [weight / whole / 1000 for weight in weights], moves)


def metric(moments: JointMoments) -> Metric:
    """Return the difference in time trouble at equal Win%."""
    found = at_equal_win(moments)
    value = None if found is None else round(found.value, 3)
    return Metric(value, "Difference at equal Win%", "float", "points of move accuracy")


def findings(only: str | None, moments: JointMoments, worst: TopK) -> Iterator[Finding]:
    """Yield what time trouble does to moves at equal Win%, and why the plain figures say something else.

    * **only** - the player whose moves they are; None for those of several.
    * **moments** - the sums over games.
    * **worst** - the moves in time trouble that lost most Win%.
    """
    found = at_equal_win(moments)
    if found is None or found.games < FEWEST:
        return
    less = "less" if found.value < 0 else "more"
    yield Finding(
        f"In time trouble, {possessive(only) + ' ' if only else ''}moves are {abs(found.value):.1f} points {less}"
        f" accurate than otherwise in positions of equal Win% (±{found.reach:.1f}, {found.games:,} games).",
        certainties([found.p])[0],
        to_moves(worst),
        TABLE,
    )
    inside, right, outside, other = (sum(moments.sums[k::4]) for k in range(4))
    troubled, calm = (
        share(sum(moments.sums[4 * band + k] for band in _DECIDED), whole) or 0
        for k, whole in ((0, inside), (2, outside))
    )
    if abs(troubled - calm) >= _TELLING:
        yield Finding(
            f"The plain move accuracy, {mean(right, inside, 1000):.1f}% in time trouble and"
            f" {mean(other, outside, 1000):.1f}% otherwise, cannot be compared: {troubled:.0f}% of the moves in"
            f" time trouble and {calm:.0f}% of the others are in decided positions (Win% under 10 or from 90).",
            table=TABLE,
        )


def trouble_table(moments: JointMoments, worst: Keyed[TopK]) -> ReportTable:
    """Return the moves in time trouble and the others by Win% before the move, and all at equal Win%.

    * **moments** - the sums over games.
    * **worst** - the moves in time trouble that lost most Win%, by band.
    """
    rows: list[tuple[tuple[Cell, ...], tuple[Reference, ...]]] = []
    for band, name in enumerate(_NAMES):
        inside, right, outside, other = moments.sums[4 * band : 4 * band + 4]
        if inside or outside:
            difference = right / inside - other / outside if inside and outside else None
            cells = inside, mean(right, inside, 1000), outside, mean(other, outside, 1000)
            row = name, *cells, None if difference is None else round(difference / 1000, 3), None
            key = f"{TABLE}|{band}" if inside else f"{TABLE}|{band}|otherwise"
            rows.append((row, to_moves(worst.get(key))))
    found = at_equal_win(moments)
    if found is not None:
        inside, right, outside, other = (sum(moments.sums[k::4]) for k in range(4))
        cells = inside, mean(right, inside, 1000), outside, mean(other, outside, 1000)
        figures = round(found.value, 3), round(found.reach, 3)
        rows.append((("all, at equal Win%", *cells, *figures), to_moves(worst.get(TABLE))))
    return table_of(TABLE, "In time trouble and otherwise", _COLUMNS, rows, _READING)


TABLE = "trouble"
_TELLING = 5
"""Difference of shares, in percent, that explains a difference of accuracies."""
_NAMES = ("under 5", "5-10", "10-25", "25-50", "50-75", "75-90", "90-95", "95 or more")
_COLUMNS = (
    Column("win", "Win% before"),
    Column("moves", "In trouble", "int", "moves"),
    Column("accuracy", "Move accuracy", "percent"),
    Column("other_moves", "Otherwise", "int", "moves"),
    Column("other_accuracy", "Move accuracy", "percent"),
    Column("difference", "Difference", "float", "points of move accuracy"),
    Column("interval", "±", "float", "points of move accuracy"),
)
_READING = (
    "Positions are often decided in time trouble, and a move in a decided position can lose little; so compare"
    " along a row. The last row weighs the rows' differences by their moves (Mantel-Haenszel), with half of a 95%"
    " interval over games. A row leads to the moves that lost most Win%, in time trouble where there are any."
)
