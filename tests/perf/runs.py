"""Calls of `engine analyze` as a user makes them, in a process of their own, and their figures.

Plugins that are given to the command (`counts.py`, `timed.py`) take the figures, so the command is measured as it
is. Of the caller's `ENGINE_*` variables only those that locate its files are passed on.
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

from engine.model import Score
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


class EngineRun(Struct):
    """One call of `engine analyze`."""

    wall: float
    """Wall time of the whole process in seconds."""
    counts: Counts
    cpu_before: float
    """Processor time of the parent before the run, in seconds: interpreter, imports, trying the evaluator."""
    cpu: float
    """Processor time of the parent in the run, in seconds."""
    seconds: float
    """Wall time of the run in seconds."""
    samples: dict[str, int]
    """Samples of the parent's processor time by stage; empty without `sample`."""
    workers: list[dict[str, float]] = []
    """Seconds `before`, `starting`, `searching`, `waiting`, and `searches`, by worker; empty without `timed`."""

    @property
    def rate(self) -> float:
        """Nodes per second over the whole process."""
        return self.counts.nodes / self.wall


def engine_command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "engine", *map(str, arguments)]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the caller's environment without the settings of `engine`, and the extra variables."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ENGINE_") or key in _KEPT}
    return {**kept, **(extra or {})}


def call(command: Sequence[str], extra: Mapping[str, str] | None = None) -> float:
    """Run a command and return the seconds. Raises `Failed` with its last lines of standard error."""
    started = time.monotonic()
    done = subprocess.run(
        command, env=environment(extra), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    seconds = time.monotonic() - started
    check(done.returncode, done.stderr, command)
    return seconds


def check(code: int, stderr: bytes, command: Sequence[str]) -> None:
    """Raise `Failed` for an exit code that is not 0."""
    if code:
        lines = stderr.decode("utf-8", "replace").strip().splitlines()[-_LAST_LINES:]
        raise Failed(f"{' '.join(command[1:5])} ... ended with {code}: {' / '.join(lines)}")


def peak_memory(pid: int) -> int:
    """Return the peak memory of a process in KiB; 0 if it has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def analyze(
    source: Path,
    *flags: str | Path,
    evaluator: str,
    plugin: Path | None = None,
    cache: Path | Literal["user"] | None = None,
    sample: bool = False,
    timed: bool = False,
    extra: Mapping[str, str] | None = None,
) -> EngineRun:
    """Run `engine analyze` once and return its figures; without `--adaptive` every position gets all nodes.

    * **plugin** - *(optional)* the file that defines the evaluator.
    * **cache** - *(optional)* a cache file, or `"user"` for the user's own; no cache when None.
    * **sample** - whether to measure where the parent's time goes.
    * **timed** - whether to measure where the workers' time goes.
    * **extra** - *(optional)* more environment variables.
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
        uniform = [] if "--adaptive" in flags or not has_flag("--no-adaptive") else ["--no-adaptive"]
        command = engine_command(
            "analyze", source, *uniform, "-q", "-y", "--progress", "none", "-e", evaluator, *kept,
            *(word for file in files for word in ("--plugin", str(file))),
            "-o", folder / "run.counts", *flags,
        )  # fmt: skip
        wall = call(command, variables)
        summary = msgspec.json.decode((folder / "run.counts").read_bytes(), type=dict[str, Any])
        if summary["failures"]:
            raise Failed(f"engine analyze {source.name}: {summary['failures']} failures")
        workers = [msgspec.json.decode(file.read_bytes()) for file in sorted(times.iterdir())]
        return msgspec.convert({**summary, "wall": wall, "workers": workers}, EngineRun)


def another_way(
    way: str, source: Path, out: Path, cores: int, *, limit: str, program: Sequence[str]
) -> tuple[float, int, list[list[Score | None]]]:
    """Analyse games one of the ways of `tests.perf.ways`; return seconds, nodes, and White's scores by game.

    * **out** - a file for the result.
    * **limit** - such as `nodes=100000`.
    * **program** - the command of the evaluator."""
    words = [way, str(source), str(out), str(cores), limit, *program]
    wall = call([sys.executable, "-m", "tests.perf.ways", *words])
    content = msgspec.json.decode(out.read_bytes())
    evals = [[None if score is None else Score(*score) for score in game] for game in content["scores"]]
    return wall, content["nodes"], evals


@functools.cache
def has_flag(flag: str) -> bool:
    """Return whether `engine analyze` has a flag."""
    done = subprocess.run(engine_command("analyze", "--help"), capture_output=True, text=True, check=True)
    return flag in done.stdout


def read_games(path: Path) -> list[dict[str, Any]]:
    """Read the analysed games of a JSON Lines output."""
    return [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
