"""The six routes of fishnet's protocol, as a Starlette app.

| route                  | what it does                                                        |
| ---------------------- | ------------------------------------------------------------------- |
| `POST acquire`         | lends a work (202), or says that there is none (204)                |
| `POST analysis/WORK`   | takes a result, and lends the next work; or a report of progress    |
| `POST move/WORK`       | refused: no moves are asked for                                     |
| `POST abort/WORK`      | takes a work back                                                   |
| `GET status`           | how many works are on loan and waiting                              |
| `GET key/KEY`, `key`   | whether a key is known                                              |

Requests without a known key get 401, clients with another Stockfish or other options 406, a client (its address
and key) that has sent rubbish ten times in a row 403 for a minute, what cannot be read 400, and what is too large
413.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Callable, Collection
from typing import TypeVar

import msgspec
from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from engine_plugins.executors._fishnet.desk import Desk
from engine_plugins.executors._fishnet.replies import Hello, ReplyRefused, read_hello, read_result

LOGGER = logging.getLogger("engine.executors.fishnet")

MOST_BYTES = 4_000_000
"""Bytes of a request. A result of 200 positions has about 100,000."""
BODY_SECONDS = 15.0
"""Seconds that a request may take to come."""
HOLD_SECONDS = 5.0
"""Seconds that a client waits for work before it is told that there is none; it gives up after 15."""
_MOST_CHARACTERS = 500
"""Length of what is said of a request, at most: a client may send anything."""
_SENT_ALWAYS = {"threads": "1", "analysis contempt": "Off"}

_H = TypeVar("_H", bound=Hello)


class Expected(Struct, frozen=True):
    """What clients must have."""

    stockfish: str
    hash: int
    """Megabytes."""


class Bell:
    """Wakes those who wait for work, from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self.limits: set[asyncio.Timeout] = set()
        """How long is waited for what clients send; not at all once it is closed."""
        self.closed = False

    def listen(self) -> None:
        """Begin to hear, in the loop that waits."""
        self._loop = asyncio.get_running_loop()

    def ring(self) -> None:
        """Wake everybody."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody waits
                self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Wake everybody for the last time."""
        self.closed = True
        self.ring()

    def _wake(self) -> None:
        self._event.set()
        self._event = asyncio.Event()
        for limit in self.limits if self.closed else ():
            limit.reschedule(0.0)

    async def wait(self, seconds: float) -> bool:
        """Wait until it rings; return False when it has not in time, and when it never will again."""
        if self.closed:
            return False
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        return True


