"""What aggregators have counted in each game of a block, in a form that is added up quickly. Pure.

A block is 64 games by their numbers. Of one aggregator and one side that the games are seen from, it has the paths
of all sums once, and of each game which of them it adds to, and how much.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Collection, Iterable, Mapping

import msgspec
from msgspec import Struct

from engine.web.store.flat import Flat, Rows

BLOCK_GAMES = 64
_LEVEL = 1
_WIDTHS = ((1 << 15, "h"), (1 << 31, "i"), (1 << 63, "q"))


class _Stored(Struct, array_like=True):
    """A block as it is kept."""

    paths: list[str]
    games: list[int]
    entries: list[int]
    """Number of sums of each game."""
    places: bytes
    """Places in `paths`, of all games one after the other."""
    types: str
    """Type codes of `places` and `values`."""
    values: bytes
    rows: list[dict[str, Rows]]
    """Rows of each game."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode


def block_of(number: int) -> int:
    """Return the number of the block that a game is in."""
    return number // BLOCK_GAMES


class Block:
    """The states of some games of a block."""

    def __init__(self) -> None:
        self._states: dict[int, Flat] = {}
        """Those that were added to it here."""
        self._stored: _Stored | None = None

    @classmethod
    def load(cls, data: bytes) -> Block:
        """Return the block that `dump` has written. Raises ValueError for what is none."""
        block = cls()
        try:
            block._stored = _decode(zlib.decompress(data))
        except (zlib.error, msgspec.MsgspecError) as error:
            raise ValueError(str(error)) from None
        return block

    @property
    def games(self) -> set[int]:
        """The games that it has."""
        return {*(self._stored.games if self._stored is not None else ()), *self._states}

    def add(self, game: int, state: Flat) -> None:
        """Add the state of a game."""
        self._states[game] = state

    def dump(self) -> bytes:
        """Return it as it is kept. Raises OverflowError for a sum of 64 bits."""
        states = {**dict(self._each()), **self._states}
        paths: dict[str, int] = {}
        places, values = array("i"), []
        for state in states.values():
            for path, value in state.sums.items():
                places.append(paths.setdefault(path, len(paths)))
                values.append(value)
        types = _narrowest(len(paths)) + _narrowest(max(map(abs, values), default=0))
        stored = _Stored(
            list(paths),
            list(states),
            [len(state.sums) for state in states.values()],
            array(types[0], places).tobytes(),
            types,
            array(types[1], values).tobytes(),
            [state.rows for state in states.values()],
        )
        return zlib.compress(_encode(stored), _LEVEL)

    def merged(self, games: Collection[int]) -> Flat:
        """Return what these of its games have together."""
        flat = Flat()
        stored = self._stored
        if stored is not None:
            sums, rows = _added(stored, games)
            flat.merge(sums, {})
            for each in rows:
                flat.merge((), each)
        for game, state in self._states.items():
            if game in games:
                flat.merge(state.sums.items(), state.rows)
        return flat

    def _each(self) -> Iterable[tuple[int, Flat]]:
        stored = self._stored
        if stored is None:
            return
        places, values = _arrays(stored)
        at = 0
        for game, entries, rows in zip(stored.games, stored.entries, stored.rows, strict=True):
            here = slice(at, at + entries)
            paths = [stored.paths[place] for place in places[here]]
            yield game, Flat(dict(zip(paths, values[here], strict=True)), rows)
            at += entries


def _arrays(stored: _Stored) -> tuple[array[int], array[int]]:
    places: array[int] = array(stored.types[0])
    values: array[int] = array(stored.types[1])
    places.frombytes(stored.places)
    values.frombytes(stored.values)
    return places, values


def _added(stored: _Stored, games: Collection[int]) -> tuple[Iterable[tuple[str, int]], list[Mapping[str, Rows]]]:
    """Return the sums over some of the games of a block, by path, and their rows."""
    places, values = _arrays(stored)
    totals = [0] * len(stored.paths)
    used = bytearray(len(stored.paths))
    rows: list[Mapping[str, Rows]] = []
    at = 0
    for game, entries, own in zip(stored.games, stored.entries, stored.rows, strict=True):
        following = at + entries
        if game in games:
            for place, value in zip(places[at:following], values[at:following], strict=True):
                totals[place] += value
                used[place] = 1
            if own:
                rows.append(own)
        at = following
    return ((path, total) for path, total, known in zip(stored.paths, totals, used, strict=True) if known), rows


def _narrowest(value: int) -> str:
    """Return the type code of the shortest integers that hold a value. Raises OverflowError."""
    for bound, code in _WIDTHS:
        if value < bound:
            return code
    raise OverflowError(f"{value} does not fit into 64 bits")
