"""What a command does in a fork of the command server is what it does when it is started."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import processes
from tests.support import DATA

from .command import engine
from .forked import running_server

pytestmark = pytest.mark.skipif(not processes.HAS_PROC, reason="commands are forked where there is /proc")

STARTED = "import runpy; runpy.run_module('engine', run_name='__main__', alter_sys=True)"


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (("--version",), b""),
        (("analyse", "missing.pgn"), b""),
        (("analyze", "-", "-e", "recorded", "--format", "csv"), (DATA / "finishes.jsonl").read_bytes()),
    ],
    ids=["version", "error", "run"],
)
def test_a_forked_command_is_a_started_one(tmp_path: Path, arguments: tuple[str, ...], stdin: bytes) -> None:
    forked = engine(*arguments, cwd=tmp_path, stdin=stdin)
    assert forked == engine(*arguments, cwd=tmp_path, stdin=stdin, program=STARTED)
    assert forked.out or forked.err


def test_what_python_reads_at_its_start_needs_a_start() -> None:
    server = running_server()
    assert server.can_run({**os.environ, "COLUMNS": "80"})
    assert not server.can_run({**os.environ, "PYTHONHASHSEED": "17"})
    assert not server.can_run({**os.environ, "LC_ALL": "C"})
