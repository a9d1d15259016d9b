"""What is not paid for twice: the second run of a file, and a file that shares its openings with the first.

Each round begins with an empty cache: the file, the file again, another file that has the same first 12 plies,
and, for comparison, that other file on an empty cache.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.perf import evaluators, games, runs, sides
from tests.perf.report import Report, Table

AIM = 1 / 50
"""Greatest time of the second run, as a share of the first."""
GAMES = 8


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE", help="PGN; default: the match of tests/data")
    parser.add_argument("--nodes", default="100k", help="a position  [100k]")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    searcher = evaluators.find_searcher(args.evaluator)
    report.evaluators = [searcher.label]
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        source = games.choose(args.games, folder, GAMES, quick=args.quick)
        other = games.write_sharing(source, folder / "sharing.pgn")
        flags = ("-j", str(args.workers), "--nodes", "20k" if args.quick else args.nodes)

        def analysed(path: Path, cache: str, *, fresh: bool) -> Callable[[], runs.EngineRun]:
            def measure() -> runs.EngineRun:
                if fresh:
                    for file in folder.glob(f"{cache}*"):
                        file.unlink()
                return runs.analyze(path, *flags, evaluator=searcher.name, cache=folder / cache)

            return measure

        steps = {
            "the file": analysed(source, "a.sqlite", fresh=True),
            "the same file again": analysed(source, "a.sqlite", fresh=False),
            "another that shares its openings": analysed(other, "a.sqlite", fresh=False),
            "that one on an empty cache": analysed(other, "b.sqlite", fresh=True),
        }
        measured = sides.in_turns(steps, args.rounds or (1 if args.quick else 5))
    table = Table(
        f"{searcher.label}, {flags[-1]} nodes, {args.workers} workers", ("run", "seconds", "from the cache")
    )
    for label, repeats in measured.items():
        counts = repeats[0].counts
        table.add(
            label, sides.spread([repeat.wall for repeat in repeats]), f"{counts.cached:,} of {counts.positions:,}"
        )
    again = _ratio(measured, "the same file again", "the file")
    shared = _ratio(measured, "another that shares its openings", "that one on an empty cache")
    report.tables = [table]
    report.find(
        "second run of a file ÷ first",
        f"1/{1 / sides.median(again):.0f}",
        "≤ 1/50",
        met=sides.median(again) <= AIM,
    )
    report.find(
        "file that shares 12 plies with an analysed one ÷ on an empty cache", f"{sides.median(shared):.2f}"
    )
    report.data = dict(measured)
    return report


def _ratio(measured: dict[str, list[runs.EngineRun]], above: str, below: str) -> list[float]:
    return sides.ratios([repeat.wall for repeat in measured[above]], [repeat.wall for repeat in measured[below]])
