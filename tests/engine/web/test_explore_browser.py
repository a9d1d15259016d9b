"""The pages in a real browser: what streams in, boards behind figures, keyboard, accessibility at both widths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import Struct

from engine.testing import analysed_game
from tests.engine.web.conftest import Visit
from tests.engine.web.serving import serving
from tests.support import PATIENCE

PAGES = (
    "/",
    "/reports?side=white",
    "/reports/leaks",
    "/reports/openings",
    "/reports/judgements?side=black",
    "/games?order=-date&side=white",
    "/moves?judgement=blunder",
    "/game/3?ply=12",
    "/compare?a=side%3Dwhite&b=side%3Dblack",
    "/games?speed=nothing",
    "/games?opponent=nobody",
)
LOOKS = [(390, "dark"), (1400, "light"), (390, "light"), (1400, "dark")]


class Tab(Struct):
    """A page in the browser, and what went wrong in it."""

    page: Any
    root: str
    seen: list[str]

    def open(self, address: str) -> None:
        self.page.goto(self.root + address)

    def settle(self) -> None:
        """Wait until everything that streams in is there."""
        # Not by an expression, which playwright evaluates in a way that the policy forbids.
        self.page.wait_for_selector("body:not(:has([data-stream]:not([data-stream=''])))")


@pytest.fixture
def new(match: Visit, chromium: Any) -> Iterator[Callable[..., Tab]]:
    """A function that opens a tab on the site of the match."""
    contexts = []
    with serving(match.app) as root:

        def make(width: int = 1400, scheme: str = "light", *, scripts: bool = True) -> Tab:
            context = chromium.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,
                java_script_enabled=scripts,
                bypass_csp=False,
            )
            context.set_default_timeout(1000 * PATIENCE)
            contexts.append(context)
            tab = Tab(context.new_page(), root, [])
            tab.page.on("console", lambda message: tab.seen.append(f"console: {message.text}"))
            tab.page.on("pageerror", lambda error: tab.seen.append(f"error: {error}"))
            return tab

        yield make
        for context in contexts:
            context.close()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_everybody_can_use_every_page_and_none_is_wider_than_the_screen(
    new: Callable[..., Tab], axe: str, width: int, scheme: str
) -> None:
    tab = new(width, scheme)
    for address in PAGES:
        tab.open(address)
        tab.page.click(".filters summary, details summary")
        tab.settle()
        tab.page.evaluate(axe)
        violations = tab.page.evaluate("axe.run()")["violations"]
        bad = [(found["id"], node["html"][:160]) for found in violations for node in found["nodes"][:3]]
        assert bad == [], address
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width, address
    assert [one for one in tab.seen if "400 (Bad Request)" not in one] == []


@pytest.mark.slow
def test_what_is_found_streams_in_and_leads_to_boards_and_games(new: Callable[..., Tab]) -> None:
    tab = new()
    tab.open("/reports/judgements?side=white")
    tab.settle()
    row = tab.page.locator(".report > .table-wrap tr[data-about]").first
    row.locator(".drill").click()
    link = tab.page.locator(".drilled .cards a").first
    address = link.get_attribute("href")
    assert address is not None
    assert address.startswith("/game/")
    assert "side=white" in address
    link.click()
    tab.page.wait_for_selector("#game:not([hidden])")
    tab.open("/?side=white")
    tab.settle()
    assert tab.page.locator(".findings li, .dim").count()
    assert tab.seen == []


@pytest.mark.slow
def test_a_chart_is_read_with_the_keys_and_the_pointer(new: Callable[..., Tab]) -> None:
    tab = new()
    tab.open("/compare?a=side%3Dwhite&b=side%3Dblack")
    chart = tab.page.locator("figure.chart").first
    drawing = chart.locator(":scope > svg")
    hints = drawing.locator("g > title").all_text_contents()
    drawing.focus()
    said = []
    for key in ("ArrowRight", "ArrowRight", "End", "Home", "ArrowLeft"):
        tab.page.keyboard.press(key)
        said.append(chart.locator(".at-point").text_content())
    assert said == [hints[0], hints[1], hints[-1], hints[0], hints[0]]
    tab.page.keyboard.press("Escape")
    assert chart.locator(".at-point").text_content() == ""
    drawing.locator("g:has(title)").nth(2).hover()
    assert chart.locator(".at-point").text_content() == hints[2]
    assert tab.seen == []


@pytest.mark.slow
def test_the_page_of_a_game_keeps_its_ply_in_the_address(new: Callable[..., Tab]) -> None:
    tab = new()
    tab.open("/game/3?side=white&ply=4")
    tab.page.wait_for_selector("#moves [aria-current]")
    tab.page.keyboard.press("ArrowRight")
    assert tab.page.evaluate("location.search") == "?side=white&ply=5"
    fen = tab.page.evaluate("fenNow()")
    for name, path in (("analyse", "/board"), ("in-openings", "/openings")):
        href = tab.page.locator(f"#{name}").get_attribute("href")
        assert tab.page.evaluate("href => new URL(href, location.href).searchParams.get('fen')", href) == fen
        assert href.startswith(f"{path}?side=white&")
    tab.page.click("#next-game")
    tab.page.wait_for_url("**/game/4?side=white")
    assert tab.seen == []


@pytest.mark.slow
def test_what_is_not_known_of_a_game_is_not_drawn(site_of: Callable[..., Visit], chromium: Any) -> None:
    mate = "1. f3 e5 2. g4 Qh4# 0-1"
    names = {"White": "\u05e9\u05dc\u05d5\u05dd", "Black": "\u0645\u062d\u0645\u062f", "Round": "-"}
    whole, gap, nothing = [0, -50, -60, -500], [0, None, None, -500], []
    games = [analysed_game(mate, one, headers=names, number=k) for k, one in enumerate((whole, gap, nothing), 1)]
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(1000 * PATIENCE)
    with serving(site_of(games).app) as root:
        page, seen = context.new_page(), []
        page.on("console", lambda message: seen.append(message.text))
        for number, is_drawn, unknown in ((1, True, 0), (2, True, 1), (3, False, 0)):
            page.goto(f"{root}/game/{number}?ply=1")
            page.wait_for_selector("#saying:not(:empty)")
            assert page.locator("#evaluation").is_visible() == is_drawn
            assert page.locator("#evaluation .unknown").count() == unknown
            assert page.locator("#gauge").is_visible() == (number == 1)
            assert ("not evaluated" in page.inner_text("#saying")) == (number > 1)
        assert "round" not in page.inner_text("#game-facts")
        # White's name is on the left, in whatever direction it is read.
        white, black = (page.locator("#game-title bdi").nth(k).bounding_box() for k in (0, 1))
        assert white["x"] < black["x"]
        assert seen == []
    context.close()


@pytest.mark.slow
def test_the_keyboard_alone_sets_a_filter(new: Callable[..., Tab]) -> None:
    tab = new()
    tab.open("/games")
    tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.page.locator(".filters summary").focus()
    tab.page.keyboard.press("Enter")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("w")  # side: white
    for _ in range(8):
        tab.page.keyboard.press("Tab")
    assert tab.page.evaluate("document.activeElement.name") == "result"
    tab.page.keyboard.press("d")
    tab.page.locator(".filters button[type=submit]").focus()
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/games?side=white&result=draw")
    tab.page.locator(".part").first.focus()
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/games?result=draw")
    assert tab.seen == []


@pytest.mark.slow
def test_without_scripts_pages_are_plain_links_and_forms(new: Callable[..., Tab]) -> None:
    tab = new(scripts=False)
    tab.open("/")
    tab.page.click("text=Inaccuracies")
    tab.page.click(".cards figcaption a >> nth=0")
    assert tab.page.locator("#plain-title").is_visible()
    tab.page.click("noscript .game-body p a >> nth=0")
    tab.page.wait_for_url("**ply=1")
    tab.page.click(".game-body a[rel=next]")
    tab.page.wait_for_url("**ply=2")
    tab.page.click(".game-body a[rel=prev]")
    tab.page.wait_for_url("**ply=1")
    assert tab.page.locator(".plain-moves [aria-current]").count() == 1
    tab.open("/games")
    tab.page.click(".filters summary")
    tab.page.select_option("select[name=result]", "draw")
    tab.page.click(".filters button[type=submit]")
    tab.page.wait_for_url("**result=draw**")
    assert tab.page.locator(".part").count() == 1
