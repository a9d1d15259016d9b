"""Clocks that jump when something has happened: a test of a deadline neither waits nor comes too early."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from engine import system
from engine.workers import worker

JUMP = 100_000.0
"""Seconds; longer than every deadline in the tests."""


def worker_late_after(mark: Path, *of_worker: Any) -> None:
    """Be a worker whose evaluator is late as soon as the file `mark` exists."""
    told = system.AwakeClock.__call__
    system.AwakeClock.__call__ = lambda clock: told(clock) + (JUMP if mark.exists() else 0.0)  # type: ignore[method-assign]
    worker.main(*of_worker)


def let_time_pass_after(mark: Path) -> None:
    """Have this process believe that much time has passed once the file `mark` exists, as when it was stopped."""
    monotonic = time.monotonic
    time.monotonic = lambda: monotonic() + (JUMP if mark.exists() else 0.0)


def worker_that_sleeps_through(mark: Path, *of_worker: Any) -> None:
    """Be a worker for which much time passes once the file `mark` exists."""
    let_time_pass_after(mark)
    worker.main(*of_worker)
