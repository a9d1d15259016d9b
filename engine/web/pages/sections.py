"""The reports as sections of the page: what answers first, then charts, tables and notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from msgspec import Struct

from engine.model import Chart, Finding, Report, ReportTable
from engine.text.format import figure
from engine.web.pages.charts import Drawing, draw
from engine.web.pages.tables import Grid, Link, about, grid

_LISTED = 10
"""Rows from which on a table of all games in the order of the file is left to the list of games."""


class Sentence(Struct, frozen=True):
    """A finding."""

    text: str
    certainty: str
    """`sure`, `likely`, `may be chance`; empty for what is simply so."""
    about: str
    """The moves that show it, as `tables.about` writes them."""
    href: str
    """Address of the table that says more; empty for none."""


class Section(Struct, frozen=True):
    """One report."""

    name: str
    title: str
    metrics: list[tuple[str, str, str]]
    """Label, value and unit."""
    findings: list[Sentence]
    charts: list[Drawing]
    grids: list[Grid]
    notes: tuple[str, ...]
    brief: bool
    """Whether the findings say all that the first table does: it has one row. On paper they do without it."""


def sections(
    reports: Mapping[str, Report], link: Link, told: Iterable[Finding], more: Mapping[str, Iterable[Chart]]
) -> Iterator[Section]:
    """Yield the reports that say something, in their order.

    * **told** - findings that the page has said already.
    * **more** - charts of the writer by the name of the report to which they belong.
    """
    said = {finding.text for finding in told}
    for name, report in reports.items():
        metrics = [
            (metric.label, figure(metric.value, metric.kind), metric.unit)
            for metric in report.metrics.values()
            if metric.value is not None
        ]
        findings = [sentence(name, report, one) for one in report.findings if one.text not in said]
        charts = [draw(name, one, link) for one in (*report.charts, *more.get(name, ()))]
        grids = [grid(table, link) for table in report.tables if table.rows and not _is_list_of_games(table)]
        notes = tuple(dict.fromkeys(report.notes))
        if metrics or findings or grids or notes:
            first = next((table.rows for table in report.tables if table.rows), ())
            brief = bool(findings) and len(first) == 1
            drawings = [one for one in charts if one]
            yield Section(name, report.title, metrics, findings, drawings, grids, notes, brief)


def sentence(name: str, report: Report, finding: Finding) -> Sentence:
    """Return a finding of a report for the template."""
    table = report.table(finding.table) if finding.table else None
    href = f"#table-{name}-{table.key}" if table is not None and table.rows else ""
    return Sentence(finding.text, finding.certainty or "", about(finding.references), href)


def _is_list_of_games(table: ReportTable) -> bool:
    """Return whether a table is the list of games once more: a row for each, in the order of the file."""
    if table.columns[0].key != "game" or any(column.key == "ply" for column in table.columns):
        return False
    games = [row[0] for row in table.rows if isinstance(row[0], int)]
    return len(games) >= _LISTED and all(a < b for a, b in pairwise(games))