class Office:
    """What the routes do."""

    def __init__(
        self,
        desk: Desk,
        bell: Bell,
        keys: Collection[str],
        expected: Expected,
        tell: Callable[[str], None],
    ) -> None:
        """Begin.

        * **keys** - the known keys.
        * **expected** - what clients must have.
        * **tell** - called with what people should know.
        """
        self._desk = desk
        self._bell = bell
        self._keys = [key.encode() for key in keys]
        self._expected = expected
        self._tell = tell
        self.app = Starlette(
            routes=[
                Route("/fishnet/acquire", self.acquire, methods=["POST"]),
                Route("/fishnet/analysis/{work}", self.analysis, methods=["POST"]),
                Route("/fishnet/move/{work}", self.move, methods=["POST"]),
                Route("/fishnet/abort/{work}", self.abort, methods=["POST"]),
                Route("/fishnet/status", self.status),
                Route("/fishnet/key/{key}", self.key),
                Route("/fishnet/key", self.key),
            ],
            exception_handlers={HTTPException: _say},
        )

    # -- the routes --

    async def acquire(self, request: Request) -> Response:
        _, owner = await self._read(request, read_hello)
        return await self._next(request, owner)

    async def analysis(self, request: Request) -> Response:
        result, owner = await self._read(request, read_result)
        try:
            self._desk.put(request.path_params["work"], owner, result)
        except ReplyRefused as refused:
            raise self._refuse(request, 400, refused.kind, refused.reason) from None
        if result.is_progress or request.query_params.get("stop") == "true":
            return Response(status_code=204)
        return await self._next(request, owner)

    async def move(self, request: Request) -> Response:
        await self._read(request, read_hello)
        raise self._refuse(request, 404, "moves", "a move, for which nobody asked")

    async def abort(self, request: Request) -> Response:
        _, owner = await self._read(request, read_hello, any_program=True)
        try:
            self._desk.abort(request.path_params["work"], owner)
        except ReplyRefused as refused:
            raise self._refuse(request, 404, refused.kind, refused.reason) from None
        return Response(status_code=204)

    async def status(self, request: Request) -> Response:
        counts = self._desk.counts()
        nothing = {"acquired": 0, "queued": 0, "oldest": 0}
        return JSONResponse({"analysis": {"user": {**counts, "oldest": 0}, "system": nothing}})

    async def key(self, request: Request) -> Response:
        given = request.path_params.get("key")
        if self._number_of(_bearer(request) if given is None else given):
            return Response(status_code=200)
        raise self._refuse(request, 401 if given is None else 404, "unknown key", "an unknown key")

    # -- what they share --

    async def _next(self, request: Request, owner: str) -> Response:
        """Lend the next work, for which the client waits a while."""
        loop = asyncio.get_running_loop()
        until = loop.time() + HOLD_SECONDS
        while not self._bell.closed and not self._desk.is_offender(owner):
            if await request.is_disconnected():
                break
            work = self._desk.take(owner)
            if work is not None:
                LOGGER.debug("work %s to %s", work.id, owner)
                return JSONResponse(work.message(), 202)
            if not await self._bell.wait(until - loop.time()):
                break
        return Response(status_code=204)

    async def _read(
        self, request: Request, read: Callable[[bytes], _H], *, any_program: bool = False
    ) -> tuple[_H, str]:
        """Read a request of a client that may ask, and return who it is. Raises HTTPException."""
        bearer = _bearer(request)
        if bearer and not self._number_of(bearer):
            raise self._refuse(request, 401, "unknown key", "an unknown key")
        body = await self._body(request)
        try:
            hello = read(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            # Who has no key is told nothing else.
            owner = self._owner(request, bearer or _key_in(body))
            if "work" in request.path_params:
                self._desk.reject(request.path_params["work"], owner)
            raise self._refuse(request, 400, "malformed", f"what cannot be read: {error}") from None
        owner = self._owner(request, bearer or hello.fishnet.apikey)
        if not any_program and (reason := self._why_another(hello)):
            raise self._refuse(request, 406, "another Stockfish or options", reason)
        if self._desk.is_offender(owner):
            raise self._refuse(request, 403, "refused for a minute", "a request after too many refused results")
        return hello, owner

    def _owner(self, request: Request, key: str) -> str:
        """Return the name of the client that has a key. Raises HTTPException for an unknown one."""
        number = self._number_of(key)
        if not number:
            raise self._refuse(request, 401, "unknown key", "an unknown key")
        return f"{_address(request)}, key {number}" if len(self._keys) > 1 else _address(request)

    async def _body(self, request: Request) -> bytes:
        body, size = bytearray(), int(_digits(request.headers.get("content-length", "0")))
        try:
            async with asyncio.timeout(0.0 if self._bell.closed else BODY_SECONDS) as limit:
                self._bell.limits.add(limit)
                async for piece in request.stream():
                    size = max(size, len(body) + len(piece))
                    if size > MOST_BYTES:
                        break
                    body += piece
        except TimeoutError:
            raise self._refuse(request, 408, "too slow a request", "a request that did not end") from None
        except ClientDisconnect:
            raise self._refuse(request, 400, "broken off", "a request that was broken off") from None
        finally:
            self._bell.limits.discard(limit)
        if size > MOST_BYTES:
            raise self._refuse(request, 413, "too large", f"more than {MOST_BYTES:,} bytes")
        return bytes(body)

    def _why_another(self, hello: Hello) -> str:
        """Return why a client may not search; an empty text if it may."""
        program, expected = hello.stockfish, self._expected
        if not program.name:
            return "a client that does not say which Stockfish it has: only version 1 of fishnet does (PyPI)"
        if program.name != expected.stockfish:
            return f"a client with {program.name!r} in place of {expected.stockfish!r}"
        needed = {"hash": str(expected.hash), **_SENT_ALWAYS}
        if program.options != needed:
            way = f"--threads-per-process 1 and --memory {expected.hash} for each core"
            return f"a client with the options {program.options} in place of {needed}; start it with {way}"
        return ""

    def _number_of(self, key: str) -> int:
        """Return the number of a key, from 1; 0 for an unknown one. Takes as long for the one as for the other."""
        same = [hmac.compare_digest(key.encode(errors="replace"), known) for known in self._keys]
        return same.index(True) + 1 if any(same) else 0

    def _refuse(self, request: Request, status: int, kind: str, reason: str) -> HTTPException:
        first, reason = self._desk.count(kind), reason[:_MOST_CHARACTERS]
        LOGGER.info("%s is refused (%d): %s", _address(request), status, reason)
        if first:
            self._tell(f"a client at {_address(request)} is refused: {reason}")
        return HTTPException(status, reason, {"Connection": "close"} if status in {408, 413} else None)


async def _say(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def _key_in(body: bytes) -> str:
    """Return the key of a request of which the rest makes no sense."""
    try:
        return read_hello(body).fishnet.apikey
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _bearer(request: Request) -> str:
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "?"


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) < 20 else "0"  # noqa: PLR2004 - any number at all
