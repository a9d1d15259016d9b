"""A web server that analyses games: `POST /analyze` takes PGN, and answers while it works.

    pip install 'grandmaster-analysis[web]'
    uvicorn --app-dir plugins/examples web:app
    curl -N --data-binary @games.pgn http://127.0.0.1:8000/analyze

The answer is JSON Lines: `{"progress": …}` a few times a second, `{"game": …}` for each game as it is finished,
`{"reports": …}` at the end, or `{"error": …}`. `GET /evaluate?fen=…` answers at once, even while games are
analysed. All requests share the workers and take turns. If a client disconnects, its analysis is cancelled.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import State
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

import engine
from engine.errors import ConfigError, PositionRefused

MAX_BYTES = 1_000_000
MAX_RUNS = 50
MAX_GAMES = 200
NODES = 20_000
CLIENT_ERRORS = (ConfigError, PositionRefused)
"""Mistakes of the client; all other errors are faults of the server."""


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Keep the workers as long as the server runs."""
    async with engine.AsyncAnalyzer(settings=engine.Settings(max_games=MAX_GAMES)) as app.state.analyzer:
        app.state.running = 0
        yield


async def body_of(request: Request) -> bytes | None:
    """Return the body; None if it is too long, and then the rest is not read."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BYTES:
            return None
    return bytes(body)


async def analyze(request: Request) -> Response:
    state = request.app.state
    try:
        pgn = await body_of(request)
    except ClientDisconnect:
        return Response(status_code=400)
    if pgn is None:
        return JSONResponse({"error": f"more than {MAX_BYTES:,} bytes"}, 413)
    if state.running >= MAX_RUNS:
        return JSONResponse({"error": "too many analyses at once; try again later"}, 503, {"Retry-After": "10"})
    try:
        # Bytes are always content, so a client cannot name a file of the server.
        run = await state.analyzer.submit(pgn, nodes=NODES)
    except engine.AnalysisError as error:
        return failure(error)
    return Analysis(run, state)


class Analysis(StreamingResponse):
    """Sends the events of a run, and cancels the run if the client disconnects."""

    def __init__(self, run: engine.AsyncRun, state: State) -> None:
        super().__init__(lines(run), media_type="application/jsonl")
        self.run, self.state = run, state
        state.running += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.run.cancel()
            self.state.running -= 1


async def lines(run: engine.AsyncRun) -> AsyncIterator[bytes]:
    """Yield the events of a run, one JSON object per line."""
    try:
        async for event in run.events():
            if isinstance(event, engine.Snapshot):
                yield line(progress={"games": event.games, "positions": event.positions, "total": event.total})
            elif isinstance(event, engine.AnalysedGame):
                yield line(game={"number": event.origin.game, "white": event.white, "black": event.black})
            elif isinstance(event, engine.RunResult):
                yield line(reports=event.reports, skipped=[notice.reason for notice in event.notices])
    except engine.AnalysisError as error:
        yield line(error=error.message)


async def evaluate(request: Request) -> Response:
    try:
        evaluation = await request.app.state.analyzer.evaluate(
            request.query_params.get("fen", "startpos"), nodes=10 * NODES
        )
    except engine.AnalysisError as error:
        return failure(error)
    return JSONResponse({"score": str(evaluation.score), "best": evaluation.best, "pv": evaluation.pv})


def failure(error: engine.AnalysisError) -> Response:
    return JSONResponse({"error": error.message}, 400 if isinstance(error, CLIENT_ERRORS) else 500)


def line(**event: Any) -> bytes:
    return msgspec.json.encode(event) + b"\n"


app = Starlette(
    routes=[Route("/analyze", analyze, methods=["POST"]), Route("/evaluate", evaluate)], lifespan=lifespan
)
