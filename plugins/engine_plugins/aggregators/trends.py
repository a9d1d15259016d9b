"""Accuracy, score, rating and blunders over time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta

from engine.model import AnalysedGame, Axis, Chart, Finding, Metric, Report, Series
from engine.plugin import Aggregator, JointMoments, Options, Sum, TopK, certainties, keyed
from engine.text.format import count
from engine_plugins.aggregators._periods import LABELS, Period, day_of, gaps, ordinal, period_of, unit_of
from engine_plugins.aggregators._slopes import LEAST_DAYS, LEAST_GAMES, Day, Slope, slope
from engine_plugins.aggregators._trend_tables import (
    ACCURACY,
    FIELDS,
    FINISHED,
    MEASURED,
    MEASURES,
    MOVES,
    RATED,
    REFERENCES,
    UNITS,
    Stretch,
    figures_of,
    merged,
    named,
    period_table,
    point,
    rating,
    rating_points,
    rounded,
)

_OWN_MOVES = 10
"""Moves of the player that a game needs to be named before shorter ones, which are seldom telling."""
_TELLING = 1_000_000
"""More than any accuracy in thousandths of a percent."""


class TrendsOptions(Options, frozen=True):
    """Options of `trends`."""

    by: Annotated[
        Literal["auto", "day", "week", "month", "year"],
        Meta(description="Length of a period; `auto` takes it from the time between the first and the last game."),
    ] = "auto"


class Trends(Aggregator):
    """Am I getting better? Accuracy, score, rating and blunders over time.

    A game belongs to the day of its tag `UTCDate`, or else `Date`. Periods are months; where all games lie within
    three months they are weeks from Monday to Sunday, within three weeks days, and where they cover more than five
    years, years. The option `by` chooses another length. A date without a day counts in its month; games without a
    month are left out.

    Accuracy is the mean of Lichess's game accuracies; ACPL the centipawns lost per move, with evaluations clamped
    to ±1000; blunders are Lichess's. ± is half of the 95% interval by game: moves of one game are not independent
    of each other, so the error is that of a ratio of sums over games (Cochran, *Sampling Techniques*, section
    6.4). The interval of the score is Wilson's. The rating is the mean of the tags before each game, of the speed
    with the most rated games; it has no interval, since it is no sample.

    Whether play is getting better is answered by a straight line through all games, with a level for each speed,
    so that a change from blitz to rapid is no progress. Its error is clustered by day. It needs 10 days with games
    and 20 games. The line is drawn for accuracy, ACPL, blunders and, with `--player`, score; the certainty is
    corrected for their number. The opponents are not taken into account: who meets stronger ones scores less.

    With `--player`, only that player's colours count; without it, all players together do.

    Example:

        $ engine analyze tests/data/match.jsonl.zst -a trends --player 'Stockfish 1700'

        Over time
        Day         Games  Accuracy     ±   ACPL     ±  Bl./100     ±  Score  95%        Rating
        2026-11-25     12     88.4%  2.85  34.25  5.17     2.42  1.60  45.8%  22.3-71.4   1,700
        Units: ±: points; ACPL, ±: centipawns; Bl./100, ±: blunders per 100 moves.
        ± is half of the 95% interval by game, the 95% of the score is Wilson's; the rating is the mean
        before each game in ultrabullet games. --show trends:periods=ROW prints its least accurate
        games, at most one a day.
    """

    Options = TrendsOptions
    options: TrendsOptions
    order = 40

    days = keyed(JointMoments(len(FIELDS)))
    """Sums over the games of a day, by speed and day, or month where the day is not known: `blitz|2026-11-02`."""
    worst = keyed(TopK(1))
    """The game of a day with the lowest accuracy, by day; those with enough moves come before others."""
    games = Sum()
    undated = Sum()
    both = Sum()
    """Number of games that count from both sides."""

    def add(self, game: AnalysedGame) -> None:
        if game.epd is not None or not game.view:
            return
        self.games.add()
        day = day_of(game)
        if day is None:
            self.undated.add()
            return
        self.both.add(len(game.view) > 1)
        sums = self.days[f"{game.speed or ''}|{day}"]
        for color in game.view:
            figures = figures_of(game, color)
            sums.add(*figures)
            telling = figures[MEASURED] + (figures[MOVES] >= _OWN_MOVES)
            worst = self.worst[day]
            worst.add(telling * _TELLING - figures[ACCURACY], game.origin.game, 0)
            worst.entries()  # forgets all but one at once

    def report(self) -> Report:
        periods = self._periods()
        lines = self._lines()
        return Report(
            title="Trends",
            metrics=self._metrics(periods, lines),
            tables=(period_table(periods, self._unit(), self._main_speed()),),
            notes=tuple(self._notes(periods, lines)),
            findings=tuple(self._findings(periods, lines)),
            charts=tuple(self._charts(periods)),
        )

    def _periods(self) -> list[Stretch]:
        """Return the periods with games, the earliest first."""
        unit = self._unit()
        sums: dict[str, dict[str, JointMoments]] = defaultdict(dict)
        for key, day in self.days.each():
            speed, _, date = key.partition("|")
            name = period_of(date, unit)
            if name is not None:
                sums[name].setdefault(speed, JointMoments(len(FIELDS))).merge(day)
        worst: dict[str, TopK] = {}
        for date, game in self.worst.each():
            name = period_of(date, unit)
            if name is not None:
                worst.setdefault(name, TopK(REFERENCES)).merge(game)
        return [
            Stretch(name, merged(speeds.values()), speeds, named(worst.get(name)))
            for name, speeds in sorted(sums.items())
        ]

    def _unit(self) -> Period:
        by: Literal["auto", "day", "week", "month", "year"] = self.options.by
        return unit_of([key.partition("|")[2] for key, _ in self.days.each()]) if by == "auto" else by

    def _main_speed(self) -> str:
        """Return the speed with the most rated games; empty for games without a time control."""
        rated: dict[str, int] = defaultdict(int)
        for key, day in self.days.each():
            rated[key.partition("|")[0]] += day.sums[RATED]
        return min(rated, key=lambda speed: (-rated[speed], speed), default="")

    def _lines(self) -> dict[str, Slope]:
        """Return the line through each figure; empty where there is too little for any."""
        lines = {}
        for name, (_, total, weight, _, _) in MEASURES.items():
            if name == "score" and self.both.value:
                continue
            days = []
            for key, sums in self.days.each():
                speed, _, date = key.partition("|")
                number = ordinal(date)
                if number is not None:
                    days.append(Day(speed, number, sums.sums[total], sums.sums[weight]))
            games = sum(day.weight for day in days) if name in ("accuracy", "score") else self.games.value
            line = slope(days, UNITS[name]) if games >= LEAST_GAMES else None
            if line is not None:
                lines[name] = line
        return lines

    def _metrics(self, periods: list[Stretch], lines: dict[str, Slope]) -> dict[str, Metric]:
        change = lines["accuracy"].change if "accuracy" in lines else None
        return {
            "games": Metric(self.games.value, "Games"),
            "first": Metric(periods[0].name if periods else None, "First period", "text"),
            "last": Metric(periods[-1].name if periods else None, "Last period", "text"),
            "change": Metric(rounded(change), "Change of accuracy", "float", "points"),
        }

    def _findings(self, periods: list[Stretch], lines: dict[str, Slope]) -> Iterator[Finding]:
        words = dict(zip(lines, certainties([line.p for line in lines.values()]), strict=True))
        first, last = self._ends()
        for number, (name, line) in enumerate(lines.items()):
            label, _, _, unit, better = MEASURES[name]
            clear = words[name] != "may be chance"
            if number and not clear:
                continue
            improved = (line.change > 0) == better
            verdict = ("Getting better: " if improved else "Getting worse: ") if clear else "No clear trend: "
            moved = ("rose" if line.change > 0 else "fell") if clear else "changed"
            change = f"{abs(line.change):.1f}" if clear else f"{line.change:+.1f}"
            text = f"{label} {moved} by {change} {unit}" + ("" if number else f" from {first} to {last}")
            yield Finding(
                f"{text[0].upper() + text[1:] if number else verdict + text} (95%: {line.low:+.1f} to "
                f"{line.high:+.1f}; {line.days:,} days with games).",
                words[name],
                (*periods[0].references[:1], *periods[-1].references[:1]) if clear else (),
                "periods",
            )
        yield from self._rating_finding(periods)

    def _ends(self) -> tuple[str, str]:
        dates = [key.partition("|")[2] for key, _ in self.days.each()]
        whole = [date for date in dates if ordinal(date) is not None]
        return (min(whole), max(whole)) if whole else ("", "")

    def _rating_finding(self, periods: list[Stretch]) -> Iterator[Finding]:
        if self.both.value:
            return
        speed = self._main_speed()
        rated = [(period.name, rating(period, speed)) for period in periods]
        known = [(name, value) for name, value in rated if value is not None]
        if len(known) > 1:
            (first, before), (last, after) = known[0], known[-1]
            games = f"{speed} games" if speed else "the games"
            yield Finding(
                f"The mean rating in {games} was {before:,} in {first} and {after:,} in {last}.",
                table="periods",
            )

    def _charts(self, periods: list[Stretch]) -> Iterator[Chart]:
        if not periods:
            return
        unit = self._unit()
        x = Axis(LABELS[unit], "text")
        accuracies = [point(period, *period.interval(ACCURACY, MEASURED, 1000), MEASURED) for period in periods]
        reading = (
            "Around the points are their 95% intervals by game; where two overlap, the difference may be chance."
        )
        if any(p.y is not None for p in accuracies):
            axis = Axis("Accuracy", "percent")
            series = (Series("Accuracy", gaps(accuracies, unit)),)
            yield Chart("accuracy", "Accuracy over time", "line", x, axis, series, reading)
        if not self.both.value and any(period.sums.sums[FINISHED] for period in periods):
            points = [point(period, *period.score(), FINISHED) for period in periods]
            series = (Series("Score", gaps(points, unit)),)
            yield Chart("score", "Score over time", "line", x, Axis("Score", "percent"), series, reading)
        ratings = tuple(
            Series(speed.title() if speed else "Rating", gaps(points, unit))
            for speed, points in rating_points(periods)
        )
        if ratings and not self.both.value:
            reading = "Mean of the ratings before each game, a line for each speed."
            yield Chart("rating", "Rating over time", "line", x, Axis("Mean rating", "int"), ratings, reading)

    def _notes(self, periods: list[Stretch], lines: dict[str, Slope]) -> Iterator[str]:
        if not self.games.value:
            yield "No data: there is no game."
            return
        if self.undated.value == self.games.value:
            yield "No data: no game says when it was played (tags UTCDate and Date)."
            return
        if self.undated.value:
            yield f"Left out, without a date: {count(self.undated.value, 'game')}."
        if not lines:
            yield (
                f"Too little for a trend: that needs {LEAST_DAYS} days with games and {LEAST_GAMES} games with "
                "evaluations or results."
            )
        else:
            yield (
                "Trends are straight lines through all games, compared within a speed, with an error by day; the "
                f"certainty is corrected for the {len(lines)} figures tested."
            )
        if not any(period.sums.sums[MEASURED] for period in periods):
            yield "No accuracy: no game has evaluations."
        speeds = sorted({speed for period in periods for speed in period.speeds if speed})
        if len(speeds) > 1:
            yield f"Speeds are mixed in the table: {', '.join(speeds)}; --filter 'speed = {speeds[0]}' takes one."
        if self.both.value:
            yield "Both sides of a game count; --player NAME shows the trend of one, with score and rating."
