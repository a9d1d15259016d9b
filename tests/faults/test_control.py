"""The storm sees what it is for: with the lock that a `Value` has by default, it deadlocks or miscounts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import PATIENCE

ROOT = Path(__file__).parents[2]


def storm(lock: str, folder: Path, games: int) -> int:
    """Run the storm and return how many units it lost. Raises AssertionError for a deadlock or a wrong count."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.point_storm", lock, str(folder), "5", str(games)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[0])


@pytest.mark.slow
def test_the_storm_with_our_lock(tmp_path: Path) -> None:
    assert storm("kernel", tmp_path, 6) > 0


@pytest.mark.xfail(strict=True, raises=AssertionError)
@pytest.mark.slow
def test_the_storm_with_the_default_lock(tmp_path: Path) -> None:
    # Four times as long, so that chance does not spare the lock: it never comes to the end anyway.
    storm("default", tmp_path, 24)
