"""Requests to an application without a socket: what it sends back to one request."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct


class Answer(Struct):
    """What an application sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def links(self) -> list[str]:
        """The addresses of the links."""
        return [str(attributes["href"]) for tag, attributes in self.tags if tag == "a" and "href" in attributes]

    @property
    def tags(self) -> list[tuple[str, dict[str, str | None]]]:
        return parsed(self.text).tags

    @property
    def words(self) -> str:
        """The text that is shown, with single spaces."""
        return " ".join(parsed(self.text).words.split())


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.words += " "

    def handle_endtag(self, tag: str) -> None:
        self.words += " "

    def handle_data(self, data: str) -> None:
        self.words += data


@lru_cache(64)
def parsed(text: str) -> _Parser:
    """Return tags and text of a page."""
    parser = _Parser()
    parser.feed(text)
    parser.close()
    return parser


def get(app: Any, address: str, headers: dict[str, str] | None = None) -> Answer:
    """Return the answer of an application to a GET request."""
    return asyncio.run(_ask(app, address, headers or {}))


async def _ask(app: Any, address: str, headers: dict[str, str]) -> Answer:
    parts = urlsplit(address)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [(b"host", b"127.0.0.1"), *((k.lower().encode(), v.encode()) for k, v in headers.items())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    answer, asked, gone = Answer(0, {}, b""), False, asyncio.Event()

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await gone.wait()
            return {"type": "http.disconnect"}
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    await app(scope, receive, send)
    return answer
