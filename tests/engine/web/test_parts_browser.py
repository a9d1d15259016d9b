"""A report that grows under somebody's eyes: what is open stays open, and where it was on the screen."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.web.reports import Partial, Reports
from engine.web.site import Site, application
from engine.web.store import Filter, Store
from tests.engine.web.conftest import Visit
from tests.engine.web.test_explore_browser import serving
from tests.engine.web.test_live_browser import HIDING
from tests.support import PATIENCE

SOME = 20
"""Games of the first part."""


class Growing(Reports):
    """Reports that have some of the games until they may go on."""

    def __init__(self, store: Store, some: Store) -> None:
        super().__init__(store, workers=0)
        self._some = Reports(some, workers=0)
        self.go = threading.Event()

    def stream(self, name: str, where: Filter) -> Iterator[Partial]:
        yield Partial(SOME, 24, self._some.report(name, where))
        self.go.wait(PATIENCE)
        yield from super().stream(name, where)

    def close(self) -> None:
        self.go.set()
        self._some.close()
        super().close()


@pytest.fixture
def growing(match: Visit, tmp_path: Path) -> Iterator[Growing]:
    some = Store.create(tmp_path / "some.store")
    some.add(match.store.records(range(1, SOME + 1)))
    some.finish()
    reports = Growing(match.store, some)
    yield reports
    reports.close()
    some.close()


@pytest.mark.slow
def test_what_is_open_stays_open_when_more_games_come(match: Visit, growing: Growing, chromium: Any) -> None:
    with serving(application(Site(match.store, growing))) as root:
        context = chromium.new_context(viewport={"width": 1400, "height": 900})
        context.set_default_timeout(1000 * PATIENCE)
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{root}/reports/openings")
        page.wait_for_selector(".so-far >> text=20 of 24 games so far")
        opened = Opened(page)
        growing.go.set()
        page.wait_for_selector("#report-body[data-stream='']")
        assert page.locator(".so-far").count() == 0
        assert wrong == []
        opened.check()
        context.close()


@pytest.mark.slow
def test_seven_tabs_follow_a_report_and_a_hidden_one_misses_nothing(
    match: Visit, growing: Growing, chromium: Any
) -> None:
    """A browser has six connections for all of them."""
    with serving(application(Site(match.store, growing))) as root:
        context = chromium.new_context()
        context.set_default_timeout(1000 * PATIENCE)
        context.add_init_script(HIDING)
        tabs: list[Any] = []
        for _ in range(7):
            for tab in tabs[-1:]:
                with tab.expect_event("requestfailed", lambda request: "/events" in request.url):
                    tab.evaluate("hide(true)")
            tab = context.new_page()
            tabs.append(tab)
            with tab.expect_response(re.compile("/reports/openings/events")):
                tab.goto(f"{root}/reports/openings")
            tab.wait_for_selector(".so-far >> text=20 of 24 games so far")
        growing.go.set()
        tabs[-1].wait_for_selector("#report-body[data-stream='']")
        first = tabs[0]
        assert first.locator(".so-far").count() == 1, "nobody has seen it since"
        first.evaluate("hide(false)")
        first.wait_for_selector("#report-body[data-stream='']")
        assert first.inner_text("#report-body") == tabs[-1].inner_text("#report-body")
        context.close()


class Opened:
    """Opens all that can be opened, and checks later that it is open."""

    def __init__(self, page: Any) -> None:
        self._page = page
        page.click("#chart-openings-lost summary")
        page.locator("#chart-openings-score .point").nth(1).click()
        self.point = page.locator("#chart-openings-score > .drilled .note").text_content().split(": ")[0]
        page.locator(".findings .drill").first.click()
        page.wait_for_selector(".findings .drilled .cards")
        for _ in range(2):
            page.locator(".tree-moves .choose").first.click()
        self.line = page.locator(".tree .path").text_content()
        page.click("#table-openings-openings thead th:nth-child(2) button")
        page.click("#report-openings .unfold")
        self.row = page.locator("#table-openings-openings tr[data-about]").nth(16)
        self.opening = self.row.locator("td").nth(1).text_content()
        self.color = self.row.locator("td").nth(0).text_content()
        self.row.locator(".drill").click()
        page.wait_for_selector("tr.drilled .cards")
        self.row.locator(".drill").focus()
        page.evaluate("scrollBy({ top: 40, behavior: 'instant' })")
        self.top = self.row.bounding_box()["y"]
        assert page.evaluate("document.activeElement.matches('.drill')")

    def check(self) -> None:
        page = self._page
        assert page.locator("#chart-openings-lost details[open]").count() == 1
        assert page.locator("#chart-openings-score > .drilled .note").text_content().startswith(self.point + ": ")
        assert page.locator("#chart-openings-score > .drilled .cards li").count()
        assert page.locator(".findings .drill[aria-expanded=true]").count() == 1
        assert page.locator(".findings .drilled .cards li").count()
        assert page.locator(".tree .path").text_content() == self.line
        head = page.locator("#table-openings-openings thead th:nth-child(2)")
        assert head.get_attribute("aria-sort") == "ascending"
        assert page.locator("#report-openings .unfold").count() == 0
        [button] = page.locator("#table-openings-openings .drill[aria-expanded=true]").all()
        row = button.locator("xpath=ancestor::tr")
        assert [cell.text_content() for cell in row.locator("td").all()[:2]] == [self.color, self.opening]
        boards = row.locator("xpath=following-sibling::tr[1]")
        assert boards.get_attribute("class") == "drilled"
        references = row.get_attribute("data-about").split()
        page.wait_for_selector(f"tr.drilled .cards li:nth-child({len(references)})")
        assert boards.locator(".cards li").count() == len(references)
        assert button.evaluate("button => button === document.activeElement")
        assert abs(row.bounding_box()["y"] - self.top) <= 1
