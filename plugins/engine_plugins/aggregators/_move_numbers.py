"""Errors by move number: rates over the moves made at that number, since games end and counts fall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.model import AnalysedGame, Axis, Cell, Chart, Column, Finding, Point, Reference, ReportTable, Series
from engine.plugin import Counts, JointMoments, Keyed, TopK, certainties
from engine_plugins.aggregators._common import lost, mean
from engine_plugins.aggregators._estimates import FEWEST, difference, ratio
from engine_plugins.aggregators._references import keep, possessive, table_of, to_moves

WIDTH = 5
"""Move numbers in a band: 1-5, 6-10, and so on."""
LAST = 12
"""Place of the last band, which has all later moves."""
TABLE = "numbers"
_KINDS = ("inaccuracy", "mistake", "blunder")


def tally(
    game: AnalysedGame,
    plies: Iterable[int],
    losses: Keyed[JointMoments],
    errors: Keyed[Counts],
    costly: Keyed[TopK],
) -> None:
    """Add some moves of a game.

    * **game** - the game.
    * **plies** - the moves, each with an evaluation before and after it.
    * **losses** - state that gets, by band and game, thousandths of Win% lost and the number of moves, there and
      in all other bands.
    * **errors** - state that gets the number of judgements by band.
    * **costly** - state that gets the moves that lost most Win% by band.
    """
    first = 2 * max(0, int(game.fen.rsplit(" ", 1)[1]) - 1) + (game.turn(0) == "black")
    costs: dict[int, list[tuple[int, int]]] = {}
    for k in plies:
        ply = game.plies[k]
        band = (first + k) // (2 * WIDTH)
        band = min(LAST, band)
        costs.setdefault(band, []).append((-(lost(ply) or 0), k))
        if ply.judgement is not None:
            errors[_key(band)].add(ply.judgement)
    sums = {band: -sum(cost for cost, _ in moves) for band, moves in costs.items()}
    loss, number = sum(sums.values()), sum(map(len, costs.values()))
    for band, moves in costs.items():
        here = sums[band]
        losses[_key(band)].add(here, len(moves), loss - here, number - len(moves))
        keep(costly[_key(band)], game.origin.game, moves)


def _key(band: int) -> str:
    """Return the key of a band in a state, so that their order is that of the numbers."""
    return f"{band:02}"


def _name(band: int) -> str:
    return f"{WIDTH * band + 1} and later" if band == LAST else f"{WIDTH * band + 1}-{WIDTH * (band + 1)}"


def table(losses: Keyed[JointMoments], errors: Keyed[Counts], costly: Keyed[TopK]) -> ReportTable:
    """Return Win% lost and judgements per 100 moves by move number."""
    rows: list[tuple[tuple[Cell, ...], tuple[Reference, ...]]] = []
    for key, moments in losses.each():
        loss, moves = moments.sums[:2]
        found = ratio(moments)
        counts = errors.get(key)
        rates = (mean(100 * counts[kind], moves) for kind in _KINDS)
        half = None if found is None else round(found.reach / 10, 1)
        cells = _name(int(key)), moves, mean(100 * loss, moves, 1000), half, *rates
        rows.append((cells, to_moves(costly.get(key))))
    return table_of(TABLE, "By move number", _COLUMNS, rows, _READING)


def chart(losses: Keyed[JointMoments], costly: Keyed[TopK]) -> Iterator[Chart]:
    """Yield the chart of Win% lost by move number; nothing without a move."""
    points = []
    for key, moments in losses.each():
        rate, found = moments.sums[0] / moments.sums[1] / 10, ratio(moments)
        reach = None if found is None else found.reach / 10
        low, high = (None, None) if reach is None else (round(max(0, rate - reach), 1), round(rate + reach, 1))
        point = Point(_name(int(key)), round(rate, 1), low, high, moments.sums[1], to_moves(costly.get(key)))
        points.append(point)
    if points:
        yield Chart(
            "by-move-number",
            "Win% lost by move number",
            "bars",
            Axis("Move number", "text"),
            Axis("Win% lost", "float", "per 100 moves"),
            (Series("Win% lost", tuple(points)),),
            "Win% that 100 moves made at these numbers lose, with the 95% interval over games.",
        )


def findings(only: str | None, losses: Keyed[JointMoments], costly: Keyed[TopK]) -> Iterator[Finding]:
    """Yield the move numbers at which moves lose most beside all others, and how sure it is.

    * **only** - the player whose moves they are; None for those of several.
    * **losses** - sums over games by band.
    * **costly** - the moves that lost most Win% by band.
    """
    compared = [(key, moments, difference(moments)) for key, moments in losses.each()]
    known = [(key, moments, found) for key, moments, found in compared if found and found.games >= FEWEST]
    if len(known) < 2:  # noqa: PLR2004
        return
    sure = certainties([found.p for _, _, found in known])
    place = max(range(len(known)), key=lambda k: known[k][2].value)
    key, moments, found = known[place]
    here, there = moments.sums[0] / moments.sums[1] / 10, moments.sums[2] / moments.sums[3] / 10
    whose = f"{possessive(only)} moves" if only else "Moves"
    yield Finding(
        f"{whose} {_name(int(key))} lose most: {here:,.0f} Win% per 100 moves, the others {there:,.0f}"
        f" (difference ±{found.reach / 10:,.0f}, {found.games:,} games).",
        sure[place],
        to_moves(costly.get(key)),
        TABLE,
    )


_COLUMNS = (
    Column("numbers", "Moves no."),
    Column("moves", "Moves", "int"),
    Column("loss", "Win% lost", "float", "per 100 moves"),
    Column("interval", "±", "float", "per 100 moves"),
    Column("inaccuracies_rate", "Inaccuracies", "float", "per 100 moves"),
    Column("mistakes_rate", "Mistakes", "float", "per 100 moves"),
    Column("blunders_rate", "Blunders", "float", "per 100 moves"),
)
_READING = (
    "All rates are per 100 moves made at these numbers, so that games that have ended do not lower them; ± is half"
    " of the 95% interval over games. A row leads to the moves that lost most Win%."
)
