"""A storm as a program: workers that kill themselves at random instructions until everything is searched.

    python -m tests.faults.point_storm kernel|default FOLDER SEED GAMES

`default` gives the scoreboard the lock that a `Value` has by default, instead of ours. Prints the deaths; exits
with 1 when the scoreboard is not exact.
"""

from __future__ import annotations

import multiprocessing
import sys
from functools import partial
from pathlib import Path

from engine.workers import pool, scoreboard, worker
from tests.pool_rig import Rig, fake_spec, units

from . import dying

CHANCE = 0.015
"""At each of some five points a position: ten deaths are to be expected in 6 games."""


def main(lock: str, folder: str, seed: str, games: str) -> None:
    if lock == "default":
        scoreboard.KernelLock = multiprocessing.get_context("spawn").RLock  # what Value(..., lock=True) makes
    worker.main = partial(dying.often, CHANCE, int(seed))
    pool.BACK_OFF = (0.0,)
    rig = Rig(fake_spec(Path(folder)), workers=2)
    try:
        rig.search(units(int(games)))
        sys.stdout.write(f"{len(rig.lost)} units lost\n")
        rig.assert_exact()
    finally:
        rig.pool.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
