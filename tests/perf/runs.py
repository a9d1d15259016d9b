"""Calls `engine analyze` as a user does, in a process of its own, and learns what it did.

The figures come through plugins given to the command (`counts.py`, `timed.py`), so that what is measured is the
command as it is. `ENGINE_*` variables of the caller do not reach it, but those that say where its files are.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from tests.perf.report import Failed

HERE = Path(__file__).parent
INSTANT, SLEEPING, TIMED, COUNTS = (HERE / f"{name}.py" for name in ("instant", "sleeping", "timed", "counts"))
SAMPLE_SECONDS = 0.001
_KEPT = ("ENGINE_HOME", "ENGINE_STOCKFISH_WASM", "ENGINE_CACHE_LIMIT")
_LAST_LINES = 3


class Counts(Struct):
    """The fields of `engine.model.RunCounts` that are used here."""

    analysed: int
    positions: int
    searched: int
    cached: int
    nodes: int
    seconds: float


class Ran(Struct):
    """One call of `engine analyze`."""

    wall: float
    """Seconds of the whole process."""
    counts: Counts
    cpu_before: float
    """Seconds of processor time of the parent before the run began: interpreter, imports, trying the evaluator."""
    cpu: float
    """The same, in the run."""
    seconds: float
    """Of the run by the clock."""
    samples: dict[str, int]
    """By stage, where it was asked for."""
    workers: list[dict[str, float]] = []
    """By worker, where it was asked for: seconds before, starting, searching, waiting; and searches."""

    @property
    def rate(self) -> float:
        """Nodes a second, of the whole process."""
        return self.counts.nodes / self.wall


def engine_command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "engine", *map(str, arguments)]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The caller's, without the settings of `engine`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ENGINE_") or key in _KEPT}
    return {**kept, **(extra or {})}


def call(command: Sequence[str], extra: Mapping[str, str] | None = None) -> float:
    """Run it; seconds. Raises Failed with its last words."""
    started = time.monotonic()
    done = subprocess.run(
        command, env=environment(extra), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    seconds = time.monotonic() - started
    check(done.returncode, done.stderr, command)
    return seconds


def check(code: int, stderr: bytes, command: Sequence[str]) -> None:
    """Raises Failed for an exit code that is not 0."""
    if code:
        lines = stderr.decode("utf-8", "replace").strip().splitlines()[-_LAST_LINES:]
        raise Failed(f"{' '.join(command[1:5])} ... ended with {code}: {' / '.join(lines)}")


def analyze(
    source: Path,
    *flags: str | Path,
    evaluator: str,
    plugin: Path | None = None,
    cache: Path | Literal["user"] | None = None,
    sample: bool = False,
    timed: bool = False,
    extra: Mapping[str, str] | None = None,
) -> Ran:
    """One run. `plugin` is the file that has the evaluator; without `cache` nothing is kept, `user` is theirs.

    `sample` says where the parent's time goes, `timed` where the workers' does.
    """
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        times = folder / "times"
        times.mkdir()
        variables = dict(extra or {})
        files = [COUNTS, *([plugin] if plugin else [])]
        if sample:
            variables["PERF_SAMPLE"] = str(SAMPLE_SECONDS)
        if timed:
            variables |= {"PERF_INNER": evaluator, "PERF_TIMES": str(times), "PERF_PLUGINS": str(plugin or "")}
            files, evaluator = [*files, TIMED], "timed"
        kept = ["--no-cache"] if cache is None else [] if cache == "user" else ["--cache", str(cache)]
        command = engine_command(
            "analyze", source, "-q", "-y", "--progress", "none", "-e", evaluator, *kept,
            *(word for file in files for word in ("--plugin", str(file))),
            "-o", folder / "run.counts", *flags,
        )  # fmt: skip
        wall = call(command, variables)
        found = msgspec.json.decode((folder / "run.counts").read_bytes(), type=dict[str, Any])
        if found["failures"]:
            raise Failed(f"engine analyze {source.name}: {found['failures']} failures")
        workers = [msgspec.json.decode(file.read_bytes()) for file in sorted(times.iterdir())]
        return msgspec.convert({**found, "wall": wall, "workers": workers}, Ran)


@functools.cache
def has_flag(flag: str) -> bool:
    """Whether `engine analyze` knows it."""
    done = subprocess.run(engine_command("analyze", "--help"), capture_output=True, text=True, check=True)
    return flag in done.stdout


def read_games(path: Path) -> list[dict[str, Any]]:
    """The analysed games of a JSON Lines output."""
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
