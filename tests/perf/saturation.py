"""How much of the bare evaluators' speed is left: nodes/s of `engine analyze` ÷ bare loops on all cores.

One bare loop for each core searches exactly what the workers are sent, with the same limits, all at once; text in,
text out. The rate of `engine analyze` is that of the whole command, from the start of the process to its end, and
once more from the moment the run begins (`in the run`). Both sides count the nodes they searched: where the sums
are equal, they did the same work.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from tests.perf import bare, evaluators, games, runs, sides
from tests.perf.evaluators import Searcher
from tests.perf.report import Report, Table

AIMS = {100_000: 0.97, 10_000: 0.90}
"""Least ratio, by nodes a position."""
GAMES = {100_000: 8, 10_000: 24}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE", help="PGN; default: the match of tests/data")
    parser.add_argument("--only", choices=["native", "embedded"], help="measure one of the two")


def run(args: argparse.Namespace) -> Report:
    found = Report()
    searchers, found.notes = evaluators.both(args.evaluator)
    columns = ("evaluator", "nodes", "bare, Mnodes/s", "engine, Mnodes/s", "ratio", "in the run", "same nodes")
    table = Table(f"{args.workers} loops and {args.workers} workers", columns)
    where = Table("where the workers' time goes", ("evaluator", "nodes", "starting", "searching", "waiting"))
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        for searcher in searchers:
            if args.only in (None, searcher.kind):
                for nodes, aim in AIMS.items():
                    source = games.chosen(args.games, Path(name), GAMES[nodes], quick=args.quick)
                    _compare(found, table, where, args, searcher, source, nodes, aim)
    found.tables = [table, where]
    return found


def _compare(
    found: Report,
    table: Table,
    where: Table,
    args: argparse.Namespace,
    searcher: Searcher,
    source: Path,
    nodes: int,
    aim: float,
) -> None:
    units = bare.recorded_units(source)
    flags = ("--nodes", str(nodes), "-j", str(args.workers))

    def loops() -> Any:
        return bare.loops(searcher, units, f"go nodes {nodes}", args.workers)

    def ours() -> Any:
        return runs.analyze(source, *flags, evaluator=searcher.name)

    measured = sides.in_turns({"bare": loops, "engine": ours}, args.rounds or (1 if args.quick else 5))
    left, right = measured["bare"], measured["engine"]
    ratio = sides.ratios([one.rate for one in right], [one.rate for one in left])
    inside = sides.ratios([one.counts.nodes / one.seconds for one in right], [one.rate for one in left])
    same = {one.nodes for one in left} == {one.counts.nodes for one in right}
    table.add(
        searcher.label, f"{nodes:,}",
        sides.spread([one.rate / 1e6 for one in left]), sides.spread([one.rate / 1e6 for one in right]),
        sides.spread(ratio, 3), sides.spread(inside, 3), "yes" if same else "no",
    )  # fmt: skip
    timed = runs.analyze(source, *flags, evaluator=searcher.name, timed=True)
    where.add(searcher.label, f"{nodes:,}", *worker_shares(timed))
    found.find(
        f"nodes/s of `engine analyze` ÷ bare loops, {searcher.kind}, {nodes // 1000}k nodes",
        f"{sides.median(ratio):.3f}", f"≥ {aim}", met=sides.median(ratio) >= aim,
    )  # fmt: skip
    found.data[f"{searcher.kind} {nodes}"] = {"bare": left, "engine": right, "timed": timed, "positions": len(units)}


def worker_shares(ran: runs.Ran) -> tuple[str, str, str]:
    """Starting in seconds (until ready), searching and waiting as shares of the time after that; of all workers."""
    count = max(1, len(ran.workers))
    starting = sum(one["before"] + one["starting"] for one in ran.workers) / count
    searching = sum(one["searching"] for one in ran.workers)
    waiting = sum(one["waiting"] for one in ran.workers)
    whole = max(searching + waiting, 1e-9)
    return f"{starting:.2f} s", f"{searching / whole:.1%}", f"{waiting / whole:.1%}"
