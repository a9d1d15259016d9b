"""What aggregators have counted in each game of a block, in a form that is added up quickly. Pure.

A block is 64 games by their numbers. Of one aggregator and one side that the games are seen from, it has the sums
and the rows of each game, one after the other in arrays.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import compress
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from engine.contracts.states import State
from engine.web.store.flat import ADDED, BETWEEN, Flat, Rows, StateTree, rows_state
from engine.web.store.paths import Chunk, Paths

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BLOCK_GAMES = 64
_WIDTHS = {"h": 1 << 15, "i": 1 << 31, "q": 1 << 63}
_FIRST, _LAST = -(1 << 63), (1 << 63) - 1
_HALF = 32
"""Bits of the lower half of a sum that may need more than 64."""
_COMPRESSION: dict[int, int] = {
    zstd.CompressionParameter.compression_level: 1,
    zstd.CompressionParameter.checksum_flag: 1,
}
_SPARE = 4
"""How many times the rows that stay are held before the others are dropped."""


class Block(Struct, array_like=True):
    """The states of some games of a block: of each game its sums, and of all games the rows."""

    games: list[int] = []
    entries: bytes = b""
    """Number of sums of each game, 32 bits each."""
    types: str = "hh"
    """Type codes of `paths` and `values`."""
    paths: bytes = b""
    """Numbers of paths."""
    values: bytes = b""
    groups: bytes = b""
    """Of each row, the number of the path that has how many there are; 32 bits each."""
    owners: bytes = b""
    """Of each row, the place of its game in `games`; 8 bits each."""
    leads: bytes = b""
    """Of each row, an integer that orders it as the first part of its key does; 64 bits each."""
    ends: bytes = b""
    """Where each row ends in `rows`; 32 bits each."""
    rows: bytes = b""
    """Keys and cells, as MessagePack."""

    @classmethod
    def load(cls, data: bytes) -> Block:
        """Return the block that `dump` has written. Raises ValueError for what is none."""
        try:
            return _decode(zstd.decompress(data))
        except (zstd.ZstdError, msgspec.MsgspecError) as error:
            raise ValueError(str(error)) from None

    def dump(self) -> bytes:
        """Return it as it is kept."""
        return zstd.compress(_encode(self), options=_COMPRESSION)

    def extended(self, states: Mapping[int, Flat], paths: Paths) -> Block:
        """Return it with the states of further games. Raises OverflowError for an integer of more than 64 bits.

        * **states** - by the number of the game.
        * **paths** - numbers of all their paths.
        """
        sums = [(paths.number(path), value) for state in states.values() for path, value in state.sums.items()]
        rows = [
            (paths.number(f"{path}{BETWEEN}{ADDED}"), owner, _lead(row), _encode(row))
            for owner, state in enumerate(states.values(), len(self.games))
            for path, held in state.rows.items()
            for row in held
        ]
        numbers = np.concatenate((self._paths(), np.array([number for number, _ in sums], np.int64)))
        values = np.concatenate((self._values(), np.array([value for _, value in sums], np.int64)))
        lengths = [len(packed) for *_, packed in rows]
        ends = np.cumsum(np.array([len(self.rows), *lengths], np.uint32), dtype=np.uint32)[1:]
        entries = np.array([len(state.sums) for state in states.values()], np.uint32)
        types = _narrowest(numbers) + _narrowest(values)
        return Block(
            [*self.games, *states],
            self.entries + entries.tobytes(),
            types,
            numbers.astype(types[0]).tobytes(),
            values.astype(types[1]).tobytes(),
            self.groups + np.array([group for group, *_ in rows], np.uint32).tobytes(),
            self.owners + np.array([owner for _, owner, _, _ in rows], np.uint8).tobytes(),
            self.leads + np.array([lead for *_, lead, _ in rows], np.int64).tobytes(),
            self.ends + ends.tobytes(),
            self.rows + b"".join(packed for *_, packed in rows),
        )

    def _paths(self) -> Any:
        return np.frombuffer(self.paths, self.types[0]).astype(np.int64)

    def _values(self) -> Any:
        return np.frombuffer(self.values, self.types[1]).astype(np.int64)

    def chosen(self, games: Collection[int]) -> Any:
        """Return of each of its games whether it is one of these, as an array."""
        return np.array([game in games for game in self.games], np.bool_)

    def sums(self, chosen: Any) -> tuple[Any, Any]:
        """Return numbers of paths and what some of its games add to them, as arrays of equal length.

        * **chosen** - as `chosen` returned it.
        """
        numbers, values = self._paths(), self._values()
        if chosen.all():
            return numbers, values
        which = np.repeat(chosen, np.frombuffer(self.entries, np.uint32))
        return numbers[which], values[which]

    def some_rows(self, chosen: Any, last: Any) -> tuple[list[int], Rows]:
        """Return those rows of some of its games that can stay, and of each its group.

        * **chosen** - as `chosen` returned it.
        * **last** - by group, the highest of `leads` with which a row can stay.
        """
        groups, leads = np.frombuffer(self.groups, np.uint32), np.frombuffer(self.leads, np.int64)
        which = chosen[np.frombuffer(self.owners, np.uint8)] & (leads <= last[groups])
        [places] = np.nonzero(which)
        ends = np.frombuffer(self.ends, np.uint32)
        begins = np.concatenate((np.zeros(1, np.uint32), ends[:-1]))
        packed = self.rows
        parts = [packed[i:k] for i, k in zip(begins[places].tolist(), ends[places].tolist(), strict=True)]
        # An array of MessagePack with 32 bits for its length: all of them are decoded at once.
        rows = _decode_rows(b"\xdd" + len(parts).to_bytes(4, "big") + b"".join(parts))
        return groups[places].tolist(), rows


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Block).decode
_decode_rows = msgspec.msgpack.Decoder(list[Any]).decode


class Gathered:
    """What games of several blocks have together."""

    def __init__(self, chunks: Sequence[Chunk], declared: Mapping[str, State]) -> None:
        """Begin without a game.

        * **chunks** - the paths that the blocks have numbers of, in the order of these.
        * **declared** - the states of the aggregator (`flat.prototypes`).
        """
        self._chunks = chunks
        self._declared = declared
        count = sum(len(parts) for chunk in chunks for parts in chunk.values())
        self._lower = np.zeros(count, np.int64)
        """Sums; where 64 bits may be too few, the lower 32 bits of what was added."""
        self._upper: Any = None
        """The other bits."""
        self._known = np.zeros(count, np.bool_)
        self._last = np.full(count, _LAST, np.int64)
        """By group of rows, the lead after which none stays."""
        self._rows: dict[int, Rows] = {}
        self._groups = dict(self._row_paths())
        self._sizes: dict[str, int | None] = {}
        """How many rows stay, by the name of the state."""

    def _row_paths(self) -> list[tuple[int, str]]:
        found, number = [], 0
        for chunk in self._chunks:
            for parent, parts in chunk.items():
                if parts == [ADDED]:
                    found.append((number, parent))
                number += len(parts)
        return found

    def add(self, block: Block, games: Collection[int]) -> None:
        """Add those games of a block that are among these."""
        chosen = block.chosen(games)
        numbers, values = block.sums(chosen)
        self._known[numbers] = True
        if block.types[1] == "q":
            if self._upper is None:
                self._upper = np.zeros_like(self._lower)
            np.add.at(self._upper, numbers, values >> _HALF)
            values = values & ((1 << _HALF) - 1)
        np.add.at(self._lower, numbers, values)
        grown = set()
        for group, row in zip(*block.some_rows(chosen, self._last), strict=True):
            self._rows.setdefault(group, []).append(row)
            grown.add(group)
        for group in grown:
            self._drop(group)

    def _drop(self, group: int) -> None:
        """Drop rows of a group that cannot stay, when there are many."""
        rows, path = self._rows[group], self._groups[group]
        name = path.partition(BETWEEN)[0]
        size = self._sizes.get(name, -1)
        if size == -1:
            size = self._sizes[name] = rows_state(path, self._declared).size
        if size is None or len(rows) <= _SPARE * size:
            return
        state = rows_state(path, self._declared)
        state.load([0, rows])
        self._rows[group] = state.state()[1]
        self._last[group] = _lead(self._rows[group][-1])

    def tree(self) -> StateTree:
        """Return all of it as states."""
        tree, number = StateTree(), 0
        known, totals = self._known.tolist(), self._totals()
        for chunk in self._chunks:
            for parent, parts in chunk.items():
                following = number + len(parts)
                here, values = known[number:following], totals[number:following]
                if all(here):
                    tree.put(parent, parts, values)
                elif any(here):
                    tree.put(parent, compress(parts, here), compress(values, here))
                number = following
        for group, rows in self._rows.items():
            tree.add_rows(self._groups[group], rows)
        return tree

    def _totals(self) -> list[int]:
        lower: list[int] = self._lower.tolist()
        if self._upper is None:
            return lower
        return [(upper << _HALF) + rest for upper, rest in zip(self._upper.tolist(), lower, strict=True)]


def block_of(number: int) -> int:
    """Return the number of the block that a game is in."""
    return number // BLOCK_GAMES


def bits_of(games: Iterable[int]) -> int:
    """Return a bit for each of some games of a block, as 64 bits with a sign."""
    bits = sum(1 << number % BLOCK_GAMES for number in games)
    return bits - (1 << BLOCK_GAMES) if bits > _LAST else bits


def _lead(row: Sequence[Any]) -> int:
    """Return an integer that orders rows as the first part of their key does, or leaves them equal."""
    key = row[0]
    if not key or key[0] is None:
        return _FIRST
    return int(key[0]) if isinstance(key[0], int) else _LAST


def _narrowest(integers: Any) -> str:
    """Return the type code of the shortest integers that hold those of an array."""
    most = max(int(integers.max()), -int(integers.min()) - 1) if len(integers) else 0
    return next(code for code, bound in _WIDTHS.items() if most < bound)
