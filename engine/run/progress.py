"""Snapshots of a run."""

from __future__ import annotations

from msgspec import Struct

from engine.model import Best, Notice
from engine.plugin import WorkerState
from engine.run.standing import Standing


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
    """Positions of games evaluated."""
    total: int | None
    """Positions in all: exact once the input is read, estimated before; None when nothing is known."""
    nodes: int
    """Nodes searched by this run, finished units only."""
    cached: int
    """Evaluations that came from the cache, of follow-ups too."""
    wins: int
    best: tuple[tuple[Best, str, str], ...]
    """The shared board: entry, players, move in SAN with its number."""
    workers: tuple[WorkerState, ...]
    seconds: float
    notices: tuple[Notice, ...]
    skipped: int
    stopping: bool
    recorded: int = 0
    """Those of `positions` whose evaluation was in the input."""
    follow_ups: int = 0
    """Follow-up searches that are done, which no other figure but `cached` and `nodes` includes."""
    follow_ups_total: int | None = 0
    """Follow-up searches in all, by what the games so far have asked for; None when nothing is known."""
    paused: bool = False
    """Whether nothing more is handed out for now; what is searched at the moment ends. Time in which nothing is
    searched because of that is not in `seconds`."""
    standing: Standing | None = None
    """How the player of `Settings.players` has done so far; None without one, and before the first game."""

    def work(self) -> tuple[int, float | None]:
        """Return how many searches are done, and how many are left; None while that is not known.

        Positions whose evaluation is in the input count only where nothing is searched.
        """
        done: int = self.positions
        left: float | None = None
        searches = self.follow_ups_total != 0 or self.recorded < self.positions
        if self.total:
            left = max(0, self.total - self.positions)
        if searches:
            done -= self.recorded
            left = None if left is None else left * (1 - self.recorded / max(1, self.positions))
        if left is None or self.follow_ups_total is None:
            return done + self.follow_ups, None
        return done + self.follow_ups, left + max(0, self.follow_ups_total - self.follow_ups)


def seconds_left(snapshot: Snapshot) -> float | None:
    """Return the seconds that the run still needs at the speed so far; None while they cannot be estimated."""
    done, left = snapshot.work()
    searched = done - snapshot.cached
    if left is None or searched <= 0 or snapshot.seconds < 1:
        return None
    return left * snapshot.seconds / searched
