"""The charts of leaks: Win% lost by clock left and by opening."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from engine.model import Axis, Chart, Point, Reference, Series
from engine.plugin import JointMoments
from engine_plugins.aggregators._estimates import Places
from engine_plugins.aggregators._leak_figures import OURS, THEIRS, Group, rate
from engine_plugins.aggregators._leak_groups import KINDS

_BARS = 10
"""Openings that are drawn, those with the most moves."""
_AXES = {"clock": "Clock left", "opening": "Opening"}


def charts(
    groups: Sequence[Group],
    sums: Mapping[str, JointMoments],
    references: Callable[[Group], tuple[Reference, ...]],
    *,
    alone: bool,
) -> Iterator[Chart]:
    """Yield the charts that have bars."""
    for kind, label in _AXES.items():
        drawn = [group for group in groups if group.kind == kind][:_BARS]
        if not drawn:
            continue
        series = [Series("All moves" if alone else "Player", tuple(_bars(drawn, sums, OURS, references)))]
        if not alone:
            series.append(Series("Opponents", tuple(_bars(drawn, sums, THEIRS, None))))
        yield Chart(
            key=kind,
            title=f"Win% lost {KINDS[kind].title.lower()}",
            form="bars",
            x=Axis(label, "text"),
            y=Axis("Win% lost", "float", "Win% per 100 moves"),
            series=tuple(series),
            reading="Lower is better. With 95% intervals by game: where two overlap widely, either may be "
            "the higher one in truth.",
        )


def _bars(
    groups: Sequence[Group],
    sums: Mapping[str, JointMoments],
    places: Places,
    references: Callable[[Group], tuple[Reference, ...]] | None,
) -> Iterator[Point]:
    for group in groups:
        found = rate(sums[group.key], places)
        if found is None:
            yield Point(group.name, None)
            continue
        low = high = None
        if found.error is not None:
            low, high = round(max(0.0, found.value - found.error), 3), round(found.value + found.error, 3)
        moves = sums[group.key].sums[places[1]]
        yield Point(group.name, found.value, low, high, moves, references(group) if references else ())
