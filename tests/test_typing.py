"""A program that uses the library passes the type checkers, and its mistakes do not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import PATIENCE

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "tests" / "typing" / "library.py"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.slow
def test_mypy(tmp_path: Path) -> None:
    ran = run("mypy", "--cache-dir", tmp_path, "--warn-unused-ignores", "--config-file", "pyproject.toml", PROGRAM)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.slow
def test_pyright() -> None:
    ran = run("pyright", "--outputjson", "--pythonpath", sys.executable)
    try:
        output = json.loads(ran.stdout)
    except json.JSONDecodeError:
        pytest.skip(f"pyright fetches itself with npm, which did not work: {ran.stderr[-200:]}")
    messages = [
        f"{diagnostic['range']['start']['line'] + 1}: {diagnostic['message']}"
        for diagnostic in output["generalDiagnostics"]
    ]
    assert messages == []
    assert output["summary"]["filesAnalyzed"] == 1
