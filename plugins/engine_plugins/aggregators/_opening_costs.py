"""What openings cost in the first ten moves, compared with each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from engine.model import AnalysedGame, Axis, Chart, Color, Finding, Point, Reference, Series
from engine.plugin import Moments, TopK, certainties, p_value, wilson
from engine_plugins.aggregators._common import known_reach, lost, mean, score_interval
from engine_plugins.aggregators._references import to_moves

FIRST_PLIES = 20
"""Number of plies in the first ten moves of both sides."""
_SHOWN = 10
"""Openings in a chart."""
_LEAST = 10
"""Games that an opening needs to be compared."""


class Cost(NamedTuple):
    """What a player lost in the first ten moves."""

    total: int
    """Thousandths of Win%."""
    worst: int
    """The move that lost most."""


def cost_of(game: AnalysedGame, color: Color) -> Cost | None:
    """Return what the colour lost in the first ten moves; None if no such move has evaluations."""
    losses = [
        (loss, -k)
        for k, ply in enumerate(game.plies[:FIRST_PLIES])
        if game.turn(k) == color and (loss := lost(ply)) is not None
    ]
    return Cost(sum(loss for loss, _ in losses), -max(losses)[1]) if losses else None


class Group(NamedTuple):
    """The games of one opening with one colour."""

    key: str
    """Colour and opening: `white Italian Game`."""
    name: str
    games: int
    points: Moments
    """Points of each finished game in thousandths."""
    lost: Moments
    """Win% lost in the first ten moves of each game in thousandths."""
    costly: TopK
    """The games in which most was lost, with the costliest move."""

    @property
    def references(self) -> tuple[Reference, ...]:
        return to_moves(self.costly)

    @property
    def color(self) -> str:
        return self.key.partition(" ")[0].title()

    @property
    def title(self) -> str:
        return f"{self.name} ({self.color})"


def findings(groups: Sequence[Group]) -> Iterator[Finding]:
    """Yield what was played most with each colour, and which opening cost most.

    * **groups** - all openings, the most played first.
    """
    for color in ("White", "Black"):
        most = next((group for group in groups if group.color == color), None)
        if most is not None and most.games > 1:
            score, interval = mean(most.points.sum, most.points.n, 10), score_interval(most.points)
            scored = "" if score is None else f", with a score of {score:.1f}% (95%: {interval})"
            text = f"Most games with {color}: {most.name}, {most.games:,}{scored}."
            yield Finding(text, references=most.references, table="openings")
    yield from _costliest(groups)


def _costliest(groups: Sequence[Group]) -> Iterator[Finding]:
    tested: list[tuple[float, Group, float, float]] = []
    for group in groups:
        others = _others(groups, group)
        ours, theirs = group.lost, others
        if min(ours.n, theirs.n) < _LEAST:
            continue
        difference = ours.sum / ours.n - theirs.sum / theirs.n
        parts = [((part.deviation() or 0.0) ** 2 / (part.n - 1), part.n - 1) for part in (ours, theirs)]
        variance = sum(part for part, _ in parts)
        if variance <= 0:
            continue
        freedom = variance**2 / sum(part**2 / number for part, number in parts)
        p = p_value(difference, math.sqrt(variance), max(1.0, freedom))
        tested.append((p, group, difference, theirs.sum / theirs.n))
    words = certainties([p for p, *_ in tested])
    costly = [
        (p, group, other, word) for (p, group, more, other), word in zip(tested, words, strict=True) if more > 0
    ]
    if costly:
        _, group, other, word = min(costly, key=lambda item: (item[0], item[1].key))
        text = (
            f"Costliest: {group.title}, {group.lost.sum / group.lost.n / 1000:.1f} Win% a game lost in the first "
            f"ten moves ({group.lost.n:,} games), in the other games with {group.color} {other / 1000:.1f}."
        )
        yield Finding(text, word, group.references, "openings")


def _others(groups: Sequence[Group], group: Group) -> Moments:
    """Return the games with the same colour in which another opening was played."""
    others = Moments()
    for other in groups:
        if other.color == group.color and other.key != group.key:
            others.merge(other.lost)
    return others


def charts(groups: Sequence[Group]) -> Iterator[Chart]:
    """Yield the Win% lost and the score in the most played openings, each with 95% intervals."""
    shown = [group for group in groups if group.games > 1][:_SHOWN]
    x = Axis("Opening", "text")
    costs = tuple(_lost(group) for group in shown if group.lost.n)
    if costs:
        yield Chart(
            *("lost", "Win% lost in the first ten moves", "bars", x, Axis("Lost", "float", "Win% a game")),
            (Series("Win% lost", costs),),
            "Means over the games of the most played openings, with 95% intervals by game.",
        )
    scores = tuple(_score(group) for group in shown if group.points.n)
    if scores:
        yield Chart(
            *("score", "Score by opening", "bars", x, Axis("Score", "percent"), (Series("Score", scores),)),
            "Points as a share of the finished games, with 95% intervals (Wilson).",
        )


def _lost(group: Group) -> Point:
    value, reach = mean(group.lost.sum, group.lost.n, 1000), known_reach(group.lost)
    low = high = None
    if value is not None and reach is not None:
        low, high = round(max(0.0, value - reach), 3), round(value + reach, 3)
    return Point(group.title, value, low, high, group.lost.n, group.references)


def _score(group: Group) -> Point:
    low, high = wilson(group.points.sum / 1000, group.points.n) or (None, None)
    value = mean(group.points.sum, group.points.n, 10)
    return Point(group.title, value, low, high, group.points.n, group.references)
