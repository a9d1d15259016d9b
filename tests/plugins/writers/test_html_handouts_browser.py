"""Reports on paper, in a real browser: what is printed, where pages begin, and how many there are."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

import engine
from engine.settings import Settings
from engine.system.compression import InputStream
from tests.plugins.writers.test_html_browser import Tab, new_tab
from tests.support import DATA


def sheets(tab: Tab) -> int:
    """Return how many sheets of A4 the page takes."""
    return len(re.findall(rb"/Type\s*/Page\b", tab.page.pdf(format="A4", prefer_css_page_size=True)))


def begins_a_page(tab: Tab) -> list[bool]:
    """Return whether the exercises, and whether the solutions begin a page on paper."""
    style = "one => getComputedStyle(one).breakBefore"
    return [tab.page.eval_on_selector(part, style) == "page" for part in ("#lessons", ".solutions")]


@pytest.mark.slow
def test_a_handout_of_twenty_nine_real_games_is_four_pages(chromium: Any, tmp_path: Path) -> None:
    """The match as games of one player, five of them once more on another day."""
    with open(DATA / "match.jsonl.zst", "rb") as raw, io.BufferedReader(InputStream(raw, ".zst")) as stream:
        games = [json.loads(line) for line in stream]
    with (tmp_path / "club.jsonl").open("w", encoding="utf-8") as file:
        for number, game in enumerate([*games, *games[:5]], start=1):
            date = f"2026.{number % 3 + 1:02}.{number:02}"
            game["headers"] |= {"White": "Anna", "Black": f"Bob {number % 7}", "Date": date, "UTCDate": date}
            file.write(f"{json.dumps(game)}\n")
    settings = Settings(cache="", follow_up_evaluator="none", aggregators=("leaks", "trends"))
    engine.analyze(tmp_path / "club.jsonl", output=tmp_path / "club" / "{player}.html", settings=settings)
    for tab in new_tab(chromium, tmp_path / "club" / "Anna.html"):
        tab.open()
        assert tab.page.locator("#game-table tbody tr").count() == 29
        assert tab.page.locator(".lessons .diagram").count() == 10
        tab.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        tab.page.emulate_media(media="print")
        assert begins_a_page(tab) == [True, True]
        assert sheets(tab) == 4
