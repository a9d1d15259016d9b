"""Snapshots of a run."""

from __future__ import annotations

from msgspec import Struct

from engine.model import Best, Notice
from engine.plugin import WorkerState


class Snapshot(Struct, frozen=True):
    """A run at one moment, as a progress callback gets it.

    >>> import engine
    >>> shown = []
    >>> _ = engine.analyze("games.pgn", nodes=1_000, progress=shown.append)
    >>> shown[-1].games, shown[-1].positions, shown[-1].total
    (2, 6, 6)
    """

    games: int
    """Games finished."""
    positions: int
    """Positions evaluated."""
    total: int | None
    """Positions in all: exact once the input is read, estimated before; None when nothing is known."""
    nodes: int
    """Nodes searched by this run, finished units only."""
    cached: int
    wins: int
    best: tuple[tuple[Best, str, str], ...]
    """The shared board: entry, players, move in SAN with its number."""
    workers: tuple[WorkerState, ...]
    seconds: float
    notices: tuple[Notice, ...]
    skipped: int
    stopping: bool
