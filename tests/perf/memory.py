"""Peak memory of parent and workers on many short games: it must not grow with the file.

Random games of 20 plies, an evaluator that costs nothing, aggregators that keep totals only (`wins`, `acpl`,
`judgements`; 50 players however many games), JSON Lines out. The parent's peak is the kernel's own figure; the
workers' is looked up ten times a second.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.perf import games, runs, sides
from tests.perf.report import Report, Table

AIM = 20.0
"""Greatest growth of the parent's peak memory, in MiB."""
SIZES = (1_000, 10_000, 100_000)
QUICK = (100, 1_000)
PLIES = 20
TAILS = 20
"""Number of games with the same beginning, which makes them faster to generate."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", type=int, nargs="+", metavar="N", help=f"sizes of the files  {list(SIZES)}")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    sizes = args.games or (QUICK if args.quick else SIZES)
    table = Table("peak memory, MiB", ("games", "parent", "a worker", "seconds", "positions/s"))
    peaks = []
    for size in sizes:
        measured = [_measure(size, args.workers) for _ in range(args.rounds or 1)]
        parent = [peak["parent"] / 1024 for peak in measured]
        peaks.append(sides.median(parent))
        seconds = [peak["seconds"] for peak in measured]
        rate = [size * (PLIES + 1) / second for second in seconds]
        worker = [peak["worker"] / 1024 for peak in measured]
        table.add(
            f"{size:,}", sides.spread(parent, 1), sides.spread(worker, 1), sides.spread(seconds, 1),
            sides.spread(rate, 0),
        )  # fmt: skip
        report.data[str(size)] = measured
        sides.say(f"{size:,} games: {peaks[-1]:.1f} MiB")
    report.tables = [table]
    grown = peaks[-1] - peaks[0]
    report.find(
        f"growth of the parent's peak memory from {sizes[0]:,} to {sizes[-1]:,} games",
        f"{grown:+.1f} MiB (to {peaks[-1]:.1f})", f"< {AIM:.0f} MiB", met=grown < AIM,
    )  # fmt: skip
    return report


def _measure(size: int, workers: int) -> dict[str, Any]:
    """Measure a run: peak memory of the parent and of the largest worker in KiB, and seconds."""
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        source = games.random_games(folder / "games.pgn", size, PLIES, tails=TAILS)
        command = runs.engine_command(
            "analyze", source, "--plugin", runs.INSTANT, "-e", "instant", "-q", "-y", "--progress", "none",
            "-j", str(workers), "-a", "wins,acpl,judgements", "-o", folder / "out.jsonl",
            "--cache", folder / "cache",
        )  # fmt: skip
        started = time.monotonic()
        with (
            (folder / "stderr").open("wb") as errors,
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=runs.environment()) as process,
        ):
            parent, worker = _watch(process)
        seconds = time.monotonic() - started
        runs.check(process.returncode, (folder / "stderr").read_bytes(), command)
    return {"parent": parent, "worker": worker, "seconds": seconds}


def _watch(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    parent = worker = 0
    while process.poll() is None:
        parent = max(parent, runs.peak_memory(process.pid))
        worker = max([worker, *map(runs.peak_memory, _children(process.pid))])
        time.sleep(0.1)
    return parent, worker


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]
    except OSError:
        return []
