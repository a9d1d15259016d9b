"""Programs, games and a gate for the tests of the library."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from engine.settings import Settings
from engine.testing.fake_uci import fake_uci
from tests import processes
from tests.support import DATA, PATIENCE

CLASSICS = DATA / "classics.pgn"
MINI = "1. e4 e5 2. Nf3 *"
NO_CACHE = Settings(cache="")


def fake(folder: Path, delay: float = 0.0) -> str:
    """Write a UCI program that takes `delay` seconds for each search."""
    return str(fake_uci(folder / f"fake-{delay}", delay=delay))


def workers() -> set[int]:
    """Return the worker processes of this process."""
    return {pid for pid in processes.descendants(os.getpid()) if "spawn_main" in processes.command_of(pid)}


class Gate:
    """Games of which the next one comes when `let` is called."""

    def __init__(self, games: list[str]) -> None:
        self._games = games
        self._open = threading.Semaphore(0)

    def let(self, number: int = 1) -> None:
        self._open.release(number)

    def __iter__(self) -> Iterator[str]:
        for game in self._games:
            assert self._open.acquire(timeout=PATIENCE)
            yield game
        assert self._open.acquire(timeout=PATIENCE)
