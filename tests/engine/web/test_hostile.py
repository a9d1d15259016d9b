"""Who may ask, and what every answer has: over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="pip install -e '.[web]' runs this")

from tests.engine.web.hostile_rig import Site, serving

FORM = "Content-Type: application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def test_a_page_is_served_and_nobody_else_may_read_it(site: Site) -> None:
    answer = site.client.ask("/?a=1")
    assert (answer.status, answer.body) == (200, b"<p>{'a': '1'}</p>")


def test_every_answer_has_the_headers(site: Site) -> None:
    expected = {"/": 200, "/nothing": 404, "/broken": 500, "/do": 405, "/pages/a%0ab": 404, "*": 400}
    for target, status in expected.items():
        assert site.client.ask(target).status == status  # `ask` checks them


def test_other_methods(site: Site) -> None:
    preflight = ("Origin: http://evil.example", "Access-Control-Request-Method: POST")
    for method in ("OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get"):
        answer = site.client.ask("/do", *preflight, method=method)
        assert answer.status == 405, method
        assert answer.header("allow") == "GET, HEAD, POST"


def test_head_has_no_body(site: Site) -> None:
    answer = site.client.ask("/", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


# -- Host, Origin -----------------------------------------------------------------------------------------------


def test_names_of_this_computer(site: Site) -> None:
    for host in ("127.0.0.1", "localhost", "LOCALHOST.:99", "[::1]:8642", "127.0.0.9:1"):
        assert site.client.ask(host=host).status == 200, host


OTHERS = [
    "evil.example", "evil.example:8642", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0",
    "192.168.1.5", "user@localhost", "localhost/..", "localhost:port", "", "[::1", "127.1", "2130706433",
    "localhost\u00e9", "[::ffff:8.8.8.8]", "localhost,evil.example",
]  # fmt: skip


def test_a_name_that_somebody_lets_point_here(site: Site) -> None:
    for host in OTHERS:
        assert site.client.ask(host=host).status == 400, host


def test_no_host_and_two_hosts(site: Site) -> None:
    for lines in (b"", b"Host: localhost\r\nHost: evil.example\r\n"):
        answer = site.client.raw(b"GET / HTTP/1.1\r\n" + lines + b"Connection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400")
    assert site.client.raw(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 400")


ELSEWHERE = [
    ["Origin: http://evil.example"],
    ["Origin: null"],
    ["Origin: http://localhost:1"],
    ["Sec-Fetch-Site: cross-site"],
    ["Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"],
    ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"],
]


def test_pages_of_other_sites_see_nothing(site: Site) -> None:
    token = f"X-Token: {site.access.page}"
    for lines in ELSEWHERE:
        assert site.client.ask("/", *lines).status == 403
        assert site.client.post("/do", b"x", token, *lines).status == 403
    assert site.done == []


def test_a_link_on_another_site_leads_here_and_cannot_post(site: Site) -> None:
    link = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"]
    assert site.client.ask("/", *link).status == 200
    assert site.client.post("/do", b"x", f"X-Token: {site.access.page}", *link).status == 403


def test_a_page_of_ours_may_ask(site: Site) -> None:
    origin = f"Origin: http://127.0.0.1:{site.client.port}"
    assert site.client.ask("/", origin, "Sec-Fetch-Site: same-origin").status == 200


# -- posts ------------------------------------------------------------------------------------------------------


def test_a_post_needs_the_token_of_a_page() -> None:
    with serving() as site:
        token = site.access.page
        ours = [f"Origin: http://127.0.0.1:{site.client.port}", "Sec-Fetch-Site: same-origin"]
        for wrong in ([], ["X-Token: "], [f"X-Token: {token}x"], [f"X-Token: {token[:-1]}"], ["X-Token: \u00e9"]):
            assert site.client.post("/do", b"csrf=" + token.encode(), *ours, *wrong).status == 403
        assert site.client.post("/do", b"csrf=wrong", FORM).status == 403
        assert site.client.post("/do", b"", FORM).status == 403
        assert site.client.ask(f"/do?csrf={token}", method="POST").status == 403
        assert site.done == []
        assert site.client.post("/do", b"{}", f"X-Token: {token}", *ours).status == 200
        form = f"a=1&csrf={token}".encode()
        assert site.client.post("/do", form, FORM, *ours).status == 200
        assert site.done == [b"{}", form]
        assert len(token) >= 22  # 128 bits


# -- paths ------------------------------------------------------------------------------------------------------

TRAVERSALS = [
    "../secret", "%2e%2e/secret", "..%2fsecret", "%2e%2e%2fsecret", "..\\secret", "..%5csecret",
    "%252e%252e/secret",
    "a/../../secret", "%00", "a.css%00.js", "/etc/passwd", "%2fetc%2fpasswd", "..%c0%afsecret", "....//secret",
    "link.css", "folder/secret", "%ff", ".%2e/secret", "C:%5cWindows", "a.css/..", "./a.css", "%E2%80%AE.css",
]  # fmt: skip


def test_paths_lead_to_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    static = tmp_path / "static"
    static.mkdir()
    (static / "a.css").write_text("p {}")
    (static / "link.css").symlink_to(tmp_path / "secret")
    (static / "folder").symlink_to(tmp_path)
    with serving(static) as site:
        assert site.client.ask("/static/a.css").body == b"p {}"
        for path in TRAVERSALS:
            answer = site.client.ask(f"/static/{path}")
            assert answer.status == 404, path
            assert b"secret" not in answer.body


TARGETS = {
    "http://evil.example/": 400,
    "http://localhost/": 400,
    "//evil.example/": 404,
    "/\\evil.example": 404,
    "/%5cevil.example": 404,
    "?a": 400,
    "/?a=%ff%fe&%80=%": 200,
    "/?" + "&".join(["a=1"] * 200): 400,
    "/?a=" + "x" * 9_000: 414,
    "/" + "x" * 3_000: 414,
}


def test_targets(site: Site) -> None:
    for target, status in TARGETS.items():
        assert site.client.ask(target).status == status, target


def test_hostile_headers_are_text(site: Site) -> None:
    lines = [
        "User-Agent: <script>alert(1)</script>", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Host: evil.example",
        "Referer: javascript:alert(1)", 'Cookie: a=b; =; ;;;="; engine-1=\u00ff', "Accept-Language: ${jndi:ldap://x}",
        "X-Original-URL: /broken", "X-HTTP-Method-Override: DELETE", "Upgrade: websocket", "Connection: Upgrade",
        "Range: bytes=0-0,1-1,2-2", "If-None-Match: *", "Sec-WebSocket-Key: x", "Expect: 100-continue",
    ]  # fmt: skip
    answer = site.client.ask("/pages/%3Cscript%3E?b=%0d%0aSet-Cookie:x", *lines)
    assert answer.status == 200
    assert not [name for name, _ in answer.headers if name == "set-cookie"]
    assert b"evil" not in answer.body
