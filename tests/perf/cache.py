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
"""Second run ÷ first, at most."""
GAMES = 8


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE", help="PGN; default: the match of tests/data")
    parser.add_argument("--nodes", default="100k", help="a position  [100k]")


def run(args: argparse.Namespace) -> Report:
    found = Report()
    searcher = evaluators.found(args.evaluator)
    found.evaluators = [searcher.label]
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        source = games.chosen(args.games, folder, GAMES, quick=args.quick)
        other = games.sharing(source, folder / "sharing.pgn")
        flags = ("-j", str(args.workers), "--nodes", "20k" if args.quick else args.nodes)

        def analysed(path: Path, cache: str, *, fresh: bool) -> Callable[[], runs.Ran]:
            def measure() -> runs.Ran:
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
    for what, all_of in measured.items():
        counts = all_of[0].counts
        table.add(what, sides.spread([one.wall for one in all_of]), f"{counts.cached:,} of {counts.positions:,}")
    again = _ratio(measured, "the same file again", "the file")
    shared = _ratio(measured, "another that shares its openings", "that one on an empty cache")
    found.tables = [table]
    found.find(
        "second run of a file ÷ first",
        f"1/{1 / sides.median(again):.0f}",
        "≤ 1/50",
        met=sides.median(again) <= AIM,
    )
    found.find("file that shares 12 plies with an analysed one ÷ on an empty cache", f"{sides.median(shared):.2f}")
    found.data = dict(measured)
    return found


def _ratio(measured: dict[str, list[runs.Ran]], above: str, below: str) -> list[float]:
    return sides.ratios([one.wall for one in measured[above]], [one.wall for one in measured[below]])
