"""References from rows of reports to moves and games, out of the states that keep them."""

from __future__ import annotations

from engine.model import Reference
from engine.plugin import TopK

MOST = 5
"""References of one row."""


def referred(entries: TopK, *, moves: bool = True) -> tuple[Reference, ...]:
    """Return the moves, or else the games, of the highest entries, at most five."""
    return tuple(Reference(entry.game, entry.ply if moves else None) for entry in entries.entries()[:MOST])
