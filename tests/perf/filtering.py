"""MB/s of a filter on tags over a file of which it leaves out every game, as PGN and as `.pgn.zst`.

Games of Lichess's database where the big real data is, else generated ones; the file is repeated until it has
200 MB. Nothing is parsed or analysed: what is measured is reading, splitting, tags and the filter, with the whole
command around them. `.pgn.zst` has a frame for each copy, so that no copy helps the next.

A computer that others use too is sometimes slow. So there is the processor time of the command with all its
processes beside the wall time, and in the same turns the processor time that decompression alone takes, and one
search by a regular expression. `--inputs N` gives the command the file N times.
"""

from __future__ import annotations

import argparse
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.perf import games, runs, sides
from tests.perf.million import write_games
from tests.perf.report import Report, Table

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

AIM = 75.0
"""Smallest speed, in MB of decompressed PGN per second."""
BYTES = 200_000_000
QUICK = 2_000_000
YARDSTICK = re.compile(rb'\[WhiteElo "([0-9]+)"\]')
FILTER = "WhiteElo > 3990 and BlackElo > 3990"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE", help="PGN of Lichess's database")
    parser.add_argument("--inputs", type=int, default=1, metavar="N", help="times that the file is named  [1]")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        one = _games(args, folder)
        times = max(1, (QUICK if args.quick else BYTES) // len(one))
        size = len(one) * times / 1e6
        plain, compressed = folder / "games.pgn", folder / "games.pgn.zst"
        plain.write_bytes(one * times)
        compressed.write_bytes(zstd.compress(one, 7) * times)
        turns: dict[str, Any] = {
            file.name: lambda file=file: _filter([file] * args.inputs, args.workers)
            for file in (plain, compressed)
        }
        turns["decompression alone"] = lambda: _alone(lambda: _decompress(compressed))
        turns["one regular expression"] = lambda: _alone(lambda: _search(plain))
        measured = sides.in_turns(turns, args.rounds or (1 if args.quick else 5))
    table = Table(
        f"{size:.0f} MB, {args.inputs} times, no game passes",
        ("what", "seconds", "MB/s", "processor time in seconds", "MB/s of processor time"),
    )
    for what, figures in measured.items():
        whole = size * (args.inputs if what in (plain.name, compressed.name) else 1)
        wall, cpu = zip(*figures, strict=True)
        speeds, cpu_speeds = [whole / each for each in wall], [whole / each for each in cpu]
        table.add(
            what, sides.spread(wall), sides.spread(speeds, 0), sides.spread(cpu), sides.spread(cpu_speeds, 0)
        )
        if what in (plain.name, compressed.name):
            met = sides.median(speeds) >= AIM
            shown = f"{sides.spread(speeds, 0)}; of processor time {sides.spread(cpu_speeds, 0)}"
            report.find(f"MB/s of `--filter` on tags, `{what}`", shown, f"≥ {AIM:.0f}", met=met)
    report.tables = [table]
    report.data = dict(measured)
    return report


def _filter(files: list[Path], workers: int) -> tuple[float, float]:
    """Return the wall time and the processor time of one command, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = runs.call(
        runs.engine_command(
            "analyze", *files, "-e", "recorded", "-q", "--progress", "none", "--no-cache", "--keep-duplicates",
            "-a", "wins", "-j", str(workers), "--filter", FILTER,
        )
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _alone(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - wall, time.process_time() - cpu


def _decompress(path: Path) -> None:
    with zstd.open(path) as file:
        while file.read(1 << 20):
            pass


def _search(path: Path) -> None:
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            YARDSTICK.findall(block)


def _games(args: argparse.Namespace, folder: Path) -> bytes:
    path = Path(args.games) if args.games else games.big("human", "lichess_db_438.pgn")
    if path is None or (args.games is None and not path.exists()):
        path = write_games(folder / "generated.pgn", 500)
    games.must_exist(path)
    return path.read_bytes().rstrip() + b"\n\n"
