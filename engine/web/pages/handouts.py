"""The index of the players' reports: `index.html` beside `{player}.html`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from engine.model import Report, RunResult
from engine.plugin import PlayerFile, Writer
from engine.text.format import figure

_NOTHING = "–"
_FIGURES = (("accuracy", "accuracy"), ("acpl", "acpl"), ("judgements", "blunders"))


class IndexWriter(Writer):
    """Writes a row for each player, by name: games, figures, weakest area, and a link to the player's report."""

    def finish(self, result: RunResult) -> None:
        from engine.web.pages import page

        rows = [_row(file) for file in sorted(self.info.files, key=lambda file: file.player.casefold())]
        self.stream.write(
            page.index(rows=rows, areas=any(row["weakest"] != _NOTHING for row in rows), result=result)
        )


def _row(file: PlayerFile) -> dict[str, Any]:
    reports = file.result.reports
    figures = []
    for name, key in _FIGURES:
        metric = reports[name].metrics.get(key) if name in reports else None
        figures.append(_NOTHING if metric is None else figure(metric.value, metric.kind))
    weakest, certainty = _weakest(reports.get("leaks"))
    return {
        "player": file.player,
        "href": quote(file.output),
        "games": f"{file.result.counts.analysed:,}",
        "figures": figures,
        "weakest": weakest,
        "certainty": certainty,
    }


def _weakest(report: Report | None) -> tuple[str, str]:
    """Return where a player is weakest, in words, and how sure that is."""
    if report is None:
        return _NOTHING, ""
    if report.findings:
        first = report.findings[0]
        return first.text, first.certainty or ""
    table = report.table("leaks")
    first_row = next(table.records(), None) if table is not None else None
    if first_row is None:
        return _NOTHING, ""
    more, interval = first_row.get("more"), first_row.get("interval")
    clear = isinstance(more, int | float) and isinstance(interval, int | float) and more > interval
    return f"{first_row['kind']}: {first_row['group']}", "" if clear else "may be chance"
