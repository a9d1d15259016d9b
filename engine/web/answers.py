"""What every answer has: the headers that keep browsers careful, and refusals in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from starlette.types import Message, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The content security policy: everything from this server, nothing inline, in nobody's frame."""
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "x-frame-options": "DENY",
    }
)
"""Headers of every answer, whatever a route says."""
_NEVER = ("access-control-", "server", "x-powered-by")
_NONE: Mapping[str, str] = MappingProxyType({})


class Refused(Exception):
    """A request that is not served: the status, why in words, and headers."""

    def __init__(self, status: int, words: str, headers: Mapping[str, str] = _NONE) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers = headers


class Answer:
    """Sends an answer with the headers that every one has."""

    def __init__(self, send: Send, *, finishing: Callable[[], None]) -> None:
        """Begin.

        * **finishing** - called when the last part is about to be sent, for which a slow client may take its time.
        """
        self._send = send
        self._finishing = finishing
        self.begun = False
        self.ended = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            message = {**message, "headers": with_headers(message.get("headers", ()))}
        elif message["type"] == "http.response.body" and not message.get("more_body", False):
            self.ended = True
            self._finishing()
        await self._send(message)

    async def refuse(self, refused: Refused) -> None:
        """Say why a request is not served, unless an answer has begun."""
        if not self.begun:
            await refuse(self, refused)


async def refuse(send: Send, refused: Refused) -> None:
    """Say why a request is not served."""
    await say(send, refused.status, refused.words, refused.headers)


async def say(send: Send, status: int, words: str, more: Mapping[str, str]) -> None:
    """Answer with a sentence of plain text.

    * **more** - headers beside those of text.
    """
    body = f"{words}\n".encode("utf-8", "replace")
    headers = {
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(body)),
        "cache-control": "no-store",
        **more,
    }
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


def with_headers(given: object) -> list[tuple[bytes, bytes]]:
    """Return an answer's headers with ours in place of its own of the same names, and without any of CORS.

    An answer that says nothing of caches is not stored, or is asked for again if it has an ETag.
    """
    assert isinstance(given, list | tuple)
    pairs = [(bytes(name).lower(), bytes(value)) for name, value in given]
    kept = [(name, value) for name, value in pairs if _is_kept(name.decode("latin-1"))]
    names = {name for name, _ in kept}
    if b"cache-control" not in names:
        kept.append((b"cache-control", b"no-cache" if b"etag" in names else b"no-store"))
    return [*kept, *((name.encode(), value.encode()) for name, value in HEADERS.items())]


def _is_kept(name: str) -> bool:
    return name not in HEADERS and not name.startswith(_NEVER)
