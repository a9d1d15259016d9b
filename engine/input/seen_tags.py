"""The tags of the games, while one that a filter compares has not been seen."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

MOST = 1_000
"""Names of tags that are kept."""
_NAMED = 3


class SeenTags:
    """The names of tags in the games so far."""

    def __init__(self, wanted: Collection[str]) -> None:
        """Begin without any. `wanted` are the names of the tags that a filter compares."""
        self._missing = {name.lower(): name for name in wanted}
        self._names: dict[str, None] = {}

    def see(self, headers: Mapping[str, str]) -> None:
        """Look at the tags of a game."""
        if not self._missing:
            return
        for name in headers:
            self._missing.pop(name.lower(), None)
            if len(self._names) < MOST:
                self._names[name] = None

    def missing(self) -> list[str]:
        """Return the names that the filter compares and no game has, in words: with those that are nearest."""
        said: list[str] = []
        for folded, name in sorted(self._missing.items()):
            there = {each.lower(): each for each in self._names}
            near = [there[each] for each in difflib.get_close_matches(folded, list(there), n=_NAMED)]
            shown = near or sorted(self._names)[: 4 * _NAMED]
            said_near = "there are" if not near else "the nearest is" if len(near) == 1 else "the nearest are"
            nearest = f"; {said_near} {', '.join(f'`{each}`' for each in shown)}" if shown else ""
            said.append(f"no game has the tag `{name}`{nearest}")
        return said
