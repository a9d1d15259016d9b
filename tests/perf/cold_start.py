"""How long a user waits at first: `python -m tests.perf.cold_start`.

`--help`; the first evaluated position of `engine analyze` on the classics (from the start of the process, seen by
the progress callback, which is called every 0.15 s); the whole analysis of a game of 13 positions.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

CLASSICS = Path(__file__).parents[1] / "data" / "classics.pgn"
ROUNDS = 7

FIRST_RESULT = f"""
import engine, os
def shown(snapshot):
    if snapshot.positions:
        os._exit(0)
from engine.settings import Settings
engine.analyze({str(CLASSICS)!r}, settings=Settings(cache=""), progress=shown)
"""


def median_seconds(command: list[str]) -> float:
    spent = []
    for _ in range(ROUNDS):
        started = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        spent.append(time.monotonic() - started)
    return statistics.median(spent)


def main() -> None:
    engine = [sys.executable, "-m", "engine"]
    print(f"$ python -m tests.perf.cold_start   ({platform.platform()}, Python {platform.python_version()})")
    one_game = [*engine, "analyze", str(CLASSICS), "--limit", "1", "--no-cache", "-q"]
    for what, command in (
        ("engine --help", [*engine, "--help"]),
        ("first result of a run", [sys.executable, "-c", FIRST_RESULT]),
        ("one game of 13 positions, 100k nodes", one_game),
    ):
        print(f"{what:<40} {median_seconds(command):6.2f} s   (median of {ROUNDS})")


if __name__ == "__main__":
    main()
