"""Whether `engine analyze --for TIME` takes the time that it is given: wall time over budget.

Files of 1, 20 and 500 games: the first ones of a file that `--games` names. Where none is named they are from the
match of our own data, which has 24; larger files are random games, because a run finds games that are repeated in
its cache. The wall time is that of the whole process, nothing comes from a cache. `--only` chooses one file, and
`--seconds` another time.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import time
from pathlib import Path

from tests.perf import games, runs, sides
from tests.perf.report import Report, Table

LEAST, MOST = 0.85, 1.15
BUDGETS = {1: 20, 20: 60, 500: 180}
"""Seconds for files of so many games."""
QUICK = {1: 20}
PLIES = 80
"""Plies of a random game."""
_CHOSEN = re.compile(r"is --nodes (\S+)(?: --adaptive)? here")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--games", metavar="FILE.pgn", help="where the games are from  [the match of our own data]"
    )
    parser.add_argument("--only", type=int, choices=list(BUDGETS), help="only the file of so many games")
    parser.add_argument("--seconds", type=int, metavar="N", help="the budget  [20, 60, 180]")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    budgets = QUICK if args.quick else BUDGETS
    if args.only:
        budgets = {args.only: budgets.get(args.only, BUDGETS[args.only])}
    evaluator = args.evaluator or "embedded"
    table = Table(
        f"{evaluator}, {args.workers} workers", ("games", "budget, s", "nodes", "wall, s", "wall / budget")
    )
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        for number, usual in budgets.items():
            seconds = args.seconds or usual
            source = _source(args.games, folder / f"{number}.pgn", number)
            shares, nodes = [], []
            for _ in range(args.rounds or 1):
                wall, chosen = _timed(source, evaluator, args.workers, seconds)
                shares.append(wall / seconds)
                nodes.append(chosen)
                sides.say(f"{number} games for {seconds} s: {chosen} nodes, {wall:.1f} s")
            middle = sides.median(shares)
            table.add(f"{number}", f"{seconds}", " ".join(nodes), f"{seconds * middle:.1f}", sides.spread(shares))
            report.find(
                f"wall time of --for {seconds}s ÷ {seconds} s, games: {number}, {Path(evaluator).name}",
                sides.spread(shares), f"{LEAST} to {MOST}", met=LEAST <= middle <= MOST,
            )  # fmt: skip
    report.tables = [table]
    return report


def _source(path: str | None, target: Path, number: int) -> Path:
    if path is not None:
        return games.cut(Path(path), target, number)
    if number <= len(games.match()):
        return games.write_match(target, number)
    return games.random_games(target, number, PLIES)


def _timed(source: Path, evaluator: str, workers: int, seconds: int) -> tuple[float, str]:
    """Run the command once; return its wall time and the nodes that it has chosen. Raises `Failed`."""
    flags = ("--for", f"{seconds}s", "-e", evaluator, "-j", str(workers), "--no-cache", "--keep-duplicates")
    command = runs.engine_command("analyze", source, *flags)
    started = time.monotonic()
    done = subprocess.run(command, env=runs.environment(), capture_output=True, check=False)
    wall = time.monotonic() - started
    runs.check(done.returncode, done.stderr, command)
    found = _CHOSEN.search(done.stderr.decode())
    return wall, found[1] if found else "none"
