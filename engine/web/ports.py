"""Where a server listens, and the address that people open."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket

from msgspec import Struct

from engine.errors import ConfigError

PORT = 8642
_NEXT = 10
"""Ports that are tried when none was named; after them the system chooses."""
BACKLOG = 1_024
"""Connections that may wait to be accepted."""
_SOMEWHERE = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Addresses of no computer: the way there tells which of our addresses others see. Nothing is sent."""


class Bound(Struct, frozen=True):
    """A socket that listens."""

    socket: socket.socket
    host: str
    """As it was named."""
    port: int
    taken: int | None = None
    """The usual port, if another program had it."""

    @property
    def is_loopback(self) -> bool:
        """Whether only this computer reaches it."""
        return ipaddress.ip_address(_address(self.socket)).is_loopback

    @property
    def url(self) -> str:
        """The address for browsers, with a `/` at the end."""
        address = ipaddress.ip_address(_address(self.socket))
        host = self.host
        if address.is_unspecified:
            host = _seen_by_others(address.version)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def names(self) -> list[str]:
        """Return the names by which others may ask for it; addresses need none."""
        own = socket.gethostname()
        return [self.host] if self.is_loopback else [self.host, own, f"{own}.local", f"{own}.lan"]


def bind(host: str = "127.0.0.1", port: int | None = None) -> Bound:
    """Listen on a host.

    * **host** - a name or address of this computer; `0.0.0.0` and `::` are all of its addresses.
    * **port** - the port, which must be free; 0 for any. None for 8642, or one of the next if it is taken.

    Raises ConfigError.
    """
    named = port is not None
    wanted = PORT if port is None else port
    if not 0 <= wanted < 1 << 16:
        raise ConfigError(f"{wanted} is no port: they go from 0 to {(1 << 16) - 1}")
    found: socket.socket | None = None
    for candidate in [wanted] if named else [*range(PORT, PORT + _NEXT), 0]:
        with contextlib.suppress(_Taken):
            found = _listen(host, candidate)
            break
    if found is None:
        raise ConfigError(f"port {wanted} is taken by another program; --port names another one")
    number = int(found.getsockname()[1])
    return Bound(found, host, number, taken=None if named or number == wanted else wanted)


class _Taken(Exception):
    """Another program has the port."""


def _listen(host: str, port: int) -> socket.socket:
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        places.sort(key=lambda place: place[0] != socket.AF_INET)
        family, _, _, _, address = places[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise _Taken from None
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ConfigError(f"cannot listen on {host}, port {port}: {reason}") from None


def _address(bound: socket.socket) -> str:
    return str(bound.getsockname()[0]).partition("%")[0]


def _seen_by_others(version: int) -> str:
    """Return the address by which other computers reach this one."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6  # noqa: PLR2004 - of IP
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((_SOMEWHERE[version], 9))
        return _address(probe)
    return socket.gethostname()
