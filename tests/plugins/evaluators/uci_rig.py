"""Positions for the tests of the `uci` evaluator, and a look at the processes that it has started."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from pathlib import Path

import chess

from engine.model import Limit, Position
from engine_plugins.evaluators.uci import Uci
from tests.support import PATIENCE

START = Position(chess.STARTING_FEN)
AFTER_E4 = Position(chess.STARTING_FEN, ("e2e4",))
NODES = Limit(nodes=1000)
Make = Callable[..., Uci]


def alive(mark: str) -> dict[int, int]:
    """pidfds by pid of the processes that were started with `mark` in their environment."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found[int(entry.name)] = os.pidfd_open(int(entry.name))
            except OSError:
                continue
    return found


def end_of_all(mark: str) -> bool:
    """Wait for the end of all of them, and return whether it came."""
    deadline = time.monotonic() + PATIENCE
    ended = True
    for handle in alive(mark).values():
        ended &= bool(select.select([handle], [], [], max(0.0, deadline - time.monotonic()))[0])
        os.close(handle)
    return ended
