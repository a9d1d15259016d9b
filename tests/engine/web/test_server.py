"""Ports, many connections, and the end of the server."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("uvicorn", reason="pip install -e '.[web]' runs this")

from engine.errors import ConfigError
from engine.web import ports, server
from engine.web.connections import Times
from engine.web.ports import bind
from tests.engine.web.hostile_rig import Client, rest, serving
from tests.support import PATIENCE

ROOT = Path(__file__).parents[3]


# -- ports ------------------------------------------------------------------------------------------------------


def test_a_port_that_was_named_is_that_one_or_none() -> None:
    with bind(port=0).socket as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port} is taken by another program; --port names another"):
            bind(port=port)


def test_the_next_port_is_taken_when_none_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with bind(port=0).socket as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(ports, "PORT", port)
        found = bind()
        with found.socket:
            assert found.taken == port
            assert found.port != port
            assert found.url == f"http://127.0.0.1:{found.port}/"


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", 70_000, "70000 is no port"),
        ("127.0.0.1", -1, "-1 is no port"),
        ("no-such-host.invalid", 0, "cannot listen on no-such-host.invalid"),
        ("192.0.2.1", 0, "cannot listen on 192.0.2.1"),
        ("x" * 70 + ".example", 0, "cannot listen on x"),
    ],
)
def test_what_cannot_be_listened_on_is_said(host: str, port: int, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        bind(host, port)


def test_addresses_and_who_reaches_them() -> None:
    for host, local in (
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
    ):
        try:
            bound = bind(host, 0)
        except ConfigError:
            if ":" not in host:
                raise
            continue  # a machine without IPv6
        with bound.socket:
            assert bound.is_loopback is local
            assert bound.url.endswith(f":{bound.port}/")
            shown = bound.url.removeprefix("http://").removesuffix(f":{bound.port}/").strip("[]")
            assert (shown == host) is local


def test_the_browser_is_opened_where_there_are_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    told = threading.Event()

    def show(url: str) -> None:
        shown.append(url)
        told.set()

    monkeypatch.setattr("webbrowser.open", show)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    server.open_browser("http://127.0.0.1:1/")
    assert shown == []
    monkeypatch.setenv("DISPLAY", ":0")
    server.open_browser("http://127.0.0.1:2/")
    assert told.wait(PATIENCE)
    assert shown == ["http://127.0.0.1:2/"]


# -- many connections -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def enough_files(number: int) -> Iterator[None]:
    resource = pytest.importorskip("resource", reason="a system without limits that can be asked for")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        pytest.skip(f"`ulimit -n {number}` runs this: no more than {hard} files may be open")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, number), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def files() -> int:
    """Return how many descriptors this process has; 0 where that cannot be told."""
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0


def test_a_thousand_idle_connections_keep_nobody_out() -> None:
    with enough_files(3_000), serving(connections=100) as site, contextlib.ExitStack() as idle:
        before = files()
        for k in range(1_000):
            connection = idle.enter_context(site.client.connect())
            if k % 3 == 1:
                connection.sendall(b"GET / HT")
            if k % 100 == 0:
                assert site.client.ask().status == 200
        with site.client.stream() as stream:
            assert site.client.ask().status == 200
            assert stream.recv(1000)
        if before:
            kept = files() - before - 1_000
            assert kept <= 101  # the server's side of those that it keeps


def test_connections_in_use_are_not_closed_for_idle_ones() -> None:
    with serving(connections=10) as site, contextlib.ExitStack() as others:
        stream = others.enter_context(site.client.stream())
        for _ in range(12):
            others.enter_context(site.client.connect())
            assert stream.recv(1000)
        assert len(site.open) == 1


def test_a_connection_is_used_again_and_again() -> None:
    with serving() as site, site.client.connect() as connection:
        for _ in range(20):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while b"<p>" not in answer:
                answer += connection.recv(1000)


# -- the end ----------------------------------------------------------------------------------------------------


def test_streams_end_in_good_order_with_the_server() -> None:
    with serving() as site, site.client.stream() as stream, site.client.connect() as idle:
        site.server.stop()
        assert rest(stream).endswith(b"0\r\n\r\n")
        assert rest(idle) == b""
        assert site.server.wait(PATIENCE)
        assert not site.open
    with pytest.raises(OSError, match="refused"):
        site.client.connect()


@pytest.mark.slow
def test_a_client_that_reads_nothing_does_not_keep_the_server() -> None:
    with serving(times=Times(stall=2 * PATIENCE)) as site, site.client.stream("/flood", buffer=4_096):
        site.server.stop()
        assert site.server.wait(PATIENCE)


@contextlib.contextmanager
def program() -> Iterator[tuple[subprocess.Popen[str], Client]]:
    command = [sys.executable, "-m", "tests.engine.web.hostile_program"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline()
            yield process, Client(int(url.rpartition(":")[2].strip(" /\n")))
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_signal_ends_the_program_in_time_with_streams_open(number: signal.Signals) -> None:
    flood = "/flood" if number == signal.SIGINT else "/events"  # which is not read, so it takes two seconds
    with program() as (process, client), client.stream() as stream, client.stream(flood, buffer=4_096):
        process.send_signal(number)
        assert rest(stream).endswith(b"0\r\n\r\n")
        out, err = process.communicate(timeout=PATIENCE)
        assert (out, err, process.returncode) == (f"ended by {number.name}\n", "", 7)


@pytest.mark.slow
def test_a_page_that_computes_does_not_keep_the_program() -> None:
    with program() as (process, client), client.connect() as waiting:
        waiting.sendall(b"GET /compute HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert process.stdout is not None
        assert process.stdout.readline() == "computing\n"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)
        assert (out, err, process.returncode) == ("ended by SIGTERM\n", "", 7)


@pytest.mark.slow
def test_memory_does_not_grow_with_what_is_refused() -> None:
    with program() as (process, client):

        def resident() -> int:
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))

        def storm() -> None:
            for k in range(300):
                client.ask(f"/?a={k}", f"Cookie: {'x' * 10_000}")
                client.ask(f"/{k}/../x", host=f"{k}.example")
                client.ask(f"/do?{k}", method="POST", body=b"x" * 20_000)
                with client.connect() as gone:
                    gone.sendall(
                        b"POST /do HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n" + b"x" * 9_999
                    )
                with client.stream("/flood", buffer=4_096):
                    pass

        storm()
        before = resident()
        storm()
        storm()
        assert resident() - before < 5_000  # KiB


def test_an_application_that_does_not_start_is_said() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        assert isinstance(scope, dict)
        if scope["type"] == "lifespan":
            assert callable(send)
            await send({"type": "lifespan.startup.failed", "message": "no"})

    bound = bind(port=0)
    with pytest.raises(ConfigError, match="do not start"), server.Server(app, bound):
        pass
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", bound.port)):
        pass
