"""Board and opening tree in a real browser: mouse, touch and the keyboard alone; a live analysis; axe-core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest

from engine import AsyncAnalyzer
from engine.web.guard import Guard
from engine.web.ports import bind
from engine.web.reports import Reports
from engine.web.seats import Seats
from engine.web.server import Server
from engine.web.site import Site, application
from engine.web.store import build
from engine.web.token import Access
from tests.engine.api.rig import fake, workers
from tests.support import DATA, PATIENCE

pytestmark = pytest.mark.slow

MINUTE = 1_000 * PATIENCE
ENDGAME = "4k3/7P/8/8/8/8/8/R3K3 w Q - 0 1"


class Served(NamedTuple):
    """A server, and a way to open a page of it in the browser."""

    address: str
    seats: Seats
    open: Callable[..., Any]


@pytest.fixture
def served(chromium: Any, tmp_path: Path) -> Iterator[Served]:
    store = build([DATA / "match.jsonl.zst"], tmp_path / "match.store")
    seats = Seats(lambda: AsyncAnalyzer(evaluator=fake(tmp_path), workers=1))
    access, bound = Access(needs_token=False), bind(port=0)
    site = Site(store, Reports(store), analyzer=seats, token=access.page)
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_page(path: str, width: int = 1400, **context: Any) -> Any:
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}, **context))
        page = contexts[-1].new_page()
        page.set_default_timeout(MINUTE)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None)
        page.goto(bound.url.rstrip("/") + path)
        return page

    with Server(Guard(application(site), access, hosts=bound.names()), bound):
        yield Served(bound.url.rstrip("/"), seats, open_page)
        for context in contexts:
            context.close()
    store.close()
    assert wrong == []
    assert not workers()


def keys(page: Any, *names: str) -> None:
    for name in names:
        page.keyboard.press(name)


def focused(page: Any) -> str:
    script = "document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"
    return str(page.evaluate(script))


def moves_of(page: Any) -> str:
    return unquote(page.url).partition("moves=")[2].partition("&")[0].partition("#")[0]


def wait_for_moves(page: Any, moves: str) -> None:
    page.wait_for_url(lambda url: unquote(url).partition("moves=")[2].partition("&")[0].partition("#")[0] == moves)


def test_the_keyboard_alone_plays_searches_and_stops(served: Served) -> None:
    page = served.open("/board")
    for _ in range(40):
        keys(page, "Tab")
        if page.evaluate("document.activeElement.dataset.name") == "a1":
            break
    assert focused(page) == "a1, white rook"
    keys(page, "ArrowUp", *["ArrowRight"] * 4, "Enter")
    assert "white pawn on e2 picked up" in page.text_content("#t-hand")
    keys(page, "ArrowUp", "ArrowUp", "Enter")
    wait_for_moves(page, "e2e4")
    page.wait_for_selector("#b-said:text-is('1. e4. Black to move.')", state="attached")
    assert focused(page) == "e4, white pawn"
    keys(page, "f")
    assert focused(page) == "e4, white pawn"
    keys(page, "f", "s")
    page.wait_for_selector("#b-lines li")
    page.wait_for_selector("#b-state:has-text('Done')")
    assert page.locator("#b-lines li").count() == 3
    assert page.locator("#t-over .arrow").count() == 3
    assert page.inner_text("#b-go") == "Analyse"
    keys(page, "Backspace")
    wait_for_moves(page, "")
    assert page.locator("#b-lines li").count() == 0
    page.focus("#b-typed")
    page.keyboard.type("Nf3")
    keys(page, "Enter")
    wait_for_moves(page, "g1f3")
    page.focus("#b-typed")
    page.keyboard.type("Ke4")
    keys(page, "Enter")
    page.wait_for_selector("#b-trouble:not([hidden])")
    assert page.inner_text("#b-trouble").startswith("'Ke4' is no legal move here")
    page.go_back()
    wait_for_moves(page, "")


def test_stop_and_leaving_end_the_search(served: Served, tmp_path: Path) -> None:
    for seat in served.seats.all:
        seat.make = lambda: AsyncAnalyzer(evaluator=fake(tmp_path, 3_600.0), workers=1)
    page = served.open("/board")
    for leave in (lambda: page.click("#b-go"), lambda: page.goto("about:blank")):
        page.click("#b-go")
        page.wait_for_selector("#b-state:has-text('searching')")
        assert served.seats.busy == 1
        leave()
        for _ in range(int(PATIENCE * 10)):
            if served.seats.busy == 0:
                break
            page.wait_for_timeout(100)
        assert served.seats.busy == 0
        assert not workers()


def test_mouse_and_fingers_play_and_promote(served: Served) -> None:
    page = served.open("/board")
    page.drag_and_drop("[data-name=e2]", "[data-name=e4]")
    wait_for_moves(page, "e2e4")
    page.click("#b-flip")
    assert page.locator("#t-board [data-square]").first.get_attribute("data-name") == "h1"
    page.click("[data-name=c7]")
    page.click("[data-name=c5]")
    wait_for_moves(page, "e2e4,c7c5")
    assert "below=black" in page.url
    page.click("#b-line a >> text=e4")
    wait_for_moves(page, "e2e4")
    touch = served.open(f"/board?fen={ENDGAME}", 390, has_touch=True, is_mobile=True)
    assert touch.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("h7", "h8"):
        touch.locator(f"[data-name={name}]").tap()
    touch.locator("#t-promotion [data-piece=n]").tap()
    wait_for_moves(touch, "h7h8n")


def test_a_position_is_set_up_and_refused_in_words(served: Served) -> None:
    page = served.open("/board")
    page.click("#b-setup")
    page.click("#b-clear")
    page.click("#b-use")
    page.wait_for_selector("#b-trouble:not([hidden])")
    assert "White has no king" in page.inner_text("#b-trouble")
    page.click("#b-palette label:has([value=K])")
    page.click("[data-name=e1]")
    page.focus("#t-board [tabindex='0']")
    keys(page, *["ArrowUp"] * 7, "k", "ArrowLeft", "q", "Delete")
    assert page.text_content("#t-hand") == "d8 is empty."
    page.click("#b-palette label:has([value=R])")
    page.click("[data-name=a1]")
    for letter in "Kkq":
        page.uncheck(f"[data-castling={letter}]")
    page.click("#b-use")
    page.wait_for_url(lambda url: "fen=" in url)
    assert page.input_value("#b-fen") == "4k3/8/8/8/8/8/8/R3K3 w Q - 0 1"
    assert page.is_hidden("#b-men")
    games = page.get_attribute("#b-games", "href")
    assert page.request.get(served.address + games).status == 200


def test_fen_and_pgn_are_copied(served: Served) -> None:
    page = served.open("/board?moves=e2e4,e7e5", permissions=["clipboard-read", "clipboard-write"])
    page.click("#b-copy-pgn")
    page.wait_for_selector("#b-copied:has-text('PGN copied.')")
    assert page.evaluate("navigator.clipboard.readText()").endswith("1. e4 e5 *")


def test_without_a_script_links_and_the_form_play(served: Served) -> None:
    page = served.open("/board", java_script_enabled=False)
    assert page.is_visible("#b-picture svg")
    page.click("#b-legal a >> text=e4")
    page.fill("#b-typed", "c5")
    page.click("#b-form button")
    assert page.text_content("#b-where").startswith("White to move · B20 Sicilian Defense")
    page.click("#b-back")
    assert moves_of(page) == "e2e4"


def test_the_tree_is_walked_by_keys(served: Served) -> None:
    page = served.open("/openings#walk")
    first, second = page.locator(".o-move").all_inner_texts()[:2]
    assert focused(page) == first
    keys(page, "ArrowDown")
    assert focused(page) == second
    keys(page, "ArrowUp")
    first_move = page.locator(".o-move").first.get_attribute("data-uci")
    keys(page, "Enter")
    wait_for_moves(page, first_move)
    page.wait_for_selector(".o-move:focus")
    keys(page, "Backspace")
    wait_for_moves(page, "")
    page.wait_for_selector("#t-frame:not([hidden])")
    page.drag_and_drop("[data-name=d2]", "[data-name=d4]")
    wait_for_moves(page, "d2d4")


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(served: Served, axe: str, width: int, scheme: str) -> None:
    places = ("/board?moves=e2e4", "/board?fen=x", "/openings?moves=e2e4", "/openings/leaks?player=Stockfish+1700")
    for place in (*places, "/openings/leaks", "setup", "search"):
        path = place if place.startswith("/") else "/board"
        page = served.open(path, width, color_scheme=scheme, bypass_csp=True)
        if place == "setup":
            page.click("#b-setup")
        if place == "search":
            page.click("#b-go")
            page.wait_for_selector("#b-state:has-text('Done')")
        page.evaluate(axe)
        bad = [
            (place, violation["id"], node["html"][:160], node["failureSummary"][:300])
            for violation in page.evaluate("axe.run()")["violations"]
            for node in violation["nodes"][:3]
        ]
        assert bad == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, place
        page.close()
