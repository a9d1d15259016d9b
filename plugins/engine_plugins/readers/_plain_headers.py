"""The tags of games whose heads are alike, as they are in a database: read without a dictionary for each game.

A *plain* head has a tag on each line, written as programs do, and a blank line after it. The few sequences of tags
that a database has are kept as patterns, so that a filter which leaves most games out costs little: only the
values that it looks at are decoded. What is read is what `_headers.read_headers` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine_plugins.readers._headers import end_of_head, read_headers, value_of

_VALUE = rb'"([^"\\\x00-\x1f\x7f]*+)"'
_LINE = re.compile(rb"\[([A-Za-z0-9][A-Za-z0-9_]*+) " + _VALUE + rb"\]\n")
_AFTER = rb"\n(?=[^\s\[%;])"
_KEPT = 6
"""Layouts that are kept."""
_SEEN = 4
"""Games after which a layout is worth a pattern."""
_MOST_SEEN = 256


class _Layout:
    """A sequence of tags."""

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.places = {name.decode(): place for place, name in enumerate(names)}
        lines = [rb"\[" + name + b" " + _VALUE + rb"\]\n" for name in names]
        self.match = re.compile(b"".join(lines) + _AFTER).match


class _PlainTags(Mapping[str, str]):
    """The tags of a game with a known layout."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: Mapping[str, int], values: tuple[bytes, ...]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, name: str) -> str:
        return value_of(self._values[self._places[name]])

    def get(self, name: str, default: Any = None) -> Any:
        place = self._places.get(name)
        return default if place is None else value_of(self._values[place])

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return repr(dict(self))


class PlainHeads:
    """The layouts of the games so far, the latest first."""

    def __init__(self) -> None:
        self._layouts: list[_Layout] = []
        self._seen: dict[tuple[bytes, ...], int] = {}

    def tags(self, data: bytes) -> Mapping[str, str]:
        """Return the tags of a game.

        * **data** - the game.
        """
        for place, layout in enumerate(self._layouts):
            if found := layout.match(data):
                if place:
                    self._layouts = [layout, *(each for each in self._layouts if each is not layout)]
                return _PlainTags(layout.places, found.groups())
        self._learn(data)
        return read_headers(data[: end_of_head(data)])

    def _learn(self, data: bytes) -> None:
        """Keep the layout of a game, if it is plain and there are enough of its kind."""
        head = data[: data.find(b"\n\n") + 1]
        names = tuple(name for name, _ in _LINE.findall(head))
        if not names or len(names) != head.count(b"\n") or len(set(names)) != len(names):
            return
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[names] = self._seen.get(names, 0) + 1
        if self._seen[names] == _SEEN:
            self._layouts = [_Layout(names), *self._layouts[: _KEPT - 1]]
            del self._seen[names]
