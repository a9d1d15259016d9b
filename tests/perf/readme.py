"""The table of figures in tests/perf/README.md, between two markers: a row for each finding, by benchmark."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.perf.report import Failed, Report

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
HEAD = ("| what | figure | aim | command |", "| --- | --- | --- | --- |")
_COMMAND = re.compile(r"`python -m tests\.perf ([a-z-]+)[^`]*` \|$")


def rows_of(report: Report) -> list[str]:
    """Return the rows of one benchmark."""
    return [_row(finding.what, finding.figure, finding.verdict, report.command) for finding in report.findings]


def not_measured(name: str, why: str) -> list[str]:
    """Return the row of a benchmark that could not be run."""
    return [_row(name, f"not measured: {why}", "", f"python -m tests.perf {name}")]


def _row(what: str, figure: str, aim: str, command: str) -> str:
    cells = [cell.replace("|", "\\|") for cell in (what, figure, aim)]
    return f"| {' | '.join(cells)} | `{command}` |".replace("|  |", "| |")


def rewritten(text: str, machine: str, rows: Mapping[str, Sequence[str]], order: Sequence[str]) -> str:
    """Return the document with new rows for some benchmarks and the old rows of the others.

    Raises `Failed` for a document without the markers."""
    before, begin, rest = text.partition(BEGIN)
    block, end, after = rest.partition(END)
    if not begin or not end:
        raise Failed(f"no {BEGIN} and {END} in the document")
    merged: dict[str, list[str]] = {}
    for line in block.splitlines():
        command = _COMMAND.search(line)
        if command and command[1] not in rows:
            merged.setdefault(command[1], []).append(line)
    merged |= {name: list(own) for name, own in rows.items()}
    names = [name for name in order if name in merged] + [name for name in merged if name not in order]
    lines = [line for name in names for line in merged[name]]
    return "\n".join([f"{before}{BEGIN}", machine, "", *HEAD, *lines, f"{END}{after}"])


def describe(machine: Mapping[str, str], evaluators: Sequence[str], day: str) -> str:
    """Return the line above the table."""
    parts = [f"{key} {value}" if key else value for key, value in machine.items() if key != "load"]
    return f"{', '.join(parts)}; {', '.join(evaluators)}; {day}."
