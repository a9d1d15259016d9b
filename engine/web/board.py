"""The board: `/board` plays moves from any position, `/board/lines` searches it while somebody looks.

`/board` works without a script, as a picture with the legal moves as links. With one, `/board/position` has the
rules.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Send

from engine.errors import AnalysisError, ConfigError, PositionRefused
from engine.web.deepening import MOST_LINES, NODES, SECONDS, Event, analyse
from engine.web.drawing import picture
from engine.web.frame import given
from engine.web.limits import limits
from engine.web.played import Played, encoded
from engine.web.seats import Seats
from engine.web.site import site_of

MOST_BYTES = 16_384
"""Bytes of the longest body of a request."""
AT_ONCE = 16
"""Analyses that are asked for at the same time; more than have seats or wait for one, who are told so in words."""
_SENT_AT_ONCE = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}


class Wanted(msgspec.Struct, frozen=True):
    """The body of a request for an analysis: a position as in the address of `/board`, and how many lines."""

    fen: str = ""
    moves: str = ""
    lines: int = 1


def routes() -> list[BaseRoute]:
    """Return the routes of the board."""
    return [
        Route("/board", page),
        Route("/board/position", position),
        Route(
            "/board/lines",
            search,
            methods=["POST"],
            middleware=[limits(body=MOST_BYTES, at_once=AT_ONCE, stream=True)],
        ),
    ]


def page(request: Request) -> Response:
    """Return the board with the position of the address; what is wrong with that is said above it."""
    played, trouble = _read(request.query_params)
    return site_of(request).render(
        "board.html.jinja",
        request,
        status=400 if trouble else 200,
        played=played,
        facts=played.facts(),
        picture=picture(played),
        trouble=trouble,
        typed=request.query_params.get("play", "") or request.query_params.get("fen", "") if trouble else "",
        most_lines=MOST_LINES,
        games=games_with(request, played.fen),
        most_nodes=NODES[-1],
        seconds=SECONDS,
    )


def position(request: Request) -> Response:
    """Return what the page's script needs of a position, as JSON; `trouble` says what is wrong with it."""
    try:
        played = Played.from_query(request.query_params)
    except AnalysisError as error:
        return JSONResponse({"trouble": str(error)}, 400, _SENT_AT_ONCE)
    return JSONResponse(played.facts(), headers=_SENT_AT_ONCE)


async def search(request: Request) -> Response:
    """Search the position of the body, and return what is found as server-sent events, as it is found."""
    try:
        wanted = msgspec.json.decode(await _body(request), type=Wanted)
        if not 1 <= wanted.lines <= MOST_LINES:
            raise ConfigError(f"lines={wanted.lines}: 1 to {MOST_LINES} lines can be shown")
        played = await run_in_threadpool(Played.from_query, {"fen": wanted.fen, "moves": wanted.moves})
        if played.trouble or (ending := played.ending()):
            raise PositionRefused(played.trouble or f"nothing to search: {ending}")
    except (AnalysisError, msgspec.DecodeError) as error:
        return JSONResponse({"trouble": str(error)}, 400, _SENT_AT_ONCE)
    events = analyse(seats_of(request), played.board, wanted.lines)
    return _Stream(_lines(events), media_type="text/event-stream", headers=_SENT_AT_ONCE)


def seats_of(request: Request) -> Seats:
    """Return the seats at the evaluator, which are made for the first visitor."""
    site = site_of(request)
    if not isinstance(site.analyzer, Seats):
        site.analyzer = Seats(lent=site.analyzer)
    seats: Seats = site.analyzer
    return seats


def games_with(request: Request, fen: str) -> str:
    """Return the address of the games of the filter that had a position."""
    values = {**given(request), "position": fen}
    return f"{request.scope.get('root_path', '')}/games?{encoded(values)}"


class _Stream(StreamingResponse):
    """A stream that ends what it tells of, in whatever way it ends itself."""

    async def stream_response(self, send: Send) -> None:
        events = self.body_iterator
        assert isinstance(events, AsyncIterator)
        async with aclosing(events):  # type: ignore[type-var]  # a generator
            await super().stream_response(send)


async def _lines(events: AsyncIterator[Event]) -> AsyncIterator[bytes]:
    async with aclosing(events) as told:  # type: ignore[type-var]  # a generator
        async for kind, data in told:
            text = f"event: {kind}\ndata: {json.dumps(data)}\n\n" if data else ": still searching\n\n"
            yield text.encode()


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BYTES:
            raise ConfigError(f"the request is longer than {MOST_BYTES:,} bytes")
    return body


def _read(query: Mapping[str, Any]) -> tuple[Played, str | None]:
    """Return the position of an address, and what is wrong with it; then without its moves, or the initial one."""
    try:
        played = Played.from_query(query)
    except AnalysisError as error:
        for rest in ({"fen": query.get("fen", ""), "moves": query.get("moves", "")}, {}):
            try:
                return Played.from_query(rest), str(error)
            except AnalysisError:
                continue
        raise
    return played, played.trouble
