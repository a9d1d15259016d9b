"""What is said of leaks: the ranking, the sentences, and how to read the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from engine.model import Certainty, Finding, Reference
from engine.text.format import count
from engine_plugins.aggregators._leak_figures import Group

_SENTENCES = 3
"""Findings at most."""
_SAME = 2 / 3
"""Two groups are nearly the same when they share so much of the moves that either has."""
_ORDER: tuple[Certainty, ...] = ("sure", "likely", "may be chance")
_AREAS = {
    "phase": "In the {}",
    "clock": "With {} of the clock left",
    "piece": "With {} moves",
    "standing": "In {} positions",
    "opening": "In the {}",
}
"""Group as the beginning of a sentence, by kind."""


def ranked(groups: Iterable[Group]) -> list[Group]:
    """Return the compared groups that are weaker than all moves: the most certain first, then by cost."""
    weak = [group for group in groups if group.certainty is not None and (group.weaker or 0) > 0]
    return sorted(weak, key=_place)


def _place(group: Group) -> tuple[int, float, str]:
    assert group.certainty is not None
    return _ORDER.index(group.certainty), -(group.cost or 0), group.key


def findings(
    groups: Sequence[Group],
    moves: int,
    least: int,
    shared: Callable[[Group, Group], int],
    references: Callable[[Group], tuple[Reference, ...]],
) -> Iterator[Finding]:
    """Yield the weakest areas as sentences, at most three; at least one sentence if there is a move.

    * **groups** - all groups.
    * **moves** - number of our moves.
    * **least** - moves that a group needs on each side to be compared.
    * **shared** - returns how many moves two groups have in common at least.
    * **references** - returns the worst moves of a group.
    """
    compared = [group for group in groups if group.certainty is not None]
    chosen = _chosen(ranked(groups), shared)
    for group in chosen:
        yield Finding(_sentence(group), group.certainty, references(group), group.kind)
    if chosen or not moves:
        return
    if compared:
        yield Finding(
            f"No area is weaker than the others, of the {len(compared)} that have {least} moves on each side."
        )
    else:
        yield Finding(
            f"Too little to name a weakest area: none has {least} moves on each side in at least two games "
            f"({count(moves, 'move')} in all)."
        )


def _chosen(ranking: Sequence[Group], shared: Callable[[Group, Group], int]) -> list[Group]:
    """Return at most three groups of different moves; of those that may be chance, one of a kind."""
    chosen: list[Group] = []
    for group in ranking:
        if len(chosen) == _SENTENCES:
            break
        of_kind = any(earlier.kind == group.kind for earlier in chosen)
        if group.certainty == "may be chance" and of_kind:
            continue
        if not any(_nearly_same(group, earlier, shared(group, earlier)) for earlier in chosen):
            chosen.append(group)
    return chosen


def _nearly_same(first: Group, second: Group, shared: int) -> bool:
    return shared > _SAME * (first.moves + second.moves - shared)


def _sentence(group: Group) -> str:
    theirs = "" if group.opponents is None else f", the opponents {group.opponents:,.0f}"
    measured = "" if group.opponents is None else "measured by them "
    interval = "" if group.error is None else f" ± {group.error:,.0f}"
    return (
        f"{_area(group)}: {group.lost:,.0f} Win% lost per 100 moves{theirs}; {measured}that is "
        f"{group.weaker:,.0f}{interval} worse than over all moves ({count(group.moves, 'move')} in "
        f"{count(group.games, 'game')}, {group.share:.0f}% of all)."
    )


def _area(group: Group) -> str:
    if group.name == "castling":
        return "When castling"
    return _AREAS[group.kind].format(group.name.split(" (")[0] if group.kind == "standing" else group.name)


WORDS = (
    "Sure: if nothing were weak, a report would call anything sure in at most 5% of cases (Holm). Likely: of what "
    "is sure or likely, at most one in five is expected to be false (Benjamini and Hochberg), and the 95% "
    "interval of each leaves out 0."
)
WORST = "The moves are the worst of the group, at most one of a game."


def reading(*, alone: bool, compared: bool) -> str:
    """Return how to read a table.

    * **alone** - whether there are no opponents.
    * **compared** - whether its groups are compared.
    """
    if alone:
        figures = (
            "Weaker: the loss less that over all moves, ± its 95% interval by game. Cost: weaker times the share "
            "of the moves."
        )
    else:
        figures = (
            "Weaker: lost less theirs, less the same over all moves, ± its 95% interval by game; below 0 is "
            "stronger. Cost: weaker times the share of the moves."
        )
    return f"{figures} {'' if compared else 'Shown, not ranked. '}{WORST}"
