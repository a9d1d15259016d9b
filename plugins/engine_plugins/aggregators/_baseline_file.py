"""The file of a baseline: how often each value of each figure occurred, by speed and rating.

```
{"schema": "engine.baseline/1", "about": "…", "selection": "…",
 "games": 500, "evaluations": {"the file": 500}, "sites": {"lichess.org": 500},
 "bands": [{"speed": "rapid", "rating": 1600, "sides": 331, "players": 60, "most": 14,
            "figures": {"accuracy": {"games": 240, "values": [312, 350, …], "counts": [1, 2, …]}, …}}, …]}
```

A band has the sides rated from `rating` to `rating` + 199. `players` is how many players they are, `most` the
sides of the one who has the most, and `games` of a figure the games that they are from: two sides of a game are
not independent. `values` are integers; those of `accuracy`, `inaccuracies`, `mistakes`, `blunders` and `trouble`
are tenths. Nothing depends on the order of the games.

The shipped one, `lichess.baseline.json`, is made of the 500 games of Lichess in lichess-org/lila-db-seed
as PGN, by `engine baseline build games_eval_clk.pgn -o lichess.baseline.json` with `--about` and `--selection` as
they stand in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from engine.errors import ConfigError
from engine.model import Cell, Column, Metric, Report, ReportTable, Speed
from engine.plugin import Histogram
from engine_plugins.aggregators._side_figures import FIGURES

SCHEMA: Final = "engine.baseline/1"
WIDTH = 200
"""Rating points of a band."""
SHIPPED = "shipped"
"""Name of the baseline that comes with the program."""
OWN_BAND = 20
"""Sides that a band needs to be compared with at all: its neighbours alone are no peers."""
_MOST = 20
"""Percent of the sides of a band that one player may have."""
_LARGEST = 64 << 20
"""Bytes of a file that is read."""

Count = Annotated[int, Meta(ge=0, le=10**12)]
Name = Annotated[str, Meta(max_length=100)]
Text = Annotated[str, Meta(max_length=2_000)]


class Values(Struct, frozen=True, forbid_unknown_fields=True):
    """How often each value of a figure occurred."""

    games: Count
    """Games that the sides are from."""
    values: tuple[Annotated[int, Meta(ge=0, le=10**6)], ...]
    """Values, ascending."""
    counts: tuple[Annotated[int, Meta(ge=1, le=10**12)], ...]
    """How many sides had each value."""

    def __post_init__(self) -> None:
        if len(self.values) != len(self.counts):
            raise ValueError("not as many counts as values")
        if any(a >= b for a, b in zip(self.values, self.values[1:], strict=False)):
            raise ValueError("values that do not ascend")
        if not (self.games <= self.sides <= 2 * self.games):
            raise ValueError(f"{self.sides} sides of {self.games} games")

    @property
    def sides(self) -> int:
        """Number of sides."""
        return sum(self.counts)

    def histogram(self) -> Histogram:
        """Return the values and their counts."""
        histogram = Histogram()
        histogram.load(zip(self.values, self.counts, strict=True))
        return histogram


class Band(Struct, frozen=True, forbid_unknown_fields=True):
    """The sides of one speed whose ratings are near each other."""

    speed: Speed
    rating: Annotated[int, Meta(ge=0, le=10_000, multiple_of=WIDTH)]
    """Lowest rating."""
    sides: Count
    players: Count
    """Number of players that the sides are."""
    most: Count
    """Sides of the player who has the most of them."""
    figures: dict[Name, Values]
    """Values by the key of the figure."""


class BaselineData(Struct, frozen=True, forbid_unknown_fields=True):
    """A baseline as it is in a file."""

    schema: Literal["engine.baseline/1"]
    about: Text
    """Source and licence of the games; empty if nobody said it."""
    selection: Text
    """How the games differ from all games, in words behind "These games"; empty if nobody said it."""
    games: Count
    """Games with a side that counts."""
    evaluations: dict[Name, Count]
    """Games by the origin of their evaluations."""
    sites: dict[Name, Count]
    """Games by the site whose ratings they have."""
    bands: tuple[Band, ...]
    """By speed, then rating."""

    def __post_init__(self) -> None:
        keys = [(band.speed, band.rating) for band in self.bands]
        if len(keys) != len(set(keys)):
            raise ValueError("a band occurs twice")

    def by_cell(self) -> dict[tuple[str, int], Band]:
        """Return the bands by speed and lowest rating."""
        return {(band.speed, band.rating): band for band in self.bands}


def load_baseline(name: str) -> BaselineData:
    """Read a baseline.

    * **name** - path of a file, or `shipped`.

    Raises `ConfigError` that names the file and what is wrong with it.
    """
    if name == SHIPPED:
        content = resources.files("engine_plugins.aggregators").joinpath("lichess.baseline.json").read_bytes()
        return msgspec.json.decode(content, type=BaselineData)
    way_out = "'engine baseline build GAMES -o NAME.baseline.json' makes one"
    try:
        with Path(name).open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"baseline {name}: {error.strerror}; {way_out}") from None
    if len(content) > _LARGEST:
        raise ConfigError(f"baseline {name}: more than {_LARGEST >> 20} MiB; {way_out}")
    try:
        return msgspec.json.decode(content, type=BaselineData)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"baseline {name}: not a baseline ({error}); {way_out}") from None


BANDS = "bands"
"""Key of the table that a report has of a baseline."""
_COLUMNS = (
    Column("speed", "Speed"),
    Column("rating", "Rated from", "int"),
    Column("sides", "Sides", "int"),
    Column("players", "Players", "int"),
    Column("most", "Most of one", "int"),
    Column("lower", "Accuracy 25%", "percent"),
    Column("accuracy", "Median", "percent"),
    Column("upper", "75%", "percent"),
    Column("acpl", "ACPL", "float", "centipawns"),
    Column("blunders", "Blunders", "float", "per 100 moves"),
)


def bands_table(bands: Iterable[Band]) -> ReportTable:
    """Return a table of what a baseline rests on: a row for each band."""
    rows = []
    for band in bands:
        figures = [_at(band, "accuracy", percent) for percent in (25, 50, 75)]
        figures += [_at(band, key, 50) for key in ("acpl", "blunders")]
        rows.append((band.speed, band.rating, band.sides, band.players, band.most, *figures))
    return ReportTable(
        BANDS,
        "What the baseline rests on",
        _COLUMNS,
        tuple(rows),
        reading=f"A side is a player in one game; a band is {WIDTH} rating points wide. A quarter of its sides "
        "have at most the first accuracy, half of them the median, three quarters the third. Average centipawn "
        "loss and blunders per 100 moves are medians.",
    )


def _at(band: Band, figure: str, percent: int) -> float | None:
    """Return a percentile of a figure of a band in the unit that people read; None without a value."""
    values = band.figures.get(figure)
    value = None if values is None else values.histogram().percentile(percent)
    return None if value is None else value / FIGURES[figure].divisor


def one_sided(bands: Iterable[Band]) -> Iterator[str]:
    """Yield a note if one player has a great part of the sides of a band, which is then no sample of many."""
    found = [band for band in bands if band.sides >= OWN_BAND and band.most * 100 > _MOST * band.sides]
    if found:
        worst = max(found, key=lambda band: band.most / band.sides)
        yield (
            f"One player has {worst.most:,} of the {worst.sides:,} sides of {worst.speed} rated from "
            f"{worst.rating:,}: a baseline needs games of many players."
        )


def contents(data: BaselineData) -> Report:
    """Return a report on what a baseline rests on."""
    notes = [f"Source: {data.about}"] if data.about else []
    notes += [f"Selection: {data.selection}."] if data.selection else []
    origins = (("evaluations from", data.evaluations), ("ratings of", data.sites))
    for words, counts in origins:
        parts = [f"{words} {name}: {games:,} games" for name, games in counts.items()]
        notes += [f"{'; '.join(parts)}."] if parts else []
    return Report(
        title="Baseline",
        metrics={
            "games": Metric(data.games, "Games"),
            "sides": Metric(sum(band.sides for band in data.bands), "Sides"),
        },
        tables=(bands_table(data.bands),),
        notes=(*(note[:1].upper() + note[1:] for note in notes), *one_sided(data.bands)),
    )


def histogram_text(items: Iterable[tuple[int, int]]) -> str:
    """Return values and their counts as text, for a cell of a table: `312 350x2`."""
    return " ".join(f"{value}x{count}" if count > 1 else str(value) for value, count in items)


def _histogram(text: str) -> Iterator[tuple[int, int]]:
    for word in text.split():
        value, _, count = word.partition("x")
        yield int(value), int(count or 1)


def baseline_of(report: Report, about: str, selection: str) -> BaselineData:
    """Return the baseline that the tables of the aggregator `baseline` hold.

    * **about** - source and licence of the games.
    * **selection** - how they differ from all games.
    """
    figures: dict[tuple[Cell, Cell], dict[str, Values]] = {}
    for row in _records(report, "values"):
        pairs = list(_histogram(str(row["values"])))
        values = Values(_int(row["games"]), tuple(v for v, _ in pairs), tuple(n for _, n in pairs))
        figures.setdefault((row["speed"], row["rating"]), {})[str(row["figure"])] = values
    bands = [
        Band(
            speed=msgspec.convert(row["speed"], Speed),
            rating=_int(row["rating"]),
            sides=_int(row["sides"]),
            players=_int(row["players"]),
            most=_int(row["most"]),
            figures=figures.get((row["speed"], row["rating"]), {}),
        )
        for row in _records(report, BANDS)
    ]
    games = report.metrics.get("games")
    return BaselineData(
        schema=SCHEMA,
        about=about,
        selection=selection,
        games=_int(games.value) if games is not None else 0,
        evaluations=_counts(report, "evaluations"),
        sites=_counts(report, "sites"),
        bands=tuple(bands),
    )


def _int(cell: Cell) -> int:
    return cell if isinstance(cell, int) else 0


def _records(report: Report, key: str) -> list[dict[str, Cell]]:
    table = report.table(key)
    return [] if table is None else list(table.records())


def _counts(report: Report, key: str) -> dict[str, int]:
    return {str(row["name"]): _int(row["games"]) for row in _records(report, key)}
