"""A run that browsers watch: three pages, one that loses its connection, the keyboard, narrow and dark."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.testing.fake_uci import fake_uci
from engine.web.hub import Hub
from tests.e2e.serving import Serving, serving
from tests.engine.web.cut_line import CutLine
from tests.engine.web.live_rig import game, served, snapshot
from tests.support import DATA, PATIENCE

FIGURES = ("games", "positions", "wins")
AXE_RUN = "async () => (await axe.run()).violations.map(v => `${v.id}: ${v.nodes.map(n => n.html).join(' ')}`)"


class Watching:
    """A page in a browser of its own."""

    def __init__(self, chromium: Any, port: int, **options: Any) -> None:
        self.context = chromium.new_context(**options)
        self.context.set_default_timeout(PATIENCE * 1_000)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(f"http://127.0.0.1:{port}/live")

    def wait_for(self, phase: str) -> None:
        self.page.wait_for_selector(f'#live[data-phase="{phase}"]')

    def wait_for_games(self, number: int) -> None:
        self.page.wait_for_selector(f"#games li:nth-child({number})")

    def shown(self) -> dict[str, Any]:
        """Return the figures and games of the page."""
        figures: dict[str, Any] = {name: self.page.text_content(f"#figure-{name}") for name in FIGURES}
        games = self.page.locator("#games li").all_text_contents()
        figures["list"] = ["".join(game.split()) for game in games]
        figures["graphs"] = self.page.locator("#games svg polygon").count()
        figures["best"] = self.page.locator("#best tr").all_text_contents()
        return figures


def end_of(shown: Serving) -> dict[str, Any]:
    shown.wait_for("until Ctrl-C")
    events: list[dict[str, Any]] = [json.loads(line) for line in shown.err]
    return next(event for event in events if event["event"] == "end")


@pytest.mark.slow
def test_three_pages_and_one_that_comes_back_show_what_the_command_says(
    tmp_path: Path, chromium: Any, axe: str
) -> None:
    hold = tmp_path / "hold"  # while it is there, all but the first game takes minutes
    hold.touch()
    program = fake_uci(tmp_path, delay=0.02, slow=f"@{hold}", slow_seconds=0.5)
    games = tmp_path / "games.pgn"
    games.write_text("1. f3 e5 2. g4 Qh4# 0-1\n\n" + (DATA / "classics.pgn").read_text("utf-8"), "utf-8")
    run = ("analyze", games, "-e", program, "--nodes", "50", "--limit", "12", "--no-cache", "--progress", "json")
    with serving(*run, "--serve", cwd=tmp_path) as shown, CutLine(shown.port) as line:
        sizes = ({"width": 1400, "height": 900}, {"width": 390, "height": 844}, {"width": 390, "height": 844})
        schemes = ("light", "light", "dark")
        pages = [
            Watching(chromium, shown.port, viewport=size, color_scheme=scheme)
            for size, scheme in zip(sizes, schemes, strict=True)
        ]
        lost = Watching(chromium, line.port)
        first = pages[0].page
        pages[0].wait_for_games(1)
        first.focus('[data-action="pause"] button')
        first.keyboard.press("Enter")
        for each in (*pages, lost):
            each.wait_for("paused")
        assert first.evaluate("document.activeElement.textContent") == "Resume"
        line.cut()
        lost.page.wait_for_selector("#connection", state="visible")
        hold.unlink()
        first.keyboard.press("Enter")
        before = len(lost.shown()["list"])
        pages[0].wait_for_games(before + 2)
        assert len(lost.shown()["list"]) == before
        line.mend()
        for each in (*pages, lost):
            each.wait_for("done")
        end = end_of(shown)
        figures = [each.shown() for each in (*pages, lost)]
        assert all(each == figures[0] for each in figures[1:])
        assert figures[0]["games"] == str(end["games"]) == "12"
        assert figures[0]["positions"].split() == [str(end["positions"]), "of", str(end["positions"])]
        assert figures[0]["wins"] == str(end["wins"])
        assert len(figures[0]["list"]) == figures[0]["graphs"] == 12
        assert [page.complaints for page in pages] == [[], [], []]
        for each in pages[1:]:
            assert each.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        for each in pages:
            each.page.evaluate(axe)
            assert each.page.evaluate(AXE_RUN) == []
        later = Watching(chromium, shown.port)
        assert later.shown() == figures[0]  # as the server says it, without events
        later.page.click("#games a >> nth=0")
        assert re.search(r"/game/\d+$", later.page.url)
        for each in (*pages, lost, later):
            each.context.close()
        assert shown.interrupt() == 0


HIDING = """
let isHidden = false;
Object.defineProperty(document, "hidden", { get: () => isHidden });
window.hide = (value) => { isHidden = value; document.dispatchEvent(new Event("visibilitychange")); };
"""
"""A page that can be told that another tab is in front; a browser without a screen shows all of them."""


@pytest.mark.slow
def test_eight_tabs_watch_one_run(tmp_path: Path, chromium: Any) -> None:
    """A browser has six connections for all of them."""
    hub = Hub()
    hub.snapshot(snapshot(1))
    with served(tmp_path, hub) as server:
        context = chromium.new_context()
        context.set_default_timeout(PATIENCE * 1_000)
        context.add_init_script(HIDING)
        asked: list[str] = []
        tabs = []
        for number in range(1, 9):
            for tab in tabs:
                tab.evaluate("hide(true)")
            tab = context.new_page()
            tabs.append(tab)
            if number == 1:
                tab.on("request", lambda request: asked.append(request.url))
            with tab.expect_response(re.compile("/live/events")):
                tab.goto(f"http://127.0.0.1:{server.port}/live")
            hub.games([game(number)])
            hub.snapshot(snapshot(number, stopping=number % 2 == 0))  # a turn is shown at once
            tab.wait_for_selector(f"#games li[data-number='{number}']")
            tab.wait_for_selector(f'#figure-games:text-is("{number}")')
        first, last = tabs[0], tabs[-1]
        last.evaluate("hide(true)")
        first.evaluate("hide(false)")
        first.wait_for_selector("#games li[data-number='8']")
        assert first.locator("#games li").count() == 8
        first.wait_for_selector('#figure-games:text-is("8")')
        assert re.search(r"/live/events\?last=\w+\.\d+$", asked[-1])
        hub.error(3, "no evaluator works")
        first.wait_for_selector('#live[data-phase="failed"]')
        context.close()
