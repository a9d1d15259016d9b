"""Markdown: the reports for reading, on a web site such as GitHub, in notes or as plain text.

`-o report.md` begins with the player, the number of games, their months, the evaluator and the failures. Then it
has a heading for each report with what was found and how far it can be trusted, its figures, the points of its
charts, its complete tables, each with a line that says how to read it, and its notes. Tables are in GitHub's
Markdown with aligned columns, so that they are readable as plain text too. Text from a file, such as a name, is
never interpreted as markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import ClassVar

from engine.model import Cell, Finding, Kind, Metric, Report, RunResult
from engine.plugin import Writer
from engine.text.format import FIGURES, count, either, figure, indented, with_unit

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&$]|(?<=[A-Za-z])(?=://)|(?<=\bwww)(?=\.)")
_FIRST = re.compile(r"^([-+=#](?=[-+=#]*(?:\s|$))|\d+(?=[.)](?:\s|$)))")
"""Pattern of a text that would begin a list, a heading or a rule."""
_PADDED = 60
"""Largest width to which the cells of a column are padded."""


class MarkdownWriter(Writer):
    """The reports as Markdown, for reading."""

    suffixes: ClassVar[tuple[str, ...]] = (".md", ".markdown")

    def finish(self, result: RunResult) -> None:
        players = (self.info.player,) if self.info.player else self.info.players
        parts = [*_overview(result, players), *_failures(result)]
        for report in result.reports.values():
            parts += _report(report)
        self.stream.write(("\n\n".join(parts) + "\n").encode("utf-8", "replace"))


def _overview(result: RunResult, players: Sequence[str]) -> Iterator[str]:
    names = ", ".join(dict.fromkeys(result.players.get(player, player) for player in players))
    yield f"# {escaped(names) or 'Chess analysis'}"
    counts, evaluator = result.counts, result.evaluator
    version = "" if evaluator.version.partition(".")[0] in evaluator.name else f" {evaluator.version}"
    follow_ups = result.follow_up_evaluator
    limit = f" at {result.limit.words}" if (counts.searched or counts.cached) and follow_ups is None else ""
    limit += ", spent where it mattered" if limit and result.adaptive else ""
    yield (
        f"{count(counts.analysed, 'game')}{f', {result.period}' if result.period else ''}, "
        f"{count(counts.positions, 'position')}, {count(result.wins, 'winning move')}; "
        f"evaluator: {escaped(evaluator.name + version)}{limit}."
    )
    if follow_ups is not None:
        limits = either([limit.words for limit in result.follow_up_limits])
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
    if report.findings:
        yield "\n".join(f"- {_finding(finding)}" for finding in report.findings)
    if report.metrics:
        yield "\n".join(f"- {escaped(metric.label)}: {_metric(metric)}" for metric in report.metrics.values())
    for chart in report.charts:
        columns, rows = chart.as_table()
        if rows:
            yield f"### {escaped(chart.title)}"
            yield _table(columns, rows)
            yield from _reading(chart.reading)
    for table in report.tables:
        if table.rows and table.columns:
            yield f"### {escaped(table.title)}"
            labels = [(with_unit(column.label, column.unit), column.kind) for column in table.columns]
            yield _table(labels, table.rows)
            yield from _reading(table.reading)
    if report.notes:
        yield "\n".join(f"- {escaped(note)}" for note in report.notes)


def _finding(finding: Finding) -> str:
    certainty = f"**{finding.certainty}**: " if finding.certainty else ""
    return certainty + escaped(finding.text)


def _metric(metric: Metric) -> str:
    unit = f" {escaped(metric.unit)}" if metric.unit else ""
    return f"**{escaped(figure(metric.value, metric.kind))}**{unit}"


def _reading(text: str) -> Iterator[str]:
    if text:
        yield f"*{escaped(text)}*"


def _table(columns: Sequence[tuple[str, Kind]], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table with aligned columns, figures to the right. `columns` are labels and kinds."""
    right = [kind in FIGURES for _, kind in columns]
    lines = [[escaped(label) for label, _ in columns]]
    lines += [[_cell(cell, kind) for cell, (_, kind) in zip(row, columns, strict=True)] for row in rows]
    widths = [max(3, *(min(_width(cell), _PADDED) for cell in column)) for column in zip(*lines, strict=True)]
    rule = [("-" * (width - 1) + ":") if side else "-" * width for width, side in zip(widths, right, strict=True)]
    padded = [_line(line, widths, right) for line in lines]
    return "\n".join([padded[0], _line(rule, widths, right), *padded[1:]])


def _cell(value: Cell, kind: Kind) -> str:
    text = figure(value, kind)
    return indented(text[: len(text) - len(text.lstrip(" "))]) + escaped(text)


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
