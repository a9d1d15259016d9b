"""The result of a benchmark: tables for people, findings for tests/perf/README.md, and every measured value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field
from rich import box, console, table
from rich.text import Text


class Unavailable(Exception):
    """Raised when this machine lacks something that a benchmark needs; the message says what would help."""


class Failed(Exception):
    """Raised when a measured program fails; the message has its last lines."""


class Table(Struct):
    """Rows of text under column titles; the first column is aligned to the left, the others to the right."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        assert len(cells) == len(self.columns)
        self.rows.append(cells)


class Finding(Struct):
    """A row of the table in tests/perf/README.md."""

    what: str
    figure: str
    aim: str = ""
    met: bool | None = None
    """Whether the aim is met; None without an aim."""

    @property
    def verdict(self) -> str:
        """The aim and whether it is met, in words; empty without an aim."""
        return "" if self.met is None else f"{self.aim}: {'met' if self.met else 'missed'}"


class Report(Struct):
    """The result of one benchmark."""

    tables: list[Table] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Sentences that a reader of the figures needs to know."""
    data: dict[str, Any] = field(default_factory=dict)
    """All single measurements."""
    name: str = ""
    command: str = ""
    machine: dict[str, str] = field(default_factory=dict)
    evaluators: list[str] = field(default_factory=list)
    """Names and versions of the evaluators that searched."""
    quick: bool = False
    """Whether the inputs were only large enough to try the benchmark, and too small for valid figures."""
    seconds: float = 0.0
    """Duration of the benchmark in seconds."""
    failed: str = ""
    """Reason why the benchmark has no result; empty when it has one."""

    def find(self, what: str, figure: str, aim: str = "", *, met: bool | None = None) -> None:
        self.findings.append(Finding(what, figure, aim, met))

    def save(self, path: Path) -> None:
        """Write the report as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(msgspec.to_builtins(self), indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Report:
    """Read a report that `save` wrote."""
    return msgspec.json.decode(path.read_bytes(), type=Report)


def show_head(command: str, machine: dict[str, str]) -> None:
    """Print the command and the machine."""
    screen().print(Text(f"$ {command}", style="bold"), soft_wrap=True)
    screen().print(
        Text(" · ".join(f"{key} {value}" if key else value for key, value in machine.items())), soft_wrap=True
    )


def show(report: Report) -> None:
    """Print tables, findings and notes on standard output."""
    for content in report.tables:
        screen().print()
        screen().print(Text(content.title, style="bold"))
        screen().print(_drawn(content.columns, content.rows))
    if report.findings:
        rows = [(finding.what, finding.figure, finding.verdict) for finding in report.findings]
        screen().print()
        screen().print(_drawn(("in short", "figure", "aim"), rows))
    for note in report.notes:
        screen().print(Text(note))
    if report.quick:
        screen().print(Text("quick: too little work for figures that count", style="yellow"))


def screen() -> console.Console:
    """Return a console on standard output, wide enough for a table when it is not a terminal."""
    wide = console.Console(highlight=False)
    return wide if wide.is_terminal else console.Console(highlight=False, width=140)


def _drawn(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> table.Table:
    drawn = table.Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for k, column in enumerate(columns):
        drawn.add_column(Text(column), justify="left" if k == 0 else "right")
    for row in rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn
