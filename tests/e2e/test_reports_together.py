"""All reports of one run over real games: order, title, units, how tables are read, and what is said how often."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from rich.console import Console

import engine
from engine.cli import live
from engine.model import ReportTable
from engine.settings import Settings
from tests.support import DATA

PLAYER = "Stockfish 1700"
IN_ORDER_OF_USE = (
    *("leaks", "mistakes", "explain", "peers", "trends", "openings", "leaderboard", "missed-mates", "highlights"),
    *("accuracy", "judgements", "acpl", "time-management", "phases", "conversion", "endgames", "classification"),
    *("wins", "best-scores"),
)
UNITLESS = {"Points", "Variance"}
"""Labels of figures that are a unit themselves, or a ratio."""


class Outputs(Struct):
    """What a run has written."""

    result: engine.RunResult
    data: dict[str, Any]
    html: str
    markdown: str
    terminal: str
    cells: list[dict[str, str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    folder: Path = tmp_path_factory.mktemp("reports")
    names = ("r.html", "r.md", "r.json", "r.reports.csv")
    result = engine.analyze(
        DATA / "match.jsonl.zst",
        aggregators=sorted(IN_ORDER_OF_USE),
        settings=Settings(players=(PLAYER,), follow_up_evaluator="none", cache=""),
        output=[folder / name for name in names],
    )
    assert result.ok, result.failures
    html, markdown, data, cells = ((folder / name).read_text(encoding="utf-8") for name in names)
    console = Console(width=200, file=io.StringIO(), color_system=None, highlight=False)
    for part in live.summary(result, width=200):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    terminal = " ".join(console.file.getvalue().split())
    return Outputs(result, json.loads(data), html, markdown, terminal, list(csv.DictReader(io.StringIO(cells))))


def shown(markup: str) -> str:
    """Return the text of a page as it is read."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", markup, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_order_is_that_of_use_everywhere(run: Outputs) -> None:
    titles = [run.result.reports[name].title for name in IN_ORDER_OF_USE]
    assert list(run.data["reports"]) == list(IN_ORDER_OF_USE)
    assert list(dict.fromkeys(row["report"] for row in run.cells)) == list(IN_ORDER_OF_USE)
    assert re.findall(r'<section id="report-([a-z-]+)"', run.html) == list(IN_ORDER_OF_USE)
    assert re.findall(r"^## (.*)$", run.markdown, re.MULTILINE) == titles
    places = [run.terminal.index(f"{title} {name} ") for title, name in zip(titles, IN_ORDER_OF_USE, strict=True)]
    assert places == sorted(places)


def test_the_title_says_whose_games_they_are_and_when_they_were_played(run: Outputs) -> None:
    assert run.result.period == "2026-11"
    assert f"<title>{PLAYER}</title>" in run.html
    assert re.search(rf"{PLAYER} 12 games · \d+ November 2026", shown(run.html))
    assert run.markdown.startswith(f"# {PLAYER}\n\n12 games, 2026-11, 1,085 positions, ")


def test_every_figure_has_a_unit(run: Outputs) -> None:
    for name, report in run.data["reports"].items():
        axes = [axis for chart in report["charts"] for axis in (chart["x"], chart["y"])]
        columns = [column for table in report["tables"] for column in table["columns"]]
        for figure in [*report["metrics"].values(), *columns, *axes]:
            if figure["kind"] == "float" and figure["label"] not in UNITLESS:
                assert figure.get("unit"), (name, figure)
    for row in run.cells:
        if row["kind"] == "float" and row["label"] not in UNITLESS:
            assert row["unit"], row


def test_every_table_and_chart_is_followed_by_how_to_read_it(run: Outputs) -> None:
    page, markdown = shown(run.html), run.markdown.replace("\\", "")
    for name, report in run.result.reports.items():
        for part in (*(table for table in report.tables if table.rows), *report.charts):
            assert part.reading.endswith("."), (name, part.key)
            # The page has one list of all games, its own, and draws no chart of one bar.
            form = "table" if isinstance(part, ReportTable) else "chart"
            assert part.reading in page or f'id="{form}-{name}-{part.key}"' not in run.html, (name, part.key)
            assert f"|\n\n*{part.reading}*" in markdown, (name, part.key)
            # A terminal says each sentence once, and names an option where a row of the page leads to moves.
            for sentence in re.split(r"(?<=\.) ", part.reading):
                assert sentence in run.terminal or " lead" in sentence, (name, part.key)


def test_no_finding_is_said_twice(run: Outputs) -> None:
    page, markdown = shown(run.html), run.markdown.replace("\\", "")
    said = [finding.text for report in run.result.reports.values() for finding in report.findings]
    assert len(said) > 20
    assert set(Counter(said).values()) == {1}
    for text in said:
        assert [where.count(text) for where in (page, markdown, run.terminal)] == [1, 1, 1], text


def test_no_heading_is_empty(run: Outputs) -> None:
    lines = [line for line in run.markdown.splitlines() if line]
    for line, after in zip(lines, [*lines[1:], "# end"], strict=True):
        level, following = (re.match("#*", text)[0] for text in (line, after))  # type: ignore[index]
        assert not level or not following or len(following) > len(level), line
    assert all("<td" in table for table in re.findall(r"<table\b.*?</table>", run.html, re.DOTALL))
    assert not re.search(r"<h\d[^>]*>[^<]*</h\d>\s*</section>", run.html)


def test_an_accuracy_of_moves_is_called_so(run: Outputs) -> None:
    """One player has one accuracy over all games; what is a mean over moves has another name."""
    named: dict[str, set[float]] = {
        "Accuracy": set(),
        "Move accuracy": set(),
        "Move accuracy in whole games": set(),
    }
    for report in run.result.reports.values():
        for metric in report.metrics.values():
            if metric.label in named:
                named[metric.label].add(float(metric.value or 0))
        for table in report.tables:
            if table.key == "players":
                for column, cell in zip(table.columns, table.rows[0], strict=True):
                    if column.label == "Accuracy":
                        named["Accuracy"].add(float(cell or 0))
    assert len(named["Accuracy"]) == 1
    assert named["Move accuracy"] == named["Move accuracy in whole games"]
    assert len(named["Move accuracy"]) == 1
    assert named["Move accuracy"] != named["Accuracy"]


def test_json_has_the_moves_behind_rows_sentences_and_points(run: Outputs) -> None:
    leaks, report = run.data["reports"]["leaks"], run.result.reports["leaks"]
    clock = report.table("clock")
    assert clock is not None
    [written] = [table for table in leaks["tables"] if table["key"] == "clock"]
    assert written["references"] == [
        [{"game": one.game, "ply": one.ply} for one in clock.about(k)] for k in range(len(clock.rows))
    ]
    assert all(0 < len(moves) <= 5 for moves in written["references"])
    assert leaks["findings"][0]["certainty"] in ("sure", "likely", "may be chance")
    worst = report.findings[0].references[0]
    assert leaks["findings"][0]["references"][0] == {"game": worst.game, "ply": worst.ply}
    assert leaks["charts"][0]["series"][0]["points"][0]["references"] == written["references"][0]
