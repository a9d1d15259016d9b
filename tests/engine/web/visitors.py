"""Visitors of the board, without a socket: they post, read the events of the answer, and leave when they like."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from engine.web.site import Site, application
from tests.support import PATIENCE

Event = tuple[str, dict[str, Any]]


class Heard(Struct):
    """What a visitor has got so far."""

    status: int = 0
    body: bytes = b""
    ended: bool = False
    more: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def events(self) -> list[Event]:
        found = []
        for part in self.body.decode().split("\n\n"):
            if part.startswith("event: "):
                name, _, data = part.partition("\n")
                found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
        return found

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.events]


class Visitor:
    """Posts one request, and reads the answer in the background."""

    def __init__(self, app: Any, body: bytes, path: str = "/board/lines") -> None:
        self.heard = Heard()
        self._app = app
        self._body: bytes | None = body
        self._gone = asyncio.Event()
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        self._task = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        finally:
            self.heard.ended = True
            self.heard.more.set()

    async def _receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.heard.status = message["status"]
        else:
            self.heard.body += message.get("body", b"")
        self.heard.more.set()

    async def until(self, reached: Callable[[Heard], bool]) -> Heard:
        """Read until something has been heard."""
        async with asyncio.timeout(PATIENCE):
            while not reached(self.heard):
                assert not self.heard.ended, self.heard.body
                self.heard.more.clear()
                await self.heard.more.wait()
        return self.heard

    async def all(self) -> Heard:
        """Read to the end."""
        async with asyncio.timeout(PATIENCE):
            await self._task
        return self.heard

    async def leave(self) -> None:
        """Hang up, and wait for the application to be done with it."""
        self._gone.set()
        await self.all()


def body(moves: str = "", *, fen: str = "", lines: int = 1) -> bytes:
    """Return the body of a request for an analysis."""
    return json.dumps({"fen": fen, "moves": moves, "lines": lines}).encode()


class NoGames:
    """A store for pages that need none."""

    def choices(self, name: str, prefix: str = "", limit: int = 20) -> list[str]:
        return []

    def version(self) -> int:
        return 1

    def players(self) -> tuple[str, ...]:
        return ()


def board_app(analyzer: Any = None) -> Any:
    """Return the application without games.

    * **analyzer** - seats at an evaluator, or an Analyzer.
    """
    return application(Site(NoGames(), None, analyzer=analyzer))
