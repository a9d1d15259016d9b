"""One shard of a file beside a run of all of it: how much faster a machine is that reads a share of the games.

Recorded evaluations, so that nothing is searched and reading is what counts. The file has the Lichess games where
the big real data is, else the match of tests/data, in copies with other addresses, so that no game is a copy.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

from tests.perf import games, runs, sides
from tests.perf.report import Report, Table

AIM = 8.0
"""Smallest ratio of the time of the whole to that of a sixteenth."""
OF = 16
GAMES = 20_000
"""Least number of games, reached with copies of the file."""
_SITE = re.compile(rb'\[Site "(?:[^"\\]|\\.)*"\]\n')


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--games", metavar="FILE", help="PGN with [%%eval] comments")


def run(args: argparse.Namespace) -> Report:
    report = Report()
    with tempfile.TemporaryDirectory(prefix="perf-") as name:
        source, count = _source(args, Path(name))
        out = Path(name, "out.jsonl")

        def whole() -> runs.EngineRun:
            return runs.analyze(source, "-j", str(args.workers), "-o", out, evaluator="recorded")

        def shard() -> runs.EngineRun:
            flags = ("-j", str(args.workers), "-o", out, "--shard", f"3/{OF}")
            return runs.analyze(source, *flags, evaluator="recorded")

        measured = sides.in_turns({"whole": whole, "shard": shard}, args.rounds or (1 if args.quick else 3))
    walls = {side: [ran.wall for ran in ranks] for side, ranks in measured.items()}
    table = Table(f"{count:,} games to JSON Lines and the default reports", ("side", "games", "seconds"))
    for side in ("whole", "shard"):
        table.add(side, f"{measured[side][0].counts.analysed:,}", sides.spread(walls[side]))
    report.tables = [table]
    ratio = sides.ratios(walls["whole"], walls["shard"])
    report.find(
        f"time of a whole file of {count:,} games ÷ that of a shard of 1/{OF}, recorded evaluations",
        sides.spread(ratio), f"≥ {AIM:g}", met=sides.median(ratio) >= AIM,
    )  # fmt: skip
    report.data = dict(measured)
    return report


def _source(args: argparse.Namespace, folder: Path) -> tuple[Path, int]:
    """Write the input file; return it and its number of games."""
    target = folder / "games.pgn"
    count = games.write_recorded(target, args.games, quick=args.quick)
    times = 1 if args.quick else -(-GAMES // max(1, count))
    parts = _SITE.split(target.read_bytes())
    with target.open("wb") as file:
        for k in range(times):
            file.write(parts[0])
            for n, part in enumerate(parts[1:]):
                file.write(b'[Site "https://lichess.org/%04x%04x"]\n' % (k, n) + part)
    return target, count * times
