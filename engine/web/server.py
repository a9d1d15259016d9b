"""The server of the pages: uvicorn on a socket, in the main thread or in one of its own.

bound = bind()
access = Access(needs_token=not bound.is_loopback)
with Server(Guard(app, access, hosts=bound.names()), bound) as server:
    show(bound.url + access.query)
    server.wait()
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType, TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from engine import system
from engine.errors import ConfigError
from engine.web.connections import MOST_HEADER_BYTES, Config, Connection, State, Times
from engine.web.limits import CLOSING
from engine.web.ports import BACKLOG, Bound

_STARTING_SECONDS = 30.0
_FINISHING_SECONDS = 2
"""How long requests may take to end when the server does."""
_THREADS_SECONDS = 1.0
_ACCEPTED = 32
"""Connections that are accepted before anything is read: a request that comes with its connection is read before
so many others have come that its connection would be closed as an idle one."""


class Server:
    """Serves an application. As a context manager it has a thread of its own."""

    def __init__(
        self, app: ASGIApp, bound: Bound, *, times: Times | None = None, connections: int | None = None
    ) -> None:
        """Prepare to serve.

        * **app** - the application, behind a `Guard`.
        * **bound** - where; it is closed at the end.
        * **times** - how long clients may take.
        * **connections** - how many may be open at once; of more, the one that has been idle longest is closed.
        """
        config = Config(
            app,
            http=Connection,
            loop="asyncio",
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            h11_max_incomplete_event_size=MOST_HEADER_BYTES,
            backlog=_ACCEPTED,
            timeout_keep_alive=3_600,  # a connection has a time of its own
            timeout_graceful_shutdown=_FINISHING_SECONDS,
        )
        config.times = times or Times()
        config.connections = connections or config.connections
        self.bound = bound
        self._uvicorn = _Uvicorn(config)
        self._thread: threading.Thread | None = None
        self._failed = ""

    def run(self, ready: Callable[[], None] | None = None) -> signal.Signals | None:
        """Serve until a signal asks this program to end, or `stop`; return the signal.

        In the main thread, SIGINT, SIGTERM and SIGHUP end it. Streams end at once, requests within two seconds.

        * **ready** - called once it serves.

        Raises ConfigError if the application does not start.
        """
        system.keep_heap_small()
        self._uvicorn.ready = ready or (lambda: None)
        try:
            self._uvicorn.run(sockets=[self.bound.socket])
        except SystemExit:  # from uvicorn
            raise ConfigError("the pages do not start; what was said before this says why") from None
        finally:
            self.bound.socket.close()
        return self._uvicorn.caught

    def stop(self) -> None:
        """Tell it to end, from any thread; a second time does nothing."""
        self._uvicorn.stop()

    def __enter__(self) -> Self:
        ready = threading.Event()

        def serve() -> None:
            try:
                self.run(ready.set)
            except ConfigError as error:
                self._failed = error.message
            finally:
                ready.set()

        self._thread = threading.Thread(target=serve, name="engine-web", daemon=True)
        self._thread.start()
        if not ready.wait(_STARTING_SECONDS) or self._failed:
            self.stop()
            raise ConfigError(self._failed or "the pages do not start")
        return self

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until it has ended; return whether it has."""
        assert self._thread is not None
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.wait(2.0 * _FINISHING_SECONDS)


class _Uvicorn(uvicorn.Server):
    """uvicorn that sleeps until it is told something, and ends streams first."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.server_state = self._state = State()
        self.caught: signal.Signals | None = None
        self.ready: Callable[[], None] = lambda: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()
        self._closing = asyncio.Event()

    def stop(self) -> None:
        self.should_exit = True
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                loop.call_soon_threadsafe(self._told.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if not self.started:
            raise SystemExit(1)  # as newer versions of uvicorn do themselves
        for bound in sockets or ():
            bound.listen(BACKLOG)
        self.lifespan.state[CLOSING] = self._closing
        self.ready()

    async def main_loop(self) -> None:
        """Wait for the end, for which uvicorn would look ten times a second."""
        while not self.should_exit:
            await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.is_closing = True
        self._closing.set()
        await asyncio.sleep(0)
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            assert isinstance(connection, Connection)
            connection.drop()
        await asyncio.sleep(0)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Hear signals while serving, and give them back; unlike uvicorn, do not raise them again."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        heard = [number for number in system.ending_signals() if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self.handle_exit) for number in heard}
        try:
            yield
        finally:
            for number, handler in before.items():
                if handler is not None:
                    signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - of any handler
        if self.caught is not None:
            self.force_exit = True
        self.caught = self.caught or signal.Signals(sig)
        self.stop()


def leave(code: int) -> None:
    """End this program now if requests still compute in threads, for which Python would wait at its end.

    * **code** - its exit code.
    """
    main = threading.main_thread()
    for thread in threading.enumerate():
        if thread is not main and not thread.daemon:
            thread.join(_THREADS_SECONDS)
    if any(thread is not main and not thread.daemon for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def open_browser(url: str) -> None:
    """Open an address in the user's browser, where there is one with windows, without waiting for it."""
    if sys.platform.startswith("linux") and not any(
        map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    ):
        return
    import webbrowser

    def show() -> None:
        with contextlib.suppress(Exception):  # a page that does not open by itself is opened by hand
            webbrowser.open(url)

    threading.Thread(target=show, name="engine-browser", daemon=True).start()
