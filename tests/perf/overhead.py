"""What the framework itself costs: positions/s with an evaluator that costs nothing, and where the time goes.

PGN in, JSON Lines and two aggregators out, nothing from a cache. The evaluator looks up prepared answers of full
length. Beside it, in turns, the bare python-chess loop that only reads the file and replays it. One more run, with
clocks in it, says where workers and parent spend their time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.perf import answers, games, runs, sides
from tests.perf.report import Report, Table
from tests.perf.saturation import worker_shares

AIM = 20_000
"""Smallest number of positions per second."""
PLIES = 60
READ = """
import sys, chess.pgn
positions = 0
with open(sys.argv[1], encoding="utf-8") as file:
    while (game := chess.pgn.read_game(file)) is not None:
        positions += 1 + sum(1 for _ in game.mainline())
"""
OUTPUTS = ("-a", "accuracy,judgements")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", type=int, metavar="N", help="random games of 60 plies  [2000]")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    count = args.games or (100 if args.quick else 2_000)
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        folder = Path(name)
        source = games.random_games(folder / "games.pgn", count, PLIES)
        prepared = {"PERF_ANSWERS": str(answers.write(source, folder / "answers.json"))}
        flags = ("-j", str(args.workers), "-o", folder / "out.jsonl", *OUTPUTS)

        def ours(*, clocks: bool = False) -> runs.EngineRun:
            return runs.analyze(
                source,
                *flags,
                evaluator="instant",
                plugin=runs.INSTANT,
                extra=prepared,
                timed=clocks,
                sample=clocks,
            )

        def reading() -> float:
            return runs.call([sys.executable, "-c", READ, str(source)])

        rounds = args.rounds or (1 if args.quick else 5)
        turns: dict[str, Callable[[], Any]] = {"engine": ours, "python-chess": reading}
        measured = sides.in_turns(turns, rounds)
        engine = measured["engine"]
        clocked = ours(clocks=True)
    positions = engine[0].counts.positions
    whole = [positions / ran.wall for ran in engine]
    table = Table(
        f"{count:,} games, {positions:,} positions, {args.workers} workers", ("side", "seconds", "positions/s")
    )
    table.add(
        "engine analyze, the whole command", sides.spread([ran.wall for ran in engine]), sides.spread(whole, 0)
    )
    inside = [positions / ran.seconds for ran in engine]
    table.add("engine analyze, in the run", sides.spread([ran.seconds for ran in engine]), sides.spread(inside, 0))
    bare = measured["python-chess"]
    table.add(
        "python-chess only reads", sides.spread(bare), sides.spread([positions / seconds for seconds in bare], 0)
    )
    workers = Table("the workers", ("", "starting", "searching", "waiting"))
    workers.add("mean, share of the time when ready", *worker_shares(clocked))
    report.tables = [table, parent_table(clocked), workers]
    rate = sides.median(whole)
    report.find(
        "positions/s, PGN to JSON Lines and two reports, evaluator that costs nothing",
        f"{rate:,.0f}", f"≥ {AIM:,}", met=rate >= AIM,
    )  # fmt: skip
    report.data = {**measured, "clocked": clocked}
    return report


def parent_table(ran: runs.EngineRun) -> Table:
    """Return the parent's processor time by stage, for a run that was measured with `sample`."""
    table = Table("the parent's time", ("stage", "seconds", "share of the run", "us a position"))
    total = max(1, sum(ran.samples.values()))
    positions = max(1, ran.counts.positions)
    rows = {stage: ran.cpu * count / total for stage, count in sorted(ran.samples.items(), key=lambda kv: -kv[1])}
    rows["(not running: waits, or others run)"] = max(0.0, ran.seconds - ran.cpu)
    for stage, seconds in rows.items():
        share = seconds / max(ran.seconds, 1e-9)
        table.add(stage, f"{seconds:.2f}", f"{share:.1%}", f"{1e6 * seconds / positions:.1f}")
    table.add("before the run (interpreter, imports, evaluator)", f"{ran.cpu_before:.2f}", "", "")
    return table
