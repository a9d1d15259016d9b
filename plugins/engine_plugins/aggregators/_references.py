"""References from the rows of reports to the moves and games that they rest on."""

from __future__ import annotations

from collections.abc import Sequence

from engine.model import Reference
from engine.plugin import TopK

SHOWN = 5
"""References of a row at most."""


def to_moves(top: TopK) -> tuple[Reference, ...]:
    """Return references to the moves of a state, the highest score first."""
    return tuple(Reference(entry.game, entry.ply) for entry in top.entries())


def to_games(top: TopK) -> tuple[Reference, ...]:
    """Return references to the games of a state, the highest score first."""
    return tuple(Reference(entry.game) for entry in top.entries())


def who(names: Sequence[str], everybody: str = "The players") -> str:
    """Return the player that a sentence is about: the only one in view, or else all of them."""
    return names[0] if len(names) == 1 else everybody


def possessive(name: str) -> str:
    """Return a name in front of what belongs to it: `Anna's`, `Jones'`."""
    return f"{name}'" if name.endswith("s") else f"{name}'s"


def referred(entries: TopK, *, moves: bool = True) -> tuple[Reference, ...]:
    """Return the moves, or else the games, of the highest entries, at most five."""
    return tuple(Reference(entry.game, entry.ply if moves else None) for entry in entries.entries()[:SHOWN])
