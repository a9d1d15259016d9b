"""Runs all benchmarks and rewrites the table in tests/perf/README.md; hours, or minutes with `--quick`.

Each runs in a process of its own, so that one that fails costs the others nothing; the table says so. With
`--quick` nothing is written. `--only` and `--but` choose; rows of benchmarks that are not run stay as they are.
The JSON of each is kept in `--folder`, by default `perf` in the user's cache folder.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shlex
import subprocess
import sys
from pathlib import Path

from engine.system.paths import cache_dir
from tests.perf import machine, readme, report, sides
from tests.perf.report import Table


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", metavar="NAMES", help="with commas between them")
    parser.add_argument("--but", metavar="NAMES", help="leave these out")
    parser.add_argument("--folder", type=Path, metavar="FOLDER", default=cache_dir() / "perf", help="of the JSON")
    parser.add_argument("--readme", type=Path, default=readme.README, metavar="FILE", help="[perf/README.md]")


def main(args: argparse.Namespace) -> int:
    """Run the benchmarks; return 0, or 1 when one of them could not be run."""
    from tests.perf.__main__ import BENCHMARKS

    for name in _names(args.only) + _names(args.but):
        if name not in BENCHMARKS:
            raise report.Failed(f"no benchmark is called {name!r}")
    names = [name for name in _names(args.only) or BENCHMARKS if name not in _names(args.but)]
    rows: dict[str, list[str]] = {}
    table = Table("all", ("what", "figure", "aim"))
    searched: list[str] = []
    failed = 0
    for name in names:
        outcome = _run(name, args, args.folder / f"{name}.json")
        if isinstance(outcome, str):
            failed += 1
            rows[name] = readme.not_measured(name, outcome)
            table.add(name, "not measured", outcome)
            continue
        rows[name] = readme.rows_of(outcome)
        searched = list(dict.fromkeys([*searched, *outcome.evaluators]))
        for finding in outcome.findings:
            table.add(finding.what, finding.figure, finding.verdict)
        if not args.quick:
            _write(args.readme, searched, rows)  # at once: a power cut costs one benchmark
    report.show(report.Report(tables=[table], quick=args.quick))
    if not args.quick:
        _write(args.readme, searched, rows)
        print(f"{args.readme}: rewritten")
    print(f"{args.folder}: the JSON of each")
    return 1 if failed else 0


def _write(path: Path, searched: list[str], rows: dict[str, list[str]]) -> None:
    from tests.perf.__main__ import BENCHMARKS

    text = path.read_text(encoding="utf-8")
    head = readme.describe(machine.describe(), searched, dt.date.today().isoformat())  # noqa: DTZ011  the user's day
    path.write_text(readme.rewritten(text, head, rows, list(BENCHMARKS)), encoding="utf-8")


def _run(name: str, args: argparse.Namespace, out: Path) -> report.Report | str:
    """Run one benchmark in a process of its own; return its report, or the reason why there is none."""
    command = [sys.executable, "-m", "tests.perf", name, "--json", str(out), "-j", str(args.workers)]
    command += ["--quick"] if args.quick else []
    command += ["-e", args.evaluator] if args.evaluator else []
    command += ["--rounds", str(args.rounds)] if args.rounds else []
    sides.say(f"\n{name}")
    out.unlink(missing_ok=True)
    done = subprocess.run(command, check=False)
    outcome = report.load(out) if out.is_file() else report.Report(failed=f"exit code {done.returncode}")
    if outcome.failed:
        return outcome.failed
    # The table names the command that a reader would type, not the file that we wanted.
    outcome.command = shlex.join(["python", "-m", "tests.perf", name])
    return outcome


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]
