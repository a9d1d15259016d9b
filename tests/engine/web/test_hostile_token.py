"""The token of a server that other computers reach."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("uvicorn", reason="pip install -e '.[web]' runs this")

from engine.web.ports import bind
from engine.web.token import Access, Attempts, household
from tests.engine.web.hostile_rig import Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(needs_token=True, bound=bind("0.0.0.0", 0)) as site:
        yield site


def cookie_of(site: Site) -> str:
    return "Cookie: " + site.client.ask(f"/{site.access.query}").header("set-cookie").partition(";")[0]


def test_nothing_is_shown_without_the_token(site: Site) -> None:
    for target in ("/", "/events", "/static/a.css", "/nothing", "/?token", "/?token=", "/?token=wrong"):
        assert site.client.ask(target).status == 401
    assert site.client.post("/do", b"x", f"X-Token: {site.access.page}").status == 401
    assert site.done == []


def test_the_token_becomes_a_cookie_and_leaves_the_address(site: Site) -> None:
    token = site.access.query.removeprefix("?token=")
    assert len(token) >= 22  # 128 bits
    answer = site.client.ask(f"/pages/x%20y?a=1&token={token}&b=%26")
    assert (answer.status, answer.header("location")) == (303, "/pages/x%20y?a=1&b=%26")
    value, *flags = answer.header("set-cookie").split("; ")
    assert sorted(flags) == ["HttpOnly", "Path=/", "SameSite=Strict"]
    assert token not in value
    assert site.client.ask("/", f"Cookie: {value}").status == 200
    assert site.client.ask("/", f"Cookie: a=b; {value}", "Sec-Fetch-Site: same-origin").status == 200


def test_a_link_in_a_chat_works_as_well(site: Site) -> None:
    link = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
    answer = site.client.ask(f"/games{site.access.query}&a=1", *link)
    assert (answer.status, answer.header("refresh")) == (200, "0;url=/games?a=1")
    assert answer.header("set-cookie")


def test_a_later_link_is_opened_again_by_our_own_page(site: Site) -> None:
    link = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
    answer = site.client.ask("/games?a=1", *link)  # without its strict cookie
    assert (answer.status, answer.header("refresh")) == (401, "0;url=/games?a=1")
    again = site.client.ask("/games?a=1", "Sec-Fetch-Site: same-origin")
    assert (again.status, [name for name, _ in again.headers if name == "refresh"]) == (401, [])


def test_a_cookie_needs_to_be_the_right_one(site: Site) -> None:
    right = cookie_of(site)
    for wrong in (right[:-1], right + "x", "Cookie: engine=x", right.swapcase(), f"Cookie: {right}"):
        assert site.client.ask("/", wrong).status == 401
    with serving(needs_token=True) as other:
        assert other.client.ask("/", right).status == 401


def test_a_post_needs_the_cookie_and_the_token_of_the_page(site: Site) -> None:
    cookie = cookie_of(site)
    assert site.client.post("/do", b"x", cookie).status == 403
    assert site.client.post("/do", b"x", cookie, f"X-Token: {site.access.page}").status == 200


def test_wrong_tokens_are_limited_and_keep_nobody_out(site: Site) -> None:
    for kind in ("token", "cookie"):
        name = f"Cookie: engine-{site.client.port}=wrong"
        ask = ["/?token=wrong"] if kind == "token" else ["/", name]
        answers = [site.client.ask(*ask) for _ in range(12)]
        assert [answer.status for answer in answers] == [401] * 10 + [429] * 2
        assert 0 < int(answers[-1].header("retry-after")) <= 60
    assert site.client.ask(f"/{site.access.query}").status == 429  # not even looked at
    assert site.client.ask("/").status == 401


def test_an_old_page_does_not_lock_out_who_has_the_new_address(site: Site) -> None:
    old = f"Cookie: engine-{site.client.port}=of-the-server-before"
    assert [site.client.ask("/events", old).status for _ in range(11)][-1] == 429
    assert site.client.ask("/", cookie_of(site)).status == 200


def test_a_ticket_is_good_for_one_visit(site: Site) -> None:
    ticket = site.access.ticket()
    assert ticket != site.access.query
    assert [site.client.ask(f"/{ticket}").status for _ in range(2)] == [303, 401]
    assert Access(needs_token=False).ticket() == ""


def test_a_token_where_none_is_needed_leaves_the_address() -> None:
    with serving() as site:
        answer = site.client.ask("/?token=old")
        assert (answer.status, answer.header("location")) == (303, "/")


def test_other_names_are_refused_with_a_token_too(site: Site) -> None:
    assert site.client.ask(f"/{site.access.query}", host="evil.example").status == 400
    assert site.client.ask(f"/{site.access.query}", host="192.168.1.5:8642").status == 303


def test_attempts_are_counted_by_household_and_forgotten_in_time() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for k in range(10):
        assert not attempts.wait("token", "2001:db8::1")
        attempts.wrong("token", f"2001:db8::{k}")
    assert attempts.wait("token", "2001:db8::ffff") == 60
    assert not attempts.wait("token", "2001:db8:1::1")
    assert not attempts.wait("cookie", "2001:db8::1")
    now[0] = 61.0
    assert not attempts.wait("token", "2001:db8::1")
    for k in range(5_000):
        attempts.wrong("token", f"10.0.{k // 256}.{k % 256}")
    assert len(attempts) <= 1_024


def test_households() -> None:
    assert household("10.1.2.3") == household("::ffff:10.1.2.3") == "10.1.2.3"
    assert household("fe80::1%eth0") == household("fe80::2")
    assert household("?") == "?"
