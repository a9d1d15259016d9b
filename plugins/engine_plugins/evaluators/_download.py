"""A download that ends at a deadline, whatever the server sends and however slowly.

The timeout of a socket bounds every single wait. A server that sends a byte now and then keeps each of them short,
so at the deadline another thread cuts the connection.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import IO, Any

_WAIT_SECONDS = 20.0
"""Longest wait for a connection, or for some bytes."""


@contextlib.contextmanager
def opened_until(deadline: float, address: str, context: ssl.SSLContext) -> Iterator[IO[bytes]]:
    """Open an address for reading. The environment's proxies apply.

    * **deadline** - a value of `time.monotonic()`; after it, what is read ends or is an error.
    * **address** - begins with `http://` or `https://`.
    * **context** - for `https://`.

    Raises OSError and HTTPException.
    """
    connections = _Connections(context)
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), connections.cut)
    timer.daemon = True
    timer.start()
    try:
        opener = urllib.request.build_opener(*connections.handlers())
        with opener.open(address, timeout=_WAIT_SECONDS) as answer:
            yield answer
    finally:
        timer.cancel()
        timer.join()


class _Connections:
    """The connections of one download, which another thread can cut."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def handlers(self) -> tuple[urllib.request.HTTPHandler, urllib.request.HTTPSHandler]:
        """Return what makes connections for `urllib.request`."""
        plain, secure, context = self._watched(HTTPConnection), self._watched(HTTPSConnection), self._context

        class Http(urllib.request.HTTPHandler):
            def http_open(self, request: urllib.request.Request) -> HTTPResponse:
                return self.do_open(plain, request)

        class Https(urllib.request.HTTPSHandler):
            def https_open(self, request: urllib.request.Request) -> HTTPResponse:
                return self.do_open(secure, request, context=context)

        return Http(), Https()

    def _watched(self, kind: Any) -> Any:
        """Return a class of connections whose sockets are known here."""
        connections = self

        class Watched(kind):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                connections._sockets.append(self.sock)
                if connections._is_cut:
                    raise TimeoutError("the deadline has passed")

        return Watched

    def cut(self) -> None:
        """End every connection: whoever reads gets an error, or the end."""
        self._is_cut = True
        for connected in self._sockets:
            with contextlib.suppress(OSError):
                # Not what SSL makes of it, which belongs to the thread that reads.
                socket.socket.shutdown(connected, socket.SHUT_RDWR)
