"""How much one client, and all of them together, may ask for.

`limits` bounds a route further than the guard bounds all of them:

    Route("/board/lines", lines, methods=["POST"], middleware=[limits(body=4_096, at_once=4)])
    Route("/live/events", events, middleware=[limits(stream=True, at_once=32)])
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from msgspec import Struct
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.web.answers import Refused, refuse

CLOSING = "engine.web.closing"
"""Key of `scope["state"]`: an asyncio.Event that is set when the server is about to stop."""
VISIT = "engine.web.visit"
"""Key of a scope: the `Visit` of the request."""
RETRY_SECONDS = 2
_DRAINED = 4
"""How many times what it may have a body may send before the connection is closed on it."""
_DRAIN_SECONDS = 2.0


class Bounds(Struct, frozen=True):
    """What a guard lets through."""

    path: int = 2_048
    """Bytes of a path."""
    query: int = 8_192
    """Bytes of a query string."""
    parameters: int = 100
    """Parameters of a query string, and fields of a form."""
    headers: int = 16_384
    """Bytes of all headers."""
    header_lines: int = 100
    body: int = 262_144
    """Bytes of a body. Routes have smaller bounds of their own."""
    body_seconds: float = 10.0
    """Seconds in which a body has to come."""
    bodies: int = 32
    """Bodies that are read at the same time."""
    requests: int = 64
    """Requests that are served at the same time, without streams."""
    streams: int = 64
    """Streams that are open at the same time."""


class Places:
    """A number of places, each of which one request has at a time."""

    def __init__(self, number: int, words: str) -> None:
        """Begin with all of them free.

        * **words** - why a request for which there is none is refused.
        """
        self._free = number
        self._words = words

    def enter(self) -> Place:
        """Take a place. Raises Refused (503)."""
        if self._free <= 0:
            raise Refused(503, self._words, {"retry-after": str(RETRY_SECONDS)})
        self._free -= 1  # no `await` since the check: nobody else can have taken the same place
        return Place(self)

    def give_back(self) -> None:
        self._free += 1


class Place:
    """A place that was taken."""

    def __init__(self, places: Places) -> None:
        self._places: Places | None = places

    def leave(self) -> None:
        """Give it back; again does nothing."""
        if self._places is not None:
            self._places.give_back()
        self._places = None


class Visit:
    """A request under a guard: its place, and the places of streams."""

    def __init__(self, streams: Places) -> None:
        self.place: Place | None = None
        self.streams = streams
        self.body = b""

    def leave(self) -> None:
        """Let another request have the place; this one only sends what it has, or is a stream."""
        if self.place is not None:
            self.place.leave()


async def read_body(receive: Receive, most: int, seconds: float, length: int) -> bytes:
    """Read the body of a request.

    A client that is still sending does not hear an answer, so a little more than `most` is read and thrown away.

    * **most** - the bytes that it may have.
    * **seconds** - how long it may take.
    * **length** - how many bytes it says that it has; 0 if it does not.

    Raises Refused (408, 413) and ClientDisconnect.
    """
    too_much = Refused(413, f"More than {most:,} bytes.", {"connection": "close"})
    if length > _DRAINED * most:
        raise too_much
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(min(seconds, _DRAIN_SECONDS) if length > most else seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                piece = message.get("body", b"")
                size += len(piece)
                if size <= most:
                    body += piece
                if not message.get("more_body", False) or size > _DRAINED * most:
                    break
    except TimeoutError:
        late = Refused(408, f"The request had not come after {seconds:g} seconds.", {"connection": "close"})
        raise too_much if size > most else late from None
    if size > most:
        raise too_much
    return bytes(body)


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read to a route, and then waits for the client to go."""
    unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return unread.pop() if unread else await receive()

    return again


def limits(*, body: int | None = None, at_once: int | None = None, stream: bool = False) -> Middleware:
    """Return a middleware that bounds a route; it works below a `Guard`.

    * **body** - bytes of a body, fewer than the guard's; more is 413.
    * **at_once** - requests of this route at the same time; more is 503 with Retry-After.
    * **stream** - whether its answers go on for as long as the client likes. They have places of their own instead
      of holding up pages, end when the server does, and do not answer HEAD.
    """
    return Middleware(_Limits, body=body, at_once=at_once, stream=stream)


class _Limits:
    def __init__(self, app: ASGIApp, *, body: int | None, at_once: int | None, stream: bool) -> None:
        self._app = app
        self._body = body
        self._places = Places(at_once, "Too many of these at once; try again.") if at_once is not None else None
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._placed(scope):
                if self._stream:
                    await until_closing(self._app, scope, receive, send)
                else:
                    await self._app(scope, receive, send)
        except Refused as refused:
            await refuse(send, refused)

    @contextlib.contextmanager
    def _placed(self, scope: Scope) -> Iterator[None]:
        visit: Visit | None = scope.get(VISIT)
        if self._body is not None and visit is not None and len(visit.body) > self._body:
            raise Refused(413, f"More than {self._body:,} bytes.")
        if self._stream and scope["method"] == "HEAD":
            raise Refused(405, "A stream has to be read.", {"allow": "GET"})
        taken: list[Place] = []
        try:
            if self._places is not None:
                taken.append(self._places.enter())
            if self._stream and visit is not None:
                taken.append(visit.streams.enter())
                visit.leave()
            yield
        finally:
            for place in taken:
                place.leave()


async def until_closing(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a stream, which ends in good order when the server is about to stop."""
    closing: asyncio.Event | None = scope.get("state", {}).get(CLOSING)
    if closing is None:
        return await app(scope, receive, send)
    begun, ended = False, False

    async def sending(message: Message) -> None:
        nonlocal begun, ended
        begun = True
        ended = message["type"] == "http.response.body" and not message.get("more_body", False)
        await send(message)

    answer = asyncio.ensure_future(app(scope, receive, sending))
    told = asyncio.ensure_future(closing.wait())
    try:
        await asyncio.wait({answer, told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        answer.cancel()
        told.cancel()
        await asyncio.wait({answer, told})
    if not answer.cancelled():
        return answer.result()  # raises what it raised
    if not begun:
        raise Refused(503, "This server is about to stop.", {"retry-after": "10", "connection": "close"})
    if not ended:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    return None
