"""The page of a run that goes on: its events as they happen, and the buttons that pause, resume and stop it."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from typing import Any
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from engine.web.guard import limits
from engine.web.hub import Hub, Viewer

__all__ = ["Hub", "routes"]

REST = 0.25
"""Seconds between two pieces that one page gets, at least: what happens in between comes together."""
VIEWERS = 32
"""Pages that may watch at once."""
HEARTBEAT = 15.0
"""Seconds after which a silent stream says that it is there."""
SLOW = 20.0
"""Seconds after which a page that takes nothing is dropped; it may come back and misses nothing."""
BODY = 4_096
"""Bytes of a form, at most."""
_HEADERS = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)


def routes() -> list[BaseRoute]:
    """Return the routes of the page."""
    return [
        Route("/live", page),
        Route("/live/events", stream, middleware=[limits(stream=True, at_once=VIEWERS)]),
        *(Route(f"/live/{action}", act, methods=["POST"], name=action) for action in ("pause", "resume", "stop")),
    ]


def page(request: Request) -> Response:
    """Return the page with everything that has happened so far; its script keeps it up to date."""
    site = request.app.state.site
    hub = _hub(request)
    has_controls = hub.controls is not None and site.token is not None
    shown = {"state": hub.state(), "over": hub.over, "has_controls": has_controls}
    answer: Response = site.render("live.html.jinja", request, **shown)
    return answer


async def stream(request: Request) -> Response:
    """Return the events since the one that the page has.

    A browser that comes back by itself names it in a header, a page that was hidden in the address (`last`).
    """
    seen = request.headers.get("last-event-id") or request.query_params.get("last", "")
    viewer = _hub(request).view(seen, asyncio.get_running_loop())
    if viewer.has_all:
        viewer.close()
        return Response(status_code=204)  # which a browser takes for the end
    return EventStream(viewer)


async def act(request: Request) -> Response:
    """Pause, resume or stop the run, for a page of ours: it has the token."""
    site, hub = request.app.state.site, _hub(request)
    if hub.controls is None or site.token is None:
        raise HTTPException(404, "This run cannot be changed from here.")
    if not hmac.compare_digest((await _token(request)).encode("utf-8", "replace"), site.token.encode()):
        raise HTTPException(403, "This form is from another page; open the page of the run again.")
    action = request.url.path.rpartition("/")[2]
    {"pause": hub.controls.pause, "resume": hub.controls.resume, "stop": hub.controls.cancel}[action]()
    if "x-token" in request.headers:
        return Response(status_code=204)
    return RedirectResponse(request.scope.get("root_path", "") + "/live", 303)


async def _token(request: Request) -> str:
    """Return the token of a request: a script sends it as a header, a form as a field."""
    if "x-token" in request.headers:
        return str(request.headers["x-token"])
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY:
            raise HTTPException(413, f"More than {BODY:,} bytes.")
    return parse_qs(body.decode("latin-1")).get("csrf", [""])[0]


def _hub(request: Request) -> Hub:
    hub: Any = request.app.state.site.live
    if hub is None:
        raise HTTPException(404, "No run is going on.")
    assert isinstance(hub, Hub)
    return hub


class EventStream(Response):
    """Events of a run for one page, for as long as it is there."""

    def __init__(self, viewer: Viewer) -> None:
        """Send what a viewer has, and close it in the end."""
        super().__init__()
        self._viewer = viewer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - of ASGI
        """Serve the page until it leaves, takes nothing any more, or has everything."""
        left = asyncio.ensure_future(_leaves(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": list(_HEADERS)})
            while not left.done():
                piece = self._viewer.take() or b": here\n\n"
                async with asyncio.timeout(SLOW):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                if self._viewer.has_all:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
                await _first(left, asyncio.sleep(REST), REST)
                await _first(left, self._viewer.changed.wait(), HEARTBEAT)
        except TimeoutError:
            pass
        finally:
            left.cancel()
            self._viewer.close()


async def _leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _first(left: asyncio.Future[None], other: Any, seconds: float) -> None:
    """Wait until the page leaves or something else happens, for so many seconds at most."""
    waiting = asyncio.ensure_future(other)
    try:
        await asyncio.wait({left, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
