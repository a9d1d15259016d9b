"""What stands before all pages: it says who may ask, for how much, and what every answer has.

    app = Guard(pages, Access(needs_token=False))

Any ASGI application can be `pages`. Requests that are refused get a status and a sentence; pages never see them.
Routes are bounded further by `limits`, which this module has too.

| refused | status |
| --- | --- |
| methods other than GET, HEAD and POST | 405 |
| paths with `..`, backslashes, control characters or broken UTF-8 | 404 |
| another name in `Host`, a GET with a body, two lengths | 400 |
| pages of other sites; a POST without the token of a page | 403 |
| a browser that has not opened the address with the token | 401, or 429 after ten wrong ones |
| too long a path or query, too many parameters, headers | 414, 400, 431 |
| too large or slow a body | 413, 408 |
| too many requests, bodies or streams at once | 503 with Retry-After |
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlencode

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.web.answers import Answer, Refused, say
from engine.web.limits import VISIT, Bounds, Places, Visit, limits, read_body, replayed
from engine.web.origins import Hosts, comes_from_elsewhere
from engine.web.token import Access, Attempts

__all__ = ["Bounds", "Guard", "limits"]

LOGGER = logging.getLogger("engine.web")
_METHODS = ("GET", "HEAD", "POST")
_VERSIONS = {"1.0", "1.1", "2", "3"}
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_TOKEN = "token"  # noqa: S105 - the name of a parameter
_FORM = "application/x-www-form-urlencoded"
_SHOWN = 200


class Guard:
    """Middleware that lets through what browsers with these pages ask, in bounded amounts."""

    def __init__(
        self, app: ASGIApp, access: Access, *, hosts: Iterable[str] = (), bounds: Bounds | None = None
    ) -> None:
        """Stand before an application.

        * **app** - the pages.
        * **access** - the secrets of this server. Whether they include a token says whether other computers can
          reach it.
        * **hosts** - names by which it is reached besides `localhost` and its addresses.
        * **bounds** - how much it lets through.
        """
        self._app = app
        self._access = access
        self._hosts = Hosts(hosts, beyond_loopback=access.needs_token)
        self._attempts = Attempts()
        self._bounds = bounds = bounds or Bounds()
        self._requests = Places(bounds.requests, "Too many requests at once; try again.")
        self._bodies = Places(bounds.bodies, "Too many requests at once; try again.")
        self._streams = Places(bounds.streams, "Too many pages are watching; close some.")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        visit = Visit(self._streams)
        answer = Answer(send, finishing=visit.leave)
        try:
            await self._serve(scope, receive, answer, visit)
        except Refused as refused:
            await answer.refuse(refused)
        except ClientDisconnect:
            pass
        except Exception:
            LOGGER.exception("%s %s failed", scope["method"], ascii(scope["path"])[:_SHOWN])
            await answer.refuse(Refused(500, "Something went wrong; the program's own output says what."))
        finally:
            visit.leave()

    async def _serve(self, scope: Scope, receive: Receive, answer: Answer, visit: Visit) -> None:
        headers = Headers(scope=scope)
        method, client = scope["method"], _client(scope)
        _check_shape(scope, headers, self._bounds)
        self._hosts.check(headers, changes=method == "POST")
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        tokens = [value for name, value in query if name == _TOKEN]
        if tokens and method != "POST":
            await self._enter(scope, headers, answer, tokens, query)
            return
        if self._access.needs_token:
            self._check_cookie(scope, headers, client)
        if method == "POST":
            visit.body = await self._checked_body(headers, receive)
            receive = replayed(visit.body, receive)
        visit.place = self._requests.enter()
        await self._app({**scope, VISIT: visit}, receive, answer)

    # -- the token of the address --

    async def _enter(
        self, scope: Scope, headers: Headers, answer: Answer, tokens: list[str], query: list[tuple[str, str]]
    ) -> None:
        """Give a browser with the token its cookie, and lead it to the same address without the token."""
        client = _client(scope)
        target = _target(scope, urlencode([pair for pair in query if pair[0] != _TOKEN]))
        cookies: dict[str, str] = {}
        if self._access.needs_token:
            self._check_attempts("token", client)
            if not self._access.admits(tokens[0]):
                self._attempts.wrong("token", client)
                raise Refused(
                    401, "This is not the token of this server. The address that it printed has the right one."
                )
            self._attempts.right(client)
            secure = "; Secure" if scope.get("scheme") == "https" else ""
            value = f"{_cookie_name(scope)}={self._access.cookie}; Path=/; HttpOnly; SameSite=Strict{secure}"
            cookies = {"set-cookie": value}
        if comes_from_elsewhere(headers):
            # The answer is a page of ours that goes on by itself: along a redirect the browser would not send a
            # strict cookie, because the way began on another site.
            await say(answer, 200, "Open this page again.", {"refresh": f"0;url={target}", **cookies})
        else:
            await say(answer, 303, "The same address without the token.", {"location": target, **cookies})

    def _check_cookie(self, scope: Scope, headers: Headers, client: str) -> None:
        name = _cookie_name(scope)
        given = [value for line in headers.getlist("cookie") for value in _cookies(line, name)]
        if given:
            self._check_attempts("cookie", client)
            if self._access.knows(given):
                return
            self._attempts.wrong("cookie", client)
        # A browser that has the cookie does not send it along a link on another site, but when our page goes on.
        again = {"refresh": f"0;url={_target(scope)}"} if comes_from_elsewhere(headers) and not given else {}
        raise Refused(401, "Open the address with the token that `engine serve` printed.", again)

    def _check_attempts(self, kind: str, client: str) -> None:
        if wait := self._attempts.wait(kind, client):
            raise Refused(429, f"Too many wrong tokens; try again in {wait} seconds.", {"retry-after": str(wait)})

    # -- what may change something --

    async def _checked_body(self, headers: Headers, receive: Receive) -> bytes:
        """Return the body of a POST that comes from one of our pages."""
        length = int(headers.get("content-length", "0"))
        place = self._bodies.enter()
        try:
            body = await read_body(receive, self._bounds.body, self._bounds.body_seconds, length)
        finally:
            place.leave()
        token = headers.get("x-token")
        if token is None and headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
            if body.count(b"&") >= self._bounds.parameters:
                raise Refused(400, f"More than {self._bounds.parameters} fields.")
            token = dict(parse_qsl(body.decode("latin-1"))).get("csrf")
        if token is None or not self._access.is_page(token):
            raise Refused(403, "This did not come from a page of this server; open the page again.")
        return body


def _check_shape(scope: Scope, headers: Headers, bounds: Bounds) -> None:
    """Refuse a request that no page of ours makes. Raises Refused."""
    if scope["method"] not in _METHODS:
        raise Refused(405, "Only GET, HEAD and POST.", {"allow": ", ".join(_METHODS), "connection": "close"})
    raw, path, query = _raw_path(scope), scope["path"], scope["query_string"]
    if len(raw) > bounds.path or len(query) > bounds.query:
        raise Refused(414, f"More than {bounds.path:,} bytes of path or {bounds.query:,} of query.")
    if query.count(b"&") >= bounds.parameters:
        raise Refused(400, f"More than {bounds.parameters} parameters.")
    pairs = scope["headers"]
    if len(pairs) > bounds.header_lines or sum(len(name) + len(value) for name, value in pairs) > bounds.headers:
        raise Refused(431, f"More than {bounds.headers:,} bytes or {bounds.header_lines} lines of headers.")
    if scope["http_version"] not in _VERSIONS:
        raise Refused(505, "Only HTTP/1.1.", {"connection": "close"})
    if any(_CONTROL.search(value) for _, value in pairs):
        raise Refused(400, "Headers are text.", {"connection": "close"})
    if not raw.startswith("/"):
        raise Refused(400, "The target of a request is a path.")
    if not is_plain(path) or not is_plain(unquote(raw)):
        raise Refused(404, "There is nothing at this address.")
    _check_framing(scope, headers)


def _check_framing(scope: Scope, headers: Headers) -> None:
    """Refuse a body that a proxy and this server could end in different places. Raises Refused."""
    lengths, coding = headers.getlist("content-length"), headers.getlist("transfer-encoding")
    if len(lengths) > 1 or (lengths and coding) or not all(map(_is_length, lengths)):
        raise Refused(400, "A body has one length.", {"connection": "close"})
    if scope["method"] != "POST" and (coding or lengths not in ([], ["0"])):
        raise Refused(400, "Only a POST has a body.", {"connection": "close"})


def is_plain(path: str) -> bool:
    """Return whether a decoded path goes nowhere but down, by names that files and routes can have."""
    if "\\" in path or "//" in path or "\ufffd" in path or not path.isprintable():
        return False
    return not any(part in {".", ".."} for part in path.split("/"))


def _raw_path(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
    return raw.partition(b"?")[0].decode("latin-1")


def _target(scope: Scope, query: str | None = None) -> str:
    """Return the address of a request without its host, with another query or its own."""
    query = scope["query_string"].decode("latin-1") if query is None else query
    return _raw_path(scope) + (f"?{query}" if query else "")


def _is_length(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 12  # noqa: PLR2004 - a terabyte


def _cookies(line: str, name: str) -> list[str]:
    """Return the values of a cookie in a `Cookie` header, which may have several of one name."""
    pairs = (part.strip().partition("=") for part in line.split(";"))
    return [value for found, _, value in pairs if found == name]


def _cookie_name(scope: Scope) -> str:
    """Return a name that differs by port: browsers send a cookie to all ports of a host."""
    server = scope.get("server")
    return f"engine-{server[1]}" if server else "engine"


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "?"
