"""What the pool tells a log, which nobody sees who does not ask for it."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path

import pytest

from tests.pool_rig import UNITS, Rig, fake_spec


def test_starts_deaths_and_units_are_logged_and_nothing_is_louder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "engine.workers")
    rig = Rig(fake_spec(tmp_path / "fake"), workers=1)
    try:
        rig.search(UNITS[:1])
        [pid] = rig.pids()
        os.kill(pid, signal.SIGKILL)
        rig.search(UNITS[1:3])
    finally:
        rig.pool.close()
    logged = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert logged[0] == ("INFO", f"worker 1 started, process {pid}")
    for line in (
        ("INFO", "worker 1 died (SIGKILL)"),
        ("INFO", "worker 1 is started again in 0.0 s"),
        ("DEBUG", f"unit {UNITS[0].id} to worker 1"),
        ("INFO", "worker 1 ended (exit code 0)"),
    ):
        assert line in logged
    assert sum(message.startswith("worker 1 started") for _, message in logged) == 2
    assert {record.name for record in caplog.records} == {"engine.workers"}
    assert {record.levelno for record in caplog.records} <= {logging.DEBUG, logging.INFO}
