"""A storm as a program: workers that kill themselves at random instructions until everything is searched.

    python -m tests.faults.point_storm kernel|default FOLDER SEED GAMES

`default` gives the scoreboard the lock that a `Value` has by default, instead of ours; then a pool that does not
answer for some seconds is taken for deadlocked. Prints how many units were lost; exits with 1 when the pool is
deadlocked or the scoreboard is not exact.
"""

from __future__ import annotations

import faulthandler
import multiprocessing
import sys
from functools import partial
from pathlib import Path
from typing import Any

from engine.workers import pool, scoreboard, worker
from tests.pool_rig import Rig, fake_spec, units

from . import dying

CHANCE = 0.015
"""The chance of a death at each of some seven points a position: about 14 deaths in 6 games."""
STUCK_SECONDS = 3.0
"""`collect` waits for one second. On a slow machine the default lock may be judged too early, ours never is."""


def main(lock: str, folder: str, seed: str, games: str) -> None:
    if lock == "default":
        scoreboard.KernelLock = multiprocessing.get_context("spawn").RLock  # what Value(..., lock=True) makes
    worker.main = partial(dying.often, CHANCE, int(seed))
    pool.BACK_OFF = (0.0,)
    rig = Rig(fake_spec(Path(folder)), workers=2)
    if lock == "default":
        end_when_stuck(rig)
    try:
        rig.search(units(int(games)))
        sys.stdout.write(f"{len(rig.lost)} units lost\n")
        rig.assert_exact()
    finally:
        rig.pool.close()


def end_when_stuck(rig: Rig) -> None:
    """End this program when nothing comes back any more: the parent does not wait for the lock, the workers do."""
    collect = rig.pool.collect

    def watched(timeout: float) -> Any:
        outcomes = collect(timeout)
        if outcomes:
            faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
        return outcomes

    rig.pool.collect = watched  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    main(*sys.argv[1:])
