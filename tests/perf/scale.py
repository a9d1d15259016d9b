"""Many cores: 1, 2, 4, 8, 16 workers whose evaluator sleeps a fixed time per search, on however few cores.

Each worker has the same number of positions to search. Efficiency is the share of the workers' time, once they
are ready, in which they search; and of the whole command, starting included. The parent's processor time for a
position, starting the workers included, says how many cores it could keep busy with searches of 100k nodes at
the speed measured here: it saturates when it is busy all the time.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from tests.perf import bare, evaluators, games, runs, sides
from tests.perf.report import Report, Table

AIM_EFFICIENCY, AIM_CORES = 0.95, 500
SIZES = (1, 2, 4, 8, 16)
SLEEP = 0.16
"""Seconds of a search of 100k nodes at 600,000 a second."""
POSITIONS = 180
"""A worker."""
PLIES = 60
NODES = 100_000


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help=f"numbers of workers  {list(SIZES)}")
    parser.add_argument("--sleep", type=float, metavar="S", help=f"seconds of a search  [{SLEEP}]")


def run(args: argparse.Namespace) -> Report:
    found = Report()
    sizes = args.sizes or ((1, 4) if args.quick else SIZES)
    sleep = args.sleep or (0.02 if args.quick else SLEEP)
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        files = {size: _games(Path(name, f"{size}.pgn"), size) for size in sizes}
        searches = {str(size): _measure(files[size], size, sleep) for size in sizes}
        measured = sides.in_turns(searches, args.rounds or (1 if args.quick else 5))
    table = Table(
        f"searches that sleep {sleep:g} s",
        ("workers", "positions", "seconds", "when ready", "whole command", "parent busy", "parent, us a position"),
    )
    for size in sizes:
        all_of = measured[str(size)]
        table.add(
            str(size), f"{all_of[0].counts.positions:,}", sides.spread([one.wall for one in all_of]),
            sides.spread([_ready(one) for one in all_of], 3),
            sides.spread([one.counts.searched * sleep / size / one.wall for one in all_of], 3),
            sides.spread([100 * one.cpu / one.seconds for one in all_of], 1, " %"),
            sides.spread([1e6 * _cost(one) for one in all_of], 0),
        )  # fmt: skip
    largest = measured[str(max(sizes))]
    cost = sides.median([_cost(one) for one in largest])
    speed, who = _speed(args)
    found.evaluators = [who]
    cores = NODES / (cost * speed)
    efficiency = sides.median([_ready(one) for one in largest])
    found.tables = [table]
    a_position = f"{who} searches {speed:,.0f} nodes/s on a core here: 100k nodes take {NODES / speed:.3f} s"
    parent = (
        f"the parent takes {1e6 * cost:.0f} us for them, so that {cores:,.0f} cores keep it busy all the time."
    )
    found.notes = [f"{a_position}; {parent}"]
    found.find(
        f"share of the time that {max(sizes)} sleeping workers search, once ready",
        f"{efficiency:.3f}", f"≥ {AIM_EFFICIENCY}", met=efficiency >= AIM_EFFICIENCY,
    )  # fmt: skip
    found.find(
        "cores that the parent could keep busy, 100k nodes",
        f"{cores:,.0f}",
        f"≥ {AIM_CORES}",
        met=cores >= AIM_CORES,
    )
    found.data = {**measured, "nodes a second": speed, "cores": cores}
    return found


def _games(path: Path, workers: int) -> Path:
    return games.random_games(path, workers * POSITIONS // (PLIES + 1) + 1, PLIES)


def _measure(source: Path, workers: int, sleep: float) -> Any:
    def measure() -> runs.Ran:
        return runs.analyze(
            source, "-j", str(workers), evaluator="sleeping", plugin=runs.SLEEPING, timed=True,
            extra={"PERF_SLEEP": str(sleep)},
        )  # fmt: skip

    return measure


def _ready(ran: runs.Ran) -> float:
    searching = sum(one["searching"] for one in ran.workers)
    return searching / (searching + sum(one["waiting"] for one in ran.workers))


def _cost(ran: runs.Ran) -> float:
    """The parent's seconds of processor time for a position; starting the workers is part of its work."""
    return ran.cpu / ran.counts.positions


def _speed(args: argparse.Namespace) -> tuple[float, str]:
    """Nodes a second of one bare loop, while nobody else searches, and whose."""
    searcher = evaluators.found(args.evaluator)
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        source = games.cut(games.CLASSICS, Path(name, "games.pgn"), 1)
        units = bare.recorded_units(source)
    return bare.loops(searcher, units, f"go nodes {NODES}", 1).rate, searcher.label
