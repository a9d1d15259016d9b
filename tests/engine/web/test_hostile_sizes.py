"""Too much and too slow: bodies, headers, streams, requests at once, over real sockets."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import pytest

pytest.importorskip("uvicorn", reason="pip install -e '.[web]' runs this")

from engine.web.connections import Times
from engine.web.guard import Bounds
from tests.engine.web.hostile_rig import Site, dropped, parsed, rest, serving
from tests.support import PATIENCE

FEW = Bounds(body=10_000, body_seconds=PATIENCE, bodies=2, requests=3, streams=4)
UNREAD = Times(head=PATIENCE, stall=0.3, linger=0.3)
"""Short for those who do not read. Who sends has all the time that a busy machine may need."""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serving(bounds=FEW, times=UNREAD) as site:
        yield site


@pytest.fixture
def hasty() -> Iterator[Site]:
    """A site that waits for no head longer than a second."""
    with serving(times=Times(head=1.0)) as site:
        yield site


def head(site: Site, *lines: str, target: str = "/do", method: str = "POST") -> bytes:
    token = f"X-Token: {site.access.page}"
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: localhost", token, *lines, "", ""]).encode()


def raw(site: Site, sent: bytes) -> int:
    """Return the status of the first answer."""
    return parsed(site.client.raw(sent)).check().status


# -- bodies -----------------------------------------------------------------------------------------------------


def test_bodies_are_bounded_by_server_and_route(site: Site) -> None:
    token = f"X-Token: {site.access.page}"
    for target, fits in (("/do", 10_000), ("/small", 100)):
        assert site.client.post(target, b"x" * fits, token).status == 200
        assert site.client.post(target, b"x" * (fits + 1), token).status == 413
        assert site.client.post(target, b"x" * 10 * fits, token).status == 413
    assert raw(site, head(site, "Content-Length: 99999999999")) == 413  # said at once


def test_chunks_are_counted_as_they_come(site: Site) -> None:
    start = head(site, "Transfer-Encoding: chunked", "Connection: close")
    assert raw(site, start + b"3\r\nabc\r\n0\r\n\r\n") == 200
    assert site.done[-1] == b"abc"
    assert (
        raw(site, start + b"1000\r\n" + b"x" * 0x1000 + b"\r\n" + b"2000\r\n" + b"x" * 0x2000 + b"\r\n0\r\n\r\n")
        == 413
    )


LENGTHS = [
    ["Content-Length: 3", "Transfer-Encoding: chunked"],
    ["Content-Length: 3", "Content-Length: 4"],
    ["Content-Length: -1"],
    ["Content-Length: 3x"],
    ["Content-Length: \u0663"],
    ["Content-Length: 9999999999999999999999"],
    ["Content-Length: 0x3"],
    ["Content-Length: 3, 3", "Content-Length: 4"],
    ["Transfer-Encoding: chunked, gzip"],
    ["Transfer-Encoding: xchunked"],
]


def test_two_ways_to_read_a_body(site: Site) -> None:
    for lines in LENGTHS:
        sent = "\r\n".join(["POST /do HTTP/1.1", "Host: localhost", *lines, "", "abc"])
        before = len(site.done)
        answer = parsed(site.client.raw(sent.encode("utf-8"))).check()
        assert answer.status in {400, 501}
        assert len(site.done) == before


CHUNKS = [b"zz\r\n", b"-1\r\n\r\n", b"ffffffffffffffffffffff\r\n", b"3\r\nabcdef\r\n", b"3;" + b"x" * 70_000]


def test_chunks_that_lie(site: Site) -> None:
    for chunks in CHUNKS:
        before = len(site.done)
        site.client.raw(head(site, "Transfer-Encoding: chunked") + chunks)
        assert len(site.done) == before
        assert site.client.ask().status == 200


def test_a_body_that_does_not_come() -> None:
    with serving(bounds=Bounds(body_seconds=0.3)) as site:
        assert raw(site, head(site, "Content-Length: 9") + b"abc") == 408
        with site.client.connect() as gone:
            gone.sendall(head(site, "Content-Length: 9") + b"abc")
        assert site.client.ask().status == 200
        assert site.done == []


def test_a_get_has_no_body(site: Site) -> None:
    assert raw(site, head(site, "Content-Length: 3", method="GET", target="/") + b"abc") == 400
    assert raw(site, head(site, "Content-Length: 0", "Connection: close", method="GET", target="/")) == 200


def test_slow_bodies_hold_up_no_page(site: Site) -> None:
    """For as long as they are slow, which here is until the test sends the rest."""
    before = len(site.done)
    with contextlib.ExitStack() as slow:
        waiting = [slow.enter_context(site.client.connect()) for _ in range(FEW.bodies)]
        for connection in waiting:
            connection.sendall(head(site, "Content-Length: 9", "Connection: close") + b"abc")
        # They may be read later than this one; whoever comes first of all has a place.
        while (
            answer := parsed(site.client.raw(head(site, "Content-Length: 0", "Connection: close")))
        ).status == 200:
            pass
        assert (answer.check().status, answer.header("retry-after")) == (503, "2")
        assert site.client.ask().status == 200
        for connection in waiting:
            connection.sendall(b"defghi")
        assert [parsed(rest(connection)).status for connection in waiting] == [200] * FEW.bodies
        assert raw(site, head(site, "Content-Length: 0", "Connection: close")) == 200
    assert site.done[before:].count(b"abcdefghi") == FEW.bodies


# -- heads ------------------------------------------------------------------------------------------------------


def test_too_large_heads(site: Site) -> None:
    assert site.client.ask("/", "X: " + "x" * 15_000).status == 200
    assert site.client.ask("/", "Cookie: " + "x" * 17_000).status == 431
    assert site.client.ask("/", *["X: y"] * 120).status == 431
    assert raw(site, b"GET /" + b"x" * 100_000) == 431
    site.client.raw(b"GET / HTTP/1.1\r\nX: " + b"x" * 2_000_000)  # whoever still sends may hear nothing
    assert site.client.ask().status == 200


NOT_HTTP = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\x00" * 100, b"GET / HTTP/1.1\r\nHost x\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", b"GET  /\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\x01\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nA : b\r\n\r\n", b"SSH-2.0-x\r\n\r\n",
]  # fmt: skip


def test_what_is_not_http(site: Site) -> None:
    for sent in NOT_HTTP:
        assert raw(site, sent) in {400, 405, 505}


def test_a_head_that_does_not_come_is_waited_for_a_while_only(hasty: Site) -> None:
    with contextlib.ExitStack() as slow:
        begun = [slow.enter_context(hasty.client.connect()) for _ in range(3)]
        begun[2].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HT")
        begun[1].sendall(b"GET / HT")
        assert [rest(connection).count(b"HTTP/1.1 200") for connection in begun] == [0, 0, 1]


def test_one_byte_at_a_time(hasty: Site) -> None:
    with hasty.client.connect() as connection, contextlib.suppress(OSError):
        for byte in b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000:
            connection.settimeout(0.02)
            connection.sendall(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                if connection.recv(1000) == b"":
                    break
        else:
            pytest.fail("it was waited for")
    assert hasty.client.ask().status == 200


def test_requests_in_a_row(site: Site) -> None:
    one = b"GET /?n=%d HTTP/1.1\r\nHost: localhost\r\n\r\n"
    last = b"GET /?n=199 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answers = site.client.raw(b"".join(one % k for k in range(199)) + last)
    shown = [f"<p>{{'n': '{k}'}}</p>".encode() for k in range(200)]
    places = [answers.index(text) for text in shown]
    assert places == sorted(places)
    assert answers.count(b"HTTP/1.1 200") == 200
    smuggled = (
        head(site, "Content-Length: 3")
        + b"abc"
        + b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    )
    answers = site.client.raw(smuggled)
    assert answers.startswith(b"HTTP/1.1 200")
    assert answers.count(b"HTTP/1.1 400") == 1


# -- streams ----------------------------------------------------------------------------------------------------


def test_streams_are_bounded_and_places_come_back(site: Site) -> None:
    with contextlib.ExitStack() as streams:
        for _ in range(FEW.streams):
            streams.enter_context(site.client.stream())
        answer = site.client.ask("/events")
        assert (answer.status, answer.header("retry-after")) == (503, "2")
        assert [site.client.ask().status for _ in range(5)] == [200] * 5
    site.eventually_no_streams()
    with site.client.stream() as stream:
        assert stream.recv(1000)
    site.eventually_no_streams()


def test_a_stream_cannot_be_asked_for_its_head(site: Site) -> None:
    assert site.client.ask("/events", method="HEAD").status == 405


def test_a_reader_that_never_reads_is_dropped(site: Site) -> None:
    with site.client.stream() as lively, site.client.stream("/flood", buffer=4_096) as stalled:
        while len(site.open) > 1:
            assert lively.recv(1000)  # goes on meanwhile
        assert site.client.ask().status == 200
        assert dropped(stalled)
        assert lively.recv(1000)
    site.eventually_no_streams()


def test_pages_that_are_not_read_hold_up_nobody(site: Site) -> None:
    with contextlib.ExitStack() as slow:
        readers = [slow.enter_context(site.client.connect(buffer=4_096)) for _ in range(3 * FEW.requests)]
        for reader in readers:
            reader.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            with contextlib.suppress(ConnectionError):
                reader.recv(9)
        assert site.client.ask().status == 200
        assert all(map(dropped, readers))


# -- what goes wrong behind it ----------------------------------------------------------------------------------


def test_a_page_that_fails_says_so_and_tells_nobody_why(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert b"purpose" not in site.client.ask("/broken").body
        cut = site.client.raw(b"GET /halfway HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"begun" in cut
    assert b"purpose" not in cut
    assert not cut.endswith(b"0\r\n\r\n")  # the browser sees that something is missing
    assert [record.getMessage() for record in caplog.records] == ["GET '/broken' failed", "GET '/halfway' failed"]
    assert site.client.ask().status == 200


def test_answers_that_nobody_waits_for(site: Site) -> None:
    for _ in range(50):
        with site.client.connect() as gone:
            gone.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert site.client.ask().status == 200
