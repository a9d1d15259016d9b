"""Markdown: the reports for reading, on a web site such as GitHub, in notes or as plain text.

`-o report.md` begins with the number of games, the evaluator and the failures. Then it has a heading for each
report with its figures, its complete tables and its notes. Tables are in GitHub's Markdown with aligned columns,
so that they are readable as plain text too. Text from a file, such as a name, is never interpreted as markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import ClassVar

from engine.model import Cell, Kind, Report, ReportTable, RunResult
from engine.plugin import Writer
from engine.text.format import FIGURES, either, figure

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&$]|(?<=[A-Za-z])(?=://)|(?<=\bwww)(?=\.)")
_FIRST = re.compile(r"^([-+=#](?=[-+=#]*(?:\s|$))|\d+(?=[.)](?:\s|$)))")
"""Pattern of a text that would begin a list, a heading or a rule."""
_PADDED = 60
"""Largest width to which the cells of a column are padded."""


class MarkdownWriter(Writer):
    """The reports as Markdown, for reading."""

    suffixes: ClassVar[tuple[str, ...]] = (".md", ".markdown")

    def finish(self, result: RunResult) -> None:
        parts = [*_overview(result), *_failures(result)]
        for report in result.reports.values():
            parts += _report(report)
        self.stream.write(("\n\n".join(parts) + "\n").encode("utf-8", "replace"))


def _overview(result: RunResult) -> Iterator[str]:
    yield "# Chess analysis"
    counts, evaluator = result.counts, result.evaluator
    version = "" if evaluator.version.partition(".")[0] in evaluator.name else f" {evaluator.version}"
    follow_ups = result.follow_up_evaluator
    limit = f" at {result.limit}" if (counts.searched or counts.cached) and follow_ups is None else ""
    limit += ", spent where it mattered" if limit and result.adaptive else ""
    yield (
        f"{counts.analysed:,} games, {counts.positions:,} positions, {result.wins:,} winning moves; "
        f"evaluator: {escaped(evaluator.name + version)}{limit}."
    )
    if follow_ups is not None:
        limits = either([str(limit) for limit in result.follow_up_limits])
        yield f"Follow-up searches by {escaped(follow_ups.name)} at {limits}."
    if result.interrupted:
        yield "**The run was ended before the end of its input.**"


def _failures(result: RunResult) -> Iterator[str]:
    if result.failures:
        yield "## What failed"
        yield "\n".join(
            f"- {_location(failure.file, failure.line, failure.game)}{escaped(failure.reason)}"
            for failure in result.failures
        )


def _location(file: str | None, line: int | None, game: int | None) -> str:
    parts = [f"{escaped(file)}:{line}" if line else escaped(file)] if file else []
    parts += [f"game {game}"] if game else []
    return ", ".join(parts) + (": " if parts else "")


def _report(report: Report) -> Iterator[str]:
    yield f"## {escaped(report.title)}"
    if report.metrics:
        yield "\n".join(
            f"- {escaped(metric.label)}: **{escaped(figure(metric.value, metric.kind))}**"
            for metric in report.metrics.values()
        )
    for table in report.tables:
        if table.rows and table.columns:
            yield f"### {escaped(table.title)}"
            yield _table(table)
    if report.notes:
        yield "\n".join(f"- {escaped(note)}" for note in report.notes)


def _table(table: ReportTable) -> str:
    """Return the table with aligned columns, figures to the right."""
    right = [column.kind in FIGURES for column in table.columns]
    rows = [[escaped(column.label) for column in table.columns]]
    rows += [
        [_cell(cell, column.kind) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows
    ]
    widths = [max(3, *(min(_width(cell), _PADDED) for cell in column)) for column in zip(*rows, strict=True)]
    rule = [("-" * (width - 1) + ":") if side else "-" * width for width, side in zip(widths, right, strict=True)]
    lines = [_line(row, widths, right) for row in rows]
    return "\n".join([lines[0], _line(rule, widths, right), *lines[1:]])


def _cell(value: Cell, kind: Kind) -> str:
    return escaped(figure(value, kind))


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return f"| {' | '.join(map(_padded, cells, widths, right))} |"


def _padded(cell: str, width: int, right: bool) -> str:
    gap = " " * max(0, width - _width(cell))
    return gap + cell if right else cell + gap


def _width(text: str) -> int:
    """Return the number of columns on a screen."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def escaped(text: str) -> str:
    """Return a text on one line with all markup escaped, so that Markdown shows it unchanged."""
    printable = "".join(
        c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    return _FIRST.sub(_backslash, _SPECIAL.sub(lambda match: "\\" + match[0], printable.strip()))


def _backslash(match: re.Match[str]) -> str:
    """Return a sign with a backslash before it, or a number with a backslash after it."""
    return match[1] + "\\" if match[1].isdigit() else "\\" + match[1]
