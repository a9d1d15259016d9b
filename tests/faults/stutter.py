"""A busy machine, for tests that must not depend on a fast one: stops the processes of a command again and again.

    python -m tests.faults.stutter 0.8 SEED .venv/bin/pytest -n0 tests/engine/api

Each is stopped for up to 0.8 seconds, the command itself more often than what it has started. A test that then
fails waits for a time, or hopes for an order, where it should wait for what it sees. Tests of processes that
somebody has stopped may take these stops for theirs.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from tests import processes

AT_LEAST = 0.05
"""Seconds that a stop takes, at least."""
BETWEEN = 0.02, 0.25
"""Seconds between two stops."""
OWN_SHARE = 0.4
"""Share of the stops that are of the command itself."""


def stutter(longest: float, rng: random.Random, command: Sequence[str]) -> int:
    """Run a command with stops of up to `longest` seconds, and return its exit code."""
    with subprocess.Popen(command) as process:
        try:
            while process.poll() is None:
                time.sleep(rng.uniform(*BETWEEN))
                others = processes.descendants(process.pid)
                victim = rng.choice(others) if others and rng.random() >= OWN_SHARE else process.pid
                try:
                    processes.kill([victim], signal.SIGSTOP)
                    time.sleep(rng.uniform(AT_LEAST, longest))
                finally:
                    processes.kill([victim], signal.SIGCONT)
        finally:
            process.kill()
    return process.returncode


def main() -> None:
    longest, seed, *command = sys.argv[1:]
    sys.exit(stutter(float(longest), random.Random(seed), command))


if __name__ == "__main__":
    main()
