"""Many cores: 1, 2, 4, 8, 16 workers whose evaluator sleeps a fixed time per search, on however few cores.

Each worker has the same number of positions to search. Efficiency is the share of the workers' time, once they
are ready, in which they search; and of the whole command, starting included.

Then a run of eight times the positions and an eighth of the sleep. The processor time that the parent takes more
for it, by the positions that it has more, is what a position costs once the workers run. That says how many cores
the parent could keep busy with searches of 100k nodes at the speed measured here: it saturates when it is busy all
the time.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from tests.perf import bare, evaluators, games, runs, sides
from tests.perf.report import Report, Table

AIM_EFFICIENCY, AIM_CORES = 0.95, 1_500
SIZES = (1, 2, 4, 8, 16)
SLEEP = 0.16
"""Seconds that a search of 100k nodes takes at 600,000 nodes per second."""
POSITIONS = 180
"""Number of positions for each worker."""
PLIES = 60
NODES = 100_000
LONGER = 8
"""How many times the positions, and which part of the sleep, the longer run has."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help=f"numbers of workers  {list(SIZES)}")
    parser.add_argument("--sleep", type=float, metavar="S", help=f"seconds of a search  [{SLEEP}]")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    sizes = args.sizes or ((1, 4) if args.quick else SIZES)
    sleep = args.sleep or (0.02 if args.quick else SLEEP)
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        most = max(sizes)
        files = {size: _games(Path(name, f"{size}.pgn"), size) for size in sizes}
        searches = {str(size): _measure(files[size], size, sleep) for size in sizes}
        longer = _games(Path(name, "longer.pgn"), LONGER * most)
        searches["longer"] = _measure(longer, most, sleep / LONGER)
        measured = sides.in_turns(searches, args.rounds or (1 if args.quick else 5))
    table = Table(
        f"searches that sleep {sleep:g} s",
        ("workers", "positions", "seconds", "when ready", "whole command", "parent busy", "parent, us a position"),
    )
    for size in sizes:
        repeats = measured[str(size)]
        table.add(
            str(size), f"{repeats[0].counts.positions:,}", sides.spread([repeat.wall for repeat in repeats]),
            sides.spread([_ready(repeat) for repeat in repeats], 3),
            sides.spread([repeat.counts.searched * sleep / size / repeat.wall for repeat in repeats], 3),
            sides.spread([100 * repeat.cpu / repeat.seconds for repeat in repeats], 1, " %"),
            sides.spread([1e6 * _cost(repeat) for repeat in repeats], 0),
        )  # fmt: skip
    largest = measured[str(most)]
    cost = sides.median([_marginal(*pair) for pair in zip(largest, measured["longer"], strict=True)])
    included = sides.median([_cost(repeat) for repeat in largest])
    speed, label = _speed(args)
    report.evaluators = [label]
    cores = NODES / (cost * speed)
    efficiency = sides.median([_ready(repeat) for repeat in largest])
    report.tables = [table]
    a_position = f"{label} searches {speed:,.0f} nodes/s on a core here: 100k nodes take {NODES / speed:.3f} s"
    parent = (
        f"the parent takes {1e6 * cost:.0f} us for them once the workers run, so that {cores:,.0f} cores keep it "
        f"busy all the time. With {most} starts and the reports of a run this short it is {1e6 * included:.0f} us."
    )
    report.notes = [f"{a_position}; {parent}"]
    report.find(
        f"share of the time that {most} sleeping workers search, once ready",
        f"{efficiency:.3f}", f"≥ {AIM_EFFICIENCY}", met=efficiency >= AIM_EFFICIENCY,
    )  # fmt: skip
    report.find(
        "cores that the parent could keep busy, 100k nodes",
        f"{cores:,.0f}",
        f"≥ {AIM_CORES}",
        met=cores >= AIM_CORES,
    )
    report.data = {**measured, "nodes a second": speed, "cores": cores}
    return report


def _games(path: Path, workers: int) -> Path:
    return games.random_games(path, workers * POSITIONS // (PLIES + 1) + 1, PLIES)


def _measure(source: Path, workers: int, sleep: float) -> Any:
    def measure() -> runs.EngineRun:
        return runs.analyze(
            source, "-j", str(workers), evaluator="sleeping", plugin=runs.SLEEPING, timed=True,
            extra={"PERF_SLEEP": str(sleep)},
        )  # fmt: skip

    return measure


def _ready(ran: runs.EngineRun) -> float:
    searching = sum(worker["searching"] for worker in ran.workers)
    return searching / (searching + sum(worker["waiting"] for worker in ran.workers))


def _marginal(short: runs.EngineRun, longer: runs.EngineRun) -> float:
    """Return the parent's processor time in seconds for each position that the longer run has more."""
    return (longer.cpu - short.cpu) / (longer.counts.positions - short.counts.positions)


def _cost(ran: runs.EngineRun) -> float:
    """Return the parent's processor time for a position in seconds; starting the workers is part of its work."""
    return ran.cpu / ran.counts.positions


def _speed(args: argparse.Namespace) -> tuple[float, str]:
    """Return the nodes per second of one bare loop that searches alone, and the name of its evaluator."""
    searcher = evaluators.find_searcher(args.evaluator)
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        source = games.cut(games.CLASSICS, Path(name, "games.pgn"), 1)
        units = bare.recorded_units(source)
    return bare.loops(searcher, units, f"go nodes {NODES}", 1).rate, searcher.label
