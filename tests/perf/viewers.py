"""What pages that watch a run cost it: `engine analyze --serve` with none and with three of them, in turns.

The viewers are another process, as browsers are: each reads the stream of events as it comes. Measured are the
seconds of the run, the processor time of the parent while it goes on (run, server and store are there), and that
of the parent and its workers together. Wall time on a busy machine differs by more than what is looked for, so the
share is what viewers add to the parent's processor time in each second of the run, in percent of one core for each
worker: events come by the second.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from msgspec import Struct

from tests.perf import sides
from tests.perf.report import Failed, Report, Table

AIM = 1.0
"""Percent of the run that three viewers may cost."""
VIEWERS = 3
CLASSICS = Path(__file__).parents[1] / "data" / "classics.pgn"
_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/")
_TICKS = os.sysconf("SC_CLK_TCK")


class Run(Struct):
    """One run with its viewers."""

    seconds: float
    parent: float
    """Processor time of the parent from the first position on, in seconds."""
    all: float
    """Processor time of the command with its workers, in seconds."""
    events: int
    """Events that the viewers got."""
    bytes: int


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nodes", default="20k", help="nodes a position; 20k")


def run(args: argparse.Namespace) -> Report:
    nodes = "500" if args.quick else args.nodes
    command = [
        *(
            sys.executable,
            "-m",
            "engine",
            "analyze",
            str(CLASSICS),
            "--nodes",
            nodes,
            "--no-adaptive",
            "--no-cache",
        ),
        *("-j", str(args.workers), "-a", "wins", "--progress", "json", "--format", "json"),
        *("--serve", "--no-browser", "--port", "0"),
        *(("-e", args.evaluator) if getattr(args, "evaluator", None) else ()),
    ]
    turns: dict[str, Any] = {
        f"{number} viewers": lambda number=number: _measure(command, number) for number in (0, VIEWERS)
    }
    measured = sides.in_turns(turns, args.rounds or (1 if args.quick else 5))
    table = Table(
        f"classics.pgn at {nodes} nodes", ("watched by", "seconds", "CPU of the parent", "CPU in all", "events")
    )
    for name, runs in measured.items():
        table.add(
            name,
            sides.spread([each.seconds for each in runs]),
            sides.spread([each.parent for each in runs]),
            sides.spread([each.all for each in runs]),
            f"{sides.median([each.events for each in runs]):.0f}",
        )
    alone, watched = measured.values()
    rates = [[each.parent / each.seconds for each in runs] for runs in (alone, watched)]
    share = 100 * (sides.median(rates[1]) - sides.median(rates[0])) / args.workers
    slower = [
        100 * (ratio - 1) for ratio in sides.ratios([r.seconds for r in watched], [r.seconds for r in alone])
    ]
    report = Report()
    report.tables = [table]
    what = "processor time that three pages which watch a run add, in % of that of its workers"
    report.find(what, f"{share:.2f}", f"< {AIM:g}", met=share < AIM)
    report.find("time that three viewers add, in %", sides.spread(slower))
    report.data = {
        name: [[each.seconds, each.parent, each.all] for each in runs] for name, runs in measured.items()
    }
    return report


def _measure(command: list[str], number: int) -> Run:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    viewers: subprocess.Popen[str] | None = None
    end: dict[str, Any] = {}
    begun = parent = 0.0
    try:
        for line in process.stderr:
            event = json.loads(line)
            address = _ADDRESS.search(event.get("reason", ""))
            if address is not None and viewers is None and number:
                viewers = subprocess.Popen(
                    [sys.executable, "-m", "tests.perf.viewers", address[1], str(number)],
                    stdout=subprocess.PIPE,
                    text=True,
                )
            if event["event"] == "progress":
                begun = begun or _cpu(process.pid)
            elif event["event"] == "end":
                end, parent = event, _cpu(process.pid) - begun
            elif "until Ctrl-C" in event.get("reason", ""):
                break
        events = size = 0
        if viewers is not None:
            events, size = map(int, viewers.communicate()[0].split())
        process.send_signal(signal.SIGINT)
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        for each in (process, viewers):
            if each is not None and each.poll() is None:
                each.kill()
    if not end:
        raise Failed("the command has not ended its run")
    return Run(end["seconds"], parent, usage.ru_utime + usage.ru_stime, events, size)


def _cpu(pid: int) -> float:
    """Return the processor time of a process without its children, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def watch(port: int, number: int) -> None:
    """Watch a run to its end with so many viewers, and print the events and bytes that they got."""
    import threading

    totals = [[0, 0] for _ in range(number)]

    def read(total: list[int]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/live/events")
        with connection.getresponse() as answer:
            for line in answer:
                total[0] += line.startswith(b"event:")
                total[1] += len(line)

    threads = [threading.Thread(target=read, args=(total,)) for total in totals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(total[0] for total in totals), sum(total[1] for total in totals))


if __name__ == "__main__":
    watch(int(sys.argv[1]), int(sys.argv[2]))
