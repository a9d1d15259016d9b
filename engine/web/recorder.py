"""The recorder: what a run does, into a store of games and onto the pages that watch it."""

from __future__ import annotations

import sqlite3
import time

from engine.model import AnalysedGame, RunResult
from engine.run.accounts import RunEvent
from engine.run.progress import Snapshot
from engine.web.hub import Hub
from engine.web.store import Store

TOGETHER = 128
"""Games of one transaction, at most."""
SECONDS = 0.5
"""Seconds after which a game that waits is stored with those that there are."""


class Recorder:
    """Takes the events of one run, in its thread. A store that cannot be written to does not end the run."""

    def __init__(self, store: Store, hub: Hub) -> None:
        """Begin; `store` is open to write."""
        self._store = store
        self._hub = hub
        self._waiting: list[AnalysedGame] = []
        self._stored_at = 0.0
        self.games = 0
        """Games that were taken."""
        self.evaluated = 0
        """Games of them that have an evaluation."""
        self.broken = ""
        """Why no more games are stored; empty while they are."""

    def event(self, event: RunEvent) -> None:
        """Take a game; anything else is on the snapshots."""
        if not isinstance(event, AnalysedGame):
            return
        self.games += 1
        self.evaluated += any(position.found is not None for position in event.positions)
        self._waiting.append(event)
        if len(self._waiting) >= TOGETHER:
            self._flush()

    def snapshot(self, snapshot: Snapshot) -> None:
        """Show how far the run is."""
        if self._waiting and time.monotonic() - self._stored_at >= SECONDS:
            self._flush()
        self._hub.snapshot(snapshot)

    def finish(self, result: RunResult) -> None:
        """Store the last games, and say how the run has ended."""
        self._flush()
        try:
            self._store.finish(result)
        except (sqlite3.Error, OSError) as error:
            self.broken = self.broken or str(error)
        self._hub.end(result)

    def fail(self, code: int, message: str) -> None:
        """Store the games that there are, and say that the run has failed.

        * **code** - the exit code of the command.
        """
        self._flush()
        self._hub.error(code, message)

    def _flush(self) -> None:
        games, self._waiting = self._waiting, []
        self._stored_at = time.monotonic()
        if games and not self.broken:
            try:
                self._store.add(games)
            except (sqlite3.Error, OSError) as error:
                self.broken = f"the pages get no more games: {error}"
                return
            self._hub.games(games)
