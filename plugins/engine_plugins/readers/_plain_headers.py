"""The tags of games whose heads are alike, as they are in a database: read without a dictionary for each game.

A *plain* head has a tag on each line, written as programs do, and a blank line after it. The few sequences of tags
that a database has are kept as patterns, so that a filter which leaves most games out costs little: only the
values that it looks at are decoded. What is read is what `_headers.read_headers` reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine_plugins.readers._headers import end_of_head, read_headers, value_of
from engine_plugins.readers._split import GAME_BYTES, Run

_LINE = re.compile(rb'\[([A-Za-z0-9][A-Za-z0-9_]*+) "[^"\\\n]*+"\]\n')
_VALUE = rb'"([^"]*+)"'
"""What may not be in a value besides is looked for in the whole head, which takes half the time."""
_AFTER = rb"\n(?=[^\s\[%;])"
_NEXT = b'\n\n[Event "'
_KEPT = 6
"""Layouts that are kept."""
_SEEN = 4
"""Games after which a layout is worth a pattern."""
_MOST_SEEN = 256


class _Layout:
    """A sequence of tags."""

    def __init__(self, names: tuple[bytes, ...]) -> None:
        self.places = {name.decode(): place for place, name in enumerate(names, 1)}
        self.names = tuple(self.places)
        self.begins_with_event = names[0] == b"Event"
        self.lines = len(names) + 1
        """Lines of the head, with the blank one."""
        lines = [rb"\[" + name + b" " + _VALUE + rb"\]\n" for name in names]
        self._match = re.compile(b"".join(lines) + _AFTER).match

    def match(self, data: bytes, at: int) -> re.Match[bytes] | None:
        """Return the tags of the game at an offset; None if it has another layout."""
        head = self._match(data, at)
        if head and data.count(b"\n", at, head.end()) == self.lines and data.find(b"\\", at, head.end()) < 0:
            return head
        return None


class _PlainTags(Mapping[str, str]):
    """The tags of a game with a known layout."""

    __slots__ = ("_head", "_places", "names_of_alike_games")

    def __init__(self, layout: _Layout, head: re.Match[bytes]) -> None:
        self._places = layout.places
        self._head = head
        self.names_of_alike_games = layout.names
        """One tuple for all games of the layout, which filters look for: what they make of it is made once."""

    def __getitem__(self, name: str) -> str:
        return value_of(self._head[self._places[name]])

    def get(self, name: str, default: Any = None) -> Any:
        place = self._places.get(name)
        return default if place is None else value_of(self._head[place])

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
            return _PlainTags(*found)
        self._learn(data)
        return read_headers(data[: end_of_head(data)])

    def refused(self, data: bytes, at: int, wanted: Callable[[Mapping[str, str]], bool]) -> Run | None:
        """Return the games from an offset on that have a known layout and one line of moves, and are not taken.

        They end where the rules of `_split` end them. None if the first game is not such.

        * **data** - a part of a file.
        * **at** - the offset of a game.
        * **wanted** - tells from the tags whether a game is taken.
        """
        games: list[Mapping[str, str]] = []
        lines = lines_of_last = 0
        while found := self._find(data, at):
            layout, head = found
            end = data.find(b"\n", head.end())
            if not layout.begins_with_event or not data.startswith(_NEXT, end) or end + 2 - at > GAME_BYTES:
                break
            tags = _PlainTags(layout, head)
            if wanted(tags):
                break
            games.append(tags)
            at = end + 2
            lines_of_last = layout.lines + 2
            lines += lines_of_last
        return Run(games, at, lines, lines - lines_of_last) if games else None

    def _find(self, data: bytes, at: int) -> tuple[_Layout, re.Match[bytes]] | None:
        """Return the layout of the game at an offset, and its tags; None if its head is not plain."""
        for place, layout in enumerate(self._layouts):
            if head := layout.match(data, at):
                if place:
                    self._layouts = [layout, *(each for each in self._layouts if each is not layout)]
                return layout, head
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
