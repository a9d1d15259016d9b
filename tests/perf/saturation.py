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

from engine.settings import parse_count
from tests.perf import bare, evaluators, games, runs, sides
from tests.perf.evaluators import Searcher
from tests.perf.report import Report, Table

AIMS = {100_000: 0.97, 10_000: 0.90}
"""Smallest ratio, by nodes per position."""
REAL = ("lichess-analysed", "games_eval_clk.pgn")
"""Games of the big real data, if present: with few nodes the match of tests/data is over in seconds."""
GAMES = {100_000: 16, 10_000: 72}
MOST = 8
"""Number of games for other limits."""
MATCH = 24
"""Number of games in the match."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE", help="PGN; default: the match of tests/data")
    parser.add_argument("--nodes", type=parse_count, metavar="N", help=f"a position  {list(AIMS)}")
    parser.add_argument("--only", choices=["native", "embedded"], help="measure one of the two")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    searchers, report.notes = evaluators.both(args.evaluator, args.only)
    report.evaluators = [searcher.label for searcher in searchers]
    columns = ("evaluator", "nodes", "bare, Mnodes/s", "engine, Mnodes/s", "ratio", "in the run", "same nodes")
    table = Table(f"{args.workers} loops and {args.workers} workers", columns)
    where = Table("where the workers' time goes", ("evaluator", "nodes", "starting", "searching", "waiting"))
    report.tables = [table, where]
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        for searcher in searchers:
            for nodes in [args.nodes] if args.nodes else AIMS:
                count = GAMES.get(nodes, MOST)
                path = args.games or (games.big(*REAL) if count > MATCH else None)
                source = games.choose(path, Path(name), count, quick=args.quick)
                _compare(report, args, searcher, source, nodes)
    return report


def _compare(report: Report, args: argparse.Namespace, searcher: Searcher, source: Path, nodes: int) -> None:
    """Measure one evaluator at one limit and add a row to both tables."""
    table, where = report.tables
    aim = AIMS.get(nodes)
    units = bare.recorded_units(source)
    flags = ("--nodes", str(nodes), "-j", str(args.workers))

    def loops() -> Any:
        return bare.loops(searcher, units, f"go nodes {nodes}", args.workers)

    def ours() -> Any:
        return runs.analyze(source, *flags, evaluator=searcher.name)

    measured = sides.in_turns({"bare": loops, "engine": ours}, args.rounds or (1 if args.quick else 5))
    left, right = measured["bare"], measured["engine"]
    ratio = sides.ratios([ran.rate for ran in right], [loop.rate for loop in left])
    inside = sides.ratios([ran.counts.nodes / ran.seconds for ran in right], [loop.rate for loop in left])
    same = {loop.nodes for loop in left} == {ran.counts.nodes for ran in right}
    table.add(
        searcher.label, f"{nodes:,}",
        sides.spread([loop.rate / 1e6 for loop in left]), sides.spread([ran.rate / 1e6 for ran in right]),
        sides.spread(ratio, 3), sides.spread(inside, 3), "yes" if same else "no",
    )  # fmt: skip
    timed = runs.analyze(source, *flags, evaluator=searcher.name, timed=True)
    where.add(searcher.label, f"{nodes:,}", *worker_shares(timed))
    what = f"nodes/s of `engine analyze` ÷ bare loops, {searcher.kind}, {nodes // 1000}k nodes"
    middle = sides.median(ratio)
    if aim is None:
        report.find(what, f"{middle:.3f}")
    else:
        report.find(what, f"{middle:.3f}", f"≥ {aim:.2f}", met=middle >= aim)
    report.data[f"{searcher.kind} {nodes}"] = {
        "bare": left,
        "engine": right,
        "timed": timed,
        "positions": len(units),
    }


def worker_shares(ran: runs.EngineRun) -> tuple[str, str, str]:
    """Return the mean seconds until a worker is ready, and the shares of searching and waiting after that."""
    count = max(1, len(ran.workers))
    starting = sum(worker["before"] + worker["starting"] for worker in ran.workers) / count
    searching = sum(worker["searching"] for worker in ran.workers)
    waiting = sum(worker["waiting"] for worker in ran.workers)
    whole = max(searching + waiting, 1e-9)
    return f"{starting:.2f} s", f"{searching / whole:.1%}", f"{waiting / whole:.1%}"
