"""A web server that analyses games: `POST /analyze` takes PGN, and answers while it works.

    pip install 'grandmaster-analysis[web]'
    python plugins/examples/web.py                 # a number after it is another port than 8000
    curl -N --data-binary @games.pgn http://127.0.0.1:8000/analyze
    curl 'http://127.0.0.1:8000/evaluate?fen=startpos'

`/analyze` answers in JSON Lines: `{"progress": …}` a few times a second, `{"game": …}` for each game as it is
finished, `{"reports": …}` at the end, or `{"error": …}`. `/evaluate` answers at once, even while games are
analysed. All requests share the workers and take turns. Who sends too much, too slowly or with too many others
gets `{"error": …}` with status 413, 408 or 503. What is done for a client that hangs up is cancelled.

Only this computer can ask. For others, put a proxy with TLS and passwords before it, and its name into `HOSTS`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import sys
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import engine
from engine.errors import ConfigError, InputError, PositionRefused

HOSTS = {"127.0.0.1", "localhost", "[::1]"}
"""What this server is called. A site that lets its name point to 127.0.0.1 makes browsers ask for that name."""
MAX_CONNECTIONS, MAX_RUNS, MAX_EVALUATIONS = 250, 50, 100
MAX_BYTES, MAX_GAMES, NODES = 1_000_000, 200, 20_000
BODY_SECONDS, RUN_SECONDS, STOP_SECONDS = 10, 600, 5
LOG = logging.getLogger("uvicorn.error")


class Guard:
    """Middleware: admits so many requests at once, reads their bodies, and ends those whose clients have gone."""

    def __init__(self, app: ASGIApp, places: int) -> None:
        self.app, self.places = app, places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        refuse_other_sites(request)
        admitted = self.places > 0
        self.places -= admitted  # no `await` since the check: nobody else can have taken the same place
        try:
            body = await read_body(request, MAX_BYTES if admitted else 0)
            if not admitted:
                raise HTTPException(503, "too many requests at once; try again later", {"Retry-After": "10"})
            if body is None:
                raise HTTPException(413, f"more than {MAX_BYTES:,} bytes")
            await self.serve(body, scope, receive, send)
        except ClientDisconnect:
            pass
        finally:
            self.places += admitted

    async def serve(self, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as long as the client is there."""
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_body() -> Message:
            return unread.pop() if unread else await asyncio.Future()

        async def hang_up() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        answer = asyncio.ensure_future(self.app(scope, receive_body, send))
        gone = asyncio.ensure_future(hang_up())
        # A client that takes no answer must not keep its place. A cancellation means that the server stops.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({answer, gone}, timeout=2 * RUN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        answer.cancel()
        gone.cancel()
        await asyncio.wait({answer, gone})
        if not answer.cancelled():
            answer.result()  # raises what it raised


def refuse_other_sites(request: Request) -> None:
    """Refuse what a page of another site makes somebody's browser ask."""
    headers, host = request.headers, request.headers.get("host", "")
    if re.sub(r":\d+$", "", host) not in HOSTS:
        raise HTTPException(400, "this server has another name than the one in Host")
    same = headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
    if not same or headers.get("origin", f"://{host}").partition("://")[2] != host:
        raise HTTPException(403, "pages of other sites may not ask this server")


async def read_body(request: Request, most: int) -> bytes | None:
    """Read a body to its end, or its client would not hear the answer; None if it has more than `most` bytes."""
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size <= most:
                    body += piece
    except TimeoutError:
        late = f"the body had not come after {BODY_SECONDS} seconds"
        raise HTTPException(408, late, {"Connection": "close"}) from None
    return bytes(body) if size <= most else None


async def analyze(request: Request) -> Response:
    # Bytes are always content, so a client cannot name a file of the server.
    pgn = await request.body()
    return Analysis(await request.app.state.analyzer.submit(pgn, nodes=NODES, stop_after=RUN_SECONDS))


class Analysis(StreamingResponse):
    """Sends the events of a run, which ends when this ends, however it does."""

    def __init__(self, run: engine.AsyncRun) -> None:
        super().__init__(lines(run), media_type="application/jsonl")
        self.run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.run.cancel()


async def lines(run: engine.AsyncRun) -> AsyncIterator[bytes]:
    """Yield the events of a run, one JSON object per line."""
    try:
        async for event in run.events():
            if isinstance(event, engine.Snapshot):
                yield line(progress={"games": event.games, "positions": event.positions, "total": event.total})
            elif isinstance(event, engine.AnalysedGame):
                yield line(game={"number": event.origin.game, "white": event.white, "black": event.black})
            elif isinstance(event, engine.RunResult):
                skipped = [notice.reason for notice in event.notices if notice.game is not None]
                yield line(reports=event.reports, skipped=skipped)
    except InputError as error:
        yield line(error=error.message)
    except engine.AnalysisError as error:
        yield line(error=trouble(error))


def line(**event: Any) -> bytes:
    return msgspec.json.encode(event) + b"\n"


async def evaluate(request: Request) -> Response:
    fen = request.query_params.get("fen", "startpos")
    try:
        found = await request.app.state.analyzer.evaluate(fen, nodes=10 * NODES)
    except (ConfigError, PositionRefused) as error:
        raise HTTPException(400, error.message) from None
    return JSONResponse({"score": str(found.score), "best": found.best, "pv": found.pv})


def trouble(error: Exception) -> str:
    """Log an error that is not the client's, which may name files; return what the client is told of it."""
    LOG.error("%s", error)
    return "this does not work at present; the log of the server says why"


async def refused(_: Request, error: Any) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def failed(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": trouble(error)}, 500)


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Keep the workers as long as the server runs."""
    async with engine.AsyncAnalyzer(settings=engine.Settings(max_games=MAX_GAMES)) as app.state.analyzer:
        yield


app = Starlette(
    routes=[
        Route("/analyze", analyze, methods=["POST"], middleware=[Middleware(Guard, places=MAX_RUNS)]),
        Route("/evaluate", evaluate, middleware=[Middleware(Guard, places=MAX_EVALUATIONS)]),
    ],
    exception_handlers={HTTPException: refused, engine.AnalysisError: failed, Exception: failed},
    lifespan=lifespan,
)

if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
    limits = {"limit_concurrency": MAX_CONNECTIONS, "timeout_graceful_shutdown": STOP_SECONDS}
    uvicorn.run(app, host="127.0.0.1", port=port, ws="none", **limits)
