"""Peak memory where the names grow: every game has two new players, and every game is recorded with evaluations.

The default reports, and all reports with an HTML file. The peak is that of the parent or of the process beside it
that needs most, by the kernel's own figure. The growth from the second size on is what counts: until then the
memory fills with what it may hold.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.perf import runs, sides
from tests.perf.report import Report, Table

AIM = 300.0
"""Greatest peak memory with the default reports, in MiB."""
SIZES = (1_000, 120_000, 1_000_000)
QUICK = (100, 1_000)
GAME = (
    '[Event "e"]\n[White "player {white}"]\n[Black "player {black}"]\n[WhiteElo "1500"]\n[BlackElo "1600"]\n'
    '[Result "1-0"]\n\n1. e4 {{ [%eval 0.3] }} e5 {{ [%eval 0.{loss}] }} 1-0\n\n'
)


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--players", type=int, nargs="+", metavar="N", help=f"numbers of players  {list(SIZES)}")
    parser.add_argument("--only-default", action="store_true", help="without all reports and HTML")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    sizes = args.players or (QUICK if args.quick else SIZES)
    table = Table("peak memory, MiB", ("players", "default", "seconds", "all, HTML", "seconds"))
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        for size in sizes:
            source = new_players(Path(name) / "games.pgn", size)
            default, seconds = measure(source, "-j", str(args.workers))
            cells = [f"{default:.0f}", f"{seconds:.1f}"]
            report.data[str(size)] = {"default": default, "seconds": seconds}
            if not args.only_default:
                folder = Path(name) / str(size)
                folder.mkdir()
                peak, seconds = measure(
                    source, "-j", str(args.workers), "-a", "all", "--follow-up-evaluator", "none",
                    "-o", str(folder / "report.html"),
                )  # fmt: skip
                cells += [f"{peak:.0f}", f"{seconds:.1f}"]
                report.data[str(size)] |= {"all": peak, "all_seconds": seconds}
            table.add(f"{size:,}", *cells, *["-"] * (4 - len(cells)))
            sides.say(f"{size:,} players: {', '.join(cells)}")
    report.tables = [table]
    report.find(
        f"peak memory with {sizes[-1]:,} players, each in one game",
        f"{default:.0f} MiB", f"< {AIM:.0f} MiB", met=default < AIM,
    )  # fmt: skip
    return report


def new_players(path: Path, players: int) -> Path:
    """Write games of players who play once, and return the file."""
    with path.open("w", encoding="utf-8") as file:
        for white in range(1, players, 2):
            # Their names come in no order, so that no sorted file is written from its beginning to its end.
            names = (f"{k * 7_919 % 1_000_003:07}" for k in (white, white + 1))
            file.write(GAME.format(white=next(names), black=next(names), loss=white % 9 + 1))
    return path


def measure(source: Path, *arguments: str) -> tuple[float, float]:
    """Analyse a recorded file; return the peak memory of the largest process in MiB, and seconds."""
    command = runs.engine_command(
        "analyze", source, "-e", "recorded", "-q", "-y", "--progress", "none", "--no-cache", *arguments
    )
    started = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=runs.environment())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        runs.check(process.returncode, errors.read(), command)
    used: Any = usage.ru_maxrss
    return used / 1024, time.monotonic() - started
