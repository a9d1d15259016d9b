"""The paths of the sums of an aggregator, each with a number, so that games name them briefly. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from engine.web.store.flat import BETWEEN

Chunk = dict[str, list[str]]
"""Paths that are numbered one after the other: the last parts, by all parts before them, joined."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Chunk).decode


class Paths:
    """Numbers by path. They are kept in chunks, in the order of their numbers."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {}
        self._shared: dict[str, str] = {}
        self.count = 0
        """Number of paths."""

    def take(self, chunk: Chunk) -> None:
        """Number the paths of the next chunk."""
        one = self._shared.setdefault
        for parent, parts in chunk.items():
            following = self.count + len(parts)
            known = self._numbers.setdefault(parent, {})
            known.update(zip(map(one, parts, parts), range(self.count, following), strict=True))
            self.count = following

    def missing(self, paths: Iterable[str]) -> Chunk:
        """Return a chunk of those of some paths that have no number."""
        chunk: dict[str, dict[str, None]] = {}
        for path in paths:
            parent, _, part = path.rpartition(BETWEEN)
            if part not in self._numbers.get(parent, ()):
                chunk.setdefault(parent, {})[part] = None
        return {parent: [*parts] for parent, parts in chunk.items()}

    def number(self, path: str) -> int:
        """Return the number of a path that has one."""
        parent, _, part = path.rpartition(BETWEEN)
        return self._numbers[parent][part]


def dump_chunk(chunk: Chunk) -> bytes:
    """Return a chunk as it is kept."""
    return _encode(chunk)


def load_chunk(data: bytes, shared: dict[str, str]) -> Chunk:
    """Return the chunk that `dump_chunk` has written. Raises ValueError for what is none.

    * **shared** - the last parts of the chunks before, which gets those of this one. There are few, each below
      thousands of parents, so each is held once.
    """
    try:
        chunk = _decode(data)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    one = shared.setdefault
    return {parent: [*map(one, parts, parts)] for parent, parts in chunk.items()}
