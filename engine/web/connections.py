"""A connection of uvicorn's that cannot be kept for nothing.

uvicorn waits for ever for a request that does not come or does not end, and for a client that does not take its
answer. Here each of them has a time, and connections that ask for nothing make room for new ones, the one that has
waited longest first. So thousands of idle connections cost a bounded number of descriptors.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
from typing import Literal, cast

import h11
import uvicorn
from msgspec import Struct
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from engine.web.answers import with_headers

MOST_HEADER_BYTES = 16_384
_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)
_TOO_LARGE = 431
_SEND_BUFFER = 131_072
"""Bytes of an answer that the kernel keeps for a client that is slow to take it."""


class Times(Struct, frozen=True):
    """How many seconds clients may take."""

    head: float = 10.0
    """From the connection, or the last answer, to the end of the next request's headers."""
    stall: float = 20.0
    """Without taking anything of what waits for it. The kernel keeps little of that, so a client that takes 2 KB a
    second is seen to take something."""
    linger: float = 5.0
    """For the rest of the last answer once the connection is to be closed."""


class Config(uvicorn.Config):
    """uvicorn's settings, and ours."""

    times = Times()
    connections = 256
    """Connections that are open at the same time."""


class State(ServerState):
    """What the connections of one server share."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: dict[Connection, None] = {}
        """Connections without a request, the one that has waited longest first."""
        self.is_closing = False
        """Whether the server is about to stop."""


class Connection(H11Protocol):
    """A connection, which ends when its client takes too long."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._head: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._times = cast("Config", self.config).times
        self._state = cast("State", self.server_state)
        super().connection_made(transport)
        _prepare(transport, self._times.stall)
        self._await_request()
        if self._state.is_closing:
            self.drop()
        elif len(self._state.connections) > cast("Config", self.config).connections:
            next(iter(self._state.waiting)).drop()  # there is one: this

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head()
        self._stop_stall()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_busy():
            self._stop_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_busy():
            self._await_request()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop_stall()
        self._stall = self._after(self._times.stall, "_stall")

    def resume_writing(self) -> None:
        self._stop_stall()
        super().resume_writing()

    def drop(self) -> None:
        """Close the connection without waiting for its client."""
        self._stop_head()
        self._stop_stall()
        self._unset_keepalive_if_required()
        if self.transport.get_write_buffer_size():
            _forget_unsent(self.transport)
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - our words
        """Say that what came is not HTTP, and end."""
        error = sys.exception()
        is_large = isinstance(error, h11.RemoteProtocolError) and error.error_status_hint == _TOO_LARGE
        status, words = (_TOO_LARGE, "Too large headers.\n") if is_large else (400, "This is not HTTP.\n")
        plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        length = (b"content-length", str(len(words)).encode())
        head = h11.Response(status_code=status, headers=with_headers([*plain, length]), reason=b"")
        with contextlib.suppress(h11.LocalProtocolError):  # an answer has begun
            for event in (head, h11.Data(data=words.encode()), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._await_request()

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_request(self) -> None:
        """Wait for the next request, or for the end of the connection, for a while."""
        self._stop_head()
        self._state.waiting[self] = None
        seconds = self._times.linger if self.transport.is_closing() else self._times.head
        self._head = self._after(seconds, "_head")

    def _after(self, seconds: float, timer: Literal["_head", "_stall"]) -> asyncio.TimerHandle:
        """Drop the connection after a time in which its client has taken nothing of what waits for it."""
        unsent = self.transport.get_write_buffer_size()

        def look() -> None:
            if self.transport.get_write_buffer_size() < unsent:
                setattr(self, timer, self._after(seconds, timer))
            else:
                self.drop()

        return self.loop.call_later(seconds, look)

    def _stop_head(self) -> None:
        self._state.waiting.pop(self, None)
        if self._head is not None:
            self._head.cancel()
        self._head = None

    def _stop_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
        self._stall = None


def _forget_unsent(transport: asyncio.Transport) -> None:
    """Let the kernel throw away what it still has for a client, instead of keeping it for a minute."""
    with contextlib.suppress(OSError, AttributeError):
        bound = transport.get_extra_info("socket")
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _prepare(transport: asyncio.Transport, seconds: float) -> None:
    """Let the kernel keep little, send at once, and find out about a client that has gone without a word.

    asyncio has the second for sockets that it has made itself; without it, answers after the first take 40 ms.
    """
    bound = transport.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if _USER_TIMEOUT is not None:
            bound.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, round(3_000 * seconds))
