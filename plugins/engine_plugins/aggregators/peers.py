"""A player's games compared with those of players with the same rating and speed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from engine.model import SPEED_NAMES, AnalysedGame, Certainty, Column, Finding, Report, ReportTable
from engine.plugin import Aggregator, Counts, Histogram, Keyed, Needs, Options, Sum, certainties, keyed
from engine_plugins.aggregators._baseline_file import (
    OWN_BAND,
    SHIPPED,
    WIDTH,
    BaselineData,
    load_baseline,
    one_sided,
)
from engine_plugins.aggregators._common import PLAYER, PLAYERS, Players, leading, left_out
from engine_plugins.aggregators._placements import Cell, Placement, Sample, place, pooled
from engine_plugins.aggregators._side_figures import FIGURES, evaluated_by, sides_of, site_of

_WIDER = 2
"""Bands on either side that may be taken in where one has too few sides."""
_FINDINGS = 3


class PeersOptions(Options, frozen=True):
    """Options of `peers`."""

    baseline: Annotated[
        str,
        Meta(
            description="File to compare with, made by 'engine baseline build'; 'shipped': the one that is here."
        ),
    ] = SHIPPED
    sides: Annotated[
        int, Meta(ge=30, le=1_000_000, description="Sides that a figure needs; bands are made wider to have them.")
    ] = 100
    games: Annotated[int, Meta(ge=5, le=1_000_000, description="Games of a player that a figure needs.")] = 10
    rows: Players = PLAYERS


class Peers(Aggregator):
    """Am I better than my peers? Your games beside those of players with your rating, at the same speed.

    The peers are in a file: `--set peers.baseline=FILE`, or `--baseline FILE`, which adds this report too.
    `engine baseline build GAMES -o NAME.baseline.json` makes one of any games with evaluations, such as a dump of
    Lichess, and `engine baseline show FILE` says what it rests on. The one that is shipped has 500 games of
    Lichess, rapid and classical, most of them rated 1600 to 2200. Each was chosen because it has a puzzle in it,
    so they have more mistakes than other games (accuracy 70.6% in rapid from 1600 to 1999; 77.6% in 11 sides of
    games that were not chosen), and everybody looks too good beside them. This is why `--player` alone does not
    compare: ask for it with `-a +peers`, or better, make a baseline of the games that you think are yours.

    The unit is a *side*: one player in one game. The percentile of a game is the share of the peers' sides that it
    is better than, those that are equal counted by half; the figure is the mean over your games. It is the
    probability that a game of yours is better than one of theirs: 50% is an average peer. Games vary more than
    players do, so a player who is above 90% of all players may have 60% here. The interval (95%) contains the
    chance in your games and that in the choice of the peers (DeLong, DeLong and Clarke-Pearson, Biometrics 44
    (1988), 837-845); the two sides of one game of the baseline count as one.

    A game is compared with the band of 200 points that your rating in it is in. If the band has fewer than `sides`
    sides, one band on either side is taken in, then two; a band with fewer than 20, a speed that the baseline does
    not have, and a figure with fewer than `games` of your games are not compared. Ratings of different sites are
    different scales, and evaluations with few nodes are kinder (with 5,000 nodes, accuracy is 2.4 points above
    that of Lichess's server over 200 sides): a note says so where the baseline's are not yours.

    *Certainty* is about the difference to 50%, corrected for the number of figures compared (Holm; Benjamini and
    Hochberg). `engine plugins show baseline` defines the figures.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a peers --player 'Stockfish 1700'

        Nothing is compared: that takes 10 games at a rating and speed of which the baseline has 100
        sides, and most games here are ultrabullet at 1,600 to 1,799. It has rapid 1,600-2,399 (738
        sides); classical 1,600-2,199 (243 sides). 'engine baseline build' makes another one from any
        games with evaluations.
    """

    Options = PeersOptions
    options: PeersOptions
    order = 30

    @classmethod
    def needs(cls, options: PeersOptions) -> Needs:
        return Needs(evaluations=True)

    own = keyed(keyed(Histogram()), by="player")
    """Values by player and by speed, rating and figure (`rapid|1600|accuracy`)."""
    evaluations = Counts()
    """Games by the origin of their evaluations."""
    sites = Counts()
    unknown = Sum()
    """Sides of ours that lack a rating, a speed or moves enough."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._baseline: BaselineData | None = None

    def prepare(self) -> None:
        """Read the baseline. Raises `ConfigError`."""
        self._read()

    def _read(self) -> BaselineData:
        if self._baseline is None:
            self._baseline = load_baseline(self.options.baseline)
        return self._baseline

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None:
            return
        counted = False
        for color, cell, figures in sides_of(game, game.view, WIDTH):
            if cell is None:
                self.unknown.add()
                continue
            counted = True
            values = self.own[game.player(color)]
            for figure, value in figures.items():
                values[f"{cell[0]}|{cell[1]}|{figure}"].add(value)
        if counted:
            self.evaluations.add(evaluated_by(game))
            self.sites.add(site_of(game))

    def report(self) -> Report:
        data = self._read()
        base: dict[str, dict[Cell, Sample]] = {
            key: {
                (band.speed, band.rating): Sample(figure.values, figure.counts, figure.games)
                for band in data.bands
                if (figure := band.figures.get(key)) is not None and figure.sides
            }
            for key in FIGURES
        }
        listed, number = leading(self.own.each(), self.options.rows, lambda item: _games(item[1]))
        rows = [row for name, values in listed for row in self._compare(name, values, base)]
        judged = _judged(rows)
        alone = number == 1
        tables = [_figures_table(judged)] if alone else [_players_table(judged)] if number else []
        return Report(
            title="Peers",
            tables=tuple(table for table in tables if table.rows),
            findings=tuple(_findings(judged, data.selection)) if alone else (),
            notes=tuple(self._notes(data, rows, listed, number)),
        )

    def _compare(
        self, name: str, values: Keyed[Histogram], base: Mapping[str, Mapping[Cell, Sample]]
    ) -> Iterator[_Row]:
        """Yield what can be said of a player, speed by speed, the speed with most games first."""
        parts: dict[tuple[str, str], dict[Cell, Sample]] = {}
        for key, histogram in values.items():
            speed, rating, figure = key.split("|")
            items = histogram.items()
            sample = Sample([v for v, _ in items], [n for _, n in items], histogram.total)
            parts.setdefault((speed, figure), {})[speed, int(rating)] = sample
        played = {speed: sum(s.n for s in parts[speed, "acpl"].values()) for speed, f in parts if f == "acpl"}
        for speed in sorted(played, key=lambda speed: (-played[speed], SPEED_NAMES.index(speed))):
            for figure in FIGURES:
                row = self._row(name, speed, figure, parts.get((speed, figure), {}), base[figure])
                if row is not None:
                    yield row

    def _row(
        self, name: str, speed: str, figure: str, own: Mapping[Cell, Sample], base: Mapping[Cell, Sample]
    ) -> _Row | None:
        peers = {cell: found for cell in own if (found := _peers(base, cell, self.options.sides))}
        compared = {cell: own[cell] for cell in peers}
        if sum(sample.n for sample in compared.values()) < self.options.games:
            return None
        placement = place(compared, peers, base)
        if not placement.error:
            return None
        used = sorted({cell for cells in peers.values() for cell in cells})
        ratings = [rating for _, rating in used]
        sides = pooled([base[cell] for cell in used]).n
        return _Row(name, speed, figure, placement, min(ratings), max(ratings) + WIDTH - 1, sides)

    def _notes(
        self, data: BaselineData, rows: Sequence[_Row], listed: Sequence[tuple[str, Any]], number: int
    ) -> Iterator[str]:
        if not rows:
            yield self._nothing(data, listed)
            return
        if data.about:
            yield f"Baseline: {data.about}."
        yield from one_sided(data.bands)
        ours, theirs = (
            _usual(self.evaluations),
            max(data.evaluations, key=data.evaluations.__getitem__, default=""),
        )
        if ours != theirs:
            yield (
                f"The evaluations of the baseline are from {theirs}, those here from {ours}: part of a "
                "difference can be theirs."
            )
        site, others = _usual(self.sites), max(data.sites, key=data.sites.__getitem__, default="")
        if site != others:
            yield f"Ratings of {site} are compared with those of {others}: these are different scales."
        yield from left_out("players", number - len(listed), "peers.rows")

    def _nothing(self, data: BaselineData, listed: Sequence[tuple[str, Any]]) -> str:
        """Return a sentence that says why there is nothing to compare."""
        has = "; ".join(_ranges(data)) or "nothing"
        if not listed:
            return f"No data: no game has evaluations, a rating and a time control; the baseline has {has}."
        cells = {key.rpartition("|")[0]: h.total for key, h in listed[0][1].items() if key.endswith("|acpl")}
        speed, _, rating = max(cells, key=lambda cell: (cells[cell], cell), default="|0").partition("|")
        return (
            f"Nothing is compared: that takes {self.options.games} games at a rating and speed of which the "
            f"baseline has {self.options.sides} sides, and most games here are {speed} at {int(rating):,} to "
            f"{int(rating) + WIDTH - 1:,}. It has {has}. 'engine baseline build' makes another one from any games "
            "with evaluations."
        )


class _Row(Struct, frozen=True):
    """A figure of a player beside that of the peers at one speed."""

    player: str
    speed: str
    figure: str
    placement: Placement
    low: int
    """Lowest rating of the peers."""
    high: int
    sides: int
    """Number of the peers' sides."""
    certainty: Certainty = "may be chance"

    @property
    def percent(self) -> tuple[float, float, float]:
        """Share of the peers that are worse in percent, with its 95% interval."""
        share = self.placement.share if FIGURES[self.figure].high else 1 - self.placement.share
        reach = self.placement.reach
        return round(100 * share, 3), round(100 * max(0, share - reach), 3), round(100 * min(1, share + reach), 3)

    @property
    def rated(self) -> str:
        return f"{self.low:,}-{self.high:,}"

    @property
    def place(self) -> tuple[float, float, float, int, int, str]:
        """Cells of the columns `_PLACE`."""
        return (*self.percent, self.placement.games, self.sides, self.rated)

    def sentence(self, selection: str) -> str:
        """Return the row in words."""
        share, low, high = self.percent
        where = f" in {selection}" if selection else ""
        return (
            f"In {self.speed}, {self.player} is {FIGURES[self.figure].better} than {share:.0f}% of the sides "
            f"with the same rating ({low:.0f} to {high:.0f}%; {self.placement.games:,} games against "
            f"{self.sides:,} sides rated {self.rated}{where})."
        )


def _peers(base: Mapping[Cell, Sample], cell: Cell, sides: int) -> list[Cell]:
    """Return the cells to compare a cell with, as few as have sides enough; none if there are none."""
    if cell not in base or base[cell].n < OWN_BAND:
        return []
    speed, rating = cell
    for wider in range(_WIDER + 1):
        near = [(speed, rating + WIDTH * k) for k in range(-wider, wider + 1)]
        found = [other for other in near if other in base]
        if sum(base[other].n for other in found) >= sides:
            return found
    return []


def _games(values: Keyed[Histogram]) -> int:
    return sum(histogram.total for key, histogram in values.items() if key.endswith("|acpl"))


def _judged(rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows with their certainty, corrected for their number."""
    found = certainties([row.placement.p_value for row in rows])
    return [
        _Row(row.player, row.speed, row.figure, row.placement, row.low, row.high, row.sides, certainty)
        for row, certainty in zip(rows, found, strict=True)
    ]


def _findings(rows: Sequence[_Row], selection: str) -> Iterator[Finding]:
    """Yield the accuracy at the usual speed, and then what differs most surely."""
    first = next((row for row in rows if row.figure == "accuracy"), None)
    # Centipawns lost tell the same as accuracy.
    others = [
        row for row in rows if row is not first and (first is None or row.figure not in ("accuracy", "acpl"))
    ]
    others.sort(key=lambda row: row.placement.p_value)
    if first is not None:
        yield Finding(first.sentence(selection), first.certainty, table="figures")
    for row in others[: _FINDINGS - (first is not None)]:
        if row.certainty != "may be chance":
            yield Finding(row.sentence("" if first is not None else selection), row.certainty, table="figures")


_PLACE = (
    Column("better_than", "Better than", "percent"),
    Column("low", "from", "percent"),
    Column("high", "to", "percent"),
    Column("games", "Games", "int"),
    Column("sides", "Sides", "int"),
    Column("rated", "Rated"),
)
_READING = (
    "Better than: the share of the peers' sides (a player in one game) that a game of the player is better than, "
    "equal ones counted by half, as the mean over the games, with its 95% interval; 50% is an average peer. "
)


def _figures_table(rows: Sequence[_Row]) -> ReportTable:
    columns = (
        Column("speed", "Speed"),
        Column("figure", "Figure"),
        Column("own", "Player", "float"),
        Column("peers", "Peers", "float"),
        Column("unit", "Unit"),
        *_PLACE,
        Column("certainty", "Certainty"),
    )
    cells = []
    for row in rows:
        figure = FIGURES[row.figure]
        means = (row.placement.own / figure.divisor, row.placement.peers / figure.divisor)
        cells.append((row.speed, figure.label, *means, figure.unit, *row.place, row.certainty))
    reading = "Player and Peers are means of games. Certainty is about the difference to 50%."
    return ReportTable(
        "figures", "Beside players of the same rating", columns, tuple(cells), reading=_READING + reading
    )


def _players_table(rows: Sequence[_Row]) -> ReportTable:
    columns = (
        PLAYER,
        Column("speed", "Speed"),
        Column("accuracy", "Accuracy", "percent"),
        Column("peers", "Peers", "percent"),
        *_PLACE,
    )
    cells = tuple(
        (row.player, row.speed, row.placement.own / 10, row.placement.peers / 10, *row.place)
        for row in rows
        if row.figure == "accuracy"
    )
    return ReportTable("players", "Accuracy beside players of the same rating", columns, cells, reading=_READING)


def _usual(counts: Counts) -> str:
    return next((name for name, _ in counts.most_common(1)), "")


def _ranges(data: BaselineData) -> Iterator[str]:
    """Yield each speed with the ratings of which there are sides."""
    for speed in SPEED_NAMES:
        bands = [band for band in data.bands if band.speed == speed and band.sides >= OWN_BAND]
        if bands:
            sides = sum(band.sides for band in bands)
            low, high = min(band.rating for band in bands), max(band.rating for band in bands) + WIDTH - 1
            yield f"{speed} {low:,}-{high:,} ({sides:,} sides)"
