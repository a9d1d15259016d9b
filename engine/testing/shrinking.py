"""The smallest case that still shows a fault."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

__all__ = ["Parts", "smallest"]

Parts = tuple[tuple[int, ...], ...]
"""Games shared out: positions in the list that is checked, from 0, a tuple a part, in order."""

_TRIES = 2_000
"""Cases of none, one and two games that are tried before games are taken out of the big one."""


def smallest(shows: Callable[[Parts], bool], parts: Parts) -> Parts:
    """The fewest games of `parts` for which `shows` is still true, in the parts they were in.

    With up to 60 games no case of one or two games is missed; beyond that, no single game can be left out.
    """
    found = next((few for few in itertools.islice(_few(parts), _TRIES) if shows(few)), None) or _reduced(
        shows, parts
    )
    compact = tuple(part for part in found if part)
    return compact if shows(compact) else found


def _few(parts: Parts) -> Iterator[Parts]:
    """Every selection of no game, one game, two games."""
    places = [(k, game) for k, part in enumerate(parts) for game in part]
    for size in range(min(3, len(places))):
        for chosen in itertools.combinations(places, size):
            yield _only(parts, set(chosen))


def _reduced(shows: Callable[[Parts], bool], parts: Parts) -> Parts:
    """Leave out halves, then quarters, down to single games, as long as the fault shows."""
    places = [(k, game) for k, part in enumerate(parts) for game in part]
    size = len(places) // 2
    while size:
        start = 0
        while start < len(places):
            rest = places[:start] + places[start + size :]
            if shows(_only(parts, set(rest))):
                places = rest
            else:
                start += size
        size //= 2
    return _only(parts, set(places))


def _only(parts: Parts, places: set[tuple[int, int]]) -> Parts:
    return tuple(tuple(game for game in part if (k, game) in places) for k, part in enumerate(parts))
