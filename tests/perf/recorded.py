"""From `[%eval]` to reports without searching: games/s beside one python-chess loop that calls `node.eval()`.

Lichess games with evaluations and clocks where the big real data is, else the match of tests/data; the file
several times over, so that starting does not decide. The loop reads and calls `node.eval()`, and reports
nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.perf import games, runs, sides
from tests.perf.overhead import parent_table
from tests.perf.report import Report, Table

AIM_WITHOUT, AIM_JSONL = 70_000, 60_000
"""Smallest numbers of positions per second on two cores: reports alone, and with JSON Lines."""
AIM = 1.4
"""Smallest ratio of our games per second to those of the loop."""
LOOP = """
import sys, chess.pgn
with open(sys.argv[1], encoding="utf-8") as file:
    while (game := chess.pgn.read_game(file)) is not None:
        for node in game.mainline():
            node.eval()
"""
GAMES = 12_000
"""Approximate number of games, reached with whole copies of the file."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE", help="PGN with [%%eval] comments")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        source, count = _source(args, Path(name))

        def ours(*outputs: str | Path, sample: bool = False) -> runs.EngineRun:
            flags = ("--keep-duplicates", "-j", str(args.workers), *outputs)
            return runs.analyze(source, *flags, evaluator="recorded", sample=sample)

        def loop() -> float:
            return runs.call([sys.executable, "-c", LOOP, str(source)])

        turns: dict[str, Callable[[], Any]] = {
            "engine": ours,
            "JSON Lines": lambda: ours("-o", Path(name, "out.jsonl")),
            "loop": loop,
        }
        measured = sides.in_turns(turns, args.rounds or (1 if args.quick else 5))
        clocked = ours(sample=True)
    walls, loops = [ran.wall for ran in measured["engine"]], measured["loop"]
    table = Table(f"{count:,} games, {clocked.counts.positions:,} evaluations", ("side", "seconds", "games/s"))
    table.add(
        "engine analyze -e recorded", sides.spread(walls), sides.spread([count / seconds for seconds in walls], 0)
    )
    table.add(
        "python-chess, node.eval()", sides.spread(loops), sides.spread([count / seconds for seconds in loops], 0)
    )
    ratio = sides.ratios(loops, walls)
    for side, words, aim in (
        ("engine", "`[%eval]` to the default reports", AIM_WITHOUT),
        ("JSON Lines", "`[%eval]` to JSON Lines and the default reports", AIM_JSONL),
    ):
        speeds = [ran.counts.positions / ran.wall for ran in measured[side]]
        met = sides.median(speeds) >= aim
        report.find(f"positions/s, {words}", sides.spread(speeds, 0), f"≥ {aim:,}", met=met)
    report.tables = [table, parent_table(clocked)]
    report.find(
        "games/s from `[%eval]` to the default reports ÷ one python-chess loop with `node.eval()`",
        sides.spread(ratio), f"≥ {AIM}", met=sides.median(ratio) >= AIM,
    )  # fmt: skip
    report.data = {**measured, "clocked": clocked}
    return report


def _source(args: argparse.Namespace, folder: Path) -> tuple[Path, int]:
    """Write the input file; return it and its number of games."""
    target = folder / "games.pgn"
    count = games.write_recorded(target, args.games, quick=args.quick)
    times = 1 if args.quick else max(1, GAMES // max(1, count))
    target.write_bytes(target.read_bytes() * times)
    return target, count * times
