"""Verification (`--verify 1%`): a share of what the cache knows is searched again and compared.

A key decides by its own value whether it is searched again, so that the same share chooses the same units in every
run. Each key is searched again once in a run.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.contracts.messages import Unit
from engine.model import Evaluation

MOST_TOLD = 10
"""Differences that are told of; many have one cause."""


class Verifier:
    """What is being searched again, and what the cache knows of it."""

    def __init__(self, share: float) -> None:
        """Make a verifier of a share of the keys, 0 to 1."""
        self._threshold = round(share * (1 << 64))
        self._chosen: set[bytes] = set()
        self._known: dict[int, Sequence[Evaluation]] = {}
        self._told = 0

    def wants(self, unit: Unit, key: bytes, known: Sequence[Evaluation]) -> bool:
        """Return whether a unit that the cache knows is to be searched all the same."""
        if unit.id in self._known:
            return True
        if key in self._chosen or int.from_bytes(key[:8], "big") >= self._threshold:
            return False
        self._chosen.add(key)
        self._known[unit.id] = known
        return True

    def take(self, unit: Unit) -> Sequence[Evaluation] | None:
        """Return what the cache knows of a unit that is searched again, and forget it; None for any other unit."""
        return self._known.pop(unit.id, None)

    def tells(self) -> bool:
        """Return whether another difference is to be told of."""
        self._told += 1
        return self._told <= MOST_TOLD


def difference(unit: Unit, known: Sequence[Evaluation], found: Sequence[Evaluation]) -> tuple[int, str] | None:
    """Return the first ply that was evaluated otherwise, and how, in words; None if all is the same."""
    for ply, before, now in zip(unit.plies, known, found, strict=True):
        if before != now:
            words = f"{_words(before)} in the cache, {_words(now)} when searched again"
            return ply, f"{words}; `engine cache clear` empties the cache"
    return None


def _words(evaluation: Evaluation) -> str:
    best = evaluation.pv[0] if evaluation.pv else "no move"
    return f"{evaluation.score} {best} at depth {evaluation.depth} with {evaluation.nodes:,} nodes"
