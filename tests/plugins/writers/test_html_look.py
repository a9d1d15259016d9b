"""How the HTML report fits a phone and a sheet of paper, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from engine.model import Column, Finding, Report, ReportTable
from engine_plugins.writers import html
from tests.plugins.writers.html_page import write
from tests.plugins.writers.test_html_answers import LEAKS, TRENDS
from tests.plugins.writers.test_html_answers import games as games_of_anna
from tests.plugins.writers.test_html_browser import new_tab

AREA = (
    "In won positions: 686 Win% lost per 100 moves, the opponents 425; measured by them that is 233 ± 132 worse "
    "than over all moves (1,742 moves in 169 games, 16% of all)."
)
PAPER = 688
"""Pixels of the width of A4 without its margins."""
_UNITS = ("points", "centipawns", "blunders per 100 moves", "Win% per 100 moves")
WHY = "moved into capture, like it in 100 games"
WIDE = ReportTable(
    "months",
    "Over time",
    (
        *(Column("month", "Month"), Column("games", "Games", "int"), Column("accuracy", "Accuracy", "percent")),
        *(Column(f"f{k}", f"Figure {k}", "float", unit) for k, unit in enumerate(_UNITS)),
        *(Column("score", "Score", "percent"), Column("interval", "95%"), Column("why", "Why")),
    ),
    tuple((f"2026-{k:02}", 11, 92.8, *[128.62] * 4, 100.0, "20.7-100.0", WHY) for k in range(1, 10)),
)


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A player's report in two files, with sentences and tables as long as the longest that were seen."""
    monkeypatch.setattr(html, "GAMES", 8)
    findings = tuple(Finding(AREA, word, (), "clock") for word in ("sure", "likely", "may be chance"))
    leaks = structs.replace(LEAKS, findings=findings)
    trends = structs.replace(TRENDS, tables=(WIDE,))
    extra: dict[str, Report] = {"leaks": leaks, "trends": trends, "peers": Report("Peers", notes=("Nothing.",))}
    for k, file in enumerate(write(games_of_anna(9), player="Anna", split=True, extra=extra), start=1):
        path = tmp_path / ("report.html" if k == 1 else f"report-{k}.html")
        path.write_text(file.text, encoding="utf-8")
    return tmp_path / "report.html"


@pytest.mark.slow
def test_the_weakest_areas_are_on_the_first_screen_of_a_phone_and_no_row_is_tall(
    chromium: Any, report: Path
) -> None:
    for tab in new_tab(chromium, report, 390):
        tab.page.set_viewport_size({"width": 390, "height": 844})
        tab.open()
        boxes = [one.bounding_box() for one in tab.page.locator(".areas li").all()]
        assert len(boxes) == 3
        assert max(box["y"] + box["height"] for box in boxes) <= 844
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 390
        row = tab.page.locator("#table-trends-months tbody tr").first.bounding_box()
        assert row["height"] < 80
        # The first column and the title stay where the table is scrolled to.
        wrap = tab.page.locator(".table-wrap:has(#table-trends-months)")
        wrap.evaluate("wrap => { wrap.scrollLeft = 300 }")
        left = wrap.bounding_box()["x"]
        for place in ("tbody td", "caption span"):
            assert 0 <= wrap.locator(place).first.bounding_box()["x"] - left < 15, place


@pytest.mark.slow
def test_tables_and_charts_fit_a_sheet_of_paper(chromium: Any, report: Path) -> None:
    for tab in new_tab(chromium, report, PAPER):
        tab.page.emulate_media(media="print")
        tab.open()
        wide = tab.page.eval_on_selector_all(
            "body *:not(.unseen, .skip)",
            "all => all.filter(one => one.getBoundingClientRect().right > innerWidth + 1)"
            ".map(one => `${one.tagName} ${one.textContent.slice(0, 40)}`)",
        )
        assert wide == []
        names, results = (tab.page.locator(f"#row-2 {cell}") for cell in ("a", "td.tight >> nth=0"))
        name = names.bounding_box()
        assert name["x"] + name["width"] <= results.bounding_box()["x"]
        assert not tab.page.is_visible("#report-peers"), "a heading without anything below it"
        letters = tab.page.locator("#chart-trends-accuracy .tick").first.bounding_box()
        assert letters["height"] >= 7, "letters of a chart can be read"
        assert tab.page.locator(".answers .tiles div").first.bounding_box()["height"] < 160
