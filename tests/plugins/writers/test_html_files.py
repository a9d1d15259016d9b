"""A report in several files: what its search knows, and links that land in the right file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.model import AnalysedGame
from engine.testing import analysed_game
from engine_plugins.writers import html
from tests.plugins.writers.html_page import write
from tests.plugins.writers.test_html import HOSTILE
from tests.plugins.writers.test_html_browser import new_tab


def files(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[str]:
    """Return the texts of a report with two games a file."""
    monkeypatch.setattr(html, "GAMES", 2)
    games = [_game(name, k) for k, name in enumerate(names, start=1)]
    return [file.text for file in write(games, split=True)]


def _game(name: str, number: int) -> AnalysedGame:
    headers = {"White": name, "Black": "Bob", "Date": "2026.10.31"}
    return analysed_game("1. f3 e5 2. g4 d6", [0, 0, 0, "#-1"], best={2: "d4"}, headers=headers, number=number)


def finder(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="finder">(.*?)</script>', text, re.DOTALL)
    return None if found is None else json.loads(found[1])


def test_the_first_file_knows_the_games_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = files(monkeypatch, "Anna", "Cleo", "Dora", "Emma", "Fay")
    listed = [["report.html", 1, 2], ["report-2.html", 3, 4], ["report-3.html", 5, 5]]
    assert [(found["files"], found["this"]) for found in map(finder, (first, second, third))] == [
        (listed, k) for k in range(3)
    ]
    assert finder(first)["games"][0] == [
        3,
        "Dora – Bob",
        "*",
        "A00 Barnes Opening: Fool's Mate",
        "2026.10.31",
    ] or (finder(first)["games"][0][:3] == [3, "Dora – Bob", "*"])
    assert [game[0] for game in finder(first)["games"]] == [3, 4, 5]
    assert finder(second)["games"] == []
    assert "looks through all" in second
    assert len(json.dumps(finder(first)["games"])) < 3 * 100


def test_the_answers_come_before_the_list_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = files(monkeypatch, "Anna", "Cleo", "Dora")
    assert (
        first.index('id="exercises-title"') < first.index('<nav class="files"') < first.index('class="contents"')
    )
    assert '<a href="report-2.html">report-2.html</a> <span class="dim">games 3 to 3</span>' in first
    assert second.count('<nav class="files"') == 1


def test_one_file_has_no_finder_and_text_stays_text(monkeypatch: pytest.MonkeyPatch) -> None:
    assert finder(files(monkeypatch, "Anna")[0]) is None
    first, *_ = files(monkeypatch, "Anna", "Anna", *HOSTILE)
    shown = [text.encode("utf-8", "replace").decode() for text in HOSTILE]
    assert [game[1] for game in finder(first)["games"]] == [f"{text} – Bob" for text in shown]
    assert "<script>window.hacked" not in first


@pytest.mark.slow
def test_a_search_and_a_link_lead_to_the_file_with_the_game(
    chromium: Any, axe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for k, text in enumerate(files(monkeypatch, "Anna", "Cleo", "Dora", "Emma", "Fay"), start=1):
        (tmp_path / ("report.html" if k == 1 else f"report-{k}.html")).write_text(text, encoding="utf-8")
    for tab in new_tab(chromium, tmp_path / "report.html"):
        tab.open("#game=5&ply=2")
        tab.page.wait_for_url("**/report-3.html#game=5&ply=2")
        assert tab.page.inner_text("#game-title") == "Fay – Bob"
        tab.page.evaluate("location.hash = 'game=1&ply=1'")
        tab.page.wait_for_url("**/report.html#game=1&ply=1")
        tab.open()
        tab.page.fill("#find", "emma")
        assert tab.page.inner_text("#found") == "0 found, and 1 in the other files"
        assert tab.page.inner_text("#elsewhere-found") == "1 found in the other files"
        tab.page.evaluate(axe)
        found = tab.page.evaluate("axe.run(document)")["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        tab.page.click("#elsewhere-table a")
        tab.page.wait_for_url("**/report-2.html#game=4")
        assert tab.page.inner_text("#game-title") == "Emma – Bob"
