"""MB/s of a filter on tags over a file of which it leaves out every game, as PGN and as `.pgn.zst`.

Games of Lichess's database where the big real data is, else generated ones; the file is repeated until it has
200 MB. Nothing is parsed or analysed: what is measured is reading, splitting, tags and the filter, with the whole
command around them. `.pgn.zst` has a frame for each copy, so that no copy helps the next.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
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
FILTER = "WhiteElo > 3990 and BlackElo > 3990"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE", help="PGN of Lichess's database")


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
            file.name: lambda file=file: runs.call(
                runs.engine_command(
                    "analyze", file, "-e", "recorded", "-q", "--progress", "none", "--no-cache",
                    "--keep-duplicates",
                    "-a", "wins", "-j", str(args.workers), "--filter", FILTER,
                )
            )
            for file in (plain, compressed)
        }  # fmt: skip
        measured = sides.in_turns(turns, args.rounds or (1 if args.quick else 5))
    table = Table(f"{size:.0f} MB, no game passes", ("file", "seconds", "MB/s"))
    for file, seconds in measured.items():
        speeds = [size / each for each in seconds]
        table.add(file, sides.spread(seconds), sides.spread(speeds, 0))
        met = sides.median(speeds) >= AIM
        report.find(f"MB/s of `--filter` on tags, `{file}`", sides.spread(speeds, 0), f"≥ {AIM:.0f}", met=met)
    report.tables = [table]
    report.data = dict(measured)
    return report


def _games(args: argparse.Namespace, folder: Path) -> bytes:
    path = Path(args.games) if args.games else games.big("human", "lichess_db_438.pgn")
    if path is None or (args.games is None and not path.exists()):
        path = write_games(folder / "generated.pgn", 500)
    games.must_exist(path)
    return path.read_bytes().rstrip() + b"\n\n"
