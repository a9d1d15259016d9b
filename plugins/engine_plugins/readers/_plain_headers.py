"""The tags of games whose heads are alike, as they are in a database: read without a dictionary for each game.

A *plain* head has a tag on each line, written as programs do, and a blank line after it. The few sequences of tags
that a database has are kept, so that a filter which leaves most games out costs little: the head is cut at its
quotes, what is between the values is compared, and only the values that the filter looks at are decoded. What is
read is what `_headers.read_headers` reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine_plugins.readers._headers import end_of_head, read_headers, value_of
from engine_plugins.readers._split import GAME_BYTES, Run

_LINE = re.compile(rb'\[([A-Za-z0-9][A-Za-z0-9_]*+) "[^"\\\n]*+"\]\n')
_NO_MOVE = b" \t\n\r\v\f[%;"
"""Characters after the blank line that may belong to the head."""
_NEXT = b'\n\n[Event "'
_MOST_BYTES = 16 << 10
"""Bytes of the longest plain head."""
_KEPT = 6
"""Layouts that are kept."""
_SEEN = 4
"""Games after which a layout is kept."""
_MOST_SEEN = 256


class _Layout:
    """A sequence of tags."""

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.places = {name.decode(): 2 * place + 1 for place, name in enumerate(names)}
        """Where the values are in a head that is cut at its quotes."""
        self.between = [b"[" + names[0] + b" ", *(b"]\n[" + name + b" " for name in names[1:]), b"]"]
        self.begins_with_event = names[0] == b"Event"
        self.lines = len(names)


class _PlainTags(Mapping[str, str]):
    """The tags of a game with a known layout."""

    __slots__ = ("_parts", "_places")

    def __init__(self, places: Mapping[str, int], parts: list[bytes]) -> None:
        self._places = places
        self._parts = parts

    def __getitem__(self, name: str) -> str:
        return value_of(self._parts[self._places[name]])

    def get(self, name: str, default: Any = None) -> Any:
        place = self._places.get(name)
        return default if place is None else value_of(self._parts[place])

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
        if found := self._find(data, 0):
            return _PlainTags(found[0].places, found[1])
        self._learn(data)
        return read_headers(data[: end_of_head(data)])

    def refused(self, data: bytes, at: int, wanted: Callable[[Mapping[str, str]], bool]) -> Run | None:
        """Return the games from an offset on that have a known layout and all moves on one line, and are not taken.

        They end where the rules of `_split` end them. None if the first game is not such.

        * **data** - a part of a file.
        * **at** - the offset of a game.
        * **wanted** - tells from the tags whether a game is taken.
        """
        games: list[Mapping[str, str]] = []
        lines = lines_of_last = 0
        while found := self._find(data, at):
            layout, parts, moves = found
            end = data.find(b"\n", moves)
            if not layout.begins_with_event or not data.startswith(_NEXT, end) or end + 2 - at > GAME_BYTES:
                break
            tags = _PlainTags(layout.places, parts)
            if wanted(tags):
                break
            games.append(tags)
            at = end + 2
            lines_of_last = layout.lines + 3
            lines += lines_of_last
        return Run(games, at, lines, lines - lines_of_last) if games else None

    def _find(self, data: bytes, at: int) -> tuple[_Layout, list[bytes], int] | None:
        """Return the layout of the game at an offset, its head cut at the quotes, and the offset of its moves.

        None if its head is not plain, or if nothing comes after it.
        """
        end = data.find(b"\n\n", at, at + _MOST_BYTES)
        if end < 0 or end + 2 >= len(data) or data[end + 2] in _NO_MOVE:
            return None
        head = data[at:end]
        if b"\\" in head:
            return None
        parts = head.split(b'"')
        between = parts[::2]
        for place, layout in enumerate(self._layouts):
            if between == layout.between and head.count(b"\n") == layout.lines - 1:
                if place:
                    self._layouts = [layout, *(each for each in self._layouts if each is not layout)]
                return layout, parts, end + 2
        return None

    def _learn(self, data: bytes) -> None:
        """Keep the layout of a game, if it is plain and there are enough of its kind."""
        head = data[: data.find(b"\n\n") + 1]
        names = tuple(_LINE.findall(head))
        if not names or len(names) != head.count(b"\n") or len(set(names)) != len(names):
            return
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[names] = self._seen.get(names, 0) + 1
        if self._seen[names] == _SEEN:
            self._layouts = [_Layout(names), *self._layouts[: _KEPT - 1]]
            del self._seen[names]
