"""A small site behind the guard, on a real socket, and clients that write what they like."""

from __future__ import annotations

import asyncio
import contextlib
import re
import select
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from engine.web.connections import Times
from engine.web.guard import Bounds, Guard, limits
from engine.web.ports import Bound, bind
from engine.web.server import Server
from engine.web.token import Access
from tests.support import PATIENCE

LARGE = b"x" * 3_000_000
STRICT = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Answer(Struct):
    """An answer as it came."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Return the value of a header, which the answer must have once."""
        [value] = [value for found, value in self.headers if found == name]
        return value

    def check(self) -> Answer:
        """Every answer has these, whatever it says."""
        for name, value in STRICT.items():
            assert self.header(name) == value
        assert self.header("cache-control") in {"no-store", "no-cache"}
        assert not [name for name, _ in self.headers if name.startswith(("access-control", "server"))]
        return self


class Client(Struct):
    """Asks a server."""

    port: int
    host: str = "127.0.0.1"

    def connect(self, *, buffer: int = 0) -> socket.socket:
        """Connect; `buffer` is the size of what the kernel keeps of answers that are not read."""
        connection = socket.socket()
        connection.settimeout(PATIENCE)
        if buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        try:
            connection.connect((self.host, self.port))
        except OSError:
            connection.close()
            raise
        return connection

    def raw(self, data: bytes) -> bytes:
        """Send bytes that need not be HTTP, and return what comes back until the server closes."""
        with self.connect() as connection:
            with contextlib.suppress(ConnectionError):  # it need not take all of it before it answers
                connection.sendall(data)
            return rest(connection)

    def ask(
        self, target: str = "/", *headers: str, method: str = "GET", body: bytes = b"", host: str | None = None
    ) -> Answer:
        """Send a request and return the answer, which must have all the headers that are asked of each."""
        head = [f"{method} {target} HTTP/1.1", "Connection: close", *headers]
        head.append(f"Host: {self.host}:{self.port}" if host is None else f"Host: {host}")
        if body and not any(line.lower().startswith(("content-length", "transfer-")) for line in headers):
            head.append(f"Content-Length: {len(body)}")
        return parsed(self.raw("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body)).check()

    def post(self, target: str, body: bytes = b"", *headers: str) -> Answer:
        return self.ask(target, *headers, method="POST", body=body)

    @contextlib.contextmanager
    def stream(self, target: str = "/events", *headers: str, buffer: int = 0) -> Iterator[socket.socket]:
        """Open a stream, and wait for its first event."""
        with self.connect(buffer=buffer) as connection:
            lines = [f"GET {target} HTTP/1.1", f"Host: {self.host}:{self.port}", *headers, "", ""]
            connection.sendall("\r\n".join(lines).encode())
            begun = b""
            while b"data: " not in begun and (piece := connection.recv(1 if buffer else 4096)):
                begun += piece
            assert begun.startswith(b"HTTP/1.1 200"), begun
            yield connection


class Site(Struct):
    """A server under test."""

    server: Server
    access: Access
    client: Client
    done: list[bytes]
    """Bodies of the posts that were let through."""
    open: set[int]
    """Streams that are open."""

    def eventually_no_streams(self) -> None:
        """Wait until the server has noticed that nobody listens."""
        for _ in range(int(PATIENCE * 50)):
            if not self.open:
                return
            threading.Event().wait(0.02)
        raise AssertionError(self.open)


def pages(folder: Path | None, done: list[bytes], opened: set[int]) -> Starlette:
    """Return a site with a page, a large page, streams, posts and static files."""

    async def page(request: Request) -> Response:
        shown = {**request.query_params, **request.path_params}
        return HTMLResponse(f"<p>{shown!a}</p>", headers={"Access-Control-Allow-Origin": "*", "Server": "x"})

    async def large(request: Request) -> Response:
        return PlainTextResponse(LARGE)

    async def broken(request: Request) -> Response:
        raise LookupError("on purpose")

    async def halfway(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"begun"
            raise LookupError("on purpose")

        return StreamingResponse(parts())

    def events(filler: int, pause: float) -> Route:
        async def listen(request: Request) -> Response:
            async def lines() -> AsyncIterator[bytes]:
                number = id(request)
                opened.add(number)
                try:
                    while True:
                        yield b"data: " + b"x" * filler + b"\n\n"
                        await asyncio.sleep(pause)
                finally:
                    opened.discard(number)

            return StreamingResponse(lines(), media_type="text/event-stream")

        path = "/flood" if filler else "/events"
        return Route(path, listen, middleware=[limits(stream=True, at_once=8)])

    async def do(request: Request) -> Response:
        done.append(await request.body())
        return PlainTextResponse("done")

    return Starlette(
        routes=[
            Route("/", page),
            Route("/pages/{name}", page),
            Route("/large", large),
            Route("/broken", broken),
            Route("/halfway", halfway),
            events(0, 0.05),
            events(10_000, 0.0),
            Route("/do", do, methods=["POST"]),
            Route("/small", do, methods=["POST"], middleware=[limits(body=100)]),
            *([Mount("/static", StaticFiles(directory=folder))] if folder else []),
        ]
    )


@contextlib.contextmanager
def serving(
    folder: Path | None = None,
    *,
    needs_token: bool = False,
    bounds: Bounds | None = None,
    times: Times | None = None,
    connections: int | None = None,
    bound: Bound | None = None,
) -> Iterator[Site]:
    """Serve the site in a thread."""
    bound = bound or bind(port=0)
    access = Access(needs_token=needs_token)
    done: list[bytes] = []
    opened: set[int] = set()
    guard = Guard(pages(folder, done, opened), access, hosts=bound.names(), bounds=bounds)
    with Server(guard, bound, times=times, connections=connections) as server:
        yield Site(server, access, Client(bound.port), done, opened)


def rest(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            answer += piece
    return answer


def dropped(connection: socket.socket) -> bool:
    """Wait until the server has reset a connection whose data nobody reads; False when it does not."""
    poll = select.poll()
    poll.register(connection, 0)  # resets are always told
    return bool(poll.poll(1000 * PATIENCE))


def parsed(answer: bytes) -> Answer:
    """Return the first answer in some bytes."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = re.match(r"HTTP/1\.1 (\d{3})", first)
    assert status, answer[:200]
    pairs = [line.partition(":") for line in lines]
    return Answer(int(status[1]), [(name.lower(), value.strip()) for name, _, value in pairs], body)
