"""A run that pages watch, without a run: its hub, and a server on a real socket."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from engine.model import AnalysedGame, Best, Notice
from engine.plugin import WorkerState
from engine.run.progress import Snapshot
from engine.testing import analysed_game
from engine.web.guard import Guard
from engine.web.hub import Hub
from engine.web.ports import bind
from engine.web.reports import Reports
from engine.web.server import Server
from engine.web.site import Site, application
from engine.web.store import Store
from engine.web.token import Access
from tests.support import PATIENCE


def snapshot(games: int = 1, **values: Any) -> Snapshot:
    """Return a run at one moment."""
    shown: dict[str, Any] = {
        "games": games,
        "positions": 40 * games,
        "total": 400,
        "nodes": 40_000 * games,
        "cached": 0,
        "wins": 3 * games,
        "best": ((Best(31999, 1, 12, "d8h4"), "Anna – Ben", "7... Qh4#"),),
        "workers": (WorkerState("1", "searching", games + 1, 5, 45 * games, 45_000 * games),),
        "seconds": 10.0 * games,
        "notices": (),
        "skipped": 0,
        "stopping": False,
    }
    return Snapshot(**{**shown, **values})


def notice(reason: str) -> Notice:
    """Return something that people should know."""
    return Notice("damaged", "games.pgn", 12, 3, reason)


def game(number: int, pgn: str = "1. f3 e5 2. g4 Qh4# 0-1") -> AnalysedGame:
    """Return an analysed game of this number."""
    return analysed_game(pgn, [20, -60, -50, "#-1"], number=number)


class Controls:
    """Buttons that write down when they were pressed."""

    def __init__(self) -> None:
        self.pressed: list[str] = []

    def pause(self) -> None:
        self.pressed.append("pause")

    def resume(self) -> None:
        self.pressed.append("resume")

    def cancel(self) -> None:
        self.pressed.append("stop")


class Served(Struct):
    """A server with the page of a run."""

    port: int
    token: str

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> tuple[int, str, str]:
        """Return status, body and `Location` of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, names)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.getheader("Location", "")
        finally:
            connection.close()


@contextlib.contextmanager
def served(folder: Path, hub: Hub | None) -> Iterator[Served]:
    """Serve the page of a hub."""
    store = Store.create(folder / "store.games")
    access = Access(needs_token=False)
    site = Site(store, Reports(store), live=hub, token=access.page)
    bound = bind(port=0)
    try:
        with Server(Guard(application(site), access, hosts=bound.names()), bound):
            yield Served(bound.port, access.page)
    finally:
        store.close()


class Stream:
    """The events that one page gets, over a socket of its own."""

    def __init__(self, port: int, last_id: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        headers = {"Last-Event-ID": last_id} if last_id else {}
        self._connection.request("GET", "/live/events", headers=headers)
        self.answer = self._connection.getresponse()
        self.status = self.answer.status
        self.last_id = last_id

    def next(self) -> tuple[str, dict[str, Any]]:
        """Return name and values of the next event."""
        name, data = "", ""
        while True:
            line = self.answer.readline().decode()
            assert line, "the stream has ended"
            field, _, value = line.rstrip("\n").partition(": ")
            if field == "id":
                self.last_id = value
            elif field == "event":
                name = value
            elif field == "data":
                data = value
            elif not line.strip() and name:
                return name, json.loads(data)

    def until(self, wanted: str) -> list[tuple[str, dict[str, Any]]]:
        """Return the events up to the first of a name."""
        events = [self.next()]
        while events[-1][0] != wanted:
            events.append(self.next())
        return events

    def close(self) -> None:
        """Leave."""
        self.answer.close()
        self._connection.close()


def parse(text: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Return name and values of each event of a piece of a stream."""
    events = []
    for block in text.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            events.append((fields["event"], json.loads(fields["data"])))
    return events
