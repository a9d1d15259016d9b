"""How long a user waits at first: `--help`, the first result, the summary of one game.

The first result is the first evaluated position of `engine analyze` on the classics, from the start of the
process, as the progress callback says it, which is called every 0.15 s. One run before the first round fetches
and compiles what is needed. A bare Python start is measured in turns with them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from tests.perf import evaluators, games, runs, sides
from tests.perf.report import Report, Table

AIM_HELP, AIM_FIRST = 0.15, 2.0
FIRST_RESULT = """
import sys, time
import engine
from engine.settings import Settings
def shown(snapshot):
    if snapshot.positions:
        print(time.time() - float(sys.argv[3]))
        sys.exit()
engine.analyze(sys.argv[1], evaluator=sys.argv[2], settings=Settings(cache=""), progress=shown)
"""


def options(parser: argparse.ArgumentParser) -> None:
    """Add no options: this benchmark has only the common ones."""


def run(args: argparse.Namespace) -> Report:
    report = Report()
    searcher = evaluators.find_searcher(args.evaluator)
    report.evaluators = [searcher.label]
    one_game = ("analyze", games.CLASSICS, "--limit", "1", "--no-cache", "-q", "-e", searcher.name)

    def first_result() -> float:
        command = [sys.executable, "-c", FIRST_RESULT, str(games.CLASSICS), searcher.name, str(time.time())]
        done = subprocess.run(command, capture_output=True, env=runs.environment(), check=False)
        runs.check(done.returncode, done.stderr, command)
        return float(done.stdout)

    waits = {
        "python, nothing else": lambda: runs.call([sys.executable, "-c", "pass"]),
        "engine --help": lambda: runs.call(runs.engine_command("--help")),
        "first result of a run": first_result,
        "one game of 13 positions at 100k nodes, to its summary": lambda: runs.call(
            runs.engine_command(*one_game)
        ),
    }
    first_result()
    measured = sides.in_turns(waits, args.rounds or (1 if args.quick else 7))
    table = Table(searcher.label, ("what", "seconds"))
    for label, seconds in measured.items():
        table.add(label, sides.spread(seconds))
    shown = {label: sides.median(seconds) for label, seconds in measured.items()}
    report.tables = [table]
    report.find(
        "`engine --help`",
        f"{shown['engine --help']:.2f} s",
        f"≤ {AIM_HELP} s",
        met=shown["engine --help"] <= AIM_HELP,
    )
    first = shown["first result of a run"]
    report.find(
        f"first result of a run ({searcher.label})", f"{first:.2f} s", f"≤ {AIM_FIRST} s", met=first <= AIM_FIRST
    )
    report.find("one game of 13 positions at 100k nodes, to its summary", f"{list(shown.values())[-1]:.2f} s")
    report.data = dict(measured)
    return report
