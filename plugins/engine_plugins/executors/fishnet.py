"""Serves fishnet's protocol: units go out as works, and whatever machine runs the client searches them.

    engine analyze games.pgn --executor fishnet --nodes 200000 \\
        --set fishnet.stockfish='Stockfish 15.1' --set fishnet.keys=keys.txt

Clients are those of version 1 (`pip install fishnet`). All must have the Stockfish that is named, one thread for
each process and a hash table of `--hash` megabytes, and are refused otherwise. Without keys one is made and
written to standard error, for this run. Other machines than this one are served only with keys and TLS.

A client gets a unit as one line of moves, searches it from its end on one hash table, and so finds what a search
here with that Stockfish finds. A unit of an adaptive search takes up to three rounds, each on an empty hash table.
A client that says nothing for `fishnet.silence` seconds is forgotten, and its unit goes to others. What clients
send is checked: variations are played through, and a result that is none is refused, counted and said at the end.
plugins/fishnet.md has the commands, what the protocol cannot carry, and what determinism means here.
"""

from __future__ import annotations

import re
import secrets
import sys
import time
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from engine.errors import ConfigError
from engine.plugin import Executor, ExecutorContext, Options, Outcome, Unit, WorkerState
from engine_plugins.executors._fishnet.desk import Bounds, Desk, summary

_KEY = re.compile(r"[A-Za-z0-9]{16,64}")
_LONELY_SECONDS = 60.0
"""Seconds without a request after which the run says that no client is there."""


class FishnetOptions(Options, frozen=True):
    """Options of `fishnet`."""

    host: Annotated[
        str, Meta(description="Address to listen on; another than this machine's own needs keys and TLS.")
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port; 0 takes any that is free.")] = 9663
    keys: Annotated[
        str,
        Meta(
            description="File with a key on each line, or keys with commas between them; without any, one is made."
        ),
    ] = ""
    cert: Annotated[str, Meta(description="File of the certificate for TLS.")] = ""
    cert_key: Annotated[str, Meta(description="File of the certificate's key.")] = ""
    clients: Annotated[int, Meta(ge=1, le=10_000, description="Works that are handed out at the same time.")] = 256
    positions: Annotated[int, Meta(ge=1, le=1_000, description="Positions of a work, at most.")] = 200
    silence: Annotated[
        float, Meta(ge=0.1, le=3_600, description="Seconds after which a client that says nothing is forgotten.")
    ] = 30.0


class Fishnet(Executor):
    """Machines that run the client of fishnet, over HTTP."""

    Options = FishnetOptions
    evaluator = "fishnet"
    supervises = True

    def __init__(self, context: ExecutorContext) -> None:
        super().__init__(context)
        given: FishnetOptions = self.options
        job = context.job
        if job.evaluator.name != self.evaluator:
            raise ConfigError(f"--executor fishnet searches with --evaluator fishnet, not {job.evaluator.name}")
        if job.limit.time is not None:
            raise ConfigError("clients of fishnet have a clock of their own; give a limit of --nodes or --depth")
        try:
            from engine_plugins.executors._fishnet.app import Bell, Expected, Office
            from engine_plugins.executors._fishnet.server import Server, bind, check_tls, is_loopback
        except ImportError as error:
            raise ConfigError(
                f"--executor fishnet needs {error.name}: pip install 'grandmaster-analysis[fishnet]'"
            ) from None
        keys = _keys(given.keys)
        check_tls(given.cert, given.cert_key)
        if not is_loopback(given.host) and not (keys and given.cert):
            raise ConfigError(
                f"fishnet listens on {given.host} only with keys and TLS: fishnet.keys and fishnet.cert"
            )
        self._notices: deque[str] = deque()
        self._lonely = False
        bell = Bell()
        bounds = Bounds(given.clients, given.positions, given.silence)
        self._desk = Desk(job.limit, bounds, time.monotonic, bell.ring)
        options = job.evaluator.options
        expected = Expected(" ".join(str(options.get("stockfish")).split()), int(options.get("hash", 16)))
        made = [] if keys else [secrets.token_hex(16)]
        office = Office(self._desk, bell, [*keys, *made], expected, self._notices.append)
        bound = bind(given.host, given.port)
        self.address = _address(bound.getsockname(), tls=bool(given.cert))
        self._server = Server(bound, office.app, bell, given.clients, (given.cert, given.cert_key))
        for key in made:
            # Not a notice: those are kept in outputs.
            sys.stderr.write(f"clients: fishnet --no-conf --endpoint {self.address} --key {key}\n")

    def wants(self) -> bool:
        return self._desk.wants()

    def submit(self, unit: Unit) -> None:
        self._desk.submit(unit)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        if self._server.failure:
            raise RuntimeError(self._server.failure)
        outcomes = self._desk.collect(timeout)
        self._say()
        if not self._lonely and self._desk.idle_seconds() > _LONELY_SECONDS:
            self._lonely = True
            self._notices.append(f"no client has asked for work for {_LONELY_SECONDS:.0f} s at {self.address}")
        return outcomes

    def states(self) -> Iterable[WorkerState]:
        return self._desk.states()

    def close(self) -> None:
        self._server.close()
        if self._desk.refused:
            self._notices.append(f"requests of clients that were refused: {summary(self._desk.refused)}")
        self._say()

    def _say(self) -> None:
        """Tell people what the server's thread has noticed."""
        while self._notices:
            self.context.warn(f"executor fishnet: {self._notices.popleft()}")


def _keys(given: str) -> list[str]:
    """Return the keys of a file, or of a text with commas. Raises ConfigError."""
    text = given
    if given and Path(given).is_file():
        try:
            text = Path(given).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"fishnet.keys: {given} cannot be read: {error}") from None
    keys = re.split(r"[\s,]+", text.strip()) if text.strip() else []
    if given and not keys:
        raise ConfigError(f"fishnet.keys: {given} has no key")
    if not all(map(_KEY.fullmatch, keys)):
        raise ConfigError("fishnet.keys: a key has 16 to 64 letters and digits, or this is no file")
    return keys


def _address(name: tuple[str, int] | tuple[str, int, int, int], *, tls: bool) -> str:
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"http{'s' * tls}://{host}:{name[1]}/fishnet/"
