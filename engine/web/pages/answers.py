"""The first screen: score, accuracy and rating over time, the weakest areas, moments and positions to solve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup
from msgspec import Struct

from engine.model import Chart, Finding, Report
from engine.text.format import count, figure
from engine.web.pages.charts import compares, spark
from engine.web.pages.glance import Glance, Moment
from engine.web.pages.lessons import Lesson
from engine.web.pages.sections import Sentence, sentence
from engine.web.pages.tables import Link

WEAKEST = "leaks"
"""The report whose findings are the weakest areas."""
TREND = "trends"
"""The report whose charts show score, accuracy and rating over time."""
AREAS = 3
"""Number of the weakest areas."""
EXERCISES = 3
"""Number of the positions to solve."""


class Tile(Struct, frozen=True):
    """A figure with its course."""

    label: str
    value: str
    note: str
    """What the figure rests on."""
    spark: Markup
    """The course as a small drawing; empty when it is not known."""
    href: str
    """Address of the chart that shows it in full; empty for none."""


class Answers(Struct, frozen=True):
    """The first screen."""

    title: str
    facts: list[str]
    tiles: list[Tile]
    areas: list[Sentence]
    moments: list[Moment]
    exercises: Sequence[Lesson]
    play: str
    """Address of the game, when there is only one; otherwise empty."""


def told(reports: Mapping[str, Report], *, named: bool) -> tuple[Finding, ...]:
    """Return the findings that the first screen says: the weakest areas of a named player."""
    return reports[WEAKEST].findings[:AREAS] if named and WEAKEST in reports else ()


def answers(
    title: str,
    reports: Mapping[str, Report],
    glance: Glance,
    lessons: Sequence[Lesson],
    link: Link,
) -> Answers:
    """Return the first screen.

    * **title** - names of the players; empty when nobody is named.
    """
    single = glance.games == 1
    facts = glance.facts[1:] if single else glance.facts
    return Answers(
        title=title or (glance.title if single else "") or "Analysed games",
        facts=[fact for fact in (glance.event if single else "", *facts) if fact],
        tiles=list(_tiles(reports, glance)) if title else [],
        areas=[sentence(WEAKEST, reports[WEAKEST], one) for one in told(reports, named=bool(title))],
        moments=glance.moments(link),
        exercises=lessons[:EXERCISES],
        play=f"#game={glance.number}" if single else "",
    )


def _tiles(reports: Mapping[str, Report], glance: Glance) -> Iterator[Tile]:
    won, drawn, lost = (glance.results[points] for points in (1.0, 0.5, 0.0))
    finished = won + drawn + lost
    charts = {word: _chart(reports, word) for word in ("score", "accuracy", "rating")}
    if finished:
        score = figure(100 * (won + drawn / 2) / finished, "percent")
        yield _tile("Score", score, f"{won:,} won, {drawn:,} drawn, {lost:,} lost", charts["score"])
    accuracy = reports["accuracy"].metrics.get("accuracy") if "accuracy" in reports else None
    if accuracy is not None and accuracy.value is not None:
        games = reports["accuracy"].metrics.get("games")
        note = f"mean of {count(games.value, 'game')}" if games and isinstance(games.value, int) else ""
        yield _tile("Accuracy", figure(accuracy.value, accuracy.kind), note, charts["accuracy"])
    if glance.speed in glance.ratings:
        (_, first), (_, last) = glance.ratings[glance.speed]
        name = f"Rating, {glance.speed}" if glance.speed and len(glance.ratings) > 1 else "Rating"
        yield _tile(
            name,
            f"{last:,}".replace(",", ""),
            f"before the last game{f', {last - first:+} since the first' if last != first else ''}",
            charts["rating"],
        )


def _tile(label: str, value: str, note: str, chart: Chart | None) -> Tile:
    drawn = spark(chart) if chart is not None else Markup("")
    href = f"#chart-{TREND}-{chart.key}" if chart is not None else ""
    return Tile(label, value, note, drawn, href)


def _chart(reports: Mapping[str, Report], word: str) -> Chart | None:
    """Return the chart over time of a figure."""
    charts = reports[TREND].charts if TREND in reports else ()
    return next((chart for chart in charts if word in chart.key and compares(chart)), None)
