"""The command as a user runs it: its exit code and its output."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import Struct

from engine import cli
from tests.e2e.forked import running_server
from tests.processes import HAS_PROC
from tests.support import DATA, PATIENCE

CLASSICS = DATA / "classics.pgn"


class Ran(Struct):
    code: int
    out: str
    err: str


def engine(
    *arguments: str | Path, cwd: Path | None = None, stdin: bytes = b"", program: str = "", **env: str
) -> Ran:
    """Run `engine ARGUMENTS` to its end, with one worker where they do not say how many.

    It runs in a fork of the command server, unless it would not notice there what `env` says. `program` is Python
    code to run instead of `python -m engine`.
    """
    whole = {**os.environ, "COLUMNS": "100", "ENGINE_WORKERS": "1", **env}
    if not program and HAS_PROC and (server := running_server()).can_run(whole):
        code, out, err = server.run([str(argument) for argument in arguments], cwd, whole, stdin)
        return Ran(code, out.decode(), err.decode())
    done = subprocess.run(
        [sys.executable, *(["-c", program] if program else ["-m", "engine"]), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=whole,
        timeout=PATIENCE,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Ran:
    """Run `engine ARGUMENTS` in this process: for what is refused before any process would be started."""
    with pytest.raises(SystemExit) as caught:
        cli.main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return Ran(int(caught.value.code or 0), captured.out, captured.err)


def assert_clear_error(ran: Ran, code: int, *words: str) -> None:
    """Check for one message on standard error, nothing on standard output and no traceback."""
    assert ran.code == code, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert ran.err.count("\n") <= 5
    for word in words:
        assert word in ran.err, ran.err
