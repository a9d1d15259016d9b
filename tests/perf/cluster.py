"""A Dask cluster on this machine beside the local executor, 50 sleeping workers, arithmetic for larger clusters.

Throughput: nodes a second of `engine analyze --executor dask` on a cluster that runs already and without an
address, which starts one, and of `--executor local`, with as many workers, over the whole command. Efficiency: a
scheduler and workers with 50 threads in all, whose evaluator sleeps a fixed time for each search; the share of the
threads' time, once their evaluator is ready, in which they search. From the bytes of bundles, and the processor
time of the scheduler for a bundle and of the client for a position, follows what 10, 100 and 1,000 machines would
ask of both. What starting costs is taken out by a second, shorter run.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tests.perf import games, runs, sides
from tests.perf.report import Failed, Report, Table

AIM = 0.95
NODES = 100_000
SLEEP = 0.16
"""Seconds that a search of 100k nodes takes at 600,000 nodes per second."""
PROCESSES, THREADS = 10, 5
POSITIONS = 180
"""Number of positions for each thread."""
PLIES = 60
CORES = 8
"""Cores of a machine in the arithmetic."""
_LOG = re.compile(rb"(\d+) bundles with (\d+) units: (\d+) bytes sent, (\d+) bytes back")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE.pgn", help="the games  [the match of our own data]")
    parser.add_argument("--number", type=int, default=12, help="of games for the throughput  [12]")
    parser.add_argument("--nodes", type=int, default=NODES, help=f"a position  [{NODES}]")
    parser.add_argument("--only", choices=("throughput", "efficiency"), help="only one of the two")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        if args.only != "efficiency":
            _throughput(args, report, Path(name))
        if args.only != "throughput":
            _efficiency(args, report, Path(name))
    return report


def _throughput(args: argparse.Namespace, report: Report, folder: Path) -> None:
    source = games.choose(args.games, folder, 1 if args.quick else args.number, quick=args.quick)
    nodes = 1_000 if args.quick else args.nodes
    evaluator = args.evaluator or "stockfish"

    def measure(*executor: str) -> Any:
        words = (*executor, "--nodes", str(nodes), "-j", str(args.workers))
        return lambda: runs.analyze(source, *words, evaluator=evaluator)

    with _running(folder, args.workers) as flags:
        found = sides.in_turns(
            {
                "local": measure("--executor", "local"),
                "dask, a cluster that runs": measure(*flags),
                "dask, a cluster of its own": measure("--executor", "dask"),
            },
            args.rounds or (1 if args.quick else 3),
        )
    table = Table(f"{evaluator}, {args.workers} workers", ("executor", "positions", "seconds", "nodes/s"))
    for name, ran in found.items():
        walls, rates = [each.wall for each in ran], [each.rate for each in ran]
        table.add(name, f"{ran[0].counts.positions:,}", sides.spread(walls, 1), sides.spread(rates, 0))
    report.tables.append(table)
    local = [ran.rate for ran in found["local"]]
    for name in list(found)[1:]:
        ratios = sides.ratios([ran.rate for ran in found[name]], local)
        what = (
            f"nodes/s of --executor {name} ÷ local, {args.workers} workers, {nodes} nodes, start and end included"
        )
        if name.endswith("that runs"):
            report.find(what, sides.spread(ratios, 3), f"≥ {AIM}", met=sides.median(ratios) >= AIM)
        else:
            report.find(what, sides.spread(ratios, 3))
    report.data["throughput"] = found


@contextlib.contextmanager
def _running(folder: Path, workers: int) -> Iterator[list[str]]:
    """Run a cluster with so many workers of one thread; yield the flags of a run on it."""
    from tests.plugins.executors.cluster_rig import Cluster

    cluster = Cluster(folder)
    try:
        cluster.start(workers)
        cluster.wait_for_workers(workers)
        yield cluster.flags()
    finally:
        cluster.close()


def _efficiency(args: argparse.Namespace, report: Report, folder: Path) -> None:
    processes, threads, sleep = (2, 2, 0.02) if args.quick else (PROCESSES, THREADS, SLEEP)
    slots = processes * threads
    positions = 40 if args.quick else POSITIONS
    source = games.random_games(folder / "random.pgn", slots * positions // (PLIES + 1) + 1, PLIES)
    short = games.random_games(folder / "short.pgn", slots * positions // (4 * PLIES) + 1, PLIES, seed=2)
    first, found = (_on_cluster(file, folder, processes, threads, sleep) for file in (short, source))
    found.take_out(first)
    report.tables.append(found.table(slots, sleep))
    report.tables.append(found.arithmetic(sleep))
    what = f"share of the time that {slots} sleeping workers of a cluster search, once ready"
    report.find(what, f"{found.efficiency:.3f}", f"≥ {AIM}", met=found.efficiency >= AIM)
    report.data["efficiency"] = found.values


class _Found:
    """A run on a cluster, and what it cost."""

    def __init__(self, times: list[dict[str, float]], log: bytes, scheduler: float, client: float) -> None:
        match = _LOG.search(log)
        if match is None:
            raise Failed(f"the executor said nothing: {log[-300:]!r}")
        self.bundles, self.units, self.sent, self.back = map(int, match.groups())
        searching, waiting = (sum(each[key] for each in times) for key in ("searching", "waiting"))
        self.positions = sum(each["searches"] for each in times)
        self.efficiency = searching / (searching + waiting)
        self.scheduler, self.client = scheduler, client
        self.values = dict(vars(self))

    def take_out(self, shorter: _Found) -> None:
        """Take the processor time that a shorter run needed too out of the processor time."""
        share = 1 - shorter.bundles / self.bundles
        self.scheduler = max(0.0, self.scheduler - shorter.scheduler) / share
        self.client = max(0.0, self.client - shorter.client) / share

    def table(self, slots: int, sleep: float) -> Table:
        table = Table(
            f"{slots} searches that sleep {sleep:g} s",
            ("positions", "bundles", "units each", "bytes sent", "back", "scheduler, ms", "client, us/position"),
        )  # fmt: skip
        per = self.bundles
        table.add(
            f"{self.positions:,.0f}", f"{per:,}", f"{self.units / per:.1f}", f"{self.sent / per:,.0f}",
            f"{self.back / per:,.0f}", f"{1e3 * self.scheduler / per:.2f}",
            f"{1e6 * self.client / self.positions:.0f}",
        )  # fmt: skip
        return table

    def arithmetic(self, sleep: float) -> Table:
        """Return what machines of 8 cores would ask of scheduler, client and network."""
        title = (
            f"machines of {CORES} cores, 100k nodes a position: percent of a core, and KB/s through the scheduler"
        )
        table = Table(
            title, ("machines", "seconds in a bundle", "bundles/s", "scheduler", "client", "KB/s each way")
        )
        for machines in (10, 100, 1_000):
            for seconds in (1.0, 10.0):
                bundles = machines * CORES / seconds
                positions = machines * CORES / sleep
                traffic = (self.sent + self.back) / self.positions * positions
                table.add(
                    f"{machines:,}", f"{seconds:g}", f"{bundles:,.0f}",
                    f"{100 * bundles * self.scheduler / self.bundles:,.0f} %",
                    f"{100 * positions * self.client / self.positions:,.0f} %", f"{traffic / 1000:,.0f}",
                )  # fmt: skip
        return table


def _on_cluster(source: Path, folder: Path, processes: int, threads: int, sleep: float) -> _Found:
    from tests.plugins.executors.cluster_rig import Cluster

    folder = Path(tempfile.mkdtemp(dir=folder))
    times = folder / "times"
    times.mkdir()
    variables = {
        "PERF_INNER": "sleeping", "PERF_TIMES": str(times), "PERF_PLUGINS": str(runs.SLEEPING),
        "PERF_SLEEP": str(sleep),
    }  # fmt: skip
    made = Cluster(folder)
    try:
        made.start_scheduler()
        for _ in range(processes):
            made.add("--nthreads", str(threads), env=variables)
        made.wait_for_workers(processes)
        assert made.scheduler is not None
        before = _processor_seconds(made.scheduler.pid)
        output = folder / "run.counts"
        command = runs.engine_command(
            "analyze", source, "-y", "-v", "--progress", "none", "--no-adaptive", "--no-cache", "-e", "timed",
            *(word for file in (runs.COUNTS, runs.SLEEPING, runs.TIMED) for word in ("--plugin", file)),
            "--nodes", str(NODES), "-o", output, *made.flags(),
        )  # fmt: skip
        done = subprocess.run(command, env=runs.environment(variables), capture_output=True, check=False)
        runs.check(done.returncode, done.stderr, command)
        scheduler = _processor_seconds(made.scheduler.pid) - before
    finally:
        made.close()
    read = [msgspec.json.decode(file.read_bytes(), type=dict[str, float]) for file in times.iterdir()]
    client = msgspec.json.decode(output.read_bytes(), type=dict[str, Any])["cpu"]
    return _Found(read, done.stderr, scheduler, client)


def _processor_seconds(pid: int) -> float:
    """Return the processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))
