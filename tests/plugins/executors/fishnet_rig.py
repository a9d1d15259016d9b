"""Clients of fishnet that tests write: they speak the protocol, and search as badly as they like."""

from __future__ import annotations

import http.client
import json
import queue
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import chess
import pytest
from msgspec import Struct

from engine.contracts.messages import Job, PluginSpec, Unit
from engine.loading import evaluators
from engine.loading.registry import Registry
from engine.model import Limit, Position
from engine.plugin import Executor, ExecutorContext
from tests.support import PATIENCE

KEY = "0123456789abcdefKEY"
OTHER = KEY[::-1]
STOCKFISH = "Stockfish 15.1"
OPTIONS = {"threads": "1", "hash": "16", "analysis contempt": "Off"}
LIMIT = Limit(nodes=1_000)
Answer = tuple[int, Any]


class Client(Struct):
    """A client of version 1, a request at a time."""

    address: str
    key: str = KEY
    stockfish: str = STOCKFISH
    options: Mapping[str, str] | None = None
    tls: ssl.SSLContext | None = None

    def hello(self) -> dict[str, Any]:
        return {
            "fishnet": {"version": "1.18.2", "python": "3.11", "apikey": self.key},
            "stockfish": {
                "name": self.stockfish,
                "options": dict(OPTIONS if self.options is None else self.options),
            },
        }

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Send a request; a body that is no bytes is sent as JSON."""
        kind, _, rest = self.address.partition("://")
        place = rest.partition("/")[0]
        if kind == "https":
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                place, timeout=PATIENCE, context=self.tls
            )
        else:
            connection = http.client.HTTPConnection(place, timeout=PATIENCE)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method, f"/fishnet/{path}", data, dict(headers or {}))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def post(self, path: str, **more: Any) -> Answer:
        """Post what a client posts; the body of the answer as JSON, None for none."""
        status, body = self.ask("POST", path, {**self.hello(), **more})
        return status, json.loads(body) if body else None

    def acquire(self) -> dict[str, Any]:
        """Return the next work, for which it waits."""
        while True:
            status, work = self.post("acquire")
            if status == 202:
                return cast("dict[str, Any]", work)
            assert status == 204, work

    def submit(self, work: Mapping[str, Any], analysis: Any, *, stop: bool = True) -> Answer:
        """Send a result."""
        return self.post(f"analysis/{work['work']['id']}{'?stop=true' * stop}", analysis=analysis)

    def work_until(self, over: threading.Event) -> None:
        """Search all that there is."""
        while not over.is_set():
            status, work = self.post("acquire")
            while status == 202:
                status, work = self.submit(work, analysis_of(work), stop=over.is_set())


def analysis_of(work: Mapping[str, Any], part: Callable[[chess.Board, int], Any] | None = None) -> list[Any]:
    """Return an analysis as version 1 writes it: each position's first legal move, and a score of its own.

    * **part** - makes the part of a position in place of that.
    """
    make = part or part_of
    board = chess.Board(work["position"], chess960=work["variant"] == "chess960")
    parts: list[Any] = []
    for place, uci in enumerate([*work["moves"].split(" "), ""]):
        parts.append({"skipped": True} if place in work["skipPositions"] else make(board, work["nodes"]))
        if uci:
            board.push_uci(uci)
    return parts


def part_of(board: chess.Board, nodes: int) -> dict[str, Any]:
    """Return what is told of a position."""
    return {
        "pv": board.uci(next(iter(board.legal_moves))),
        "depth": 7,
        "score": {"cp": score_of(board)},
        "nodes": nodes,
        "time": 3,
        "nps": 1_000,
    }


def score_of(board: chess.Board) -> int:
    """Return a score that every position has for itself."""
    return zlib.crc32(board.fen().encode()) % 401 - 200


class NoScoreboard:
    """What an executor needs of a scoreboard that uses none."""


@contextmanager
def serving(limit: Limit = LIMIT, **options: Any) -> Iterator[Any]:
    """Yield an executor `fishnet` on a free port, and close it."""
    executor = executor_of(limit, **options)
    try:
        yield executor
    finally:
        executor.close()


TOLD: list[str] = []
"""What the executor that was made last has told people."""


def executor_of(limit: Limit = LIMIT, stockfish: str = STOCKFISH, **options: Any) -> Executor:
    """Return an executor; as the options say, or on a free port and with the key that clients have."""
    registry = Registry()
    cls = registry.load("engine.executors", "fishnet")
    given = cls.Options(**{"port": 0, "keys": KEY, **options})
    TOLD.clear()
    context = ExecutorContext(job_of(limit, stockfish), 1, NoScoreboard(), given, TOLD.append)
    return cast("Executor", cls(context))


def addresses(monkeypatch: pytest.MonkeyPatch) -> queue.SimpleQueue[str]:
    """Return where the address of every executor comes that is made from now on: no port is promised before."""
    opened: queue.SimpleQueue[str] = queue.SimpleQueue()
    cls: Any = Registry().load("engine.executors", "fishnet")
    begin = cls.__init__

    def open_and_tell(executor: Any, context: ExecutorContext) -> None:
        begin(executor, context)
        opened.put(executor.address)

    monkeypatch.setattr(cls, "__init__", open_and_tell)
    return opened


def job_of(limit: Limit, stockfish: str) -> Job:
    spec: PluginSpec = evaluators.resolve(Registry(), "fishnet", {"stockfish": stockfish})
    return Job(spec, limit)


def unit_of(*moves: str, serial: int = 1, first: int = 0, limit: Limit | None = None) -> Unit:
    """Return a unit of the positions of a game from position `first` on, backwards, as a planner sends them."""
    board = chess.Board()
    positions, root, since = [Position(board.fen())], board.fen(), list[str]()
    for uci in moves:
        move = chess.Move.from_uci(uci)
        irreversible = board.is_irreversible(move)
        board.push(move)
        root, since = (board.fen(), []) if irreversible else (root, [*since, uci])
        positions.append(Position(root, tuple(since)))
    plies = tuple(range(len(moves), first - 1, -1))
    return Unit(serial, 1, plies, tuple(positions[ply] for ply in plies), limit)


def collected(executor: Executor, number: int) -> Sequence[Any]:
    """Return so many outcomes."""
    outcomes: list[Any] = []
    while len(outcomes) < number:
        outcomes += executor.collect(PATIENCE)
    return outcomes
