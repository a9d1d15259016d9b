"""Figures of all sides by rating and speed, for `peers` to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from engine.model import SPEED_NAMES, AnalysedGame, Cell, Color, Column, Metric, Report, ReportTable
from engine.plugin import Aggregator, Counts, Histogram, Needs, Options, Sum, keyed
from engine_plugins.aggregators._baseline_file import (
    WIDTH,
    Band,
    Values,
    bands_table,
    contents,
    histogram_text,
    load_baseline,
    one_sided,
)
from engine_plugins.aggregators._side_figures import (
    FIGURES,
    MIN_MOVES,
    evaluated_by,
    sides_of,
    site_of,
)

_COLORS: tuple[Color, ...] = ("white", "black")


class BaselineOptions(Options, frozen=True):
    """Options of `baseline`."""

    show: Annotated[
        str,
        Meta(
            description="File of a baseline to report on in place of the games; 'shipped': the one that is here."
        ),
    ] = ""


class Baseline(Aggregator):
    """How accurately players of each rating play: what `peers` compares a player with.

    `engine baseline build GAMES -o NAME.baseline.json` writes it to a file. Each side of each game counts once, by
    the speed of the game and the side's rating, in bands of 200 points. A side counts if it has a rating in the
    tags, a known time control, and 10 moves with an evaluation before and after them; bots (`WhiteTitle "BOT"`) do
    not count. The figures of a side:

    - accuracy of the game and average centipawn loss, by Lichess's formulas;
    - inaccuracies, mistakes and blunders per 100 evaluated moves;
    - Win% lost per 100 moves in the opening, middlegame and endgame, each if the side has 5 moves in it;
    - share of the moves that leave less than 10% of the clock (of base + 40 × increment), and Win% lost per 100 of
      these moves, if there are 5;
    - points from games in which the side had a Win% of 80 or more at some time, and from those in which it had 20
      or less.

    All are kept as integers with how often each occurred, so that baselines of parts of a file add up to that of
    the whole. `Games` are the games that the sides are from: the two sides of a game are not independent.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a baseline

        What the baseline rests on
        Speed      Rated from  Sides  Players  Most of one  Accuracy 25%  Median    75%   ACPL  Blunders
        ultrabul…       1,400     12        1           12         79.3%   82.0%  89.3%  41.00      2.70
        ultrabul…       1,600     12        1           12         86.0%   88.2%  91.2%  35.00      2.10
        ultrabul…       2,000     12        1           12         84.3%   91.3%  92.3%  31.00      1.80
        ultrabul…       2,200     12        1           12         95.3%   96.2%  97.5%  13.00      0.00
        Units: ACPL: centipawns; Blunders: per 100 moves.
        A side is a player in one game; a band is 200 rating points wide. A quarter of its sides have at
        most the first accuracy, half of them the median, three quarters the third. Average centipawn
        loss and blunders per 100 moves are medians.
    """

    Options = BaselineOptions
    options: BaselineOptions
    order = 960

    @classmethod
    def needs(cls, options: BaselineOptions) -> Needs:
        return Needs(evaluations=True)

    games = Sum()
    """Games with a side that counts."""
    values = keyed(keyed(Histogram()))
    """Values by speed and rating (`rapid|1600`) and figure."""
    games_of = keyed(Counts())
    """Games by speed and rating, and figure."""
    players = Counts(by="group|player")
    """Sides by speed and rating (`rapid 1600`) and player."""
    evaluations = Counts()
    """Games by the origin of their evaluations."""
    sites = Counts()
    left_out = Sum()
    """Sides that do not count."""

    def prepare(self) -> None:
        """Read the file to report on. Raises `ConfigError`."""
        if self.options.show:
            load_baseline(self.options.show)

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None:
            return
        seen: set[tuple[str, str]] = set()
        counted = False
        for color, cell, figures in sides_of(game, _COLORS, WIDTH):
            if cell is None:
                self.left_out.add()
                continue
            counted = True
            speed, rating = cell
            key = f"{speed}|{rating}"
            self.players.add(f"{speed} {rating}|{game.player(color)}")
            values = self.values[key]
            for figure, value in figures.items():
                values[figure].add(value)
                if (key, figure) not in seen:
                    seen.add((key, figure))
                    self.games_of[key].add(figure)
        if counted:
            self.games.add()
            self.evaluations.add(evaluated_by(game))
            self.sites.add(site_of(game))

    def report(self) -> Report:
        if self.options.show:
            return contents(load_baseline(self.options.show))
        bands = sorted(self._bands(), key=lambda band: (SPEED_NAMES.index(band.speed), band.rating))
        notes = [f"A side counts with a rating, a time control and {MIN_MOVES} evaluated moves."]
        if self.left_out.value:
            notes.append(f"Sides that do not count: {self.left_out.value:,}.")
        notes.extend(one_sided(bands))
        if not bands:
            notes.append("No data: no game has evaluations, a rating and a time control.")
        return Report(
            title="Baseline",
            metrics={
                "games": Metric(self.games.value, "Games"),
                "sides": Metric(sum(band.sides for band in bands), "Sides"),
            },
            tables=(bands_table(bands), *self._origins(), _values(bands)),
            notes=tuple(notes),
        )

    def _bands(self) -> Iterator[Band]:
        for key, states in self.values.items():
            speed, _, rating = key.partition("|")
            games = self.games_of.get(key)
            sides = [n for _, n in self.players.each(f"{speed} {rating}|")]
            figures = {}
            for figure, histogram in states.items():
                items = histogram.items()
                figures[figure] = Values(games[figure], tuple(v for v, _ in items), tuple(n for _, n in items))
            yield Band(speed, int(rating), sum(sides), len(sides), max(sides), figures)  # type: ignore[arg-type]

    def _origins(self) -> Iterator[ReportTable]:
        for key, title, label, counts in (
            ("evaluations", "Where the evaluations are from", "Evaluated by", self.evaluations),
            ("sites", "Whose ratings they are", "Site", self.sites),
        ):
            reading = "Games with a side that counts."
            columns = (Column("name", label), Column("games", "Games", "int"))
            yield ReportTable(key, title, columns, tuple(counts.most_common()), reading=reading)


def _values(bands: list[Band]) -> ReportTable:
    columns = (
        Column("speed", "Speed"),
        Column("rating", "Rated from", "int"),
        Column("figure", "Figure"),
        Column("games", "Games", "int"),
        Column("values", "Values"),
    )
    rows: list[tuple[Cell, ...]] = []
    for band in bands:
        for figure in (key for key in FIGURES if key in band.figures):
            values = band.figures[figure]
            text = histogram_text(zip(values.values, values.counts, strict=True))
            rows.append((band.speed, band.rating, figure, values.games, text))
    return ReportTable(
        "values",
        "All values",
        columns,
        tuple(rows),
        reading="Each value with how many sides have it, as in 312x2; accuracy, inaccuracies, mistakes, blunders "
        "and trouble are in tenths.",
    )
