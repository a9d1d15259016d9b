"""The real pages behind the guard: hostile games and hostile queries, over real sockets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from msgspec import Struct, structs

pytest.importorskip("uvicorn", reason="pip install -e '.[web]' runs this")

from engine.testing import analysed_game
from engine.web.guard import Guard
from engine.web.ports import bind
from engine.web.reports import Reports
from engine.web.server import Server
from engine.web.site import Site, application
from engine.web.store import Store
from engine.web.token import Access
from tests.engine.web.hostile_rig import Answer, Client
from tests.engine.web.test_hostile import TRAVERSALS

NAMES = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onmouseover='alert(1)",
    "javascript:alert(1)", "</title><script>alert(1)</script>", "{{ 7 * 191 }}{% raw %}", "\u202egnp.exe",
    "a\x00b\x1b[31m",
    "</script><svg/onload=1>", "%0d%0aSet-Cookie:x=y", "../../etc/passwd", "&lt;b&gt;&#60;",
]  # fmt: skip
PAGES = [
    "/", "/games", "/moves", "/reports", "/reports/accuracy", "/compare", "/openings", "/board", "/game/1",
    "/game/9", "/records", "/suggestions/player", "/openings/leaks", "/nothing",
]  # fmt: skip
QUERIES = [
    "player={}", "opponent={}", "opening={}", "position={}", "order={}", "start={}", "{}=1",
    "speed={}&speed=x", "since={}", "rating={}", "clock={}", "fen={}", "moves={}", "a={}&b={}",
]  # fmt: skip
VALUES = [
    *NAMES,
    "",
    "-1",
    "9" * 400,
    "1e999",
    "\ufffd",
    "%ff%fe",
    "8/8/8/8/8/8/8/8 w - - 0 1",
    "null",
    "[]",
    "' OR 1=1 --",
]


class Hostile(Struct):
    client: Client
    token: str


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Hostile]:
    """Pages of games whose tags are what somebody would like to be a script."""
    store = Store.create(tmp_path / "store")
    for number, name in enumerate(NAMES, 1):
        game = analysed_game("1. f3 e5 2. g4 Qh4# 0-1", [20, -60, -50, "#-1"], number=number)
        store.add([structs.replace(game, headers={**game.headers, "White": name, "Event": name, "Opening": name})])
    store.finish(None)
    reports = Reports(store, workers=1)
    access, bound = Access(needs_token=False), bind(port=0)
    site = Site(store, reports, title=NAMES[0], token=access.page)
    with Server(Guard(application(site), access), bound):
        yield Hostile(Client(bound.port), access.page)
    reports.close()
    store.close()


def _is_script(address: str | None) -> bool:
    return "script:" in str(address).partition("?")[0].lower()


class _Strict(HTMLParser):
    """Notes what a strict policy would not run, and what is no page of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        is_data = values.get("type") in {"application/json", "text/plain"}
        if tag == "script" and not is_data and not str(values.get("src", "")).startswith("/static/"):
            self.wrong.append(f"script {values}")
        for name, value in values.items():
            leads = name in {"href", "src", "action", "formaction"}
            if name.startswith("on") or name == "style" or (leads and _is_script(value)):
                self.wrong.append(f"{tag} {name}={value}")
        if tag in {"style", "iframe", "object", "embed", "base"} or values.get("src") == "x":
            self.wrong.append(tag)


def check(answer: Answer, where: str) -> None:
    assert answer.status in {200, 303, 400, 404}, where
    assert b"1337" not in answer.body, where  # had a template been run
    if ("content-type", "text/html; charset=utf-8") in answer.headers:
        strict = _Strict()
        strict.feed(answer.body.decode())
        assert strict.wrong == [], where


def test_tags_of_games_are_text_on_every_page(hostile: Hostile) -> None:
    for page in [*PAGES, *(f"/game/{k + 1}" for k in range(len(NAMES)))]:
        answer = hostile.client.ask(page)
        check(answer, page)
    assert b"&lt;script&gt;" in hostile.client.ask("/games").body


@pytest.mark.slow
def test_whatever_is_asked_the_pages_answer_in_words(hostile: Hostile) -> None:
    for j, query in enumerate(QUERIES):
        for k, value in enumerate(VALUES):
            for page in PAGES[(j + k) % 3 :: 3]:
                asked = f"{page}?{query.replace('{}', quote(value))}"
                answer = hostile.client.ask(asked)
                check(answer, asked)
                assert not [name for name, _ in answer.headers if name == "set-cookie"]


def test_a_few_hostile_queries(hostile: Hostile) -> None:
    for k, value in enumerate(VALUES):
        asked = f"{PAGES[k % 4]}?{QUERIES[k % len(QUERIES)].replace('{}', quote(value))}"
        answer = hostile.client.ask(asked)
        check(answer, asked)


def test_files_are_those_of_the_pages_only(hostile: Hostile) -> None:
    assert hostile.client.ask("/static/style.css").status == 200
    for path in [*TRAVERSALS, "style.css/../site.py", "../site.py", "..%2f..%2fsite.py", "", "%2e", "/"]:
        assert hostile.client.ask(f"/static/{path}").status in {404, 307}, path


def test_what_changes_something_needs_the_token(hostile: Hostile) -> None:
    for target in ("/live/stop", "/live/pause", "/live/resume", "/board/lines"):
        assert hostile.client.post(target, b"{}").status == 403
        assert (
            hostile.client.post(target, b"csrf=wrong", "Content-Type: application/x-www-form-urlencoded").status
            == 403
        )
    for body in (b"", b"{", b"null", b"[" * 10_000, b'{"fen": 1}', b"\xff\xfe", b'{"fen": "x", "lines": 1e999}'):
        assert hostile.client.post("/board/lines", body, f"X-Token: {hostile.token}").status < 500, body


def test_nothing_in_the_package_is_inline() -> None:
    root = Path(__file__).parents[3] / "engine" / "web" / "templates"
    for template in root.glob("*.jinja"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|javascript:|\|\s*safe", text), template.name
