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
import sys, time
import engine
from engine.settings import Settings
def shown(snapshot):
    if snapshot.positions:
        print(time.time() - float(sys.argv[1]))
        sys.exit()
engine.analyze({str(CLASSICS)!r}, settings=Settings(cache=""), progress=shown)
"""


def whole(command: list[str]) -> float:
    """Seconds from start to end."""
    started = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def first_result(command: list[str]) -> float:
    """Seconds that the command prints, counted from now."""
    return float(subprocess.run([*command, str(time.time())], check=True, capture_output=True).stdout)


def main() -> None:
    engine = [sys.executable, "-m", "engine"]
    print(f"$ python -m tests.perf.cold_start   ({platform.platform()}, Python {platform.python_version()})")
    one_game = [*engine, "analyze", str(CLASSICS), "--limit", "1", "--no-cache", "-q"]
    for what, measure, command in (
        ("engine --help", whole, [*engine, "--help"]),
        ("first result of a run", first_result, [sys.executable, "-c", FIRST_RESULT]),
        ("one game of 13 positions, 100k nodes", whole, one_game),
    ):
        seconds = statistics.median(measure(command) for _ in range(ROUNDS))
        print(f"{what:<40} {seconds:6.2f} s   (median of {ROUNDS})")


if __name__ == "__main__":
    main()
