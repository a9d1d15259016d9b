"""What aggregators have counted in each game of a block, in a form that is added up quickly. Pure.

A block is 64 games by their numbers. Of one aggregator and one side that the games are seen from, it has the paths
of all sums once, and of each game which of them it adds to, and how much.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from engine.contracts.states import State
from engine.web.store.flat import Flat, Rows, rows_state

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
    totals: list[int]
    """The sums over all games."""
    having: list[int]
    """Number of games that each of these is of."""
    rows: dict[str, list[bytes]]
    """Rows of all games by path, those first that stay, each as MessagePack."""
    owners: dict[str, bytes]
    """Places in `games` of the games that these rows are of."""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode
_decode_row = msgspec.msgpack.Decoder(list[Any]).decode


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

    def dump(self, declared: Mapping[str, State]) -> bytes:
        """Return it as it is kept. Raises OverflowError for a sum of 64 bits.

        * **declared** - the states of the aggregator (`flat.prototypes`).
        """
        states = {**dict(self._each()), **self._states}
        paths: dict[str, int] = {}
        places, values = array("i"), []
        totals: list[int] = []
        having: list[int] = []
        for state in states.values():
            for path, value in state.sums.items():
                place = paths.setdefault(path, len(paths))
                if place == len(totals):
                    totals.append(0)
                    having.append(0)
                totals[place] += value
                having[place] += 1
                places.append(place)
                values.append(value)
        types = _narrowest(len(paths)) + _narrowest(max(map(abs, values), default=0))
        stored = _Stored(
            list(paths),
            list(states),
            [len(state.sums) for state in states.values()],
            array(types[0], places).tobytes(),
            types,
            array(types[1], values).tobytes(),
            totals,
            having,
            *_ranked(list(states.values()), declared),
        )
        return zlib.compress(_encode(stored), _LEVEL)

    def merged(self, games: Collection[int], declared: Mapping[str, State]) -> Flat:
        """Return what these of its games have together.

        * **declared** - as `dump` takes it.
        """
        flat = Flat()
        stored = self._stored
        if stored is not None:
            flat.merge(_added(stored, games), _first_rows(stored, games, declared))
        for game, state in self._states.items():
            if game in games:
                flat.merge(state.sums.items(), state.rows)
        return flat

    def _each(self) -> Iterable[tuple[int, Flat]]:
        stored = self._stored
        if stored is None:
            return
        places, values = _arrays(stored)
        rows: list[dict[str, Rows]] = [{} for _ in stored.games]
        for path, packed in stored.rows.items():
            for owner, row in zip(array("B", stored.owners[path]), packed, strict=True):
                rows[owner].setdefault(path, []).append(_decode_row(row))
        at = 0
        for game, entries, own in zip(stored.games, stored.entries, rows, strict=True):
            here = slice(at, at + entries)
            paths = [stored.paths[place] for place in places[here]]
            yield game, Flat(dict(zip(paths, values[here], strict=True)), own)
            at += entries


def _arrays(stored: _Stored) -> tuple[array[int], array[int]]:
    places: array[int] = array(stored.types[0])
    values: array[int] = array(stored.types[1])
    places.frombytes(stored.places)
    values.frombytes(stored.values)
    return places, values


def _ranked(
    states: Sequence[Flat], declared: Mapping[str, State]
) -> tuple[dict[str, list[bytes]], dict[str, bytes]]:
    """Return the rows of games by path in the order in which they stay, and whose they are."""
    found: dict[str, tuple[list[Any], list[int]]] = {}
    for owner, state in enumerate(states):
        for path, rows in state.rows.items():
            held, owners = found.setdefault(path, ([], []))
            held += [(tuple(key), tuple(cells)) for key, cells in rows]
            owners += [owner] * len(rows)
    packed, whose = {}, {}
    for path, (held, owners) in found.items():
        order = rows_state(path, declared).ranked(held)
        packed[path] = [_encode(held[k]) for k in order]
        whose[path] = array("B", [owners[k] for k in order]).tobytes()
    return packed, whose


def _first_rows(stored: _Stored, games: Collection[int], declared: Mapping[str, State]) -> dict[str, Rows]:
    """Return those rows of some of the games that stay."""
    chosen = [game in games for game in stored.games]
    found: dict[str, Rows] = {}
    for path, packed in stored.rows.items():
        own = (row for owner, row in zip(stored.owners[path], packed, strict=True) if chosen[owner])
        rows = [_decode_row(row) for row in islice(own, rows_state(path, declared).size)]
        if rows:
            found[path] = rows
    return found


def _added(stored: _Stored, games: Collection[int]) -> Iterable[tuple[str, int]]:
    """Return the sums over some of the games of a block, by path."""
    chosen = [game in games for game in stored.games]
    # Of most games it is quicker to take the others away from all.
    less = 2 * sum(chosen) > len(chosen)
    totals = [*stored.totals] if less else [0] * len(stored.paths)
    having = [*stored.having] if less else [0] * len(stored.paths)
    sign = -1 if less else 1
    if not all(chosen):
        places, values = _arrays(stored)
        at = 0
        for is_chosen, entries in zip(chosen, stored.entries, strict=True):
            following = at + entries
            if is_chosen != less:
                for place, value in zip(places[at:following], values[at:following], strict=True):
                    totals[place] += sign * value
                    having[place] += sign
            at = following
    return [(path, total) for path, total, known in zip(stored.paths, totals, having, strict=True) if known]


def _narrowest(value: int) -> str:
    """Return the type code of the shortest integers that hold a value. Raises OverflowError."""
    for bound, code in _WIDTHS:
        if value < bound:
            return code
    raise OverflowError(f"{value} does not fit into 64 bits")
